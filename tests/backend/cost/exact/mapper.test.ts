import { describe, expect, it } from "vitest";
import { createExactMapping, mapExactly } from "../../../../src/backend/cost/exact/mapper.js";
import { evaluateStatedExactly } from "../../../../src/backend/cost/exact/stated.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import { DEFINES, type RuleSet } from "../../../../src/ir/rules.js";
import { conv, copyLayer, depthwise, hierarchy, META_PROTOTYPE, TPU_LIKE } from "../mapper/fixtures.js";

const RULES: RuleSet = { ...DEFINES, loopLimit: "none" };
const UNROLLING = { D1: ["K", 32], D2: ["C", 32] } as const;

function mapped(problem: MappingProblem, rules = RULES) {
  const result = mapExactly(problem, rules);
  if (!result.feasible) throw new Error(`no room in ${result.memory}`);
  return result;
}

describe("the mapper", () => {
  it("remembers what it has solved, by content and by the room that is left", () => {
    const mapLayer = createExactMapping(RULES).mapLayer;
    const problem = () => conv({ K: 8, C: 4, OY: 6, OX: 6 }, TPU_LIKE, UNROLLING);
    const first = mapLayer(problem());
    expect(mapLayer(problem())).toBe(first);
    expect(mapLayer({ ...problem(), available: { sram_2MB: 4096 } })).not.toBe(first);
    expect(mapLayer(conv({ K: 9, C: 4, OY: 6, OX: 6 }, TPU_LIKE, UNROLLING))).not.toBe(first);
  });

  it("has the same answers whether it has met the problem with other room or not", () => {
    const warm = createExactMapping(RULES);
    const problem = conv({ K: 40, C: 12, OY: 14, OX: 14, FY: 3, FX: 3 }, META_PROTOTYPE, {
      D1: ["K", 32],
      D2: ["C", 2],
    });
    for (const room of [524288, 20000, 3000, 400000, 20000]) {
      const asked = { ...problem, available: { sram_64KB: room } };
      const cold = createExactMapping(RULES);
      expect(warm.bounds(asked)).toEqual(cold.bounds(asked));
      expect(warm.mapLayer(asked)).toEqual(cold.mapLayer(asked));
    }
  });

  it("finds room that does not matter equal", () => {
    const { mapLayer } = createExactMapping(RULES);
    const problem = conv({ K: 8, C: 4, OY: 6, OX: 6 }, TPU_LIKE, UNROLLING);
    const first = mapLayer(problem);
    expect(mapLayer({ ...problem, available: { dram: 5, sram_2MB: 16777216 } })).toBe(first);
  });

  it("answers, without a proof, where a space has too many states", () => {
    const loops = { B: 2 ** 7, G: 2 ** 7, K: 2 ** 7, C: 2 ** 7, OY: 2 ** 7, OX: 2 ** 7, FY: 2 ** 7, FX: 2 ** 7 };
    const { mapping, search } = mapped(conv(loops, TPU_LIKE, UNROLLING));
    expect(search.optimal).toBe(false);
    expect(mapping.loops.length).toBeLessThan(56);
  });

  it("adds up: breakdowns to the total, and accesses times energy to the breakdowns", () => {
    const problem = conv({ K: 64, C: 24, OY: 14, OX: 9, FY: 3, FX: 3 }, META_PROTOTYPE, {
      D1: ["K", 32],
      D2: ["C", 2],
      D3: ["OX", 4],
      D4: ["OY", 4],
    });
    const { cost, mapping } = mapped(problem);
    const levels = Object.values(cost.energyByLevel).flat();
    expect(levels.reduce((sum, each) => sum + each, cost.macEnergy)).toBeCloseTo(cost.energy, 3);
    expect(cost.macEnergy).toBeCloseTo(64 * 24 * 14 * 9 * 9 * 0.04, 6);
    for (const [name, accesses] of Object.entries(cost.accesses)) {
      accesses.forEach(({ tl, fl, th, fh }, m) => {
        const memory = META_PROTOTYPE.memories.find(({ id }) => id === mapping.levels[name]![m])!;
        const energy = (tl + th) * memory.readEnergy + (fl + fh) * memory.writeEnergy;
        expect(cost.energyByLevel[name]![m]).toBeCloseTo(energy, 3);
      });
    }
    expect(cost.computationCycles).toBeLessThanOrEqual(cost.loadedCycles);
    expect(cost.loadedCycles).toBeLessThanOrEqual(cost.offloadedCycles);
    expect(cost.temporalCycles).toBeLessThanOrEqual(cost.computationCycles);
  });

  it("proves its answer for a layer with millions of orders", () => {
    const { search } = mapped(conv({ K: 64, C: 64, OY: 72, OX: 60, FY: 3, FX: 3 }, TPU_LIKE, UNROLLING));
    expect(search).toMatchObject({ orderings: 259_459_200, optimal: true });
    expect(search.visited).toBeLessThan(1000);
  });

  it("takes a layer of one iteration, which has one empty order", () => {
    const { mapping, cost, search } = mapped(conv({ K: 1, C: 1, OY: 1, OX: 1 }, TPU_LIKE));
    expect(mapping.loops).toEqual([]);
    expect(cost.temporalCycles).toBe(1);
    expect(search).toEqual({ orderings: 1, visited: 2, optimal: true });
  });

  it("finds the shortest mapping where nothing costs energy", () => {
    const free = { read: 0, write: 0, ports: "1r1w", served: ["D1"] } as const;
    const target = hierarchy({ D1: 1 }, 0, [
      { ...free, id: "buffer", size: 256, width: 8, holds: { O: 0, I1: 0, I2: 0 } },
      { ...free, id: "home", size: 1e6, width: 8, holds: { O: 1, I1: 1, I2: 1 } },
    ]);
    const problem = conv({ K: 4, C: 4, OX: 4, FX: 3 }, target);
    const shortest = mapExactly(problem, RULES, "latency");
    const { cost, search } = mapped(problem);
    expect(search.optimal).toBe(true);
    expect(cost.energy).toBe(0);
    expect(shortest.feasible && shortest.cost.latencyCycles).toBe(cost.latencyCycles);
  });

  it("leaves operands of no bits out, and gives them levels without accesses", () => {
    const weightless = mapped(depthwise({ G: 8, OY: 6, OX: 6, FY: 3, FX: 3 }, TPU_LIKE, {}, 0));
    const none = { tl: 0, fl: 0, th: 0, fh: 0 };
    expect(weightless.cost.accesses.W).toEqual([none, none]);
    expect(weightless.cost.energyByLevel.W).toEqual([0, 0]);
    expect(weightless.mapping.levels.W).toEqual(["rf_128B", "dram"]);
    expect(weightless.mapping.boundaries.W).toEqual([weightless.mapping.loops.length, weightless.mapping.loops.length]);
  });

  it("merges factors where the rules limit their number", () => {
    const problem = conv({ K: 64, C: 64, OY: 72, OX: 60, FY: 3, FX: 3 }, TPU_LIKE, UNROLLING);
    const few = mapped(problem, { ...RULES, loopLimit: 7 });
    expect(few.mapping.loops).toHaveLength(7);
    expect(few.cost.energy).toBeGreaterThanOrEqual(mapped(problem).cost.energy);
  });

  it("names a memory that cannot hold the smallest blocks", () => {
    const problem = conv({ K: 64, C: 64, OY: 6, OX: 6 }, TPU_LIKE, UNROLLING); // 64 terms in two steps
    expect(mapExactly({ ...problem, available: { rf_2B: 15 } }, RULES)).toEqual({
      ...{ feasible: false, memory: "rf_2B" },
      needs: 16, // a sum
    });
  });

  it("does not count what lies in a home", () => {
    const { cost } = mapped({ ...copyLayer({ G: 3, OY: 5, OX: 7 }, TPU_LIKE), available: { dram: 0 } });
    expect(cost.occupancy.dram).toBe(0);
  });
});

