/** Intervals of one kind, one per tile, in typed arrays: an axis may have thousands of tiles, times tensors, times candidates. */
import type { Interval } from "../../ir/interval.js";

/** Half-open intervals; `lo[i] ≥ hi[i]`: the i-th is empty. */
export interface Intervals {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
}

/** All of them empty. */
export const emptyIntervals = (count: number): Intervals => ({ lo: new Int32Array(count), hi: new Int32Array(count) });

/** The i-th one, `undefined` when it is empty or there is no such tile. */
export function intervalAt({ lo, hi }: Intervals, i: number): Interval | undefined {
  return i >= 0 && lo[i]! < hi[i]! ? { lo: lo[i]!, hi: hi[i]! } : undefined;
}

/** Number of elements of the i-th one; 0 when there is no such tile. */
export const extentAt = ({ lo, hi }: Intervals, i: number): number => (i < 0 ? 0 : Math.max(0, hi[i]! - lo[i]!));

/** Grows each interval of `into` to the hull with its partner. */
export function growToHull(into: Intervals, other: Intervals): void {
  for (let i = 0; i < into.lo.length; i++) {
    if (other.lo[i]! >= other.hi[i]!) continue;
    const isEmpty = into.lo[i]! >= into.hi[i]!;
    if (isEmpty || other.lo[i]! < into.lo[i]!) into.lo[i] = other.lo[i]!;
    if (isEmpty || other.hi[i]! > into.hi[i]!) into.hi[i] = other.hi[i]!;
  }
}
