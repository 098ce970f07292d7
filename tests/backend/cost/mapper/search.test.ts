import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { branchAndBound } from "../../../../src/backend/cost/mapper/branch-and-bound.js";
import { evaluateEnergy } from "../../../../src/backend/cost/mapper/evaluate.js";
import { layerModel } from "../../../../src/backend/cost/mapper/layer-model.js";
import { loopFactors } from "../../../../src/backend/cost/mapper/loop-factors.js";
import { createMapper } from "../../../../src/backend/cost/mapper/mapper.js";
import { factorMultiset, prefixShiftOrderings } from "../../../../src/backend/cost/mapper/orderings.js";
import { mapperPolicies } from "../../../../src/backend/cost/mapper/policies.js";
import { Pricer } from "../../../../src/backend/cost/mapper/pricer.js";
import { type SearchSpace, searchOrderings } from "../../../../src/backend/cost/mapper/search.js";
import { mapSpatially } from "../../../../src/backend/cost/mapper/spatial.js";
import { energyTables } from "../../../../src/backend/cost/mapper/tables.js";
import type { Hierarchy } from "../../../../src/ir/accelerator.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import { conv, depthwise, hierarchy, META_PROTOTYPE } from "./fixtures.js";

const policies = mapperPolicies(DEFINES);

function spaceOf(problem: MappingProblem, limit: number | "none"): SearchSpace {
  const layer = layerModel(problem);
  const spatial = mapSpatially(layer, problem.unrolling, policies.sizes);
  const factors = loopFactors(problem.loops, spatial.fractional[1]!.loops.flat(), limit, policies.sizes);
  return { layer, spatial, factors, policies };
}

/** Every order of the space, priced by tables and by evaluation (`Infinity`: not feasible). */
function pricedTwice({ layer, spatial, factors }: SearchSpace) {
  const multiset = factorMultiset(factors);
  const indices = prefixShiftOrderings(multiset.multiplicities);
  const pricer = new Pricer(energyTables(layer, spatial, multiset, policies));
  return Array.from({ length: multiset.count === 0 ? 1 : indices.length / multiset.count }, (_, row) => {
    const order = indices.subarray(row * multiset.count, (row + 1) * multiset.count);
    const direct = evaluateEnergy(
      layer,
      spatial,
      Array.from(order, (f) => multiset.factors[f]!),
      policies,
    );
    return {
      table: pricer.price(indices, row * multiset.count),
      direct: direct.feasible ? direct.energy : Number.POSITIVE_INFINITY,
    };
  });
}

const power = (lowest: number, highest: number) => fc.integer({ min: lowest, max: highest }).map((bits) => 2 ** bits);

/** Registers for some operands, one or two buffers for some of them, and a top for all: tight enough to refuse some orders. */
const anyHierarchy: fc.Arbitrary<Hierarchy> = fc
  .record({
    weightRegister: fc.boolean(),
    outputRegister: fc.boolean(),
    registerBits: power(4, 8),
    served: fc.subarray(["D1", "D2"]),
    buffers: fc.array(fc.record({ holds: fc.subarray(["I1", "I2", "O"], { minLength: 1 }), size: power(8, 13) }), {
      maxLength: 2,
    }),
    width: power(4, 7),
    topSize: power(12, 30),
  })
  .map(({ weightRegister, outputRegister, registerBits, served, buffers, width, topSize }) => {
    const level = new Map<string, number>();
    const holds = (operands: readonly string[]) =>
      Object.fromEntries(
        operands.map((operand) => {
          const next = (level.get(operand) ?? -1) + 1;
          level.set(operand, next);
          return [operand, next];
        }),
      );
    const register = { size: registerBits, width: 16, read: 0.13, write: 0.17, served } as const;
    const all = { served: ["D1", "D2"], granularity: 8, width };
    return hierarchy({ D1: 4, D2: 4 }, 0.04, [
      ...(weightRegister ? [{ ...register, id: "rw", holds: holds(["I2"]), ports: "1r1w" } as const] : []),
      ...(outputRegister ? [{ ...register, id: "ro", holds: holds(["O"]), ports: "2r2w" } as const] : []),
      ...buffers.map((b, i) => ({
        ...all,
        id: `b${i}`,
        size: b.size,
        read: 1.3 + i,
        write: 1.7 + i,
        holds: holds(b.holds),
        ports: "1r1w" as const,
      })),
      { ...all, id: "top", size: topSize, read: 70.1, write: 75.3, holds: holds(["I1", "I2", "O"]), ports: "rw" },
    ]);
  });

