import { describe, expect, it, test } from "vitest";
import { createMapper, evaluateMapping, evaluateOrdering } from "../../../../src/backend/cost/mapper/mapper.js";
import type { Accesses, MappingProblem } from "../../../../src/ir/cost-model.js";
import type { Loop } from "../../../../src/ir/network.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import { conv, copyLayer, depthwise, hierarchy, META_PROTOTYPE, SINGLE_MEMORY, TPU_LIKE } from "./fixtures.js";

const map = (problem: MappingProblem, rules = DEFINES) => {
  const result = createMapper(rules)(problem);
  if (!result.feasible) throw new Error(`not feasible because of '${result.memory}'`);
  return result;
};

const loops = (text: string): readonly Loop[] =>
  text === ""
    ? []
    : text.split(" ").map((loop) => ({ dim: loop.replace(/\d+$/, ""), size: Number(/\d+$/.exec(loop)?.[0]) }));
const print = (list: readonly Loop[]): string => list.map(({ dim, size }) => `${dim}${size}`).join(" ");
const four = ({ tl, fl, th, fh }: Accesses): readonly number[] => [tl, fl, th, fh];

const conv5x5 = { B: 1, K: 56, C: 1, OY: 72, OX: 60, FY: 5, FX: 5 };
const depthwise3x3 = { B: 1, G: 32, OY: 28, OX: 28, FY: 3, FX: 3 };
const META = { D1: ["K", 32], D3: ["OX", 4], D4: ["OY", 4] } as const;
const WORKED = {
  "12.1 conv 5×5 on Meta": conv(conv5x5, META_PROTOTYPE, META),
  "12.2 conv 5×5 on TPU": conv(conv5x5, TPU_LIKE, { D1: ["K", 32] }),
  "12.3 depthwise on Meta": depthwise(depthwise3x3, META_PROTOTYPE, { ...META, D1: ["G", 32] }),
  "12.4 depthwise on TPU": depthwise(depthwise3x3, TPU_LIKE, { D1: ["G", 32] }),
};
type Worked = keyof typeof WORKED;

describe("worked examples of SL §12", () => {
  test.each`
    example                     | order                         | energy          | latencies
    ${"12.1 conv 5×5 on Meta"}  | ${"FX5 FY5 OY18 OX5 OX3 K2"}  | ${24920175.345} | ${[16649, 17333, 47575]}
    ${"12.2 conv 5×5 on TPU"}   | ${"FX5 FY5 OY72 OX12 OX5 K2"} | ${34688282.6}   | ${[216000, 216608, 246849]}
    ${"12.3 depthwise on Meta"} | ${"FX3 FY3 OY7 OX7"}          | ${5218217.34}   | ${[3521, 7571, 10709]}
    ${"12.4 depthwise on TPU"}  | ${"FX3 FY3 OY7 OY4 OX7 OX4"}  | ${5686149.68}   | ${[7056, 10656, 13793]}
  `("$example: best is $order", ({ example, order, energy, latencies }) => {
    const { mapping, cost } = map(WORKED[example as Worked]);
    expect(print(mapping.loops)).toBe(order);
    expect(cost.energy).toBe(energy);
    expect([cost.computationCycles, cost.loadedCycles, cost.offloadedCycles]).toEqual(latencies);
  });

  test.each`
    example                     | order                         | energy          | latencies
    ${"12.1 conv 5×5 on Meta"}  | ${"OY18 OX5 OX3 K2 FY5 FX5"}  | ${83688452.145} | ${[391233, 391917, 422159]}
    ${"12.2 conv 5×5 on TPU"}   | ${"OY72 OX12 OX5 K2 FY5 FX5"} | ${78586653.8}   | ${[431998, 432606, 462847]}
    ${"12.3 depthwise on Meta"} | ${"OY7 OX7 FY3 FX3"}          | ${6030589.9}    | ${[10560, 14216, 17354]}
    ${"12.4 depthwise on TPU"}  | ${"OY7 OY4 OX7 OX4 FY3 FX3"}  | ${7294525.68}   | ${[14110, 17710, 20847]}
  `("$example: $order as stated", ({ example, order, energy, latencies }) => {
    const evaluation = evaluateOrdering(WORKED[example as Worked], loops(order), DEFINES);
    if (!evaluation.feasible) throw new Error("feasible in the table");
    const { cost } = evaluation;
    expect(cost.energy).toBeCloseTo(energy, 6);
    expect([cost.computationCycles, cost.loadedCycles, cost.offloadedCycles]).toEqual(latencies);
  });

  test.each`
    operand | level | words                            | energy
    ${"O"}  | ${0}  | ${[6048000, 6048000, 241920, 0]} | ${120960 + 120960 + 4838.4}
    ${"O"}  | ${1}  | ${[0, 3780, 3780, 0]}            | ${116424 + 100396.8}
    ${"O"}  | ${2}  | ${[0, 1890, 1890, 0]}            | ${357588 + 393271.2}
    ${"O"}  | ${3}  | ${[0, 30240, 0, 0]}              | ${22680000}
    ${"W"}  | ${0}  | ${[378000, 0, 0, 378000]}        | ${3780 + 3780}
    ${"W"}  | ${1}  | ${[6750, 0, 0, 21.875]}          | ${116100 + 621.25}
    ${"W"}  | ${2}  | ${[11, 0, 0, 10.9375]}           | ${2288.88 + 2069.375}
    ${"W"}  | ${3}  | ${[175, 0, 0, 0]}                | ${122500}
    ${"I"}  | ${0}  | ${[3375, 0, 0, 76]}              | ${89640 + 2340.8}
    ${"I"}  | ${1}  | ${[38, 0, 0, 38]}                | ${7907.04 + 7189.6}
    ${"I"}  | ${2}  | ${[608, 0, 0, 0]}                | ${425600}
  `("12.1: words tl fl th fh of $operand at level $level", ({ operand, level, words, energy }) => {
    const { cost } = map(WORKED["12.1 conv 5×5 on Meta"]);
    expect(four(cost.accesses[operand]![level]!)).toEqual(words);
    expect(cost.energyByLevel[operand]![level]).toBeCloseTo(energy, 6);
  });

  it("12.1: cuts, memories, occupancy and ideal cycles", () => {
    const { mapping, cost, search } = map(WORKED["12.1 conv 5×5 on Meta"]);
    expect(mapping.boundaries).toEqual({ O: [2, 4, 6, 6], W: [0, 6, 6, 6], I: [6, 6, 6] });
    expect(mapping.levels.I).toEqual(["sram_64KB", "sram_1MB_A", "dram"]);
    expect(mapping.spatial.map(({ dim, size }) => `${dim}${size}`)).toEqual(["K28", "OX4", "OY4"]);
    expect(cost.occupancy).toEqual({
      rf_1B: 8,
      rf_2B: 8,
      sram_32KB: 11200,
      sram_1MB_W: 11200,
      sram_64KB: 322560 + 38912,
      sram_1MB_A: 1935360 + 38912,
      dram: 1935360 + 11200 + 38912,
    });
    expect([cost.idealCycles, cost.temporalCycles]).toEqual([5907, 13500]);
    expect(search).toEqual({ orderings: 720, visited: 720, optimal: true });
  });
});

