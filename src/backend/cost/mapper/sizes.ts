/** Sizes under unrolling that does not divide, and how they are rounded (SL §1.4, §2.1, §3.1; Q9, Q11–Q13, Q16, Q24). */
import type { WindowShape } from "../../../ir/cost-model.js";
import type { RuleSet } from "../../../ir/rules.js";

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

export const SIZES: Readonly<Record<RuleSet["sizes"], SizesPolicy>> = {
  // Extents are real numbers whose rounding depends on the order of multiplication (Q11); padding is never counted (Q16).
  published: {
    unrolled: (size, width) => size / Math.ceil(size / width),
    temporal: (size, unrolled) => Math.ceil(size / unrolled), // Q12: not the divisor that `unrolled` used
    windowExtent: truncatedExtent,
    elements: roundHalfEven,
    boost: (below, here) => Math.trunc(below / here), // Q10
  },
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

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