describe("room for sums", () => {
  const level = { read: 1, write: 1, ports: "1r1w", width: 16, served: [] } as const;
  /** A register, a buffer that is cheap to use, and a home that is not. */
  const target = (buffer: number) =>
    hierarchy({ D1: 1 }, 0, [
      { ...level, id: "register", size: 16, holds: { O: 0 } },
      { ...level, id: "buffer", size: buffer, holds: { O: 1 } },
      { ...level, id: "home", size: 1e6, read: 99, write: 99, holds: { O: 2, I1: 0, I2: 0 } },
    ]);
  const problem = (buffer: number) => conv({ K: 2, C: 4, OX: 3 }, target(buffer));

  it("finished ones need 8 bit: six fit into 48", () => {
    expect(mapped(problem(48)).mapping.boundaries.O).toEqual([2, 4, 4]);
    expect(mapped(problem(47)).mapping.boundaries.O).toEqual([2, 3, 4]);
  });

  it("partial ones need 16: of an order that leaves them, three fit into 48", () => {
    const [OX, C, K] = [3, 2, 2].map((size, i) => ({ dim: ["OX", "C", "K"][i]!, size }));
    const cutsOf = (buffer: number) => {
      const result = evaluateStatedExactly(problem(buffer), { loops: [OX!, C!, C!, K!] }, RULES, (each) =>
        mapExactly(each, RULES),
      );
      return result.feasible ? result.mapping.boundaries.O : result.conflicts;
    };
    expect(cutsOf(48)).toEqual([0, 3, 4]);
    expect(cutsOf(47)).toEqual([0, 0, 4]);
  });
});
