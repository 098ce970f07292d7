/** The depth-first policies with their behaviours, and what the exact geometry mends beyond them. */
import type { Behaviour, Quirk, RuleSet } from "../../ir/rules.js";
import { CUTS } from "./cuts.js";
import { KEPT_BUFFERS } from "./kept-buffers.js";
import { LEVELS } from "./levels.js";
import { COPIES } from "./node-copies.js";
import { LEFTOVER } from "./tile-types.js";
import { TOTALS } from "./totals.js";
import { REGIONS } from "./trace.js";
import { WEIGHTS } from "./weights.js";

/**
 * Quirks that no policy of the traced geometry mends, but exact regions and searched homes do. Of the copies, those of kept overlap run
 * after the last reader, apart from what the next layer waits for (DF-Q24).
 */
const MENDED_BY_REGIONS: readonly Quirk[] = ["DF-Q13", "DF-Q21", "DF-Q24", "DF-Q26", "DF-Q29", "DF-Q30"];

const GEOMETRY: Readonly<Record<RuleSet["geometry"], Behaviour<undefined>>> = {
  traced: { quirks: MENDED_BY_REGIONS, rule: undefined },
  clipped: { quirks: MENDED_BY_REGIONS, rule: undefined },
};

export const DEPTH_FIRST_BEHAVIOURS = {
  cuts: CUTS,
  leftover: LEFTOVER,
  regions: REGIONS,
  keptBuffers: KEPT_BUFFERS,
  levels: LEVELS,
  weights: WEIGHTS,
  copies: COPIES,
  totals: TOTALS,
  geometry: GEOMETRY,
} as const;
