/** The exact rule beside every quirk of the published single-layer model (SL §10), in numbers worked out by hand (EM §3–4). */
import { describe, expect, it } from "vitest";
import type { MappingProblem, StatedMapping } from "../../src/ir/cost-model.js";
import { COSTS, PLACEMENT } from "../../src/ir/facts.js";
import type { Loop } from "../../src/ir/network.js";
import { conv, copyLayer, depthwise, hierarchy, META_PROTOTYPE, type Sizes } from "../backend/cost/mapper/fixtures.js";
import { compile } from "../support/compile.js";
import { moduleOf, conv as netConv, network, residual } from "../support/networks.js";
import { exact, scheduleOf, smallMachine } from "./machine.js";

const loops = (text: string): readonly Loop[] =>
  text.split(" ").map((loop) => ({ dim: loop.replace(/\d+$/, ""), size: Number(/\d+$/.exec(loop)?.[0]) }));

/** Memories that hold everything, nearest first, with a read and a write port on either side, all of the same width; 1 pJ per access. */
const chainOf = (
  memories: readonly { size?: number; width: number; granularity?: number }[],
  dims: Sizes = { D1: 1 },
) =>
  hierarchy(
    dims,
    1,
    memories.map(({ size = 1e6, ...rest }, level) => ({
      ...rest,
      id: `m${level}`,
      size,
      read: 1,
      write: 1,
      holds: { O: level, I1: level, I2: level },
      served: Object.keys(dims),
      ports: "2r2w",
    })),
  );

function mapped(problem: MappingProblem) {
  const result = exact.mapLayer(problem);
  if (!result.feasible) throw new Error(`does not fit ${result.memory}`);
  return result;
}

function stated(problem: MappingProblem, mapping: StatedMapping) {
  const result = exact.evaluateMapping(problem, mapping);
  if (!result.feasible) throw new Error(JSON.stringify(result.conflicts));
  return result;
}

describe("partial sums", () => {
  it("SL-Q2: a level to which sums return holds sums", () => {
    // the 16-bit register adds all 25 taps: one sum, not one result of 8 bit
    const layer = conv({ B: 1, K: 56, C: 1, OY: 72, OX: 60, FY: 5, FX: 5 }, META_PROTOTYPE, {
      D1: ["K", 32],
      D3: ["OX", 4],
      D4: ["OY", 4],
    });
    expect(stated(layer, { loops: loops("FX5 FY5 OY18 OX5 OX3 K2") }).cost.occupancy.rf_2B).toBe(16);
  });

  it("SL-Q34: every layer states the width of its sums and of its results", () => {
    const { module } = compile(moduleOf(residual(8), smallMachine()), { costModel: exact });
    const problems = module
      .get(PLACEMENT)
      .flatMap(({ tileTypes }) => tileTypes.flatMap(({ nodes }) => nodes.flatMap((node) => node.problems)));
    expect(problems.map(({ finalOutputBits, operands }) => [finalOutputBits, operands[0]?.bits])).toEqual(
      problems.map(() => [8, 16]),
    );
  });
});

