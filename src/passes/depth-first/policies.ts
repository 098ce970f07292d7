/** The depth-first policies of a rule set, as their implementations. */
import type { RuleSet } from "../../ir/rules.js";
import { KEPT_BUFFERS, type KeptBuffersPolicy } from "./kept-buffers.js";
import { LEVELS, type LevelsPolicy } from "./levels.js";
import { COPIES, type CopiesPolicy } from "./node-copies.js";
import { REGIONS, type RegionsPolicy } from "./trace.js";

export interface Policies {
  readonly regions: RegionsPolicy;
  readonly keptBuffers: KeptBuffersPolicy;
  readonly levels: LevelsPolicy;
  readonly copies: CopiesPolicy;
}

export const policiesOf = (rules: RuleSet): Policies => ({
  regions: REGIONS[rules.regions],
  keptBuffers: KEPT_BUFFERS[rules.keptBuffers],
  levels: LEVELS[rules.levels],
  copies: COPIES[rules.copies],
});
