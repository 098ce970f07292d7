/** Cycles in which at least one of several periodic windows is open (SL §8.3). */

/** Open during the first `allowed` cycles of each of `count` periods. */
export interface PeriodicWindow {
  readonly allowed: number;
  readonly period: number;
  readonly count: number;
}

/**
 * Closed form over a chain of periods, of which each divides the next longer one; no array of the length of a period is made.
 *
 * @param windows - at least one; `period · count` is the same for all
 */
export function windowUnion(windows: readonly PeriodicWindow[]): number {
  const chain = [...windows].sort((a, b) => a.period - b.period);
  /** Covered cycles inside one period of each window, by it and the shorter ones. */
  const coveredPerPeriod: number[] = [];
  /** Cycles before `end` that the first `j` windows cover. */
  const covered = (j: number, end: number): number => {
    if (j === 0) return 0;
    const { allowed, period } = chain[j - 1]!;
    const whole = Math.floor(end / period);
    const rest = end - whole * period;
    const inRest = rest <= allowed ? rest : allowed + covered(j - 1, rest) - covered(j - 1, allowed);
    return whole * coveredPerPeriod[j - 1]! + inRest;
  };
  for (const [j, { allowed, period }] of chain.entries()) {
    coveredPerPeriod.push(allowed + covered(j, period) - covered(j, allowed));
  }
  return coveredPerPeriod.at(-1)! * chain.at(-1)!.count;
}
