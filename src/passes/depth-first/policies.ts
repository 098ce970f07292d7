/** The depth-first policies of a rule set, as their implementations. */
import type { RuleSet } from "../../ir/rules.js";
import { KEPT_BUFFERS, type KeptBuffersPolicy } from "./kept-buffers.js";
import { LEVELS, type LevelsPolicy } from "./levels.js";
import { COPIES, type CopiesPolicy } from "./node-copies.js";
import { LEFTOVER, type LeftoverPolicy } from "./tile-types.js";
import { REGIONS, type RegionsPolicy } from "./trace.js";
import { WEIGHTS, type WeightsPolicy } from "./weights.js";

export interface Policies {
  readonly leftover: LeftoverPolicy;
  readonly regions: RegionsPolicy;
  readonly keptBuffers: KeptBuffersPolicy;
  readonly levels: LevelsPolicy;
  readonly weights: WeightsPolicy;
  readonly copies: CopiesPolicy;
}

export const policiesOf = (rules: RuleSet): Policies => ({
  leftover: LEFTOVER[rules.leftover].rule,
  regions: REGIONS[rules.regions].rule,
  keptBuffers: KEPT_BUFFERS[rules.keptBuffers].rule,
  levels: LEVELS[rules.levels].rule,
  weights: WEIGHTS[rules.weights].rule,
  copies: COPIES[rules.copies].rule,
});
