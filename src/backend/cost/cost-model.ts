import type { CostModel } from "../../ir/cost-model.js";
import type { RuleSet } from "../../ir/rules.js";
import { COPY_PHASES } from "./copies.js";
import { createMapper } from "./mapper/mapper.js";
import { evaluateStated } from "./mapper/stated.js";

/** A cost model under the given rules; its memory of mapped layers lives as long as it does. */
export function createCostModel(rules: RuleSet): CostModel {
  const mapLayer = createMapper(rules);
  return {
    rules,
    mapLayer,
    evaluateMapping: (problem, stated) => evaluateStated(problem, stated, rules, mapLayer),
    ...COPY_PHASES[rules.copyPhases].rule,
  };
}
