/** Least cost of the cuts of one operand as if it were alone: the bounds of the search (SL §11.6). */
import type { StateSpace } from "./space.js";

/** Per number of cuts made, per state: least cost of the remaining cuts. After the last one it is 0. */
export type CostToGo = readonly Float64Array[];

/** @param costs - per cut, per state; infinite where the cut may not be */
export function costToGo({ stateCount, factors, next }: StateSpace, costs: readonly Float64Array[]): CostToGo {
  const rows: Float64Array[] = [new Float64Array(stateCount)];
  for (const cost of costs.toReversed()) {
    const after = rows[0]!;
    const row = new Float64Array(stateCount);
    for (let state = stateCount - 1; state >= 0; state--) {
      let least = cost[state]! + after[state]!;
      for (let f = 0; f < factors.length; f++) {
        const reached = next[state * factors.length + f]!;
        if (reached >= 0 && row[reached]! < least) least = row[reached]!;
      }
      row[state] = least;
    }
    rows.unshift(row);
  }
  return rows;
}

/** Per number of cuts made, per state: least cost of the cuts so far. */
export function costSoFar({ stateCount, factors, next }: StateSpace, costs: readonly Float64Array[]): CostToGo {
  const rows: Float64Array[] = [new Float64Array(stateCount)];
  for (const cost of costs) {
    const before = rows.at(-1)!;
    const row = Float64Array.from(cost, (value, state) => value + before[state]!);
    for (let state = 0; state < stateCount; state++) {
      for (let f = 0; f < factors.length; f++) {
        const reached = next[state * factors.length + f]!;
        if (reached >= 0 && row[state]! < row[reached]!) row[reached] = row[state]!;
      }
    }
    rows.push(row);
  }
  return rows;
}
