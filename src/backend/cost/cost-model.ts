import type { CostModel } from "../../ir/cost-model.js";
import type { RuleSet } from "../../ir/rules.js";
import { COPY_PHASES } from "./copies.js";
import { createExactMapping } from "./exact/mapper.js";
import { evaluateStatedExactly } from "./exact/stated.js";
import { createMapper } from "./mapper/mapper.js";
import { evaluateStated } from "./mapper/stated.js";

type Mapping = Pick<CostModel, "mapLayer" | "priceLayer" | "boundLayer">;

const MAPPERS = {
  published: { create: publishedMapping, evaluate: evaluateStated },
  "block-sums": { create: exactMapping, evaluate: evaluateStatedExactly },
} as const;

/** A cost model under the given rules; its memory of mapped layers lives as long as it does. */
export function createCostModel(rules: RuleSet): CostModel {
  const { create, evaluate } = MAPPERS[rules.mapper];
  const mapping = create(rules);
  return {
    rules,
    ...mapping,
    evaluateMapping: (problem, stated) => evaluate(problem, stated, rules, mapping.mapLayer),
    ...COPY_PHASES[rules.copyPhases].rule,
  };
}

function publishedMapping(rules: RuleSet): Mapping {
  const mapLayer = createMapper(rules);
  return {
    mapLayer,
    priceLayer: (problem) => {
      const result = mapLayer(problem);
      if (!result.feasible) return undefined;
      const { energy, latencyCycles, occupancy } = result.cost;
      return { energy: energy + (problem.staticEnergy ?? 0) * latencyCycles, occupancy, leavesSums: false };
    },
    boundLayer: () => 0,
  };
}

function exactMapping(rules: RuleSet): Mapping {
  const { mapLayer, price, energyBound } = createExactMapping(rules);
  return { mapLayer, priceLayer: price, boundLayer: energyBound };
}
