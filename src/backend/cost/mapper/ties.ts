/** Choice among loop orders of equal energy (SL §3.3, §9; Q31). */
import type { RuleSet } from "../../../ir/rules.js";

/** Whether an order at `energy` replaces the best one so far; orders come in the published sequence. */
export type TiesPolicy = (energy: number, best: number) => boolean;

export const TIES: Readonly<Record<RuleSet["ties"], TiesPolicy>> = {
  published: (energy, best) => energy < best, // the first of equals stays, whatever its latency
};
