/** Quirks of the depth-first model (DF §12): each as published and mended, in a number worked out by hand. */
import { describe, expect, it } from "vitest";
import { COPY_PHASES } from "../../src/backend/cost/copies.js";
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import type { Memory } from "../../src/ir/accelerator.js";
import type { Copy, CostModel } from "../../src/ir/cost-model.js";
import { COSTS, PLACEMENT, type PlacedTileType, STACKS } from "../../src/ir/facts.js";
import type { Network } from "../../src/ir/network.js";
import { DEFINES, type RuleSet } from "../../src/ir/rules.js";
import { CUTS } from "../../src/passes/depth-first/cuts.js";
import { keptIn } from "../../src/passes/depth-first/kept-buffers.js";
import { networkView, stackViews } from "../../src/passes/depth-first/network-view.js";
import { COPIES } from "../../src/passes/depth-first/node-copies.js";
import { loopsAt } from "../../src/passes/depth-first/operands.js";
import { stackMemories } from "../../src/passes/depth-first/place-stack.js";
import { policiesOf } from "../../src/passes/depth-first/policies.js";
import { splitAt } from "../../src/passes/depth-first/stacks.js";
import { NOTHING_KEPT } from "../../src/passes/depth-first/tile-types.js";
import { REGIONS } from "../../src/passes/depth-first/trace.js";
import { alwaysFeasible, compile } from "../support/compile.js";
import { add, builtIn, conv, fsrcnn, moduleOf, network, pool, residual } from "../support/networks.js";
import { type Policy, withRule } from "./rules.js";

type Mode = "recompute" | "h-cached" | "fully-cached";

/** The same as published and under another behaviour of one policy. */
const both = <P extends Policy, T>(
  policy: P,
  behaviour: RuleSet[P],
  value: (rules: RuleSet) => T,
): readonly [published: T, mended: T] => [value(DEFINES), value(withRule<P>(policy, behaviour))];

const placed = (layers: Network, rules: RuleSet, tile: string | undefined, overlap: Mode, costModel?: CostModel) => {
  const [width, height] = (tile ?? "").split("x").map(Number);
  return compile(moduleOf(layers), {
    stacks: { rule: "single" },
    tiles: { overlap, ...(tile && { tile: { width, height } }) },
    upTo: "place-operands",
    costModel: { ...(costModel ?? alwaysFeasible), rules },
  }).module.get(PLACEMENT)[0]!.tileTypes;
};

const copiesOf = ({ nodes }: PlacedTileType, kind: Copy["kind"], layer: string): readonly Copy[] =>
  nodes.flatMap(({ copies }) => copies.filter((copy) => copy.kind === kind && copy.layer === layer));
const bitsOf = (copies: readonly Copy[]): readonly number[] => copies.map(({ bits }) => bits);

const viewOf = (layers: Network) =>
  stackViews(compile(moduleOf(layers), { stacks: { rule: "single" }, upTo: "partition-stacks" }).module)[0]!;

/** Position of a tile: `later` columns and rows reuse overlap. */
const demandOf = (
  layers: Network,
  rules: RuleSet,
  [width, height]: readonly [number, number],
  later: boolean,
  mode: Mode,
) => {
  const { graph, full } = viewOf(layers);
  const { keptBuffers, regions } = policiesOf(rules);
  const tile = { width, height, isFirstColumn: !later, isFirstRow: !later };
  return keptBuffers(graph, full, tile, keptIn(mode), regions);
};

