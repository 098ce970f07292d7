/** What the search walks through: loops are placed one by one, innermost first; what is placed is a state. */
import type { Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";
import { factorMultiset, orderingCount } from "../mapper/orderings.js";
import type { BlockOf } from "./unrolling.js";

/** State 0 has nothing placed, the last one everything; a step leads to a state of a higher number. */
export interface StateSpace {
  /** Equal for equal spaces. */
  readonly key: string;
  /** Loops that may be placed, each in one or more steps. */
  readonly factors: readonly Loop[];
  readonly stateCount: number;
  /** State after placing factor `f` in state `s`, at `s · factors.length + f`; −1 where that cannot be. */
  readonly next: Int32Array;
  /** Per dim: the products of its placed loops that occur, and which of them occurs in each state. */
  readonly dims: ReadonlyMap<Dim, DimStates>;
  /** Orders of the loops in the space. */
  readonly orderings: number;
}

export interface DimStates {
  readonly products: readonly number[];
  readonly index: Int32Array;
}

/** Every order of the loops: states are the sub-multisets of their factors, numbered in mixed radix (SL §11.2). */
export function allOrders(loops: readonly Loop[]): StateSpace {
  const { factors, multiplicities } = factorMultiset(loops);
  const strides: number[] = [];
  let stateCount = 1;
  for (const multiplicity of multiplicities) {
    strides.push(stateCount);
    stateCount *= multiplicity + 1;
  }
  const placed = strides.map((stride, f) => placedCounts(stateCount, stride, multiplicities[f]! + 1));
  const next = new Int32Array(stateCount * factors.length).fill(-1);
  placed.forEach((counts, f) => {
    for (let state = 0; state < stateCount; state++) {
      if (counts[state]! < multiplicities[f]!) next[state * factors.length + f] = state + strides[f]!;
    }
  });
  const dims = new Map(
    [...new Set(factors.map(({ dim }) => dim))].map((dim) => {
      const own = [...factors.keys()].filter((f) => factors[f]!.dim === dim);
      return [dim, dimStates(factors, multiplicities, own, placed)];
    }),
  );
  const key = factors.map(({ dim, size }, f) => `${dim}${size}^${multiplicities[f]}`).join(" ");
  return { key, factors, stateCount, next, dims, orderings: orderingCount(multiplicities) };
}

/** How often a factor is placed, per state: a digit of the state's number. */
function placedCounts(stateCount: number, stride: number, radix: number): Int32Array {
  const counts = new Int32Array(stateCount);
  for (let state = stride, digit = 1; state < stateCount; state += stride, digit = (digit + 1) % radix) {
    counts.fill(digit, state, state + stride);
  }
  return counts;
}

/** @param own - the dim's factors by index */
function dimStates(
  factors: readonly Loop[],
  multiplicities: readonly number[],
  own: readonly number[],
  placed: readonly Int32Array[],
): DimStates {
  let products = [1];
  const index = new Int32Array(placed[0]!.length);
  for (const f of own) {
    const stride = products.length;
    const counts = placed[f]!;
    for (let state = 0; state < index.length; state++) index[state]! += stride * counts[state]!;
    const powers = Array.from({ length: multiplicities[f]! + 1 }, (_, power) => factors[f]!.size ** power);
    products = powers.flatMap((power) => products.map((product) => product * power));
  }
  return { products, index };
}

/** One order. */
export function oneOrder(loops: readonly Loop[]): StateSpace {
  const stateCount = loops.length + 1;
  const next = new Int32Array(stateCount * loops.length).fill(-1);
  loops.forEach((_, i) => {
    next[i * loops.length + i] = i + 1;
  });
  const dims = [...new Set(loops.map(({ dim }) => dim))].map((dim): [Dim, DimStates] => {
    const products = [1];
    const index = new Int32Array(stateCount);
    loops.forEach((loop, i) => {
      if (loop.dim === dim) products.push(products.at(-1)! * loop.size);
      index[i + 1] = products.length - 1;
    });
    return [dim, { products, index }];
  });
  const key = `in order: ${loops.map(({ dim, size }) => `${dim}${size}`).join(" ")}`;
  return { key, factors: loops, stateCount, next, dims: new Map(dims), orderings: 1 };
}

/** The states as some of the dims see them: in mixed radix, the first dim fastest. */
export interface Projection {
  readonly count: number;
  /** Projected state of each state. */
  readonly index: Int32Array;
  readonly blockOf: (projected: number) => BlockOf;
}

export function projection(space: StateSpace, dims: readonly Dim[]): Projection {
  const index = new Int32Array(space.stateCount);
  const digits: { readonly dim: Dim; readonly stride: number; readonly products: readonly number[] }[] = [];
  let count = 1;
  for (const dim of dims) {
    const states = space.dims.get(dim);
    if (states === undefined) continue;
    for (let state = 0; state < index.length; state++) index[state]! += count * states.index[state]!;
    digits.push({ dim, stride: count, products: states.products });
    count *= states.products.length;
  }
  const blockOf = (projected: number): BlockOf => {
    const blocks = new Map(
      digits.map(({ dim, stride, products }) => [dim, products[Math.floor(projected / stride) % products.length]!]),
    );
    return (dim) => blocks.get(dim) ?? 1;
  };
  return { count, index, blockOf };
}