describe("stated mappings", () => {
  it("costs what the mapper says of its own mapping", () => {
    const problem = WORKED["12.1 conv 5×5 on Meta"];
    const { mapping, cost } = map(problem);
    expect(evaluateMapping(problem, mapping, DEFINES)).toMatchObject({ feasible: true, cost });
  });

  it("irrelevant loops above a cut stay below it for free (SL §5.1)", () => {
    const problem = conv({ K: 4, C: 3 }, META_PROTOTYPE);
    const boundaries = { O: [1, 2, 2, 2], W: [0, 2, 2, 2], I: [2, 2, 2] };
    const cost = (cuts: typeof boundaries) =>
      evaluateMapping(problem, { loops: loops("C3 K4"), boundaries: cuts }, DEFINES);
    expect(cost({ ...boundaries, O: [0, 2, 2, 2] })).toEqual(cost(boundaries));
  });

  it("refuses what a memory cannot hold, and boundaries that do not match the levels", () => {
    const problem = conv({ K: 4, C: 3 }, META_PROTOTYPE);
    const stated = (weights: readonly number[]) =>
      evaluateMapping(
        problem,
        { loops: loops("K4 C3"), boundaries: { O: [0, 2, 2, 2], W: weights, I: [2, 2, 2] } },
        DEFINES,
      );
    expect(stated([1, 2, 2, 2])).toEqual({ feasible: false, memory: 0 }); // four weights in a register for one
    expect(() => stated([0, 2])).toThrow("operand 'W' needs 4 boundaries");
  });
});

