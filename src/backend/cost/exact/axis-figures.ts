/** What one axis of an operand contributes to the block sums at a cut (EM §3, Block sums). */
import { type Fan, sumOffsets } from "./unrolling.js";

/** How often each number of elements occurs; no value is 0: an empty block moves nothing. */
export interface Histogram {
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** Transfers by the elements that they carry at both ends. */
export interface PairHistogram {
  readonly upper: readonly number[];
  /** Of the lower instance that gets most. */
  readonly lower: readonly number[];
  readonly counts: readonly number[];
}

export interface AxisFigures {
  /** `|∪ X|` over the instances between, for every block and upper instance: one read feeds all. */
  readonly upper: Histogram;
  /** `|X|` for every block and lower instance. */
  readonly lower: Histogram;
  /** Largest `|X|`. */
  readonly largest: number;
  /** Transfers of one upper instance; several candidates where it depends on the other axes which one is busiest. */
  readonly busy: readonly PairHistogram[];
}

/** Visits of a dim that does not index the operand: blocks in which an instance has work. */
export interface Visits {
  /** Summed over upper and over lower instances: factors of `U` and `V`. */
  readonly upper: number;
  readonly lower: number;
  /** Of the busiest instance. */
  readonly busy: number;
}

/** @param block - steps of the dim below the cut; divides its steps */
export function visits({ steps, between, above }: Fan, block: number): Visits {
  const busy = steps.steps / block;
  const last = firstIndexOfLastStep({ steps });
  const working = (places: readonly number[]) =>
    block > 1 ? places.length : places.filter((place) => last + place < steps.size).length;
  const lower = sumOffsets(between, above);
  return {
    upper: (busy - 1) * above.length + working(above),
    lower: (busy - 1) * lower.length + working(lower),
    busy,
  };
}

/** A dim that indexes the operand directly. Only the last step is partial, so only the last block is. */
export function plainFigures(fan: Fan, block: number): AxisFigures {
  const { steps, below, between, above } = fan;
  const blocks = steps.steps / block;
  const feeding = sumOffsets(below, between);
  const last = firstIndexOfLastStep(fan);
  const inLast = (set: readonly number[], place: number) =>
    (block - 1) * set.length + set.filter((offset) => last + place + offset < steps.size).length;
  const lowerPlaces = sumOffsets(between, above);
  const upper = [
    { value: block * feeding.length, count: (blocks - 1) * above.length },
    ...above.map((place) => ({ value: inLast(feeding, place), count: 1 })),
  ];
  const lower = [
    { value: block * below.length, count: (blocks - 1) * lowerPlaces.length },
    ...lowerPlaces.map((place) => ({ value: inLast(below, place), count: 1 })),
  ];
  // the first instance of all has no less work than any other
  const busy = pairHistogram([
    { upper: block * feeding.length, lower: block * below.length, count: blocks - 1 },
    { upper: inLast(feeding, 0), lower: inLast(below, 0), count: 1 },
  ]);
  const lowerHistogram = histogram(lower);
  return { upper: histogram(upper), lower: lowerHistogram, largest: Math.max(...lowerHistogram.values), busy: [busy] };
}

export function histogram(entries: readonly { readonly value: number; readonly count: number }[]): Histogram {
  const counts = new Map<number, number>();
  for (const { value, count } of entries) {
    if (value > 0 && count > 0) counts.set(value, (counts.get(value) ?? 0) + count);
  }
  return { values: [...counts.keys()], counts: [...counts.values()] };
}

interface PairEntry {
  readonly upper: number;
  readonly lower: number;
  readonly count: number;
}

export function pairHistogram(entries: readonly PairEntry[]): PairHistogram {
  const merged = new Map<string, PairEntry>();
  for (const entry of entries) {
    if (entry.upper === 0 || entry.count === 0) continue;
    const key = `${entry.upper} ${entry.lower}`;
    merged.set(key, { ...entry, count: entry.count + (merged.get(key)?.count ?? 0) });
  }
  const pairs = [...merged.values()];
  return {
    upper: pairs.map(({ upper }) => upper),
    lower: pairs.map(({ lower }) => lower),
    counts: pairs.map(({ count }) => count),
  };
}

const firstIndexOfLastStep = ({ steps }: Pick<Fan, "steps">): number => (steps.steps - 1) * steps.unrolled;
