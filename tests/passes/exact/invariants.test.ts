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
import type { LayerId } from "../../../src/ir/network.js";
import { evaluate } from "../../../src/passes/evaluate.js";
import { stackGeometry, type TileShape } from "../../../src/passes/exact/geometry.js";
import { requireWritten } from "../../../src/passes/exact/region-laws.js";
import { exactViews } from "../../../src/passes/exact/stack-view.js";
import { pipelineStep, runPipeline } from "../../../src/passes/pipeline.js";
import type { AxisTile } from "../../../src/passes/regions/axis-regions.js";
import { exact, smallMachine } from "../../exact/machine.js";
import { compile } from "../../support/compile.js";
import { moduleOf, residual } from "../../support/networks.js";

/** Three 3×3 layers of which the last but one is added to the first, 8×8 in tiles of 4×4; 10 250 bit on chip take narrow rings and wide ones. */
const compiled = (cuts?: readonly string[], chip = 10_250): Module =>
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

  it("finds that nothing is fetched", () => {
    const roomy = compiled(undefined, 1_000_000);
    expect(() => evaluated(withCopies(without("stack-input", "x"), roomy))).toThrow(
      /'x' on tile type 0 of stack 0 fetches 0 bit, not \d+/,
    );
  });

  it("finds that nothing is delivered", () => {
    const cut = compiled(["b"], 7000);
    expect(() => evaluated(withCopies(without("stack-output", "a"), cut))).toThrow(
      /'a' on tile type 0 of stack 0 delivers 0 bit, not \d+/,
    );
  });

  it("finds rings that are left out together with all that is written to them", () => {
    const bare = withPlacement(
      (placement) => ({
        ...placement,
        buffers: placement.buffers!.filter(({ node, role }) => node !== "b" || role === "weights"),
      }),
      withCopies(without("cache-write", "b")),
    );
    expect(() => evaluated(bare)).toThrow(/'b' on tile type 0 of stack 0 keeps 0 bit, not 768/);
  });

  it("finds a map that lies whole on some tiles alone", () => {
    const mixed = withPlacement((placement) => ({
      ...placement,
      tileTypes: placement.tileTypes.map((type, t) => ({
        ...type,
        nodes: type.nodes.map((node) => (t === 1 && node.id === "b" ? { ...node, topOutput: "dram" } : node)),
      })),
    }));
    expect(() => evaluated(mixed)).toThrow(
      "'b' of stack 0 lies whole in 'dram' on some tile types, in parts on others",
    );
  });

  it("finds weights that are read where nobody has loaded them", () => {
    const loads = good.get(PLACEMENT)[0]!.loads!;
    expect(loads.length).toBeGreaterThan(0);
    expect(() => evaluated(withPlacement((placement) => ({ ...placement, loads: [] })))).toThrow(
      /weights of '\w+' in stack 0, loaded to 'chip': 0 bit, not \d+/,
    );
    const twice = withPlacement((placement) => ({ ...placement, loads: [...loads, loads[0]!] }));
    expect(() => evaluated(twice)).toThrow(/weights of '\w+' in stack 0, loaded to 'chip': \d+ bit, not \d+/);
  });

  it("finds weights that take no room where they are read", () => {
    const homeless = withPlacement((placement) => ({
      ...placement,
      buffers: placement.buffers!.filter(({ role }) => role !== "weights"),
    }));
    expect(() => evaluated(homeless)).toThrow(/weights of '\w+' in stack 0, held in 'chip': 0 bit, not \d+/);
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
    const once = compiled(["b"], 7000);
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

describe("tiles cover the output, each element once", () => {
  const withTypes = (change: (placement: StackPlacement) => StackPlacement["tileTypes"]): Module =>
    withPlacement((placement) => ({ ...placement, tileTypes: change(placement) }));

  it("finds tile types that stand for less than their regions", () => {
    const ones = withTypes(({ tileTypes }) => tileTypes.map((type) => ({ ...type, width: 1, height: 1, count: 1 })));
    expect(() => evaluated(ones)).toThrow("tile type 0 of stack 0 stands for 1 of 1×1, its regions for 1 of 4×4");
  });

  it("finds a tile type that is missing", () => {
    const fewer = withTypes(({ tileTypes }) => tileTypes.slice(1));
    expect(() => evaluated(fewer)).toThrow("stack 0 has 4 tile types, of which 3 are placed");
  });
});

describe("layers do what is needed", () => {
  const withNeeded = (share: number): Module =>
    withPlacement((placement) => {
      const { operations, macs } = placement.needed.get("b" as LayerId)!;
      const more = { operations: operations * share, macs: macs * share };
      return { ...placement, needed: new Map(placement.needed).set("b" as LayerId, more) };
    });

  it.each([
    ["less", 2],
    ["more, with all overlap kept,", 0.5],
  ])("finds a layer that does %s than is needed", (_, share) => {
    expect(() => evaluated(withNeeded(share))).toThrow(/layer 'b' executes \d+ operations in stack 0, \d+ are needed/);
  });
});

describe("what is used fits", () => {
  it("finds live data that is larger than its memory", () => {
    const reserving = withPlacement((placement) => ({
      ...placement,
      tileTypes: placement.tileTypes.map((type) => ({
        ...type,
        nodes: type.nodes.map((node) => (node.id === "b" ? { ...node, reserved: { chip: 10_251 } } : node)),
      })),
    }));
    expect(() => evaluated(reserving)).toThrow("'b' takes 10251 bit of memory 'chip', which has 10250");
  });

  it("finds blocks of a layer that do not fit beside live data", () => {
    const [placement] = good.get(PLACEMENT);
    const live = placement!.tileTypes[0]!.nodes.find(({ id }) => id === "c")!.reserved!.chip!;
    const blocks = 10_251 - live;
    const greedy = withResult((result) => ({ ...result, cost: { ...result.cost, occupancy: { chip: blocks } } }));
    expect(live).toBeGreaterThan(0);
    expect(() => evaluated(greedy)).toThrow("layer 'c' takes 10251 bit of memory 'chip', which has 10250");
  });
});

describe("numbers are numbers, and cycles whole", () => {
  const withCycles = (cycles: Partial<LayerMapping["result"]["cost"]>): Module =>
    withResult((result) => ({ ...result, cost: { ...result.cost, ...cycles } }));

  it.each([
    ["negative", { latencyCycles: -1 }, "cycles of layer 'c' is -1"],
    ["unknown", { temporalCycles: Number.NaN }, "cycles of layer 'c' is NaN"],
    ["endless", { latencyCycles: Number.POSITIVE_INFINITY }, "cycles of layer 'c' is Infinity"],
    ["parts of", { latencyCycles: 100.5 }, "cycles of layer 'c' are 100.5"],
  ] as const)("finds %s cycles", (_, cycles, message) => {
    expect(() => evaluated(withCycles(cycles))).toThrow(message);
  });
});