describe("small layers, worked out by hand", () => {
  it("one memory that nobody shares below or above", () => {
    // K2 C2 on one unit: four cycles. Of 64 bit, a partial sum of 16 bit takes 2 of 8 granules, a weight or input 1 of 8.
    const { cost, mapping } = map(conv({ K: 2, C: 2 }, SINGLE_MEMORY));
    expect(four(cost.accesses.O![0]!)).toEqual([4 * 0.25, 4 * 0.25, 0, 0]);
    expect(four(cost.accesses.W![0]!)).toEqual([4 * 0.125, 0, 0, 0]);
    expect(four(cost.accesses.I![0]!)).toEqual([4 * 0.125, 0, 0, 0]);
    expect(cost.energy).toBe(1 * 10 + 1 * 20 + 0.5 * 10 + 0.5 * 10 + 4 * 1);
    // Four transfers a cycle on one port, each allowed that cycle: 4·3 window cycles beyond the first period minus the 4 of the
    // union (Q3). Nothing is loaded or off-loaded: there is no other level.
    expect([cost.computationCycles, cost.loadedCycles, cost.offloadedCycles]).toEqual([12, 12, 12]);
    expect(cost.idealCycles).toBe(1);
    expect(mapping.boundaries).toEqual({ O: [2], W: [2], I: [2] });
    expect(cost.occupancy).toEqual({ only: 2 * 8 + 4 * 8 + 2 * 8 });
  });

  it("an unrolling that covers the layer has one empty order (SL-Q26)", () => {
    const { cost, mapping, search } = map(conv({ K: 2, C: 2 }, SINGLE_MEMORY, { D1: ["K", 2], D2: ["C", 2] }));
    expect(mapping.loops).toEqual([]);
    expect(search).toEqual({ orderings: 1, visited: 1, optimal: true });
    expect([cost.idealCycles, cost.temporalCycles]).toEqual([1, 1]);
    expect(four(cost.accesses.O![0]!)).toEqual([0, 0.25, 0, 0]); // summed in the array: two final elements of 8 bit
    expect(four(cost.accesses.W![0]!)).toEqual([0.5, 0, 0, 0]);
  });

  it("more loops than the limit allows are ordered all the same (SL-Q26)", () => {
    const { search } = map(conv({ K: 2, C: 2, OX: 3 }, SINGLE_MEMORY), { ...DEFINES, loopLimit: 2 });
    expect(search.orderings).toBe(6);
  });

  it("an operand without bits costs nothing and keeps its place", () => {
    const { cost } = map(depthwise(depthwise3x3, META_PROTOTYPE, { D1: ["G", 32] }, 0));
    expect(cost.energyByLevel.W).toEqual([0, 0, 0, 0]);
    expect(cost.energy).toBeGreaterThan(0);
  });

  it("a single input loads on its own ports only (Q7)", () => {
    const { cost } = map(copyLayer({ G: 8, OY: 4, OX: 4 }, META_PROTOTYPE));
    expect(Object.keys(cost.accesses)).toEqual(["O", "X"]);
    // 128 elements of 8 bit from the 1 MB to the 64 KB memory; the hop from DRAM shares a port with the weights and is dropped
    expect(cost.loadedCycles - cost.computationCycles).toBe(Math.ceil((128 * 8) / 512));
  });
});

describe("problems without an answer", () => {
  const narrow = (size: number) =>
    hierarchy({ D1: 1 }, 1, [
      { id: "buffer", size, width: 8, read: 1, write: 1, holds: { O: 0, I1: 0, I2: 0 }, served: ["D1"], ports: "rw" },
    ]);

  it("names the memory that is too small", () => {
    expect(createMapper(DEFINES)(conv({ K: 4, C: 4 }, narrow(64)))).toEqual({ feasible: false, memory: "buffer" });
    expect(createMapper(DEFINES)(conv({ K: 4, C: 4 }, narrow(8)))).toEqual({ feasible: false, memory: "buffer" });
  });

  it("takes operands without a memory, or on one chain, for a defect of the caller", () => {
    const problem = conv({ K: 4, C: 4 }, SINGLE_MEMORY);
    const relinked = (memoryOperand: string): MappingProblem => ({
      ...problem,
      operands: problem.operands.map((operand) => (operand.name === "W" ? { ...operand, memoryOperand } : operand)),
    });
    expect(() => createMapper(DEFINES)(relinked("I3"))).toThrow("'I3', which no memory holds");
    expect(() => createMapper(DEFINES)(relinked("I1"))).toThrow("one memory operand");
  });
});

describe("memory of solved problems", () => {
  it("answers equal problems with the same object", () => {
    const mapper = createMapper(DEFINES);
    const problem = conv({ K: 4, C: 4, OX: 6 }, TPU_LIKE);
    expect(mapper(structuredClone(problem))).toBe(mapper(problem));
  });

  test.each([
    ["a size", conv({ K: 4, C: 4, OX: 5 }, TPU_LIKE)],
    ["an unrolling", conv({ K: 4, C: 4, OX: 6 }, TPU_LIKE, { D1: ["K", 4] })],
    ["a hierarchy", conv({ K: 4, C: 4, OX: 6 }, META_PROTOTYPE)],
    ["a width", { ...conv({ K: 4, C: 4, OX: 6 }, TPU_LIKE), finalOutputBits: 4 }],
  ])("tells problems apart by %s", (_, other) => {
    const mapper = createMapper(DEFINES);
    expect(mapper(other)).not.toBe(mapper(conv({ K: 4, C: 4, OX: 6 }, TPU_LIKE)));
  });
});
