/** The mapper of the exact cost model (EM §3): the mapping of least energy, then time, and what it costs. */
import type { MappingProblem, MappingResult } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { RuleSet } from "../../../ir/rules.js";
import { loopFactors } from "../mapper/loop-factors.js";
import type { Mapper } from "../mapper/mapper.js";
import { SIZES } from "../mapper/sizes.js";
import { evaluateOrder, mappingOf } from "./evaluate.js";
import { type ExactLayer, exactLayer } from "./exact-layer.js";
import { exactProblemKeys } from "./problem-key.js";
import { type Objective, searchMapping } from "./search.js";
import { allOrders } from "./space.js";
import { priceTables } from "./tables.js";

/** The mapper remembers every problem that it has solved for as long as it lives; equal problems return the same object. */
export function createExactMapper(rules: RuleSet): Mapper {
  const keyOf = exactProblemKeys();
  const solved = new Map<string, MappingResult>();
  return (problem) => {
    const key = keyOf(problem);
    const known = solved.get(key);
    if (known !== undefined) return known;
    const result = mapExactly(problem, rules);
    solved.set(key, result);
    return result;
  };
}

/** @param objective - what is least; the other one decides ties */
export function mapExactly(problem: MappingProblem, rules: RuleSet, objective: Objective = "energy"): MappingResult {
  const layer = exactLayer(problem);
  const searched = searchMapping(priceTables(layer, allOrders(temporalFactors(layer, rules))), objective);
  if (!searched.feasible) return searched;
  const { order, search } = searched;
  return { feasible: true, mapping: mappingOf(layer, order), cost: evaluateOrder(layer, order), search };
}

/** Perfect factors of the steps of every dim. */
export function temporalFactors({ problem, array }: ExactLayer, { loopLimit }: RuleSet): readonly Loop[] {
  const steps = problem.loops.map(({ dim }) => ({ dim, size: array.dims.get(dim)!.steps }));
  return loopFactors(steps, [], loopLimit, SIZES.whole.rule);
}