describe("time", () => {
  /** 8 elements are copied, two at a time lie in the near memory; ports of 16 bit there and 8 bit above. */
  const copied = (size: number, above: readonly number[] = [8]) => {
    const memories = [{ size, width: 16 }, ...above.map((width) => ({ width }))];
    const problem = copyLayer({ G: 1, OY: 1, OX: 8 }, chainOf(memories));
    const held = [1, ...above.map(() => 2)];
    return stated(problem, { loops: loops("OX2 OX4"), boundaries: { O: held, X: held } });
  };

  it("SL-Q4: what cannot overlap stops the array, and nobody's slack hides it", () => {
    // 8 steps; 4 blocks of 2 elements come and 4 go, 2 cycles each, of which a register takes over one but for the first and the last
    const { cost, mapping } = copied(32);
    expect(mapping.copies).toEqual({ O: [1, 1], X: [1, 1] });
    expect(cost.latencyCycles).toBe(8 + (2 + 3) + (3 + 2));
  });

  it("SL-Q3: with two blocks each, the first fill and the last drain remain", () => {
    const { cost, mapping } = copied(64);
    expect(mapping.copies).toEqual({ O: [2, 1], X: [2, 1] });
    expect([cost.computationCycles, cost.loadedCycles, cost.offloadedCycles]).toEqual([8, 8 + 2, 8 + 2 + 2]);
  });

  it("SL-Q18, SL-Q19: a second block is reserved where there is room and it saves time", () => {
    // room for three blocks of 16 bit: one of the two operands gets two
    const { cost, mapping } = copied(48);
    expect([mapping.copies?.O?.[0], mapping.copies?.X?.[0]].sort()).toEqual([1, 2]);
    expect(cost.latencyCycles).toBe(8 + (3 + 2) + 2);
  });

  it("SL-Q20: the slower end of a transfer paces it", () => {
    expect(copied(32, [8]).cost.latencyCycles - copied(32, [16]).cost.latencyCycles).toBe(8 * (2 - 1));
    expect(copied(32, [4]).cost.latencyCycles - copied(32, [8]).cost.latencyCycles).toBe(8 * (4 - 2));
  });

  it("SL-Q5, SL-Q6, SL-Q7: every hop of the first fill and of the last drain counts", () => {
    // the middle memory holds all 8 elements: 8 cycles from above and 2 more down, for one input; the same way up
    const { cost } = copied(64, [8, 8]);
    expect([cost.loadedCycles - cost.computationCycles, cost.offloadedCycles - cost.loadedCycles]).toEqual([10, 10]);
  });

  it("SL-Q32: memories on the way add no cycles of their own, down or up", () => {
    const { hierarchy: memories, ...layer } = copyLayer({ G: 1, OY: 1, OX: 8 }, chainOf([{ width: 8 }, { width: 8 }]));
    const slow = { ...memories, memories: memories.memories.map((memory) => ({ ...memory, latency: 50 as never })) };
    const costs = [memories, slow].map((hierarchy) => mapped({ ...layer, hierarchy }).cost);
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[0]!.offloadedCycles - costs[0]!.loadedCycles).toBe(
      costs[0]!.loadedCycles - costs[0]!.computationCycles,
    );
  });

  it("SL-Q8, SL-Q17: weights of no bits take neither energy, nor time, nor room", () => {
    const pooling = depthwise({ G: 8, OY: 4, OX: 4 }, META_PROTOTYPE, { D1: ["G", 8] }, 0);
    const without = { ...pooling, operands: pooling.operands.filter(({ name }) => name !== "W") };
    const [found, bare] = [mapped(pooling).cost, mapped(without).cost];
    expect(found.accesses.W!.every(({ tl, fl, th, fh }) => tl + fl + th + fh === 0)).toBe(true);
    expect(found.occupancy.rf_1B ?? 0).toBe(0);
    expect([found.energy, found.latencyCycles]).toEqual([bare.energy, bare.latencyCycles]);
  });
});

