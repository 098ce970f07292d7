/**
 * The points of a sweep, numbered: a few blocks, each a product of tile widths, heights, overlap modes and orders. A point is computed
 * from its number and the other way round, so that a million points take no memory.
 */
import type { OverlapMode, TileOrder } from "../../ir/facts.js";
import type { SweepPoint } from "../../ir/sweep.js";
import type { StackRule } from "../evaluate-point.js";

/** One machine with one way to form stacks. */
export interface Block {
  readonly arch: string;
  readonly vary?: Readonly<Record<string, unknown>>;
  /** Position in the list of machines. */
  readonly machine: number;
  /** As `--stacks` takes it, and what it says. */
  readonly stacks: string;
  readonly rule: StackRule;
  /** Hash of everything that numbers of the block depend on beside tile, mode and order. */
  readonly base: string;
  /** Distinct sizes, clamped to the largest output of a stack. */
  readonly widths: readonly number[];
  readonly heights: readonly number[];
  /** Number of its first point. */
  readonly first: number;
}

export interface SweepSpace {
  /** Hash of all of it: results of equal sweeps belong together. */
  readonly id: string;
  /** Number of points. */
  readonly points: number;
  readonly blocks: readonly Block[];
  readonly overlaps: readonly OverlapMode[];
  readonly orders: readonly TileOrder[];
}

/** A part of the work: every `count`-th point, from number `index` - 1 on. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** @throws RangeError when the sweep has no such point */
export function blockAt(space: SweepSpace, index: number): Block {
  if (!Number.isInteger(index) || index < 0 || index >= space.points) {
    throw new RangeError(`point ${index} of a sweep of ${space.points}`);
  }
  let [low, high] = [0, space.blocks.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (space.blocks[middle]!.first <= index) low = middle;
    else high = middle - 1;
  }
  return space.blocks[low]!;
}

/**
 * Within a block: mode by mode, then by order, by width, by height.
 *
 * @throws RangeError when the sweep has no such point
 */
export function pointAt(space: SweepSpace, index: number): SweepPoint {
  const { first, arch, vary, stacks, widths, heights } = blockAt(space, index);
  let rest = index - first;
  const digit = (radix: number): number => {
    const found = rest % radix;
    rest = (rest - found) / radix;
    return found;
  };
  const height = heights[digit(heights.length)]!; // every digit is below its radix
  const width = widths[digit(widths.length)]!;
  const order = space.orders[digit(space.orders.length)]!;
  const overlap = space.overlaps[rest]!;
  return { arch, ...(vary !== undefined && { vary }), stacks, tile: { width, height }, overlap, order };
}

/** Text whose hash is the key of a point. */
export function keyText(space: SweepSpace, index: number): string {
  const { tile, overlap, order } = pointAt(space, index);
  return `${blockAt(space, index).base} ${tile.width}x${tile.height} ${overlap} ${order}`;
}

/** Numbers of the points to do, ascending. */
export function* pointNumbersOf(
  points: number,
  shard: Shard | undefined,
  isDone: (index: number) => boolean,
): Generator<number> {
  const step = shard?.count ?? 1;
  for (let index = (shard?.index ?? 1) - 1; index < points; index += step) if (!isDone(index)) yield index;
}

/** How many points a shard has; without one, all. */
export const shardSize = (points: number, shard: Shard | undefined): number =>
  shard === undefined ? points : Math.max(0, Math.ceil((points - shard.index + 1) / shard.count));

/** The shard that a point belongs to, from 1. */
export const shardOf = (index: number, count: number): number => (index % count) + 1;

/** A set of numbers below a limit, one bit each. */
export class NumberSet {
  readonly #bits: Uint8Array;
  #size = 0;

  constructor(limit: number) {
    this.#bits = new Uint8Array(Math.ceil(limit / 8));
  }

  get size(): number {
    return this.#size;
  }

  has(n: number): boolean {
    return ((this.#bits[n >> 3] ?? 0) & (1 << (n & 7))) !== 0;
  }

  add(n: number): void {
    if (this.has(n)) return;
    this.#bits[n >> 3]! |= 1 << (n & 7);
    this.#size++;
  }
}
