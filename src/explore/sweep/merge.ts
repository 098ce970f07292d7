/** Which result of which file becomes which line when shards are merged. */
import type { SweepLine } from "../../ir/sweep.js";
import { shardOf } from "./space.js";

/** Where a line stands. */
export interface LinePlace {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** Largest sweep whose results can be merged: the places of all its lines are kept, 16 bytes each. */
export const MOST_POINTS = 2 ** 27;

/** Places of the lines of one sweep, by number of the point; takes memory for numbers only. */
export class MergeTable {
  readonly sweep: string;
  readonly points: number;
  readonly #files: Int32Array;
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;
  #known = 0;

  /** @throws RangeError when the sweep is larger than `MOST_POINTS` */
  constructor({ sweep, of }: Pick<SweepLine, "sweep" | "of">) {
    if (of > MOST_POINTS) throw new RangeError(`${of} points`);
    this.sweep = sweep;
    this.points = of;
    this.#files = new Int32Array(of).fill(-1);
    this.#offsets = new Float64Array(of);
    this.#lengths = new Uint32Array(of);
  }

  get known(): number {
    return this.#known;
  }

  /** Whether a line belongs to the sweep of the table. */
  fits({ sweep, of }: Pick<SweepLine, "sweep" | "of">): boolean {
    return sweep === this.sweep && of === this.points;
  }

  /** @returns the place of an earlier line about the same point; only the first is kept */
  add(index: number, { file, offset, length }: LinePlace): LinePlace | undefined {
    const known = this.placeOf(index);
    if (known !== undefined) return known;
    this.#files[index] = file;
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#known++;
    return undefined;
  }

  placeOf(index: number): LinePlace | undefined {
    const file = this.#files[index] ?? -1;
    return file < 0 ? undefined : { file, offset: this.#offsets[index]!, length: this.#lengths[index]! }; // arrays of equal length
  }

  /** The first few points without a line. */
  missingPoints(most: number): readonly number[] {
    const missing: number[] = [];
    for (let index = 0; index < this.points && missing.length < most; index++) {
      if (this.#files[index]! < 0) missing.push(index);
    }
    return missing;
  }

  /** Shards that lack points, with how many of theirs are missing. */
  incompleteShards(count: number): readonly IncompleteShard[] {
    const missing = new Map<number, number>();
    for (let index = 0; index < this.points; index++) {
      if (this.#files[index]! < 0) missing.set(shardOf(index, count), (missing.get(shardOf(index, count)) ?? 0) + 1);
    }
    const sizeOf = (shard: number): number => Math.ceil((this.points - shard + 1) / count);
    return [...missing]
      .map(([shard, points]) => ({ shard, missing: points, of: sizeOf(shard) }))
      .sort((a, b) => a.shard - b.shard);
  }
}

export interface IncompleteShard {
  readonly shard: number;
  readonly missing: number;
  readonly of: number;
}
