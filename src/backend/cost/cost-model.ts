import type { CostModel } from "../../ir/cost-model.js";
import type { RuleSet } from "../../ir/rules.js";
import { COPY_PHASES } from "./copies.js";
import { createExactMapper } from "./exact/mapper.js";
import { evaluateStatedExactly } from "./exact/stated.js";
import { createMapper } from "./mapper/mapper.js";
import { evaluateStated } from "./mapper/stated.js";

const MAPPERS = {
  published: { create: createMapper, evaluate: evaluateStated },
  "block-sums": { create: createExactMapper, evaluate: evaluateStatedExactly },
} as const;

/** A cost model under the given rules; its memory of mapped layers lives as long as it does. */
export function createCostModel(rules: RuleSet): CostModel {
  const { create, evaluate } = MAPPERS[rules.mapper];
  const mapLayer = create(rules);
  return {
    rules,
    mapLayer,
    evaluateMapping: (problem, stated) => evaluate(problem, stated, rules, mapLayer),
    ...COPY_PHASES[rules.copyPhases].rule,
  };
}
