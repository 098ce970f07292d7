/**
 * Pricing loop orders from tables against evaluating each of them: why the tables exist. Prints the ratio of the two in one run:
 * `npx vitest bench --run --project quick bench/mapper.bench.ts`.
 */
import { bench, describe } from "vitest";
import { evaluateEnergy } from "../src/backend/cost/mapper/evaluate.js";
import { layerModel } from "../src/backend/cost/mapper/layer-model.js";
import { loopFactors } from "../src/backend/cost/mapper/loop-factors.js";
import { createMapper } from "../src/backend/cost/mapper/mapper.js";
import { factorMultiset, prefixShiftOrderings } from "../src/backend/cost/mapper/orderings.js";
import { mapperPolicies } from "../src/backend/cost/mapper/policies.js";
import { searchOrderings } from "../src/backend/cost/mapper/search.js";
import { mapSpatially } from "../src/backend/cost/mapper/spatial.js";
import { DEFINES } from "../src/ir/rules.js";
import { conv, META_PROTOTYPE } from "../tests/backend/cost/mapper/fixtures.js";

const policies = mapperPolicies(DEFINES);
const problem = conv({ B: 1, K: 56, C: 1, OY: 72, OX: 60, FY: 5, FX: 5 }, META_PROTOTYPE, {
  D1: ["K", 32],
  D3: ["OX", 4],
  D4: ["OY", 4],
});
const layer = layerModel(problem);
const spatial = mapSpatially(layer, problem.unrolling, policies.sizes);
const factors = loopFactors(problem.loops, spatial.fractional[1]!.loops.flat(), DEFINES.loopLimit, policies.sizes);

/** The naive twin: every order evaluated step by step. */
function searchDirectly(): number {
  const { factors: distinct, multiplicities, count } = factorMultiset(factors);
  const indices = prefixShiftOrderings(multiplicities);
  let best = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset < indices.length; offset += count) {
    const order = Array.from(indices.subarray(offset, offset + count), (f) => distinct[f]!);
    const evaluation = evaluateEnergy(layer, spatial, order, policies);
    if (evaluation.feasible && evaluation.energy < best) best = evaluation.energy;
  }
  return best;
}

describe("720 loop orders of a 5×5 convolution", () => {
  bench("tables", () => {
    searchOrderings({ layer, spatial, factors, policies });
  });
  bench("evaluation of every order", () => {
    searchDirectly();
  });
  bench("branch and bound", () => {
    searchOrderings({ layer, spatial, factors, policies }, 0);
  });
});

describe("a whole problem", () => {
  bench("solved for the first time", () => {
    createMapper(DEFINES)(problem);
  });
  const mapper = createMapper(DEFINES);
  bench("solved before", () => {
    mapper(problem);
  });
});
