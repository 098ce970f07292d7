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
  const { covered, count } = coveredPeriods(windows).at(-1)!;
  return covered * count;
}

/**
 * The same where each window stays shut in its last period.
 *
 * @param windows - at least one; `period · count` is the same for all
 */
export function windowUnionButLast(windows: readonly PeriodicWindow[]): number {
  const periods = coveredPeriods(windows);
  const { period, count } = windows[0]!;
  // up to the last period of the longest window all are open, from there to that of the next one all others, and so on
  return periods.reduce((sum, own, j) => {
    const next = periods[j + 1]?.period ?? period * count;
    return sum + own.covered * ((next - own.period) / own.period);
  }, 0);
}

/** Cycles inside one period of each window that it and the shorter ones cover; shortest first. */
function coveredPeriods(windows: readonly PeriodicWindow[]) {
  const chain = [...windows].sort((a, b) => a.period - b.period);
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
  return chain.map(({ period, count }, j) => ({ period, count, covered: coveredPerPeriod[j]! }));
}
