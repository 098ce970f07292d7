/** Facts that break a law are not costed (EM §5): every law is broken on purpose, one at a time. */
import { describe, expect, it } from "vitest";
import type { Copy, CostModel } from "../../../src/ir/cost-model.js";
import {
  type LayerMapping,
  MAPPINGS,
  PLACEMENT,
  type PlacedNode,
  STACKS,
  type StackPlacement,
} from "../../../src/ir/facts.js";
import { extent } from "../../../src/ir/interval.js";
import type { Module } from "../../../src/ir/module.js";
import { evaluate } from "../../../src/passes/evaluate.js";
import { stackGeometry, type TileShape } from "../../../src/passes/exact/geometry.js";
import { requireWritten } from "../../../src/passes/exact/region-laws.js";
import { exactViews } from "../../../src/passes/exact/stack-view.js";
import { pipelineStep, runPipeline } from "../../../src/passes/pipeline.js";
import type { AxisTile } from "../../../src/passes/regions/axis-regions.js";
import { exact, smallMachine } from "../../exact/machine.js";
import { compile } from "../../support/compile.js";
import { moduleOf, residual } from "../../support/networks.js";

/** Three 3×3 layers of which the last but one is added to the first, 8×8 in tiles of 4×4; 7000 bit on chip take narrow rings and wide ones. */
const compiled = (cuts?: readonly string[], chip = 7000): Module =>
  compile(moduleOf(residual(8), smallMachine(chip)), {
    stacks: cuts === undefined ? { rule: "single" } : { cuts },
    tiles: { overlap: "fully-cached", tile: { width: 4, height: 4 } },
    costModel: exact,
  }).module;

const evaluated = (module: Module, costModel: CostModel = exact): Module =>
  runPipeline(module, [pipelineStep(evaluate)], { costModel, seed: 0, report: () => {} });

const good = compiled();

const withPlacement = (change: (placement: StackPlacement) => StackPlacement, module = good): Module =>
  module.with(PLACEMENT, module.get(PLACEMENT).map(change));

const withCopies = (change: (copies: readonly Copy[]) => readonly Copy[], module = good): Module => {
  const changed = (node: PlacedNode) => ({ ...node, copies: change(node.copies), after: change(node.after ?? []) });
  return withPlacement(
    (placement) => ({
      ...placement,
      tileTypes: placement.tileTypes.map((type) => ({ ...type, nodes: type.nodes.map(changed) })),
    }),
    module,
  );
};

const without = (kind: Copy["kind"], layer: string) => (copies: readonly Copy[]) =>
  copies.filter((copy) => copy.kind !== kind || copy.layer !== layer);

const withResult = (change: (result: LayerMapping["result"]) => LayerMapping["result"]): Module => {
  const [stack] = good.get(MAPPINGS);
  const mappings = stack!.map((type) =>
    type.map((mapping) => (mapping.layer === "c" ? { ...mapping, result: change(mapping.result) } : mapping)),
  );
  return good.with(MAPPINGS, [mappings]);
};

it("says nothing about facts that keep the laws", () => {
  expect(() => evaluated(good)).not.toThrow();
  expect(() => evaluated(compiled(["b"]))).not.toThrow();
});

