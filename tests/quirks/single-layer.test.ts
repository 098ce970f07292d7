/** Quirks of the single-layer model (SL §10): each as published and mended, in a number worked out by hand. */
import { describe, expect, it } from "vitest";
import { CAPACITY_CUTS } from "../../src/backend/cost/mapper/allocation.js";
import { DOUBLE_BUFFERING } from "../../src/backend/cost/mapper/double-buffering.js";
import { layerModel } from "../../src/backend/cost/mapper/layer-model.js";
import {
  createMapper,
  evaluateMapping,
  evaluateOrdering,
  type OrderingEvaluation,
} from "../../src/backend/cost/mapper/mapper.js";
import { STALLS } from "../../src/backend/cost/mapper/stalls.js";
import { WORDS } from "../../src/backend/cost/mapper/words.js";
import type { MappingProblem } from "../../src/ir/cost-model.js";
import type { Loop } from "../../src/ir/network.js";
import { DEFINES, type RuleSet } from "../../src/ir/rules.js";
import {
  conv,
  copyLayer,
  depthwise,
  hierarchy,
  META_PROTOTYPE,
  SINGLE_MEMORY,
} from "../backend/cost/mapper/fixtures.js";
import { type Policy, withRule } from "./rules.js";

const loops = (text: string): readonly Loop[] =>
  text.split(" ").map((loop) => ({ dim: loop.replace(/\d+$/, ""), size: Number(/\d+$/.exec(loop)?.[0]) }));

function ordering(problem: MappingProblem, order: string, rules: RuleSet): OrderingEvaluation {
  const evaluation = evaluateOrdering(problem, loops(order), rules);
  if (!evaluation.feasible) throw new Error(`'${order}' does not fit memory ${evaluation.memory}`);
  return evaluation;
}

/** One number of a stated order, as published and under another behaviour of one policy. */
function both<P extends Policy, T>(
  problem: MappingProblem,
  order: string,
  policy: P,
  behaviour: RuleSet[P],
  value: (evaluation: OrderingEvaluation) => T,
): readonly [published: T, mended: T] {
  return [value(ordering(problem, order, DEFINES)), value(ordering(problem, order, withRule<P>(policy, behaviour)))];
}

/** SL §12.1: 5×5 convolution on Meta_prototype, in its best order. */
const CASE_01 = conv({ B: 1, K: 56, C: 1, OY: 72, OX: 60, FY: 5, FX: 5 }, META_PROTOTYPE, {
  D1: ["K", 32],
  D3: ["OX", 4],
  D4: ["OY", 4],
});
const BEST_01 = "FX5 FY5 OY18 OX5 OX3 K2";

/** A chain of memories of 8 bit per cycle; `holds` as in the fixtures. */
const chainOf = (
  ...memories: readonly (readonly [id: string, holds: Record<string, number>, ports: "rw" | "1r1w"])[]
) =>
  hierarchy(
    { D1: 1 },
    1,
    memories.map(([id, holds, ports]) => ({
      id,
      size: 1e6,
      width: 8,
      read: 1,
      write: 1,
      holds,
      served: ["D1"],
      ports,
    })),
  );

describe("partial sums", () => {
  it("SL-Q1: the first visit of an output reads nothing back", () => {
    // K2 C2 on one unit: 4 cycles, 2 outputs. 4 reads of 16 in 64 bit, or 4 − 2.
    const reads = both(
      conv({ K: 2, C: 2 }, SINGLE_MEMORY),
      "C2 K2",
      "partialSums",
      "corrected",
      ({ cost }) => cost.accesses.O![0]!.tl,
    );
    expect(reads).toEqual([4 * 0.25, 2 * 0.25]);
  });

  it("SL-Q2: a level that adds the last term holds partial sums", () => {
    // the register adds all 25 taps: one sum of 16 bit, not one result of 8
    expect(both(CASE_01, BEST_01, "partialSums", "corrected", ({ cost }) => cost.occupancy.rf_2B)).toEqual([8, 16]);
  });
});

