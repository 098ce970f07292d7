import type { CostModel } from "../../ir/cost-model.js";
import type { RuleSet } from "../../ir/rules.js";
import { copyPhase } from "./copies.js";
import { createMapper } from "./mapper/mapper.js";

/** A cost model under the given rules; its memory of mapped layers lives as long as it does. */
export const createCostModel = (rules: RuleSet): CostModel => ({ rules, mapLayer: createMapper(rules), copyPhase });
