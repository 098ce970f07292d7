/** The search against the enumeration of all mappings, and what must hold of its results (EM §3, §6). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApartBound } from "../../../../src/backend/cost/exact/bounds.js";
import { energyCriterion, timeCriteria } from "../../../../src/backend/cost/exact/criteria.js";
import { layerCost } from "../../../../src/backend/cost/exact/evaluate.js";
import { type ExactLayer, exactLayer } from "../../../../src/backend/cost/exact/exact-layer.js";
import { orderFigures } from "../../../../src/backend/cost/exact/figures.js";
import { LabelSearch } from "../../../../src/backend/cost/exact/label-search.js";
import { createExactMapping, mapExactly, temporalFactors } from "../../../../src/backend/cost/exact/mapper.js";
import { overfullMemory, roomOf } from "../../../../src/backend/cost/exact/room.js";
import type { Objective } from "../../../../src/backend/cost/exact/search.js";
import { allOrders } from "../../../../src/backend/cost/exact/space.js";
import { priceTables } from "../../../../src/backend/cost/exact/tables.js";
import { chain, cutAbove } from "../../../../src/ir/accelerator.js";
import type { MappingProblem, MappingResult } from "../../../../src/ir/cost-model.js";
import { DEFINES, type RuleSet } from "../../../../src/ir/rules.js";
import "../../../support/seed.js";
import { allPrices } from "./naive-search.js";
import { spreadReduction, tightProblem } from "./tight-cases.js";

const RULES: RuleSet = { ...DEFINES, loopLimit: "none" };

/** Energies closer than this are equal: they are whole multiples of a fraction that is far larger. */
const ROUNDING = 1e-6;

/** With the first, plain bounds do for small problems; with the second, nearly every search needs the better ones. */
const PATIENCE = { plain: { quick: 1000, limit: 100_000 }, joint: { quick: 1, limit: 100_000 } } as const;

/** Orders and cuts that are enumerated in a moment. */
const isSmall = (layer: ExactLayer, factors = 4): boolean => temporalFactors(layer, RULES).length <= factors;

const priceOf = ({ cost }: Extract<MappingResult, { feasible: true }>) => ({
  energy: cost.memoryEnergy,
  latency: cost.latencyCycles,
});

const otherOf = (objective: Objective): Objective => (objective === "energy" ? "latency" : "energy");

function expectBest(problem: MappingProblem, objective: Objective, patience: keyof typeof PATIENCE, factors = 4): void {
  const layer = exactLayer(problem);
  fc.pre(isSmall(layer, factors));
  const found = mapExactly(problem, RULES, objective, PATIENCE[patience]);
  const prices = allPrices(layer, temporalFactors(layer, RULES));
  expect(found.feasible).toBe(prices.length > 0);
  if (!found.feasible) return;
  const least = Math.min(...prices.map((price) => price[objective]));
  const tied = prices.filter((price) => price[objective] <= least + ROUNDING);
  const other = otherOf(objective);
  const price = priceOf(found);
  expect(found.search.optimal).toBe(true);
  expect(price[objective]).toBeCloseTo(least, 6);
  expect(price[other]).toBeCloseTo(Math.min(...tied.map((each) => each[other])), 6);
}

describe.each(["plain", "joint"] as const)("the search with %s bounds", (patience) => {
  it.each(["energy", "latency"] as const)("finds the least %s, and then the least of the other", (objective) => {
    fc.assert(
      fc.property(tightProblem(4), (problem) => expectBest(problem, objective, patience)),
      { numRuns: 250 },
    );
  });

  it("finds the least energy where replicas of a sum are added at several levels", () => {
    fc.assert(
      fc.property(spreadReduction, (problem) => expectBest(problem, "energy", patience, 5)),
      { numRuns: 50 },
    );
  });
});

