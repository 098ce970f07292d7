/** Half-open interval of indices along one axis; `undefined` is the empty interval. */
export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** `[lo, hi)`, or `undefined` when nothing is in it. */
export const interval = (lo: number, hi: number): Interval | undefined => (lo < hi ? { lo, hi } : undefined);

/** Number of indices; 0 for the empty interval. */
export const extent = (i: Interval | undefined): number => (i === undefined ? 0 : i.hi - i.lo);

/** Smallest interval that covers both; the empty interval is ignored (EM §1). */
export function hull(a: Interval | undefined, b: Interval | undefined): Interval | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}

/** Indices in both. */
export function intersect(a: Interval | undefined, b: Interval | undefined): Interval | undefined {
  if (a === undefined || b === undefined) return undefined;
  return interval(Math.max(a.lo, b.lo), Math.min(a.hi, b.hi));
}
