/**
 * Rule sets: where published and exact behaviour differ, a rule set names one behaviour per policy (design §3). The rooms hold the
 * implementations in tables keyed by these names; nothing else in the engine asks which preset is running.
 */

/** One behaviour per policy. A policy groups the numbered quirks that belong to one mechanism. */
export interface RuleSet {
  readonly name: string;
  /** How a network is cut into stacks by weight budget (DF §3; Q2–Q4). */
  readonly cuts: "published";
  /** Which part of each feature map a tile computes (DF §5; Q11, Q17, Q29, Q30, Q32). */
  readonly regions: "published";
  /** How much memory live features and kept overlap are planned to need (DF §6.1–6.3; Q6, Q7, Q19, Q25). */
  readonly keptBuffers: "published";
  /** Which memory level each operand of a tile gets (DF §6.4, §7, §8.2; Q8, Q9, Q13, Q15, Q26, Q27). */
  readonly levels: "published";
  /** Which data is copied, and when (DF §8.5; Q10, Q11, Q22–Q25). */
  readonly copies: "published";
  /** Sizes under unrolling that does not divide, and their rounding (SL §2, §5; Q9, Q11–Q13, Q16, Q24). */
  readonly sizes: "published";
  /** Where capacity cuts a loop order (SL §4; Q22, Q23, Q25). */
  readonly capacityCuts: "published";
  /** When partial sums travel, and how wide they are (SL §5.4, §6; Q1, Q2, Q36). */
  readonly partialSums: "published";
  /** Port words of a transfer (SL §7; Q10, Q14, Q15). */
  readonly words: "published";
  /** When a level is double-buffered (SL §8.1; Q18, Q19). */
  readonly doubleBuffering: "published";
  /** Stalls of a port that several transfers share (SL §8.2–8.4; Q3, Q4, Q17, Q20, Q21). */
  readonly stalls: "published";
  /** Initial loading and final off-loading (SL §8.5–8.6; Q5–Q8, Q32). */
  readonly loading: "published";
  /** Largest number of loop factors of one layer (SL §3.2). */
  readonly loopLimit: number | "none";
  /** Choice among mappings of equal energy (SL §3.3, §9; Q31). */
  readonly ties: "published";
}

/** The DeFiNES reference, to the last digit. */
export const DEFINES: RuleSet = {
  name: "defines",
  cuts: "published",
  regions: "published",
  keptBuffers: "published",
  levels: "published",
  copies: "published",
  sizes: "published",
  capacityCuts: "published",
  partialSums: "published",
  words: "published",
  doubleBuffering: "published",
  stalls: "published",
  loading: "published",
  loopLimit: 6,
  ties: "published",
};