describe("ports", () => {
  it("SL-Q3: windows, stalls and their union count the same periods", () => {
    // 64 KB read port, all but one period: inputs 1 of 1 cycle 13499 times, outputs 630 of 2250 cycles 5 times: −8100 + 24749
    // minus the union, which is 13500 as published, and 13499 over these periods: then 5·630 remain.
    const cycles = both(CASE_01, BEST_01, "stalls", "corrected", ({ cost }) => cost.computationCycles);
    expect(cycles).toEqual([13_500 + 3_149, 13_500 + 3_150]);
  });

  it("SL-Q17: an operand of no bits has no window on a port", () => {
    // two transfers in the first 2 of 4 cycles, 5 times: 16 window cycles, 10 covered (6 late). With weights of no bits that may use
    // the whole period everything is covered: 16 + 16 − 16 − 20 < 0.
    const busy = { real: 2, allowed: 2, period: 4, count: 5 };
    const empty = { real: 0, allowed: 4, period: 4, count: 5 };
    const { stall } = STALLS.published.rule;
    expect([stall([busy, busy, empty]), stall([busy, busy])]).toEqual([0, 6]);
    const pooling = depthwise({ G: 8, OY: 4, OX: 4 }, META_PROTOTYPE, {}, 0);
    const weightTransfers = both(
      pooling,
      "OX4 OY4 G8",
      "stalls",
      "corrected",
      ({ latency }) =>
        latency.ports.flatMap(({ activities }) => activities.filter(({ operand }) => operand === 1)).length,
    );
    expect(weightTransfers).toEqual([7, 0]); // three memories fill and serve, DRAM serves
  });

  it("SL-Q20: a transfer takes as long as its slower end", () => {
    // 40320 outputs of 8 bit leave the 64 KB memory at 512 bit per cycle and enter the 1 MB one at 1024
    const real = both(CASE_01, BEST_01, "stalls", "corrected", ({ latency }) => latency.times[0]![2]!.fl.real);
    expect(real).toEqual([(40_320 * 8) / 1024, (40_320 * 8) / 512]);
  });
});

describe("loading and off-loading", () => {
  const offloads = (ports: "rw" | "1r1w") => {
    const target = chainOf(["low", { O: 0 }, "1r1w"], ["mid", { O: 1 }, ports], ["top", { O: 2, I1: 0, I2: 0 }, "rw"]);
    return both(conv({ K: 4, C: 1 }, target), "K4", "loading", "corrected", ({ latency }) => latency.offloading.cycles);
  };

  it("SL-Q5: hops through one port follow each other", () => {
    // 4 outputs of 8 bit: 4 cycles per hop and one of latency in between
    expect(offloads("rw")).toEqual([4 + 1, 4 + 4 + 1]);
    expect(offloads("1r1w")).toEqual([4 + 1, 4 + 1]);
  });

  it("SL-Q6: all half-shared hops count", () => {
    // Inputs: private, shared with the weights, private, shared: three hops of 4 cycles with one shared end each, of which the
    // last is kept. The weights' own hop of 4 is hidden behind 12; intermediate memories add 2 (SL-Q32).
    const target = chainOf(
      ["i0", { I1: 0 }, "1r1w"],
      ["iw", { I1: 1, I2: 0 }, "1r1w"],
      ["i2", { I1: 2 }, "1r1w"],
      ["top", { I1: 3, I2: 1, O: 0 }, "rw"],
    );
    const loading = both(conv({ K: 1, C: 4 }, target), "C4", "loading", "corrected", ({ latency }) => latency.loading);
    expect(loading.map(({ inputs }) => inputs[1]?.halfShared)).toEqual([4, 12]);
    expect(loading.map(({ cycles }) => cycles)).toEqual([4, 12 + 2]);
  });

  it("SL-Q7: the only input loads over shared ports too", () => {
    // 128 elements of 8 bit: 2 cycles from the 1 MB memory, 16 from DRAM, whose port the weights of other layers use; latency 1
    const layer = copyLayer({ G: 8, OY: 4, OX: 4 }, META_PROTOTYPE);
    const cycles = both(layer, "OX4 OY4 G8", "loading", "corrected", ({ latency }) => latency.loading.cycles);
    expect(cycles).toEqual([2, 2 + 16 + 1]);
  });

  it("SL-Q8: a port is shared by what moves, not by what the hardware lists", () => {
    // weights of no bits: the 16 cycles from DRAM are the inputs' own
    const pooling = depthwise({ G: 8, OY: 4, OX: 4 }, META_PROTOTYPE, {}, 0);
    const inputs = both(pooling, "OX4 OY4 G8", "loading", "corrected", ({ latency }) => latency.loading.inputs[1]!);
    expect(inputs.map(({ individual, halfShared }) => [individual, halfShared])).toEqual([
      [2, 16],
      [18, 0],
    ]);
  });

  it("SL-Q32: memories on the way take their time when loading as when off-loading", () => {
    const target = chainOf(
      ["i0", { I1: 0 }, "1r1w"],
      ["i1", { I1: 1 }, "1r1w"],
      ["i2", { I1: 2 }, "1r1w"],
      ["w0", { I2: 0 }, "1r1w"],
      ["top", { I1: 3, O: 0 }, "rw"],
    );
    // 4 inputs of 8 bit over three hops of their own, two memories in between; weights are there
    const cycles = both(
      conv({ K: 1, C: 4 }, target),
      "C4",
      "loading",
      "corrected",
      ({ latency }) => latency.loading.cycles,
    );
    expect(cycles).toEqual([12, 12 + 2]);
  });
});

