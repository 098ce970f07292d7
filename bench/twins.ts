/** What the mappers are compared with: every order of a layer's loops, one by one. */
import { evaluateEnergy } from "../src/backend/cost/mapper/evaluate.js";
import { type LayerModel, layerModel } from "../src/backend/cost/mapper/layer-model.js";
import { loopFactors } from "../src/backend/cost/mapper/loop-factors.js";
import { unrolledLoops } from "../src/backend/cost/mapper/mapper.js";
import { factorMultiset, prefixShiftOrderings } from "../src/backend/cost/mapper/orderings.js";
import { mapperPolicies } from "../src/backend/cost/mapper/policies.js";
import type { SearchSpace } from "../src/backend/cost/mapper/search.js";
import { mapSpatially } from "../src/backend/cost/mapper/spatial.js";
import type { MappingProblem } from "../src/ir/cost-model.js";
import type { RuleSet } from "../src/ir/rules.js";

/** The published space of a layer's loop orders. */
export function publishedSpace(problem: MappingProblem, rules: RuleSet): SearchSpace & { readonly layer: LayerModel } {
  const policies = mapperPolicies(rules);
  const layer = layerModel(problem);
  const spatial = mapSpatially(layer, problem.unrolling, policies.sizes);
  const factors = loopFactors(problem.loops, unrolledLoops(spatial), rules.loopLimit, policies.sizes);
  return { layer, spatial, factors, policies };
}

/** @returns the least energy, pJ, of all orders, each evaluated step by step */
export function searchDirectly({ layer, spatial, factors, policies }: SearchSpace): number {
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