describe("stacks", () => {
  const stacksOf = (layers: Network, rules: RuleSet, cuts?: readonly string[], arch?: string) =>
    compile(moduleOf(layers, builtIn(arch)), {
      ...(cuts && { stacks: { cuts } }),
      upTo: "partition-stacks",
      costModel: { ...alwaysFeasible, rules },
    })
      .module.get(STACKS)
      .map((stack) => stack.layers.join(" "));

  it("DF-Q2: the id 0 is an id", () => {
    const { graph } = networkView(compile(moduleOf(fsrcnn()), { upTo: "partition-stacks" }).module, new Set());
    const [published, mended] = both("cuts", "corrected", ({ cuts }) =>
      splitAt(graph, ["0", "3"], (cut) => CUTS[cuts].rule.isAbsent(cut, graph)).map(({ members }) =>
        [...members]
          .filter((id) => id !== "-1")
          .sort()
          .join(" "),
      ),
    );
    expect(published).toEqual(["0 1 2 3 4 5 6 7", "0 1 2 3", "4 5 6 7"]); // 16 layers of 8
    expect(mended).toEqual(["0", "1 2 3", "4 5 6 7"]);
  });

  it("DF-Q3: all instances of a replicated memory hold weights", () => {
    // 32×32 registers of 1024 bit; FSRCNN has 127 936 bit of weights
    const { graph } = networkView(compile(moduleOf(fsrcnn()), { upTo: "partition-stacks" }).module, new Set());
    const tpu = builtIn("tpu-like");
    const budgets = (["published", "corrected"] as const).map((name) => CUTS[name].rule.budget(graph, tpu));
    expect(budgets).toEqual([1024, 1024 * 1024]);
    const counts = both("cuts", "corrected", (rules) => stacksOf(fsrcnn(), rules, undefined, "tpu-like").length);
    expect(counts).toEqual([9, 1]); // the input, everything from layer 0 on, 0–1, then 2 to 7 alone
    const homes = both("levels", "corrected", (rules) => {
      const { levels, keptBuffers, regions } = policiesOf(rules);
      const view = viewOf(fsrcnn());
      const tile = { width: 60, height: 72, isFirstColumn: true, isFirstRow: true };
      const demand = keptBuffers(view.graph, view.full, tile, keptIn("recompute"), regions);
      return levels.plan(stackMemories(view.graph, tpu), demand, keptIn("recompute")).weights?.id;
    });
    expect(homes).toEqual(["dram", "rf_128B"]);
  });

  it("DF-Q4: what fits of a unit that is too large stays together", () => {
    // a forks to b and d; b alone has 1200·1200·8 bit of weights, more than 8 388 608
    const layers = network(
      conv("a", { K: 1200, C: 4, OX: 4 }),
      conv("b", { K: 1200, C: 1200, OX: 4, from: "a" }),
      pool("c", { K: 1200, OX: 4, F: 1, from: "b" }),
      add("d", ["a", "c"], { K: 1200, OX: 4 }),
    );
    expect(both("cuts", "corrected", (rules) => stacksOf(layers, rules))).toEqual([
      ["a", "b", "c", "d"],
      ["a", "b", "c d"],
    ]);
  });
});

