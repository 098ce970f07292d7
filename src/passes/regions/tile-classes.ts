/**
 * Which tiles along an axis are alike (EM §1, tile types): equal relative to where their need begins. Types of tiles are products of
 * classes, and their counts multiply.
 */
import { unreachable } from "../../ir/unreachable.js";
import type { AxisReader } from "./axis-graph.js";
import type { AxisRegions, TensorAxis } from "./axis-regions.js";
import { extentAt, type Intervals } from "./intervals.js";

/** Tiles that are equal in all but their place. */
export interface TileClass {
  /** First tile of the class: its regions stand for all. */
  readonly representative: number;
  readonly count: number;
}

/** Consecutive tiles of one class. */
export interface ClassRun {
  /** Index into `classes`. */
  readonly class: number;
  /** First tile. */
  readonly from: number;
  readonly count: number;
}

export interface TileClasses {
  /** Numbered in the order in which they first occur. */
  readonly classes: readonly TileClass[];
  /** Class of every tile. */
  readonly classOf: Int32Array;
  /** All tiles, run-length; classes need not be contiguous. */
  readonly runs: readonly ClassRun[];
}

/** One quantity, for every tile. */
type Column = Float64Array;

/** Stands for an empty interval and for what has no place relative to it: no quantity is infinite. */
const NOTHING = Number.POSITIVE_INFINITY;

/** Groups the tiles of an axis in time O(tiles · readers). */
export function tileClasses(axis: AxisRegions): TileClasses {
  const columns = columnsOf(axis);
  const classOf = new Int32Array(axis.tiling.count);
  const classes: { representative: number; count: number }[] = [];
  const candidates = new Map<number, number[]>(); // hash → classes
  for (let i = 0; i < classOf.length; i++) {
    const hash = hashOf(columns, i);
    const sameHash = candidates.get(hash) ?? [];
    let found = sameHash.find((candidate) => isEqual(columns, classes[candidate]!.representative, i));
    if (found === undefined) {
      found = classes.push({ representative: i, count: 0 }) - 1;
      candidates.set(hash, [...sameHash, found]);
    }
    classes[found]!.count++;
    classOf[i] = found;
  }
  return { classes, classOf, runs: runsOf(classOf) };
}

function runsOf(classOf: Int32Array): readonly ClassRun[] {
  const runs: ClassRun[] = [];
  let from = 0;
  for (let i = 1; i <= classOf.length; i++) {
    if (classOf[i] === classOf[from]) continue;
    runs.push({ class: classOf[from]!, from, count: i - from });
    from = i;
  }
  return runs;
}

/** Everything that has to be equal. */
function columnsOf({ tensors, tiling }: AxisRegions): readonly Column[] {
  const byId = new Map(tensors.map((axis) => [axis.tensor.id, axis]));
  return tensors.flatMap((axis) => {
    const base = baseOf(axis, tiling.count);
    const regions = [axis.need, axis.computed, axis.kept, axis.owed].flatMap((kind) => relative(kind, base, 0));
    const offsets = axis.tensor.readers.map((reader) =>
      // readers are tensors of the same stack
      offsetColumn(reader, byId.get(reader.output)!.computed, axis.need),
    );
    const { period } = axis.tensor;
    const places = period === undefined ? [] : [base.map((place) => place % period)];
    return [...regions, ...relative(axis.kept, base, 1), ...offsets, ...places];
  });
}

/** `N.lo`; where nothing is needed `K.lo`. (Then nothing is computed either, and `K(i) = K(i−1)`.) */
function baseOf({ need, kept }: TensorAxis, count: number): Column {
  const base = new Float64Array(count);
  for (let i = 0; i < count; i++) base[i] = extentAt(need, i) > 0 ? need.lo[i]! : kept.lo[i]!;
  return base;
}

/** Both ends of the intervals, those of `lag` tiles before, relative to `base`. */
function relative(intervals: Intervals, base: Column, lag: number): readonly Column[] {
  const [lo, hi] = [new Float64Array(base.length).fill(NOTHING), new Float64Array(base.length).fill(NOTHING)];
  for (let i = lag; i < base.length; i++) {
    if (extentAt(intervals, i - lag) === 0) continue;
    lo[i] = intervals.lo[i - lag]! - base[i]!;
    hi[i] = intervals.hi[i - lag]! - base[i]!;
  }
  return [lo, hi];
}

/** Where the reader's map puts what it computes, relative to what is needed: sizes alone would merge tiles that are not alike. */
function offsetColumn(reader: AxisReader, computed: Intervals, need: Intervals): Column {
  const offsets = new Float64Array(need.lo.length).fill(NOTHING);
  for (let i = 0; i < offsets.length; i++) {
    if (extentAt(computed, i) > 0 && extentAt(need, i) > 0) {
      offsets[i] = mapOffset(reader, computed.lo[i]!, need.lo[i]!);
    }
  }
  return offsets;
}

function mapOffset({ map }: AxisReader, output: number, need: number): number {
  if (map === "all") return 0;
  switch (map.kind) {
    case "pointwise":
      return map.loops.length === 0 ? 0 : output - need;
    case "window":
      return map.stride * output - map.before - need;
    case "transposed":
      return output + map.before - map.stride * need;
    case "resize":
      return output * map.from - need * map.to;
    case "slice":
      return map.offset + map.step * output - need;
    case "part":
      return output - map.start - need;
    case "whole":
      return 0;
    default:
      return unreachable(map);
  }
}

function hashOf(columns: readonly Column[], i: number): number {
  let hash = 0;
  for (const column of columns) hash = (Math.imul(hash, 31) + (column[i]! | 0)) | 0;
  return hash;
}

function isEqual(columns: readonly Column[], a: number, b: number): boolean {
  for (const column of columns) {
    if (column[a] !== column[b]) return false;
  }
  return true;
}