const width = fc.integer({ min: 1, max: 4 });

/** Sizes that unrolling does not divide are the rule here. */
const anyProblem: fc.Arbitrary<MappingProblem> = fc
  .record({
    target: anyHierarchy,
    sizes: fc.record({
      K: fc.integer({ min: 1, max: 9 }),
      C: fc.integer({ min: 1, max: 7 }),
      OY: fc.integer({ min: 1, max: 12 }),
      OX: fc.integer({ min: 1, max: 60 }),
      FY: fc.integer({ min: 1, max: 3 }),
      FX: fc.integer({ min: 1, max: 3 }),
    }),
    across: fc.tuple(fc.constantFrom("K", "OX", "OY", "C"), width),
    along: fc.tuple(fc.constantFrom("C", "OX", "FX", "OY"), width),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    kind: fc.constantFrom("conv", "depthwise"),
  })
  .map(({ target, sizes, across, along, stride, dilation, kind }) => {
    const unrolling = { D1: across, D2: along };
    if (kind === "conv") return conv(sizes, target, unrolling, stride, dilation);
    return depthwise({ G: sizes.K, ...sizes, K: 1, C: 1 }, target, unrolling, stride === 2 ? 0 : 8);
  });

describe("tables against evaluation", () => {
  it("give every order the same energy to the last bit, unless they say that they cannot", () => {
    fc.assert(
      fc.property(anyProblem, (problem) => {
        for (const { table, direct } of pricedTwice(spaceOf(problem, 5))) {
          if (!Number.isNaN(table)) expect(table).toBe(direct);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("can price orders where a memory gets nothing, since not even that fits together (Q23)", () => {
    const level = { served: [], read: 1.3, write: 1.7, ports: "1r1w" } as const;
    const tight = hierarchy({ D1: 1 }, 0.04, [
      { ...level, id: "tight", size: 24, width: 8, holds: { I1: 0, I2: 0, O: 0 } },
      { ...level, id: "top", size: 2 ** 20, width: 64, holds: { I1: 1, I2: 1, O: 1 } },
    ]);
    const priced = pricedTwice(spaceOf(conv({ K: 4, C: 4, OX: 6, FX: 3 }, tight), 6));
    expect(priced.map(({ table }) => table)).toEqual(priced.map(({ direct }) => direct));
    expect(priced.some(({ direct }) => direct < Number.POSITIVE_INFINITY)).toBe(true);
  });

  it("can price most orders where sizes divide", () => {
    const space = spaceOf(conv({ K: 8, C: 8, OX: 16, FX: 3 }, META_PROTOTYPE, { D1: ["K", 4], D3: ["OX", 4] }), 6);
    expect(pricedTwice(space).some(({ table }) => Number.isNaN(table))).toBe(false);
  });

  it("do not trust products that depend on the order of loops (Q11: 57 columns, 4 at once)", () => {
    const unrolling = { D1: ["K", 12], D3: ["OX", 4] } as const;
    const priced = pricedTwice(spaceOf(conv({ K: 12, C: 4, OX: 57, FX: 3 }, META_PROTOTYPE, unrolling), 6));
    expect(priced.some(({ table }) => Number.isNaN(table))).toBe(true);
    expect(new Set(priced.map(({ direct }) => direct)).size).toBeGreaterThan(1);
  });
});

describe("search", () => {
  it("takes the first of the best, as enumeration finds it", () => {
    fc.assert(
      fc.property(anyProblem, (problem) => {
        const space = spaceOf(problem, 4);
        const found = searchOrderings(space);
        const energies = pricedTwice(space).map(({ direct }) => direct);
        const least = Math.min(...energies);
        expect(found.feasible).toBe(least < Number.POSITIVE_INFINITY);
        if (found.feasible) expect(found.best.energy).toBe(least);
      }),
      { numRuns: 150 },
    );
  });

  it("finds the same order whether it visits all or those that a bound leaves", () => {
    fc.assert(
      fc.property(anyProblem, fc.constantFrom("published", "latency"), (problem, ties) => {
        const space = { ...spaceOf(problem, 6), policies: mapperPolicies({ ...DEFINES, ties }) };
        const [all, some] = [searchOrderings(space, Number.POSITIVE_INFINITY), searchOrderings(space, 0)];
        expect(some.feasible).toBe(all.feasible);
        if (!some.feasible || !all.feasible) return;
        expect(some.best).toEqual(all.best);
        expect(some.search.optimal).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("proves by branch and bound what enumeration finds", () => {
    fc.assert(
      fc.property(anyProblem, (problem) => {
        const space = spaceOf(problem, 6);
        const [enumerated, bounded] = [searchOrderings(space), searchOrderings(space, 0)];
        expect(bounded.feasible).toBe(enumerated.feasible);
        if (!bounded.feasible || !enumerated.feasible || !bounded.search.optimal) return;
        expect(bounded.search.visited).toBeLessThanOrEqual(enumerated.search.orderings);
        expect(Math.abs(bounded.best.energy / enumerated.best.energy - 1)).toBeLessThan(1e-12);
      }),
      { numRuns: 300 },
    );
  });

  it("settles spaces that nobody could enumerate (SL §11.3, case 18)", () => {
    const sizes = { B: 1, K: 512, C: 512, OY: 7, OX: 7, FY: 3, FX: 3 };
    const unrolling = { D1: ["K", 32], D2: ["C", 2], D3: ["OX", 4], D4: ["OY", 4] } as const;
    const result = createMapper({ ...DEFINES, loopLimit: "none" })(conv(sizes, META_PROTOTYPE, unrolling));
    if (!result.feasible) throw new Error("DRAM holds everything");
    expect(result.search).toEqual({ orderings: 21_621_600, visited: expect.any(Number), optimal: true });
    expect(result.search.visited).toBeLessThan(100);
    expect(Math.round(result.cost.energy)).toBe(232_448_099);
  });

  it("gives an order, and claims no proof, when it runs out of prefixes", () => {
    const { layer, spatial, factors } = spaceOf(conv({ K: 8, C: 8, OX: 16, FX: 3 }, META_PROTOTYPE), 6);
    const tables = energyTables(layer, spatial, factorMultiset(factors), policies, "resolve");
    const pricer = new Pricer(tables);
    const found = branchAndBound(tables, (order) => pricer.price(order, 0), 1);
    expect(found.order).toHaveLength(6);
    expect(found).toMatchObject({ visited: 1, isComplete: false });
  });
});

describe("laws", () => {
  it("breakdowns add up, nothing is negative, and times come in order", () => {
    fc.assert(
      fc.property(anyProblem, (problem) => {
        const result = createMapper({ ...DEFINES, loopLimit: 4 })(problem);
        if (!result.feasible) return;
        const { cost } = result;
        const levels = Object.values(cost.energyByLevel).flat();
        const memory = levels.reduce((sum, energy) => sum + energy, 0);
        expect(memory).toBe(cost.memoryEnergy);
        expect(cost.memoryEnergy + cost.macEnergy).toBe(cost.energy);
        const counts = Object.values(cost.accesses).flatMap((of) =>
          of.flatMap(({ tl, fl, th, fh }) => [tl, fl, th, fh]),
        );
        for (const value of [...levels, ...counts]) expect(value).toBeGreaterThanOrEqual(0);
        expect(cost.temporalCycles).toBeLessThanOrEqual(cost.computationCycles);
        expect(cost.computationCycles).toBeLessThanOrEqual(cost.loadedCycles);
        expect(cost.loadedCycles).toBeLessThanOrEqual(cost.offloadedCycles);
      }),
      { numRuns: 150 },
    );
  });
});