describe("regions", () => {
  const traced = (name: RuleSet["regions"], layers: Network, x: number) =>
    REGIONS[name].rule(viewOf(layers).graph, { x, y: x }, { x: true, y: true });

  it("DF-Q11: a lagging branch reads the columns that were kept for it", () => {
    // the identity lags two columns behind the convolutions: kept from `a`, read by nobody, or by the addition
    const reads = (["published", "corrected"] as const).map((name) => traced(name, residual(), 4).reads.get("d.X")?.x);
    expect(reads).toEqual([0, 2]);
    // 2 columns of 4+2 rows for b and of 4+2 for c; 2 of 4 rows for d; 4 channels of 8 bit
    const caches = both("regions", "corrected", (rules) => {
      const { alive, withColumns } = demandOf(residual(), rules, [4, 4], true, "fully-cached");
      return withColumns - alive;
    });
    const windows = 3 * 2 * 6 * 4 * 8; // those of a, b and c
    expect(caches).toEqual([windows, windows + 2 * 4 * 4 * 8]);
  });

  it.each([
    [4, 3],
    [8, 5],
  ])("DF-Q17: a 1×1 window of stride 2 lags by nothing, in tiles of %d columns too", (width, published) => {
    // x feeds a 3×3 and a 1×1 convolution of stride 2. Of the latter's span `width` cells are missing: a lag of width / 2 against 0
    // of the former, which needs 1 column more.
    const layers = network(
      conv("b", { K: 4, C: 4, OX: 16, F: 3, stride: 2 }),
      conv("p", { K: 4, C: 4, OX: 16, stride: 2 }),
      add("d", ["b", "p"], { K: 4, OX: 16 }),
    );
    const kept = (["published", "corrected"] as const).map((name) => traced(name, layers, width).kept.get("x")?.x);
    expect(kept).toEqual([published, 1]);
  });

  it("DF-Q32: lags upstream of a fork are those of its longest branch", () => {
    const layers = network(
      conv("a", { K: 2, C: 2, OX: 27, F: 3 }),
      conv("b", { K: 2, C: 2, OX: 13, F: 3, stride: 2, from: "a" }),
      conv("c", { K: 2, C: 2, OX: 11, F: 3, from: "b" }),
      add("d", ["a", "c"], { K: 2, OX: 11 }),
      conv("e", { K: 2, C: 2, OX: 9, F: 3, from: "d" }),
      conv("f", { K: 2, C: 2, OX: 7, F: 3, from: "e" }),
      add("g", ["d", "f"], { K: 2, OX: 7 }),
    );
    const kept = (["published", "corrected"] as const).map((name) => traced(name, layers, 4).kept.get("a")?.x);
    expect(kept).toEqual([2, 4]);
  });

  it("DF-Q28: the tile that is left over comes last", () => {
    const heights = both("leftover", "last", (rules) =>
      placed(fsrcnn(), rules, "960x72", "recompute").map(({ height, count }) => [height, count]),
    );
    expect(heights).toEqual([
      [
        [36, 1],
        [72, 7],
      ],
      [
        [72, 1], // weights from DRAM
        [72, 6],
        [36, 1],
      ],
    ]);
  });
});

describe("kept buffers of FSRCNN", () => {
  it("DF-Q6: the first column counts the columns that it has written so far", () => {
    // live features peak in layer 1, after 4 columns of 50 rows of the input are kept
    const columns = both(
      "keptBuffers",
      "corrected",
      (rules) => demandOf(fsrcnn(), rules, [60, 36], false, "fully-cached").withColumns,
    );
    expect(columns).toEqual([1_751_680, 1_751_680 + 4 * 50 * 8]);
  });

  it("DF-Q7: rows that are computed again count in the kept columns", () => {
    // h-cached, regular tile: 4 columns of the input, 2 of layers 1 to 4, 2 of layer 6, over 72 rows and the halo
    const rows = ([first, middle, last]: readonly [number, readonly number[], number]) =>
      4 * first * 8 + middle.reduce((sum, height) => sum + 2 * 12 * height * 8, 0) + 2 * 56 * last * 8;
    const columns = both("keptBuffers", "corrected", (rules) => {
      const { alive, withColumns } = demandOf(fsrcnn(), rules, [60, 72], true, "h-cached");
      return withColumns - alive;
    });
    expect(columns).toEqual([rows([76, [74, 74, 74, 74], 74]), rows([86, [82, 80, 78, 76], 74])]);
    expect(columns[0]).toBe(125_568);
  });
});

describe("levels of FSRCNN", () => {
  it("DF-Q8: columns lie where both neighbours are planned to have room (4×72)", () => {
    // rows after the first, first column: planned in the 1 MB memory, its right neighbour in the 64 KB one
    const homes = both("levels", "highest", (rules) => {
      const types = placed(fsrcnn(), rules, "4x72", "fully-cached");
      return types.find(({ firstAt }) => firstAt.x === 0 && firstAt.y === 36)?.hCache.write;
    });
    expect(homes).toEqual(["sram_64KB", "sram_1MB_A"]);
  });

  it("DF-Q9: rows lie where every tile is planned to have room (960×4)", () => {
    // the first row of tiles is planned in DRAM, all others in the 1 MB memory
    const homes = both(
      "levels",
      "highest",
      (rules) => placed(fsrcnn(), rules, "960x4", "fully-cached")[0]?.vCache.write,
    );
    expect(homes).toEqual(["sram_1MB_A", "dram"]);
  });
});