describe("sizes", () => {
  const wide = conv({ OY: 550, OX: 970, FY: 5, FX: 5 }, META_PROTOTYPE, { D3: ["OX", 4], D4: ["OY", 4] });
  const odd = conv({ K: 12, C: 8, OY: 4, OX: 57, FX: 3 }, META_PROTOTYPE, {
    D1: ["K", 12],
    D2: ["C", 2],
    D3: ["OX", 4],
    D4: ["OY", 4],
  });
  const boost = (operand: number, level: number) => (evaluation: OrderingEvaluation) =>
    evaluation.spatial.fractional[operand]!.boost[level];

  it("SL-Q9: a fraction of a column is a column", () => {
    // 970 = 243 · 3.99, 550 = 138 · 3.99: 3·3 pixels per cycle instead of 4·4
    expect(both(wide, "OX243 OY138 FX5 FY5", "sizes", "whole", boost(2, 0))).toEqual([9, 16]);
  });

  it("SL-Q10: words served at once are not cut off", () => {
    // 57 = 15 · 3.8: 12·3.8·4 = 182.4 sums, or 12·4·4
    expect(both(odd, "OX15 C4 FX3", "sizes", "whole", boost(0, 1))).toEqual([182, 192]);
  });

  it.each([
    ["OX3 OX5 C4 FX3", 56],
    ["OX5 OX3 C4 FX3", 57],
  ])("SL-Q11: %s, cut after the first loop, has as many columns as any other order", (order, columns) => {
    // 3·3.8·5 = 56.99… and 5·3.8·3 = 57 outputs; 3·4·5 = 60. Two more columns for the window, 4 rows, 8 channels.
    const boundaries = { O: [0, 4, 4, 4], W: [0, 4, 4, 4], I: [1, 4, 4] };
    const inputs = [DEFINES, withRule("sizes", "whole")].map((rules) => {
      const evaluation = evaluateMapping(odd, { loops: loops(order), boundaries }, rules);
      return evaluation.feasible && evaluation.energy.fractional.data[2]!.elements.at(-1);
    });
    expect(inputs).toEqual([(columns + 2) * 4 * 8, (60 + 2) * 4 * 8]);
  });

  it("SL-Q12: 41 columns in threes take 14 steps", () => {
    const layer = conv({ OX: 41 }, META_PROTOTYPE, { D1: ["OX", 3] });
    const steps = [DEFINES, withRule("sizes", "whole")].map((rules) => {
      const result = createMapper(rules)(layer);
      return result.feasible && result.cost.temporalCycles;
    });
    expect(steps).toEqual([15, 14]);
  });

  it("SL-Q13: taps that are far apart meet no column twice", () => {
    // 2 outputs, 3 taps 4 apart: 6 columns, not 6 + 2·2
    const layer = conv({ OX: 2, FX: 3 }, SINGLE_MEMORY, {}, 1, 4);
    const columns = both(layer, "OX2 FX3", "sizes", "whole", ({ energy }) =>
      energy.fractional.data[2]!.elements.at(-1),
    );
    expect(columns).toEqual([10, 6]);
  });

  it("SL-Q16: energy and cycles see one unrolling", () => {
    const widths = both(odd, "OX15 C4 FX3", "sizes", "whole", ({ spatial }) =>
      [spatial.fractional, spatial.integer].map(
        (operands) => operands[0]!.loops.flat().find(({ dim }) => dim === "OX")?.size,
      ),
    );
    expect(widths).toEqual([
      [3.8, 4],
      [4, 4],
    ]);
  });

  it("SL-Q24: what must fit is what is held", () => {
    // K7 OX7 in fours: 3.5·3.5 = 12.25 outputs of 8 bit are held as 12, but admitted as 4·4
    const target = (size: number) =>
      hierarchy({ D1: 4, D2: 4 }, 1, [
        { id: "ro", size, width: 8, read: 1, write: 1, holds: { O: 0 }, served: ["D1", "D2"], ports: "2r2w" },
        {
          id: "top",
          size: 1e6,
          width: 8,
          read: 1,
          write: 1,
          holds: { O: 1, I1: 0, I2: 0 },
          served: ["D1", "D2"],
          ports: "rw",
        },
      ]);
    const layer = (size: number) => conv({ K: 7, OX: 7 }, target(size), { D1: ["K", 4], D2: ["OX", 4] });
    expect(both(layer(128), "K2 OX2", "sizes", "whole", ({ cost }) => cost.occupancy.ro)).toEqual([96, 128]);
    expect(evaluateOrdering(layer(127), loops("K2 OX2"), DEFINES)).toEqual({ feasible: false, memory: 0 });
  });
});

