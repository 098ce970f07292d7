/** The search against the enumeration of all mappings, and what must hold of its results (EM §3, §6). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeCycles, type ExactLayer, exactLayer } from "../../../../src/backend/cost/exact/exact-layer.js";
import { mapExactly, mappingBounds, temporalFactors } from "../../../../src/backend/cost/exact/mapper.js";
import { DEFINES, type RuleSet } from "../../../../src/ir/rules.js";
import "../../../support/seed.js";
import { allPrices } from "./naive-search.js";
import { tightProblem } from "./tight-cases.js";

const RULES: RuleSet = { ...DEFINES, loopLimit: "none" };

/** Energies closer than this are equal: they are whole multiples of a fraction that is far larger. */
const ROUNDING = 1e-6;

/** Orders and cuts that are enumerated in a moment. */
const isSmall = (layer: ExactLayer): boolean => temporalFactors(layer, RULES).length <= 4;

describe("the search", () => {
  it.each(["energy", "latency"] as const)("finds the least %s, and then the least of the other", (objective) => {
    fc.assert(
      fc.property(tightProblem(4), (problem) => {
        const layer = exactLayer(problem);
        fc.pre(isSmall(layer));
        const found = mapExactly(problem, RULES, objective);
        const prices = allPrices(layer, temporalFactors(layer, RULES), computeCycles(layer));
        expect(found.feasible).toBe(prices.length > 0);
        if (!found.feasible) return;
        const other = objective === "energy" ? "latency" : "energy";
        const least = Math.min(...prices.map((price) => price[objective]));
        const tied = prices.filter((price) => price[objective] <= least + ROUNDING);
        const { cost, search } = found;
        const price = { energy: cost.memoryEnergy, latency: cost.latencyCycles };
        expect(search.optimal).toBe(true);
        expect(price[objective]).toBeCloseTo(least, 6);
        expect(price[other]).toBeCloseTo(Math.min(...tied.map((each) => each[other])), 6);
        const bounds = mappingBounds(problem, RULES);
        expect(bounds.energy).toBeLessThanOrEqual(
          Math.min(...prices.map(({ energy }) => energy)) + cost.macEnergy + ROUNDING,
        );
        expect(bounds.latency).toBeLessThanOrEqual(Math.min(...prices.map(({ latency }) => latency)));
      }),
      { numRuns: 400 },
    );
  });
});