describe.each(["plain", "joint"] as const)("static energy, with %s bounds", (patience) => {
  it("is part of what is least; of equal sums the faster mapping wins", () => {
    fc.assert(
      fc.property(tightProblem(4), fc.constantFrom(0.25, 1, 7, 1000), (problem, staticEnergy) => {
        const layer = exactLayer(problem);
        fc.pre(isSmall(layer));
        const found = mapExactly({ ...problem, staticEnergy }, RULES, "energy", PATIENCE[patience]);
        const sumOf = ({ energy, latency }: ReturnType<typeof priceOf>) => energy + staticEnergy * latency;
        const prices = allPrices(layer, temporalFactors(layer, RULES));
        expect(found.feasible).toBe(prices.length > 0);
        if (!found.feasible) return;
        const least = Math.min(...prices.map(sumOf));
        expect(found.search.optimal).toBe(true);
        expect(sumOf(priceOf(found))).toBeCloseTo(least, 6);
        const tied = prices.filter((price) => sumOf(price) <= least + ROUNDING);
        expect(priceOf(found).latency).toBe(Math.min(...tied.map(({ latency }) => latency)));
      }),
      { numRuns: 200 },
    );
  });
});

it("sums up on the way what the plain evaluation finds", () => {
  fc.assert(
    fc.property(fc.oneof(spreadReduction, tightProblem(6)), (problem) => {
      const layer = exactLayer(problem);
      const tables = priceTables(layer, allOrders(temporalFactors(layer, RULES)));
      const room = roomOf(tables);
      fc.pre(overfullMemory(tables, room) === undefined);
      const energy = energyCriterion(tables, room);
      const bound = new ApartBound(energy.toGo);
      const times = timeCriteria(tables, room, energy);
      const timeBounds = times.criteria.map(({ toGo }) => new ApartBound(toGo));
      const limits = { energyLimit: Number.POSITIVE_INFINITY, latencyLimit: 1e12, perCycle: 0 }; // so that both are summed up
      const common = { tables, room, energy, bound, prices: undefined, times, timeBounds, limit: 20, rounding: 1e-9 };
      for (const minimise of ["energy", "latency"] as const) {
        const { best, value } = new LabelSearch({ ...common, goal: { minimise, ...limits } }).run();
        if (best === undefined) continue;
        const order = { loops: best.factors.map((f) => tables.space.factors[f]!), positions: best.positions };
        const cost = layerCost(layer, orderFigures(layer, order), best.copies);
        expect(minimise === "energy" ? cost.energy : cost.latencyCycles).toBeCloseTo(value, 6);
      }
    }),
    { numRuns: 300 },
  );
});

it("prices a layer as the mapping that it finds, above its bound, whatever was asked before", () => {
  const mapping = createExactMapping(RULES); // one for all, so that problems share tables
  fc.assert(
    fc.property(tightProblem(6), (problem) => {
      const found = mapExactly(problem, RULES);
      const price = mapping.price(problem);
      expect(price !== undefined).toBe(found.feasible);
      if (!found.feasible || price === undefined) return;
      expect(price.energy).toBeCloseTo(found.cost.energy, 6);
      expect(mapping.energyBound(problem)).toBeLessThanOrEqual(price.energy + ROUNDING);
      const room = (id: string) => problem.available?.[id] ?? problem.hierarchy.memories.find((m) => m.id === id)!.size;
      for (const [id, bits] of Object.entries(price.occupancy)) expect(bits).toBeLessThanOrEqual(room(id));
    }),
    { numRuns: 500 },
  );
});

it("bounds a layer from its operands' parts as it does as a whole, wherever the operands live", () => {
  const mapping = createExactMapping(RULES); // one for all, so that parts are shared
  fc.assert(
    fc.property(tightProblem(6), fc.nat(), fc.nat(), ({ available: _, ...problem }, o, m) => {
      const { memoryOperand } = problem.operands[o % problem.operands.length]!;
      const memories = chain(problem.hierarchy, memoryOperand);
      const home = cutAbove(problem.hierarchy, memoryOperand, memories[m % memories.length]!);
      for (const hierarchy of [problem.hierarchy, home]) {
        const placed = { ...problem, hierarchy };
        expect(mapping.energyBound(placed)).toBe(createExactMapping(RULES).bounds(placed).energy);
      }
    }),
    { numRuns: 300 },
  );
});

