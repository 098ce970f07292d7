/** Choice among loop orders of equal energy (SL §3.3, §9; Q31). */
import type { Behaviours, RuleSet } from "../../../ir/rules.js";

/**
 * @param tied - orders of the least energy, at least one, in the published sequence
 * @param cycles - cycles of an order with loading and off-loading
 */
export type TiesPolicy = <T>(tied: readonly T[], cycles: (order: T) => number) => T;

export const TIES: Behaviours<RuleSet["ties"], TiesPolicy> = {
  published: { quirks: ["SL-Q31"], rule: ([first]) => first! }, // whatever its latency
  latency: { quirks: ["SL-Q31"], rule: fastest },
};

function fastest<T>(tied: readonly T[], cycles: (order: T) => number): T {
  const times = tied.map(cycles);
  return tied[times.indexOf(Math.min(...times))]!; // the first of the fastest
}
