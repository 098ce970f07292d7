/** Choice among loop orders of equal energy (SL §3.3, §9; Q31). */
import type { Behaviours, RuleSet } from "../../../ir/rules.js";

/**
 * @param tied - orders of the least energy, at least one
 * @param compare - negative where the first of two comes earlier in the published sequence
 * @param cycles - cycles of an order with loading and off-loading
 */
export type TiesPolicy = <T>(tied: readonly T[], compare: (a: T, b: T) => number, cycles: (order: T) => number) => T;

export const TIES: Behaviours<RuleSet["ties"], TiesPolicy> = {
  published: { quirks: ["SL-Q31"], rule: firstOf }, // whatever its latency
  latency: { quirks: ["SL-Q31"], rule: fastest },
};

function firstOf<T>(tied: readonly T[], compare: (a: T, b: T) => number): T {
  return tied.reduce((first, order) => (compare(order, first) < 0 ? order : first));
}

function fastest<T>(tied: readonly T[], compare: (a: T, b: T) => number, cycles: (order: T) => number): T {
  const times = tied.map(cycles);
  const least = times.reduce((shortest, each) => Math.min(shortest, each));
  return firstOf(
    tied.filter((_, i) => times[i] === least),
    compare,
  );
}