it("has the same answers for parts of a machine whether or not it met the layer at other homes", () => {
  fc.assert(
    fc.property(tightProblem(6), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }), (problem, homes) => {
      const mapping = createExactMapping(RULES);
      for (const [o, m] of homes) {
        const { memoryOperand } = problem.operands[o % problem.operands.length]!;
        const memories = chain(problem.hierarchy, memoryOperand);
        const hierarchy = cutAbove(problem.hierarchy, memoryOperand, memories[m % memories.length]!);
        const placed = { ...problem, hierarchy };
        const stranger = structuredClone(placed); // nothing is known by its parts
        expect(mapping.price(placed)).toEqual(createExactMapping(RULES).price(stranger));
        expect(mapping.mapLayer(placed)).toEqual(createExactMapping(RULES).mapLayer(structuredClone(stranger)));
      }
    }),
    { numRuns: 200 },
  );
});

it("bounds are below every mapping", () => {
  fc.assert(
    fc.property(tightProblem(4), (problem) => {
      const layer = exactLayer(problem);
      fc.pre(isSmall(layer));
      const prices = allPrices(layer, temporalFactors(layer, RULES));
      const { energy, latency } = createExactMapping(RULES).bounds(problem);
      const operations = problem.loops.reduce((product, { size }) => product * size, 1);
      expect(energy).toBeLessThanOrEqual(Math.min(...prices.map((price) => price.energy)) + operations + ROUNDING);
      expect(latency).toBeLessThanOrEqual(Math.min(...prices.map((price) => price.latency)));
    }),
    { numRuns: 100 },
  );
});

describe("more room", () => {
  const roomy = fc.record({
    problem: tightProblem(6),
    more: fc.array(fc.constantFrom(0, 0, 1, 7, 64, 1000), { minLength: 4, maxLength: 4 }),
  });

  it.each(["energy", "latency"] as const)(
    "never makes the least %s, or the other at the same one, larger",
    (objective) => {
      fc.assert(
        fc.property(roomy, ({ problem, more }) => {
          const { memories } = problem.hierarchy;
          const available = Object.fromEntries(memories.map(({ id, size }, i) => [id, size + more[i]!]));
          const tight = mapExactly(problem, RULES, objective);
          const wide = mapExactly({ ...problem, available }, RULES, objective);
          if (!tight.feasible) return;
          expect(wide.feasible).toBe(true);
          if (!wide.feasible) return;
          const [before, after] = [priceOf(tight), priceOf(wide)];
          expect(after[objective]).toBeLessThanOrEqual(before[objective] + ROUNDING);
          if (after[objective] < before[objective] - ROUNDING) return;
          expect(after[otherOf(objective)]).toBeLessThanOrEqual(before[otherOf(objective)] + ROUNDING);
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe("a search that gives up", () => {
  it.each([0, 1, 5, 20])(
    "after %i partial mappings has a mapping that fits and is no better than the best",
    (limit) => {
      fc.assert(
        fc.property(tightProblem(6), (problem) => {
          const best = mapExactly(problem, RULES);
          const found = mapExactly(problem, RULES, "energy", { quick: 2, limit });
          expect(found.feasible).toBe(best.feasible);
          if (!found.feasible || !best.feasible) return;
          expect(found.cost.energy).toBeGreaterThanOrEqual(best.cost.energy - ROUNDING);
          if (found.search.optimal) expect(priceOf(found)).toEqual(priceOf(best));
          for (const { id, size } of problem.hierarchy.memories) {
            expect(found.cost.occupancy[id] ?? 0).toBeLessThanOrEqual(size);
          }
        }),
        { numRuns: 60 },
      );
    },
  );
});
