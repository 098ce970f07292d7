/** The behaviours that a rule set names, looked up once per mapper. */
import type { RuleSet } from "../../../ir/rules.js";
import { CAPACITY_CUTS, type CapacityCutsPolicy } from "./allocation.js";
import { DOUBLE_BUFFERING, type DoubleBufferingPolicy } from "./double-buffering.js";
import { LOADING, type LoadingPolicy } from "./loading.js";
import { PARTIAL_SUMS, type PartialSumsPolicy } from "./partial-sums.js";
import { SIZES, type SizesPolicy } from "./sizes.js";
import { STALLS, type StallsPolicy } from "./stalls.js";
import { TIES, type TiesPolicy } from "./ties.js";
import { WORDS, type WordsPolicy } from "./words.js";

export interface MapperPolicies {
  readonly sizes: SizesPolicy;
  readonly capacityCuts: CapacityCutsPolicy;
  readonly partialSums: PartialSumsPolicy;
  readonly words: WordsPolicy;
  readonly doubleBuffering: DoubleBufferingPolicy;
  readonly stalls: StallsPolicy;
  readonly loading: LoadingPolicy;
  readonly ties: TiesPolicy;
}

export const mapperPolicies = (rules: RuleSet): MapperPolicies => ({
  sizes: SIZES[rules.sizes].rule,
  capacityCuts: CAPACITY_CUTS[rules.capacityCuts].rule,
  partialSums: PARTIAL_SUMS[rules.partialSums].rule,
  words: WORDS[rules.words].rule,
  doubleBuffering: DOUBLE_BUFFERING[rules.doubleBuffering].rule,
  stalls: STALLS[rules.stalls].rule,
  loading: LOADING[rules.loading].rule,
  ties: TIES[rules.ties].rule,
});