describe("copies", () => {
  const regular = (rules: RuleSet) => placed(fsrcnn(), rules, "60x72", "fully-cached")[4]!;

  it("DF-Q10: overlap of the stack's input that is read was written", () => {
    const copies = both("copies", "corrected", (rules) => [
      bitsOf(copiesOf(regular(rules), "cache-read", "0")),
      bitsOf(copiesOf(regular(rules), "cache-write", "-1")),
    ]);
    const read = [4 * 76 * 8, 4 * 60 * 8]; // columns of 72+4 rows, rows of 60 columns
    expect(copies).toEqual([
      [read, []],
      [read, [4 * 60 * 8, 4 * (72 - 4) * 8]], // rows with the corner, columns without
    ]);
  });

  it("DF-Q12: overlap that lies below a layer's inputs climbs to them", () => {
    /** Needs the whole chain of inputs: what was kept in the 64 KB memory is read in DRAM. */
    const needsDram: CostModel = {
      ...alwaysFeasible,
      mapLayer: (problem) => {
        const inputs = problem.hierarchy.memories.filter(({ operands }) =>
          operands.some(({ operand }) => operand === "I1"),
        );
        return inputs.length === 3 ? alwaysFeasible.mapLayer(problem) : { feasible: false, memory: "sram_64KB" };
      },
    };
    const layers = network(conv("a", { K: 4, C: 4, OX: 10, F: 3 }), conv("b", { K: 4, C: 4, OX: 8, F: 3, from: "a" }));
    const phase = (rules: RuleSet) => {
      const [, later] = placed(layers, rules, "4x8", "h-cached", needsDram);
      return createCostModel(rules).copyPhase(copiesOf(later!, "cache-read", "b"), builtIn());
    };
    expect(() => phase(DEFINES)).toThrow("copy-without-path");
    // 2 columns of 10 rows of 4 channels: 640 bit are 10 words of DRAM, written once
    const [hops] = phase(withRule("copies", "corrected")).copies;
    expect(hops?.hops.map(({ from, to }) => `${from} ${to}`)).toEqual(["sram_64KB sram_1MB_A", "sram_1MB_A dram"]);
    expect(hops?.hops.at(-1)?.received).toBe(10);
  });

  it("DF-Q15: stack inputs are brought to where a layer reads all of its inputs", () => {
    // maps of 320 000 bit each: one fits in 524 288 bit, two do not
    const moved = both("copies", "corrected", (rules) => {
      const [type] = placed(network(add("d", ["x", "y"], { K: 4, OX: 100 })), rules, undefined, "recompute");
      return copiesOf(type!, "output-to-input", "d").map(({ bits, from, to }) => [bits, from.memory, to.memory]);
    });
    const up = [320_000, "sram_64KB", "sram_1MB_A"];
    expect(moved).toEqual([[], [up, up]]);
  });

  it("DF-Q22: kept overlap is as wide as the operand that reads it", () => {
    const { layers, ...rest } = fsrcnn();
    const narrow = { operands: { O: 16, W: 8, I: 4 }, finalOutput: 8 };
    const mixed = {
      ...rest,
      layers: layers.map((layer) => (layer.id === "2" ? { ...layer, declaredPrecision: narrow } : layer)),
    };
    const columns = both(
      "copies",
      "corrected",
      (rules) => bitsOf(copiesOf(placed(mixed, rules, "60x72", "fully-cached")[4]!, "cache-read", "2"))[0],
    );
    expect(columns).toEqual([2 * 74 * 12 * 8, 2 * 74 * 12 * 4]);
  });

  it("DF-Q23: what was copied for one reader is there for the next, and no more is copied than is read", () => {
    // a is 94 wide and lies in the 1 MB memory; b reads all of it in the 64 KB one, and d a part of 90
    const whole = 94 * 94 * 4 * 8;
    const moved = both("copies", "corrected", (rules) => {
      const [type] = placed(residual(90), rules, undefined, "recompute");
      return ["b", "d"].map((layer) =>
        bitsOf(copiesOf(type!, "output-to-input", layer).filter(({ operand }) => operand !== "Y")),
      );
    });
    expect(moved).toEqual([
      [[whole], [whole]],
      [[whole], []],
    ]);
  });

  it("DF-Q24: writes do not run beside what the next layer waits for", () => {
    // DF §9.4: 23 + 27 cycles up to the 1 MB memory, 28 + 23 down from it
    const copy = (operand: string, from: string, to: string, bits: number, kind: Copy["kind"]): Copy => ({
      kind,
      layer: "2",
      operand: "I",
      bits,
      from: { operand, memory: from },
      to: { operand, memory: to },
    });
    const up = (bits: number) => copy("O", "sram_64KB", "sram_1MB_A", bits, "cache-write");
    const down = (bits: number) => copy("I1", "sram_1MB_A", "sram_64KB", bits, "cache-read");
    const copies = [up(11_520), up(13_440), down(14_208), down(11_520)];
    const phases = (["published", "writes-apart"] as const).map((name) =>
      COPY_PHASES[name].rule.copyPhase(copies, builtIn()),
    );
    expect(phases.map(({ cycles }) => cycles)).toEqual([51, 50 + 51]);
    expect(phases[1]?.copies).toEqual(phases[0]?.copies);
  });

  it("DF-Q25: the corner stays with the rows wherever these lie", () => {
    // layer 1 writes where rows are kept, columns are kept one level up: 2 columns of 72 rows, of which 2 are kept anyway
    const node = viewOf(fsrcnn()).graph.byId.get("1")!;
    const named = (id: string): Memory => builtIn().memories.find((memory) => memory.id === id)!;
    const type = {
      width: 60,
      height: 72,
      count: 1,
      firstAt: { x: 0, y: 0 },
      weightsFromTop: false,
      rows: { ...NOTHING_KEPT, write: named("sram_64KB"), writes: new Map([["1", 2]]) },
      columns: { ...NOTHING_KEPT, write: named("sram_1MB_A"), writes: new Map([["1", 2]]) },
    };
    const on = { node, loops: loopsAt(node.loops, { x: 60, y: 72 }), topOutput: named("sram_64KB") };
    const bits = (["published", "corrected"] as const).map((name) =>
      bitsOf(COPIES[name].rule.after(on, type, builtIn())),
    );
    expect(bits).toEqual([[2 * 72 * 12 * 8], [2 * 70 * 12 * 8]]);
  });
});

