/** The certificate of the mapper against brute force: table-driven prices, rounding included, over tile sizes that arrays do not divide. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { loopFactors } from "../../../../src/backend/cost/mapper/loop-factors.js";
import { createMapper, evaluateOrdering, prepare, unrolledLoops } from "../../../../src/backend/cost/mapper/mapper.js";
import { factorMultiset, prefixShiftOrderings } from "../../../../src/backend/cost/mapper/orderings.js";
import { Pricer } from "../../../../src/backend/cost/mapper/pricer.js";
import { energyTables } from "../../../../src/backend/cost/mapper/tables.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import type { Loop } from "../../../../src/ir/network.js";
import { DEFINES, type RuleSet } from "../../../../src/ir/rules.js";
import { conv, depthwise, META_PROTOTYPE, TPU_LIKE } from "./fixtures.js";

const LIMIT = 5;
const PUBLISHED: RuleSet = { ...DEFINES, loopLimit: LIMIT };
const MENDED: RuleSet = {
  ...PUBLISHED,
  sizes: "whole",
  capacityCuts: "checked",
  partialSums: "corrected",
  words: "granules",
  doubleBuffering: "smallest-first",
  stalls: "corrected",
  loading: "corrected",
};

function ordersOf(problem: MappingProblem, rules: RuleSet) {
  const { layer, spatial, policies } = prepare(problem, rules);
  const factors = loopFactors(problem.loops, unrolledLoops(spatial), rules.loopLimit, policies.sizes);
  const multiset = factorMultiset(factors);
  const indices = prefixShiftOrderings(multiset.multiplicities);
  const count = multiset.count === 0 ? 1 : indices.length / multiset.count;
  const rows = Array.from({ length: count }, (_, r) => indices.subarray(r * multiset.count, (r + 1) * multiset.count));
  const loopsOf = (row: Uint8Array): readonly Loop[] => Array.from(row, (f) => multiset.factors[f]!);
  return { layer, spatial, policies, multiset, rows, loopsOf };
}

const directEnergy = (problem: MappingProblem, order: readonly Loop[], rules: RuleSet): number => {
  const evaluation = evaluateOrdering(problem, order, rules);
  return evaluation.feasible ? evaluation.cost.energy : Number.POSITIVE_INFINITY;
};

/** Every order evaluated by itself: the first of the least energy, as the reference finds it. */
function bruteForce(problem: MappingProblem, rules: RuleSet) {
  const { rows, loopsOf } = ordersOf(problem, rules);
  let best: { readonly energy: number; readonly order: readonly Loop[] } | undefined;
  for (const row of rows) {
    const energy = directEnergy(problem, loopsOf(row), rules);
    if (energy < (best?.energy ?? Number.POSITIVE_INFINITY)) best = { energy, order: loopsOf(row) };
  }
  return { best, count: rows.length };
}

function expectAsBruteForce(problem: MappingProblem, rules: RuleSet): void {
  const { best, count } = bruteForce(problem, rules);
  const result = createMapper(rules)(problem);
  expect(result.feasible).toBe(best !== undefined);
  if (!result.feasible || best === undefined) return;
  expect(result.mapping.loops).toEqual(best.order);
  expect(result.cost.energy).toBe(best.energy);
  expect(evaluateOrdering(problem, best.order, rules)).toMatchObject({ feasible: true, cost: result.cost });
  expect(result.search).toEqual({ orderings: count, visited: count, optimal: true });
}

/** Sizes whose products depend on the order for some of the widths (SL-Q11, Q12), and any others. */
const extent = fc.oneof(
  fc.constantFrom(57, 59, 107, 118, 119, 177, 41, 44, 82, 103, 200, 75, 146, 150, 157),
  fc.integer({ min: 1, max: 200 }),
);
const width = fc.constantFrom(2, 3, 4, 7, 8, 12, 16, 24, 32);
const small = fc.integer({ min: 1, max: 24 });

