/** Cost models of several rule sets that map layers alike share what was found. */
import type { CostModel } from "../../ir/cost-model.js";
import type { RuleSet } from "../../ir/rules.js";
import { MAPPER_BEHAVIOURS } from "./behaviours.js";
import { createCostModel } from "./cost-model.js";

/** Cost models by rule set; rule sets that differ in nothing that a mapper looks at have one mapper with one memory. */
export function costModelsSharingMappers(): (rules: RuleSet) => CostModel {
  const mappers = new Map<string, CostModel["mapLayer"]>();
  return (rules) => {
    const model = createCostModel(rules);
    const key = mapperKey(rules);
    const mapLayer = mappers.get(key) ?? model.mapLayer;
    mappers.set(key, mapLayer);
    return { ...model, mapLayer };
  };
}

const mapperKey = (rules: RuleSet): string => {
  const policies = Object.keys(MAPPER_BEHAVIOURS) as (keyof typeof MAPPER_BEHAVIOURS)[]; // of this very object
  return [rules.loopLimit, ...policies.map((policy) => rules[policy])].join(" ");
};