describe("totals of FSRCNN in tiles of 60×72, recompute", () => {
  const costsUnder = (rules: RuleSet) =>
    compile(moduleOf(fsrcnn()), {
      tiles: { tile: { width: 60, height: 72 }, overlap: "recompute" },
      costModel: createCostModel(rules),
    }).module.get(COSTS);

  it("DF-Q1: copies count once per tile with off-loading too", () => {
    // DF §13.6: 23 542 771 cycles of layers; copies 1602 + 1602 + 3635 once per type, or 1602·16 + 3635·112
    const latency = both("totals", "scaled", (rules) => costsUnder(rules).totals.offloadedLatency);
    expect(latency).toEqual([23_542_771 + 6_839, 23_542_771 + 432_752]);
  });

  it("DF-Q27: the first tile fetches every weight once", () => {
    // 127 936 bit of weights are 1999 words of 64 bit: through DRAM, the 1 MB and the 32 KB memory
    const load = 1999 * 700 + (1999 / 16) * (189.2 + 208.08) + (1999 / 8) * 28.4;
    const [published, mended] = both("weights", "loaded", (rules) => {
      const { mac, memory, copy } = costsUnder(rules).stacks[0]!.tileTypes[0]!.energy;
      return { layers: mac + memory, copies: copy };
    });
    // DF §13.4, types 0 and 1
    expect(published.layers).toBeCloseTo(10_762_460.665, 4);
    expect(published.copies).toBeCloseTo(483_107.17, 4);
    expect(mended.layers).toBeCloseTo(9_305_999.88, 4);
    expect(mended.copies).toBeCloseTo(483_107.17 + load, 4);
  });
});
