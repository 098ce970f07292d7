/** Sizes under unrolling that does not divide, and how they are rounded (SL §1.4, §2.1, §3.1; Q9, Q11–Q13, Q16, Q24). */
import { gcd } from "../../../ir/arithmetic.js";
import type { WindowShape } from "../../../ir/cost-model.js";
import type { Behaviours, RuleSet } from "../../../ir/rules.js";

export interface SizesPolicy {
  /** Size of a loop along the array when at most `width` iterations run side by side; may be fractional. */
  unrolled(size: number, width: number): number;
  /** Iterations left in time when a loop of `size` runs `unrolled` at once. */
  temporal(size: number, unrolled: number): number;
  /** Indices along a windowed axis that `out` outputs and `tap` taps touch. */
  windowExtent(window: WindowShape, out: number, tap: number): number;
  /** Whole elements of a data size. */
  elements(size: number): number;
  /** Distinct words served at once to the instances below, from the instances with distinct data below and here. */
  boost(below: number, here: number): number;
}

/** Extents are real numbers whose rounding depends on the order of multiplication (Q11); idle units are never counted (Q16). */
const published: SizesPolicy = {
  unrolled: (size, width) => size / Math.ceil(size / width),
  temporal: (size, unrolled) => Math.ceil(size / unrolled), // Q12: not the divisor that `unrolled` used
  windowExtent: truncatedExtent,
  elements: roundHalfEven,
  boost: (below, here) => Math.trunc(below / here), // Q10
};

/**
 * The unrolling is a whole number, so that every extent is one: units that idle in the last step count like the others, for energy
 * as for cycles, and no rounding is left to disagree about.
 */
const whole: SizesPolicy = {
  ...published,
  unrolled: (size, width) => Math.ceil(size / Math.ceil(size / width)),
  windowExtent: distinctIndices,
  boost: (below, here) => below / here,
};

export const SIZES: Behaviours<RuleSet["sizes"], SizesPolicy> = {
  published: { quirks: ["SL-Q9", "SL-Q10", "SL-Q11", "SL-Q12", "SL-Q13", "SL-Q16", "SL-Q24"], rule: published },
  whole: { quirks: ["SL-Q9", "SL-Q10", "SL-Q11", "SL-Q12", "SL-Q13", "SL-Q16", "SL-Q24"], rule: whole },
};

/** Nearest whole number of a positive one, halves to the even neighbour. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** SL §1.4. Fractional extents are cut off (Q9); dilation beyond the number of outputs over-counts (Q13). */
function truncatedExtent({ stride, dilation }: WindowShape, out: number, tap: number): number {
  const g = gcd(stride, dilation);
  return Math.trunc(out * tap - Math.max(0, tap - stride / g) * (out - dilation / g));
}

/** Both differences clamped: where a dilated window is wider than the outputs, no index is met twice. */
function distinctIndices({ stride, dilation }: WindowShape, out: number, tap: number): number {
  const g = gcd(stride, dilation);
  return out * tap - Math.max(0, tap - stride / g) * Math.max(0, out - dilation / g);
}
