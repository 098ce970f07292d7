/** Points that no other point beats in energy, latency and peak. */
import type { MainNumbers } from "../../ir/sweep.js";

/** What is kept of a point: a front of a million points has to fit into memory. */
export interface FrontPoint extends MainNumbers {
  readonly index: number;
}

/** Points that are collected before the next sorting: many at a time are quicker than one walk each. */
const COLLECTED = 1024;

/**
 * The Pareto front of however many points in whatever order. Equal points all belong to it or none does. Takes memory for the front
 * and as many points again.
 */
export class ParetoFront {
  #front: readonly FrontPoint[] = [];
  #pending: FrontPoint[] = [];

  add({ index, energyPj, latencyCycles, peakBits, dramBits }: FrontPoint): void {
    this.#pending.push({ index, energyPj, latencyCycles, peakBits, dramBits });
    if (this.#pending.length >= Math.max(COLLECTED, this.#front.length)) this.#settle();
  }

  /** By energy, then latency, peak and number. */
  members(): readonly FrontPoint[] {
    this.#settle();
    return this.#front;
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    this.#front = nonDominated(this.#front.concat(this.#pending));
    this.#pending = [];
  }
}

/**
 * Sorted by energy, a point is dominated exactly if an earlier one is no worse in latency and peak: those that matter form a staircase,
 * the peak falling as the latency rises.
 *
 * @param points - sorted in place
 */
function nonDominated(points: FrontPoint[]): readonly FrontPoint[] {
  points.sort(
    (a, b) =>
      a.energyPj - b.energyPj || a.latencyCycles - b.latencyCycles || a.peakBits - b.peakBits || a.index - b.index,
  );
  const stairs: FrontPoint[] = [];
  let last: FrontPoint | undefined;
  return points.filter((point) => {
    if (last !== undefined && isEqual(point, last)) return true; // the last one kept: equals stand side by side
    const below = stairs[firstAbove(stairs, point.latencyCycles) - 1];
    if (below !== undefined && below.peakBits <= point.peakBits) return false;
    climb(stairs, point);
    last = point;
    return true;
  });
}

/** Adds a step and removes those that it makes useless: no less in latency, and no less in peak. */
function climb(stairs: FrontPoint[], step: FrontPoint): void {
  let from = firstAbove(stairs, step.latencyCycles);
  if (stairs[from - 1]?.latencyCycles === step.latencyCycles) from--;
  let to = from;
  while (to < stairs.length && stairs[to]!.peakBits >= step.peakBits) to++; // within the list
  stairs.splice(from, to - from, step);
}

/** Position of the first step of larger latency. */
function firstAbove(stairs: readonly FrontPoint[], latency: number): number {
  let [low, high] = [0, stairs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stairs[middle]!.latencyCycles <= latency) low = middle + 1;
    else high = middle;
  }
  return low;
}

const isEqual = (a: FrontPoint, b: FrontPoint): boolean =>
  a.energyPj === b.energyPj && a.latencyCycles === b.latencyCycles && a.peakBits === b.peakBits;
