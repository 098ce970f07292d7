/** The policies of copies and of the mapper with their behaviours, and what the exact mapper mends beyond them. */
import type { Behaviour, Quirk, RuleSet } from "../../ir/rules.js";
import { COPY_PHASES } from "./copies.js";
import { CAPACITY_CUTS } from "./mapper/allocation.js";
import { DOUBLE_BUFFERING } from "./mapper/double-buffering.js";
import { LOADING } from "./mapper/loading.js";
import { PARTIAL_SUMS } from "./mapper/partial-sums.js";
import { SIZES } from "./mapper/sizes.js";
import { STALLS } from "./mapper/stalls.js";
import { TIES } from "./mapper/ties.js";
import { WORDS } from "./mapper/words.js";

/** Quirks that no policy of the published mapper mends, but block sums and cuts chosen by energy do. */
const MENDED_BY_BLOCK_SUMS: readonly Quirk[] = ["SL-Q4", "SL-Q19", "SL-Q22"];

const MAPPER: Readonly<Record<RuleSet["mapper"], Behaviour<undefined>>> = {
  published: { quirks: MENDED_BY_BLOCK_SUMS, rule: undefined },
  "block-sums": { quirks: MENDED_BY_BLOCK_SUMS, rule: undefined },
};

/** Those that decide what a mapper finds; the limit on loop factors does, too. */
export const MAPPER_BEHAVIOURS = {
  mapper: MAPPER,
  sizes: SIZES,
  capacityCuts: CAPACITY_CUTS,
  partialSums: PARTIAL_SUMS,
  words: WORDS,
  doubleBuffering: DOUBLE_BUFFERING,
  stalls: STALLS,
  loading: LOADING,
  ties: TIES,
} as const;

export const COST_BEHAVIOURS = { copyPhases: COPY_PHASES, ...MAPPER_BEHAVIOURS } as const;