describe("sizes under unrolling", () => {
  const single = (dims: Sizes) => chainOf([{ width: 8 }], dims);
  const rows = (OX: number, units: number) =>
    mapped(copyLayer({ G: 1, OY: 1, OX }, single({ D1: units }), { D1: ["OX", units] })).cost;

  it.each([
    [970, 4, 243],
    [57, 4, 15],
    [41, 3, 14],
    [103, 7, 15],
    [75, 12, 7],
    [150, 24, 7],
  ])("SL-Q9, SL-Q10, SL-Q12: %d columns on %d units take %d steps and read every column once", (OX, units, steps) => {
    const { temporalCycles, accesses } = rows(OX, units);
    expect([temporalCycles, accesses.X![0]!.tl, accesses.O![0]!.fl]).toEqual([steps, OX, OX]);
  });

  it("SL-Q11, SL-Q24: 57 columns by 4 are 57 in every order of the loops", () => {
    const problem = copyLayer({ G: 1, OY: 1, OX: 57 }, chainOf([{ width: 8 }, { width: 8 }], { D1: 4 }), {
      D1: ["OX", 4],
    });
    const held = { O: [2, 2], X: [2, 2] };
    const found = ["OX3 OX5", "OX5 OX3"].map(
      (order) => stated(problem, { loops: loops(order), boundaries: held }).cost,
    );
    expect(found.map(({ accesses }) => [accesses.X![0]!.fh, accesses.X![1]!.tl])).toEqual([
      [57, 57],
      [57, 57],
    ]);
    expect(found.map(({ occupancy }) => occupancy.m0)).toEqual([2 * 57 * 8, 2 * 57 * 8]);
  });

  it("SL-Q13: taps three apart of two outputs touch six elements", () => {
    const problem = conv({ OX: 2, FX: 3 }, chainOf([{ width: 8 }, { width: 8 }]), {}, 1, 3);
    const { cost } = stated(problem, { loops: loops("FX3 OX2"), boundaries: { O: [2, 2], W: [2, 2], I: [2, 2] } });
    expect(cost.accesses.I![1]!.tl).toBe(6); // {0, 3, 6} and {1, 4, 7}, of 8
  });

  it("SL-Q26: a layer that the array covers whole has one empty order", () => {
    const { mapping, cost, search } = mapped(copyLayer({ G: 1, OY: 1, OX: 4 }, single({ D1: 4 }), { D1: ["OX", 4] }));
    expect([mapping.loops, cost.temporalCycles, search.orderings, search.optimal]).toEqual([[], 1, 1, true]);
  });

  it("SL-Q27: loops along the array stand in the order of the array", () => {
    const target = single({ D1: 2, D2: 3 });
    const [one, other] = [["D1", "D2"] as const, ["D2", "D1"] as const].map((order) => {
      const unrolling = order.map((arrayDim) => ({ arrayDim, dim: arrayDim === "D1" ? "OX" : "OY", size: 3 }));
      return mapped({ ...copyLayer({ G: 1, OY: 6, OX: 4 }, target), unrolling });
    });
    expect(one!.mapping.spatial.map(({ arrayDim, size }) => [arrayDim, size])).toEqual([
      ["D1", 2],
      ["D2", 3],
    ]);
    expect(other).toEqual(one);
  });

  it("SL-Q28: mapping a layer changes nothing about it", () => {
    const problem = copyLayer({ G: 1, OY: 1, OX: 57 }, chainOf([{ width: 8 }], { D1: 4 }), { D1: ["OX", 4] });
    const before = structuredClone(problem);
    const first = mapped(problem);
    expect(problem).toEqual(before);
    expect(mapped(before)).toEqual(first);
  });

  it("SL-Q33: two windows of one tap may name the same tap loop", () => {
    const layers = network(netConv("a", { K: 4, C: 4, OX: 6, stride: 2 }));
    const slipped = {
      ...layers,
      layers: layers.layers.map((layer) => ({
        ...layer,
        operands: layer.operands.map((operand) => ({
          ...operand,
          axes: operand.axes.map((map) => (map.kind === "window" ? { ...map, tap: "FX" } : map)),
        })),
      })),
    };
    const mappingOf = (of: typeof layers) => scheduleOf(of).mappings[0]![0]![0]!;
    const [found, expected] = [mappingOf(slipped), mappingOf(layers)];
    const windows = found.problem.operands.find(({ name }) => name === "I")!.windows;
    expect(new Set(windows.flatMap(({ out, tap }) => [out, tap])).size).toBe(4);
    expect(found.result).toEqual(expected.result);
  });

  it("SL-Q35: loops of one iteration change nothing", () => {
    const target = chainOf([{ size: 64, width: 8 }, { width: 8 }]);
    const { cost } = mapped(conv({ K: 2, C: 3, OX: 4 }, target));
    const { cost: listed } = mapped(conv({ B: 1, K: 2, C: 3, OY: 1, OX: 4, FY: 1, FX: 1 }, target));
    expect([listed.energy, listed.latencyCycles]).toEqual([cost.energy, cost.latencyCycles]);
  });
});

describe("words", () => {
  it("SL-Q14, SL-Q15: both ends of a transfer move whole granules", () => {
    // 66 elements of 8 bit are 528 bit: 9 granules of 64 in a port of 512, at the sender and at the receiver
    const level = { width: 512, granularity: 64 };
    const problem = copyLayer({ G: 1, OY: 1, OX: 66 }, chainOf([level, level]));
    const { cost } = stated(problem, { loops: loops("OX66"), boundaries: { O: [1, 1], X: [1, 1] } });
    expect([cost.accesses.X![0]!.fh, cost.accesses.X![1]!.tl]).toEqual([9 / 8, 9 / 8]);
    expect([cost.accesses.O![0]!.th, cost.accesses.O![1]!.fl]).toEqual([9 / 8, 9 / 8]);
  });
});

describe("capacity", () => {
  it("SL-Q25: what shares the memory next to the array must fit together", () => {
    // an element of each operand: 8 + 8 bit
    const sized = (size: number) =>
      exact.mapLayer(copyLayer({ G: 1, OY: 1, OX: 4 }, chainOf([{ size, width: 8 }, { width: 8 }])));
    expect([15, 16].map((size) => sized(size).feasible)).toEqual([false, true]);
  });

  it("SL-Q23: a memory in which nothing fits is refused by name", () => {
    const target = chainOf([{ width: 8 }, { size: 12, width: 8 }, { width: 8 }]);
    expect(exact.mapLayer(copyLayer({ G: 1, OY: 1, OX: 4 }, target))).toMatchObject({ feasible: false, memory: "m1" });
  });
});

describe("sums", () => {
  it("SL-Q30: every operand of every layer is in the totals", () => {
    const { module } = compile(moduleOf(residual(8), smallMachine()), { costModel: exact });
    const { energyByMemory, energyByKind } = module.get(COSTS).totals;
    const chip = energyByMemory.get("chip")!;
    expect([...chip.keys()].sort()).toEqual(["I", "O", "W", "X", "Y"]);
    const all = [...energyByMemory.values()].flatMap((operands) => [...operands.values()]);
    expect(all.reduce((sum, energy) => sum + energy, 0)).toBe(energyByKind.memory + energyByKind.copy);
  });
});
