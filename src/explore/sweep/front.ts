/** Points that no other point beats in every respect. */

/** Quantities of which less is better, and what they belong to. */
export interface Candidate<T> {
  readonly costs: readonly [number, number, number];
  /** Decides the order of equals. */
  readonly index: number;
  readonly value: T;
}

type Costs = Candidate<unknown>["costs"];

/** Candidates that are collected before the next sorting: a few thousand comparisons at a time are quicker than one walk each. */
const COLLECTED = 1024;

/**
 * The Pareto front of three costs, of however many candidates in whatever order. Equal candidates all belong to it or none does.
 * Takes memory for the front and as many candidates again.
 */
export class ParetoFront<T> {
  #front: readonly Candidate<T>[] = [];
  #pending: Candidate<T>[] = [];

  add(candidate: Candidate<T>): void {
    this.#pending.push(candidate);
    if (this.#pending.length >= Math.max(COLLECTED, this.#front.length)) this.#settle();
  }

  /** By the first cost, then by the others, then by number. */
  members(): readonly Candidate<T>[] {
    this.#settle();
    return this.#front;
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    this.#front = nonDominated([...this.#front, ...this.#pending]);
    this.#pending = [];
  }
}

/**
 * Sorted by the first cost, a candidate is dominated exactly if an earlier one is no worse in the second and third: those that matter
 * form a staircase, the third cost falling as the second rises.
 */
function nonDominated<T>(candidates: readonly Candidate<T>[]): readonly Candidate<T>[] {
  const sorted = [...candidates].sort(
    (a, b) => a.costs[0] - b.costs[0] || a.costs[1] - b.costs[1] || a.costs[2] - b.costs[2] || a.index - b.index,
  );
  const stairs: Costs[] = [];
  let last: Candidate<T> | undefined;
  return sorted.filter((candidate) => {
    const { costs } = candidate;
    if (last !== undefined && isEqual(costs, last.costs)) return true; // the last one kept: equals stand side by side
    const at = firstAbove(stairs, costs[1]);
    const below = stairs[at - 1];
    if (below !== undefined && below[2] <= costs[2]) return false;
    climb(stairs, costs);
    last = candidate;
    return true;
  });
}

/** Adds a step and removes those that it makes useless: no less in the second cost, and no less in the third. */
function climb(stairs: Costs[], step: Costs): void {
  let from = firstAbove(stairs, step[1]);
  if (stairs[from - 1]?.[1] === step[1]) from--;
  let to = from;
  while (to < stairs.length && stairs[to]![2] >= step[2]) to++; // within the list
  stairs.splice(from, to - from, step);
}

/** Position of the first step whose second cost is larger. */
function firstAbove(stairs: readonly Costs[], second: number): number {
  let [low, high] = [0, stairs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stairs[middle]![1] <= second) low = middle + 1;
    else high = middle;
  }
  return low;
}

const isEqual = (a: Costs, b: Costs): boolean => a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
