/** All distinct orders of a multiset of loop factors, in the published sequence (SL §3.3). */
import type { Loop } from "../../../ir/network.js";

/** A multiset of loop factors: the distinct ones, sorted, and how often each occurs. */
export interface FactorMultiset {
  readonly factors: readonly Loop[];
  readonly multiplicities: readonly number[];
  /** Number of factors with their multiplicities. */
  readonly count: number;
}

/** Distinct factors by dim name, then size: the order that decides the published sequence. */
export function factorMultiset(loops: readonly Loop[]): FactorMultiset {
  const sorted = [...loops].sort((a, b) => (a.dim === b.dim ? a.size - b.size : a.dim < b.dim ? -1 : 1));
  const factors: Loop[] = [];
  const multiplicities: number[] = [];
  for (const loop of sorted) {
    const last = factors.at(-1);
    if (last?.dim === loop.dim && last.size === loop.size) multiplicities[factors.length - 1]! += 1;
    else {
      factors.push(loop);
      multiplicities.push(1);
    }
  }
  return { factors, multiplicities, count: sorted.length };
}

/** Multinomial coefficient; exact up to 2^53, `Infinity` beyond the range of doubles. */
export function orderingCount(multiplicities: readonly number[]): number {
  let count = 1;
  let placed = 0;
  for (const multiplicity of multiplicities) {
    for (let i = 1; i <= multiplicity; i++) {
      placed++;
      count = (count * placed) / i; // a binomial at every step, so the division leaves no remainder
    }
  }
  return count;
}

/**
 * Every order of the multiset as indices of its distinct factors, innermost first, one after the other, in the sequence of prefix
 * shifts of A. Williams, "Loopless generation of multiset permutations using a constant number of variables by prefix shifts"
 * (SODA 2009): it starts with the non-increasing order, and each next one moves a single element to the front.
 *
 * @returns `orderingCount(multiplicities) · n` indices; empty for the empty multiset, which has one empty ordering
 */
export function prefixShiftOrderings(multiplicities: readonly number[]): Uint8Array {
  const symbols = multiplicities.flatMap((times, symbol) => Array<number>(times).fill(symbol)).reverse();
  const n = symbols.length;
  const orderings = new Uint8Array(orderingCount(multiplicities) * n);
  if (n === 0) return orderings;
  const list = linkedList(symbols);
  let { head, beforeLast, last } = list;
  let row = 0;
  const visit = () => {
    for (let node = head, column = 0; node !== NONE; node = list.next[node]!)
      orderings[row * n + column++] = symbols[node]!;
    row++;
  };
  visit();
  while (list.next[last] !== NONE || symbols[last]! < symbols[head]!) {
    const after = list.next[last]!;
    const source = after !== NONE && symbols[beforeLast]! >= symbols[after]! ? last : beforeLast;
    const moved = list.next[source]!;
    list.next[source] = list.next[moved]!;
    list.next[moved] = head;
    if (symbols[moved]! < symbols[head]!) beforeLast = moved;
    last = list.next[beforeLast]!;
    head = moved;
    visit();
  }
  return orderings;
}

/**
 * Which of two orders comes first in that sequence (negative: `a`): the non-increasing one does; any other order belongs to its scut,
 * the shortest of its suffixes that the non-increasing order does not end with. Scuts come by their first index, longer ones before;
 * orders with one scut by what stands before it, there with the non-increasing order last.
 */
export function comparePublished(a: Uint8Array, b: Uint8Array, multiplicities: readonly number[]): number {
  const left = [...multiplicities];
  for (let end = a.length; end > 0; ) {
    const common = inOrderSuffix(a, end, left);
    const other = inOrderSuffix(b, end, left);
    if (common === end || other === end) {
      if (common === other) return 0;
      return (common === end) === (end === a.length) ? -1 : 1;
    }
    const difference = a[end - 1 - common]! - b[end - 1 - other]! || other - common;
    if (difference !== 0) return difference;
    for (let i = end - 1 - common; i < end; i++) left[a[i]!]! -= 1;
    end -= common + 1;
  }
  return 0;
}

/**
 * How long a suffix of the first `end` indices is that the non-increasing order of them also has.
 *
 * @param multiplicities - of these indices
 */
function inOrderSuffix(order: Uint8Array, end: number, multiplicities: readonly number[]): number {
  let length = 0;
  for (let symbol = 0; length < end; symbol++) {
    for (let i = 0; i < multiplicities[symbol]!; i++) {
      if (order[end - 1 - length] !== symbol) return length;
      length++;
    }
  }
  return length;
}

const NONE = -1;

/** With a single element the last two coincide. */
function linkedList(symbols: readonly number[]) {
  const next = Int32Array.from(symbols, (_, i) => (i + 1 < symbols.length ? i + 1 : NONE));
  return { next, head: 0, beforeLast: Math.max(0, symbols.length - 2), last: symbols.length - 1 };
}