describe("what is read was written before", () => {
  it.each([
    ["cache-write", "a", /'a' on tile type 0 of stack 0 keeps 0 bit, not \d+/],
    ["cache-write", "b", /'b' on tile type 0 of stack 0 keeps 0 bit, not 768/],
  ] as const)("finds that %s of '%s' is missing", (kind, layer, message) => {
    expect(() => evaluated(withCopies(without(kind, layer)))).toThrow(message);
  });

  it("finds a fetch that leaves something out", () => {
    const short = (copies: readonly Copy[]) =>
      copies.map((copy) => (copy.kind === "stack-input" ? { ...copy, bits: copy.bits - 8 } : copy));
    const roomy = compiled(undefined, 1_000_000);
    expect(() => evaluated(roomy)).not.toThrow();
    expect(() => evaluated(withCopies(short, roomy))).toThrow(/'x' on tile type 0 of stack 0 fetches \d+ bit, not \d+/);
  });

  it("finds overlap that is read where it is not", () => {
    const elsewhere = withPlacement((placement) => ({
      ...placement,
      buffers: placement.buffers!.map((buffer) =>
        buffer.role === "row" && buffer.node === "b" ? { ...buffer, memory: "dram" } : buffer,
      ),
    }));
    expect(() => evaluated(elsewhere)).toThrow(/'b' on tile type 2 of stack 0, read by 'c', brings 0 bit, not \d+/);
  });

  it("finds a delivery that is left out on some tiles", () => {
    const once = compiled(["b"]);
    const [first, second] = once.get(PLACEMENT);
    const delivering = first!.tileTypes.map(({ nodes }, t) =>
      nodes.some(({ after = [] }) => t > 0 && after.some(({ kind }) => kind === "stack-output")),
    );
    expect(delivering).toContain(true);
    const tileTypes = first!.tileTypes.map((type, t) =>
      t === 0 ? type : { ...type, nodes: type.nodes.map((node) => ({ ...node, after: [] })) },
    );
    const buffers = first!.buffers!.filter(({ role }) => role === "weights");
    const cut = once.with(PLACEMENT, [{ ...first!, tileTypes, buffers }, second!]);
    expect(() => evaluated(cut)).toThrow(/of stack 0 (delivers|keeps) \d+ bit, not \d+/);
  });

  it("finds a stack that comes before what it reads", () => {
    const ordered = compiled(["b"]);
    const swapped = [STACKS, PLACEMENT, MAPPINGS].reduce<Module>(
      (module, fact) => module.with(fact as typeof STACKS, ordered.get(fact as typeof STACKS).toReversed()),
      ordered,
    );
    expect(() => evaluated(swapped)).toThrow("stack 1 reads 'b', which nothing has written before");
  });

  const [view] = exactViews(good);
  const geometry = stackGeometry(view!.maps, {
    stack: "0",
    tile: { width: 4, height: 4 },
    overlap: "fully-cached",
    order: "x-first",
  });
  const changedAxis = (shape: number, id: string, change: (axis: AxisTile) => Partial<AxisTile>) => {
    const changed = (own: TileShape): TileShape => {
      const tile = own.tiles.get(id)!;
      return { ...own, tiles: new Map(own.tiles).set(id, { ...tile, x: { ...tile.x, ...change(tile.x) } }) };
    };
    return { ...geometry, shapes: geometry.shapes.map((own, s) => (s === shape ? changed(own) : own)) };
  };
  const shrunk = (axis: AxisTile) => ({ computed: { lo: axis.computed!.lo + 1, hi: axis.computed!.hi } });

  it("finds a tile that computes less than it reads", () => {
    expect(() => requireWritten(view!.maps.maps, geometry)).not.toThrow();
    expect(() => requireWritten(view!.maps.maps, changedAxis(0, "b", shrunk))).toThrow(
      "'b' along the first axis of the 4×4 tile at 0,0: it reads [0, 6) of [1, 6) computed and ∅ kept",
    );
  });

  it("finds a tile that keeps what it never had", () => {
    const more = ({ kept }: AxisTile) => ({ kept: { lo: kept!.lo, hi: kept!.hi + 1 } });
    expect(() => requireWritten(view!.maps.maps, changedAxis(0, "a", more))).toThrow(/'a' .* it keeps \[4, 9\)/);
  });

  it("finds a tile that is handed more than the one before it has kept", () => {
    const less = ({ kept }: AxisTile) => ({ kept: { lo: kept!.lo + 1, hi: kept!.hi } });
    expect(extent(geometry.shapes[0]!.tiles.get("a")!.x.kept)).toBe(4);
    expect(() => requireWritten(view!.maps.maps, changedAxis(0, "a", less))).toThrow(
      "'a' on the 4×4 tile at 4,0: it finds [4, 8) kept, the tile before left [5, 8)",
    );
  });
});

describe("accesses times their energies are the energy", () => {
  it("finds an operand that takes more than its accesses", () => {
    const dearer = withResult((result) => {
      const { energyByLevel } = result.cost;
      const [first, ...rest] = energyByLevel.I!;
      return {
        ...result,
        cost: { ...result.cost, energyByLevel: { ...energyByLevel, I: [first! * (1 + 1e-8), ...rest] } },
      };
    });
    expect(() => evaluated(dearer)).toThrow(
      /energy of operand I of layer 'c' \(.*K4 C4 OY4 OX4.*\) in memory 'chip' on tile type 0/,
    );
  });

  it("finds accesses that nobody pays for", () => {
    const cheaper = withResult((result) => {
      const { accesses } = result.cost;
      const [first, ...rest] = accesses.W!;
      return {
        ...result,
        cost: { ...result.cost, accesses: { ...accesses, W: [{ ...first!, tl: first!.tl + 1 }, ...rest] } },
      };
    });
    expect(() => evaluated(cheaper)).toThrow(/energy of operand W of layer 'c'/);
  });

  it.each(["macEnergy", "memoryEnergy", "energy"] as const)("finds a wrong %s of a layer", (which) => {
    const wrong = withResult((result) => ({ ...result, cost: { ...result.cost, [which]: result.cost[which] * 2 } }));
    expect(() => evaluated(wrong)).toThrow(/energy of .*layer 'c' on tile type 0 \(4×4\) of stack 0 adds up to/);
  });

  it.each(["sendEnergy", "receiveEnergy", "sent", "received"] as const)("finds a wrong %s of a copy", (which) => {
    const lying: CostModel = {
      ...exact,
      copyPhase: (copies, hierarchy) => {
        const phase = exact.copyPhase(copies, hierarchy);
        const wrong = phase.copies.map((copy) => ({
          ...copy,
          hops: copy.hops.map((hop) => ({ ...hop, [which]: hop[which] * 1.5 })),
        }));
        return { ...phase, copies: wrong };
      },
    };
    expect(() => evaluated(good, lying)).toThrow(
      /energy of (weights|stack-input) of \d+ bit for '\w+' on .*stack 0.* adds up to/,
    );
  });

  it("finds a phase that costs less than its copies", () => {
    const lying: CostModel = {
      ...exact,
      copyPhase: (copies, hierarchy) => {
        const phase = exact.copyPhase(copies, hierarchy);
        return { ...phase, energy: phase.energy * 0.9 };
      },
    };
    expect(() => evaluated(good, lying)).toThrow(/energy of the copies on stack 0 adds up to/);
  });
});
