/**
 * Rule sets: where published and exact behaviour differ, a rule set names one behaviour per policy (design §3). The rooms hold the
 * implementations in tables keyed by these names; nothing else in the engine asks which preset is running.
 */

/** One behaviour per policy. A policy groups the numbered quirks that belong to one mechanism; `docs/quirks.md` lists them all. */
export interface RuleSet {
  readonly name: string;
  /**
   * How tiles are followed back through a stack, and what lives where. `traced`: sizes and overlaps, without padding (DF §4–8); the
   * policies of depth-first schedules below apply. `clipped`: exact intervals per axis and searched homes (EM §1–2).
   */
  readonly geometry: "traced" | "clipped";
  /** How a layer is mapped. `published`: fractional sizes and a greedy cut (SL); the policies of the mapper below apply. `block-sums`: EM §3. */
  readonly mapper: "published" | "block-sums";
  /** How a network is cut into stacks by weight budget (DF §3; Q2–Q4). */
  readonly cuts: "published" | "corrected";
  /** Where the tile goes that is left over when tiles do not divide a map (DF §4; Q28). */
  readonly leftover: "published" | "last";
  /** Which part of each feature map a tile computes, and which overlap it hands on (DF §5; Q11, Q17, Q32). */
  readonly regions: "published" | "corrected";
  /** How much memory live features and kept overlap are planned to need (DF §6.1–6.3; Q6, Q7). */
  readonly keptBuffers: "published" | "corrected";
  /** Which memory level each operand of a tile gets (DF §6.4, §7, §8.2; Q3, Q8, Q9). */
  readonly levels: "published" | "highest" | "corrected";
  /** How the weights of a stack come on chip (DF §7; Q27). */
  readonly weights: "published" | "loaded";
  /** Which data is copied (DF §8.5; Q10, Q12, Q15, Q22, Q23, Q25). */
  readonly copies: "published" | "corrected";
  /** Which copies of a node run together (DF §8.5, §9.4; Q24). */
  readonly copyPhases: "published" | "writes-apart" | "buffers";
  /** What a sum over tiles multiplies (DF §10; Q1). */
  readonly totals: "published" | "scaled";
  /** Sizes under unrolling that does not divide, and their rounding (SL §2, §5; Q9–Q13, Q16, Q24). */
  readonly sizes: "published" | "whole";
  /** Where capacity cuts a loop order (SL §4; Q23, Q25). */
  readonly capacityCuts: "published" | "checked";
  /** When partial sums travel, and how wide they are (SL §5.4, §6; Q1, Q2). */
  readonly partialSums: "published" | "corrected";
  /** Port words of a transfer (SL §7; Q14, Q15). */
  readonly words: "published" | "granules";
  /** When a level is double-buffered (SL §8.1; Q18). */
  readonly doubleBuffering: "published" | "smallest-first";
  /** Stalls of a port that several transfers share (SL §8.2–8.4; Q3, Q17, Q20). */
  readonly stalls: "published" | "corrected";
  /** Initial loading and final off-loading (SL §8.5–8.6; Q5–Q8, Q32). */
  readonly loading: "published" | "corrected";
  /** Largest number of loop factors of one layer (SL §3.2). */
  readonly loopLimit: number | "none";
  /** Choice among mappings of equal energy (SL §3.3, §9; Q31). */
  readonly ties: "published" | "latency";
}

/** A numbered peculiarity of the reference: of its depth-first part (DF §12) or of its single-layer part (SL §10). */
export type Quirk = `${"DF" | "SL"}-Q${number}`;

/** One behaviour of a policy, with the quirks that it stands for: `published` reproduces them, any other one mends them. */
export interface Behaviour<T> {
  readonly quirks: readonly Quirk[];
  readonly rule: T;
}

/** All behaviours of a policy, by the names that rule sets use. */
export type Behaviours<Name extends string, T> = Readonly<Record<Name, Behaviour<T>>>;

/** The DeFiNES reference, to the last digit. */
export const DEFINES: RuleSet = {
  name: "defines",
  geometry: "traced",
  mapper: "published",
  cuts: "published",
  leftover: "published",
  regions: "published",
  keptBuffers: "published",
  levels: "published",
  weights: "published",
  copies: "published",
  copyPhases: "published",
  totals: "published",
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

/** Right numbers: the exact model (EM). */
export const EXACT: RuleSet = {
  name: "exact",
  geometry: "clipped",
  mapper: "block-sums",
  cuts: "corrected",
  leftover: "last",
  regions: "corrected",
  keptBuffers: "corrected",
  levels: "corrected",
  weights: "loaded",
  copies: "corrected",
  copyPhases: "buffers",
  totals: "scaled",
  sizes: "whole",
  capacityCuts: "checked",
  partialSums: "corrected",
  words: "granules",
  doubleBuffering: "smallest-first",
  stalls: "corrected",
  loading: "corrected",
  loopLimit: "none",
  ties: "latency",
};