describe("words", () => {
  it("SL-Q14: the last beat moves what is left", () => {
    // 11200 bit of weights out of the 1 MB memory: 11 beats of 1024, or 175 granules of 64
    const words = both(CASE_01, BEST_01, "words", "granules", ({ cost }) => cost.accesses.W![2]!.tl);
    expect(words).toEqual([11, 175 / 16]);
  });

  it("SL-Q15: a partner's width changes the time of a transfer, not its words", () => {
    // 64 bit out of a port of 64 bit, to instances that take 8 bit per cycle: 8 beats that touch a whole word each
    const port = { bandwidth: 64, granularity: 64 };
    const [below, above] = (["published", "granules"] as const).map((name) => {
      const { lowSide, highSide } = WORDS[name].rule;
      return [lowSide(8, 8, 1, 1, port, 8), highSide(8, 8, 1, 1, port)];
    });
    expect([below, above]).toEqual([
      [8, 1],
      [1, 1],
    ]);
  });
});

describe("capacity", () => {
  it("SL-Q18: double buffers go to those that fit, whoever comes first", () => {
    // full at 0.6 with outputs 0.4 and inputs 0.2: one of them fits twice. First come: outputs; smallest: inputs.
    const layer = layerModel(conv({ K: 2, C: 2 }, SINGLE_MEMORY));
    const effective = { individual: [[0.4], [0], [0.2]], shared: [0.6] };
    const buffered = (name: RuleSet["doubleBuffering"]) =>
      DOUBLE_BUFFERING[name].rule(layer, effective).map(([_array, only]) => only);
    expect(buffered("published")).toEqual([true, true, false]);
    expect(buffered("smallest-first")).toEqual([false, true, true]);
  });

  it("SL-Q23: a memory without a combination that fits refuses the order", () => {
    const candidate = (bits: number) => [{ count: 0, bits, accesses: bits }];
    const chosen = (name: RuleSet["capacityCuts"]) =>
      CAPACITY_CUTS[name].rule.choose([candidate(16), candidate(8)], 16);
    expect([chosen("published"), chosen("checked")]).toEqual([[0, 0], undefined]);
  });

  it("SL-Q25: memories next to the array hold no more than they can", () => {
    // one partial sum of 16 bit and one input of 8 in 16 bit
    const target = hierarchy({ D1: 1 }, 1, [
      { id: "small", size: 16, width: 8, read: 1, write: 1, holds: { O: 0, I1: 0 }, served: ["D1"], ports: "1r1w" },
      { id: "top", size: 1e6, width: 8, read: 1, write: 1, holds: { O: 1, I1: 1, I2: 0 }, served: ["D1"], ports: "rw" },
    ]);
    const layer = conv({ K: 2, C: 2 }, target);
    expect(ordering(layer, "K2 C2", DEFINES).cost.occupancy.small).toBe(24);
    const checked = evaluateOrdering(layer, loops("K2 C2"), withRule("capacityCuts", "checked"));
    expect(checked).toEqual({ feasible: false, memory: 0 });
  });
});

it("SL-Q31: of mappings of equal energy the fastest", () => {
  // SL §12.5: 48 orders of case 01 tie; with off-loading they take 47449 to 48135 cycles, the first of them 47575
  const cycles = [DEFINES, withRule("ties", "latency")].map((rules) => {
    const result = createMapper(rules)(CASE_01);
    return result.feasible && [result.cost.energy, result.cost.offloadedCycles];
  });
  expect(cycles).toEqual([
    [24_920_175.345, 47_575],
    [24_920_175.345, 47_449],
  ]);
});