const anyTile: fc.Arbitrary<MappingProblem> = fc
  .record({
    sizes: fc.record({
      K: small,
      C: small,
      OY: extent,
      OX: extent,
      FY: fc.constantFrom(1, 3),
      FX: fc.constantFrom(1, 3, 5),
    }),
    along: fc.constantFrom("OX", "OY", "K"),
    width,
    target: fc.constantFrom("meta", "tpu"),
    stride: fc.integer({ min: 1, max: 2 }),
    isDepthwise: fc.boolean(),
  })
  .map(({ sizes, along, width: lanes, target, stride, isDepthwise }) => {
    const dim = isDepthwise && along === "K" ? "G" : along;
    const meta = { D1: [dim, lanes], D3: ["OX", along === "OX" ? 1 : 4], D4: ["OY", along === "OY" ? 1 : 4] } as const;
    const [hierarchy, unrolling] =
      target === "meta" ? [META_PROTOTYPE, meta] : [TPU_LIKE, { D1: [dim, lanes] } as const];
    const { K, C, ...window } = sizes;
    return isDepthwise
      ? depthwise({ G: K, ...window }, hierarchy, unrolling)
      : conv({ K, C, ...window }, hierarchy, unrolling, stride);
  });

describe("whole layers", () => {
  it("are mapped as if every order had been evaluated, on tiles of any size", () => {
    fc.assert(
      fc.property(anyTile, (problem) => expectAsBruteForce(problem, PUBLISHED)),
      { numRuns: 25 },
    );
  });

  it("are so under the mended rules too", () => {
    fc.assert(
      fc.property(anyTile, (problem) => expectAsBruteForce(problem, MENDED)),
      { numRuns: 15 },
    );
  });

  test.each`
    OX     | lanes | arrayDim
    ${57}  | ${4}  | ${"D3"}
    ${118} | ${4}  | ${"D3"}
    ${177} | ${4}  | ${"D3"}
    ${41}  | ${3}  | ${"D1"}
    ${103} | ${7}  | ${"D1"}
    ${75}  | ${12} | ${"D1"}
    ${150} | ${24} | ${"D1"}
  `("$OX columns, $lanes at once", ({ OX, lanes, arrayDim }) => {
    const problem = conv({ K: 12, C: 4, OY: 3, OX, FX: 3 }, META_PROTOTYPE, { [arrayDim as string]: ["OX", lanes] });
    expectAsBruteForce(problem, PUBLISHED);
    expectAsBruteForce(problem, MENDED);
  });
});

describe("rounding", () => {
  /** Orders by whether one table for all of them has the right price, and whether the certificate lets it stand. */
  function judged(problem: MappingProblem, rules: RuleSet) {
    const { layer, spatial, policies, multiset, rows, loopsOf } = ordersOf(problem, rules);
    const marked = new Pricer(energyTables(layer, spatial, multiset, policies));
    const resolved = new Pricer(energyTables(layer, spatial, multiset, policies, "resolve"));
    return rows.map((row) => ({
      isWrong: !Object.is(resolved.price(row, 0), directEnergy(problem, loopsOf(row), rules)),
      isDoubted: Number.isNaN(marked.price(row, 0)),
    }));
  }

  it("that a table gets wrong is always noticed", () => {
    fc.assert(
      fc.property(anyTile, (problem) => {
        expect(judged(problem, PUBLISHED).filter(({ isWrong, isDoubted }) => isWrong && !isDoubted)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  it("does get wrong, without the certificate, where 57 columns run 4 at once (SL §11.2)", () => {
    const unrolling = { D1: ["K", 12], D3: ["OX", 4] } as const;
    const problem = conv({ K: 12, C: 64, OY: 40, OX: 57, FX: 3 }, META_PROTOTYPE, unrolling);
    expect(judged(problem, PUBLISHED).some(({ isWrong }) => isWrong)).toBe(true);
  });

  it("of whole numbers raises no doubt about any size", () => {
    fc.assert(
      fc.property(anyTile, (problem) => {
        expect(judged(problem, MENDED).filter(({ isWrong, isDoubted }) => isWrong || isDoubted)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
