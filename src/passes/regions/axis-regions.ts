/**
 * Exact regions of a stack along one axis (EM §1): per tile and tensor what is needed, computed, kept for later tiles and owed outside
 * the stack. Axes are independent, so regions of tiles are products of these intervals.
 */
import { inputInterval } from "../../ir/axis-map.js";
import { extent, type Interval } from "../../ir/interval.js";
import type { AxisGraph, AxisReader, AxisTensor } from "./axis-graph.js";
import { emptyIntervals, extentAt, growToHull, type Intervals, intervalAt } from "./intervals.js";

/** Regions of one tensor along one axis, one interval per tile of each kind. */
export interface TensorAxis {
  readonly tensor: AxisTensor;
  /** N: what readers of the tile and the outside need. */
  readonly need: Intervals;
  /** C: what the tile computes (of a stack input: fetches); may be empty, and may reach outside of `need`. */
  readonly computed: Intervals;
  /** K: what is kept for later tiles once the tile is done. `N(i) ⊆ K(i−1) ∪ C(i)`, two adjacent intervals. */
  readonly kept: Intervals;
  /** O: what the tile writes outside the stack; no element is owed by two tiles. */
  readonly owed: Intervals;
  /** In_c(C) of each reader, in the order of `tensor.readers`. */
  readonly reads: readonly Intervals[];
  /** `[F(−1), F(last))`: all that is computed. Undefined where nobody needs anything. */
  readonly span: Interval | undefined;
  readonly peaks: AxisPeaks;
}

/** Largest extents over all tiles, elements. */
export interface AxisPeaks {
  readonly need: number;
  readonly computed: number;
  readonly kept: number;
  /** Of `hull(K(i−1), K(i))`. */
  readonly keptTwice: number;
  /** Of `C(i) ∩ N(i)`. */
  readonly fresh: number;
}

/** Regions of all tensors of a stack along one axis. */
export interface AxisRegions {
  readonly tiling: AxisTiling;
  /** In the order of the graph: producers before consumers. */
  readonly tensors: readonly TensorAxis[];
}

/** The stack's output cut into `count` tiles of `tile` elements; the last one takes what is left. */
export interface AxisTiling {
  readonly extent: number;
  readonly tile: number;
  readonly count: number;
}

/** Regions of one tensor in one tile, along one axis. */
export interface AxisTile {
  readonly need: Interval | undefined;
  readonly computed: Interval | undefined;
  readonly kept: Interval | undefined;
  /** What the tile before has kept: `K(i−1)`. */
  readonly keptBefore: Interval | undefined;
  readonly owed: Interval | undefined;
  readonly reads: readonly (Interval | undefined)[];
}

/**
 * Works back from the stack's output to its inputs, in time O(tiles · readers).
 *
 * @param graph - one axis of a stack
 * @param tile - size of a tile along the axis; a larger one than the output is the whole output
 * @throws RangeError when `tile` is not a positive integer
 * @throws Error when the graph has no such output, or a reader computes no later tensor
 */
export function axisRegions(graph: AxisGraph, tile: number): AxisRegions {
  const tiling = cutIntoTiles(graph, tile);
  const done = new Map<string, TensorAxis>();
  for (const tensor of graph.tensors.toReversed()) {
    done.set(tensor.id, tensorAxis(tensor, tensor.id === graph.output, tiling, done));
  }
  return { tiling, tensors: graph.tensors.map(({ id }) => done.get(id)!) }; // set above
}

/** Regions of a tensor in the i-th tile. */
export function axisTile({ need, computed, kept, owed, reads }: TensorAxis, i: number): AxisTile {
  return {
    need: intervalAt(need, i),
    computed: intervalAt(computed, i),
    kept: intervalAt(kept, i),
    keptBefore: intervalAt(kept, i - 1),
    owed: intervalAt(owed, i),
    reads: reads.map((read) => intervalAt(read, i)),
  };
}

function cutIntoTiles({ tensors, output }: AxisGraph, tile: number): AxisTiling {
  if (!Number.isInteger(tile) || tile < 1) throw new RangeError(`a tile must be a positive integer, got ${tile}`);
  const found = tensors.find(({ id }) => id === output);
  if (found === undefined) throw new Error(`a stack without its output '${output}'`);
  return { extent: found.extent, tile, count: Math.ceil(found.extent / tile) };
}

function tensorAxis(
  tensor: AxisTensor,
  isOutput: boolean,
  tiling: AxisTiling,
  done: ReadonlyMap<string, TensorAxis>,
): TensorAxis {
  const reads = tensor.readers.map((reader) => readIntervals(tensor, reader, tiling, done));
  const need = emptyIntervals(tiling.count);
  for (const read of reads) growToHull(need, read);
  const owed = isOutput ? tiles(tiling) : owedIntervals(tensor, need, tiling);
  growToHull(need, owed);
  const span = spanOf(need);
  const computed = tensor.isKept ? beyondFrontier(need, span) : need;
  const kept = tensor.isKept ? keptForLater(need, computed) : emptyIntervals(tiling.count);
  return { tensor, need, computed, kept, owed, reads, span, peaks: peaksOf(need, computed, kept) };
}

/** In_c(C) of one reader. */
function readIntervals(
  tensor: AxisTensor,
  reader: AxisReader,
  { count }: AxisTiling,
  done: ReadonlyMap<string, TensorAxis>,
): Intervals {
  const output = done.get(reader.output);
  if (output === undefined) throw new Error(`'${reader.output}' reads '${tensor.id}' but does not come after it`);
  const found = emptyIntervals(count);
  for (let i = 0; i < count; i++) {
    const read = readInterval(reader, intervalAt(output.computed, i), tensor.extent);
    if (read === undefined) continue;
    found.lo[i] = read.lo;
    found.hi[i] = read.hi;
  }
  return found;
}

function readInterval({ map, taps }: AxisReader, output: Interval | undefined, extent: number): Interval | undefined {
  if (map !== "all") return inputInterval(map, output, extent, taps);
  return output === undefined ? undefined : { lo: 0, hi: extent };
}

function tiles({ extent, tile, count }: AxisTiling): Intervals {
  const found = emptyIntervals(count);
  for (let i = 0; i < count; i++) {
    found.lo[i] = i * tile;
    found.hi[i] = Math.min(extent, (i + 1) * tile);
  }
  return found;
}

/**
 * Parts of what leaves the stack, each owed by the first tile that has it: up to where the readers of the tile need it; all that is left
 * by the last tile. A tensor that nobody reads follows the tiles in proportion.
 *
 * @param readersNeed - hull over the readers
 */
function owedIntervals({ leaves, readers }: AxisTensor, readersNeed: Intervals, tiling: AxisTiling): Intervals {
  const owed = emptyIntervals(tiling.count);
  if (leaves === undefined) return owed;
  let paid = leaves.lo; // G(i − 1)
  for (let i = 0; i < tiling.count; i++) {
    const end = Math.min(tiling.extent, (i + 1) * tiling.tile);
    const share = leaves.lo + Math.floor((extent(leaves) * end) / tiling.extent);
    const reached = readers.length === 0 ? share : extentAt(readersNeed, i) > 0 ? readersNeed.hi[i]! : paid;
    const next = i === tiling.count - 1 ? leaves.hi : Math.min(leaves.hi, Math.max(paid, reached)); // G(i)
    owed.lo[i] = paid;
    owed.hi[i] = next;
    paid = next;
  }
  return owed;
}

/** From the first element that any tile needs to the last. */
function spanOf(need: Intervals): Interval | undefined {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < need.lo.length; i++) {
    if (extentAt(need, i) === 0) continue;
    lo = Math.min(lo, need.lo[i]!);
    hi = Math.max(hi, need.hi[i]!);
  }
  return lo < hi ? { lo, hi } : undefined;
}

/** Every tile computes `[F(i−1), F(i))` from one frontier to the next: holes too, so that the work does not depend on the tiling. */
function beyondFrontier(need: Intervals, span: Interval | undefined): Intervals {
  const computed = emptyIntervals(need.lo.length);
  let frontier = span?.lo ?? 0;
  for (let i = 0; i < need.lo.length; i++) {
    computed.lo[i] = frontier;
    if (extentAt(need, i) > 0) frontier = Math.max(frontier, need.hi[i]!);
    computed.hi[i] = frontier;
  }
  return computed;
}

/** From the first element that *any* later tile needs (up-sampling: the next one may need nothing) to the frontier. */
function keptForLater(need: Intervals, computed: Intervals): Intervals {
  const kept = emptyIntervals(need.lo.length);
  let first = Number.POSITIVE_INFINITY;
  for (let i = need.lo.length - 1; i >= 0; i--) {
    if (first < computed.hi[i]!) {
      kept.lo[i] = first;
      kept.hi[i] = computed.hi[i]!;
    }
    if (extentAt(need, i) > 0) first = Math.min(first, need.lo[i]!);
  }
  return kept;
}

function peaksOf(need: Intervals, computed: Intervals, kept: Intervals): AxisPeaks {
  const peaks = { need: 0, computed: 0, kept: 0, keptTwice: 0, fresh: 0 };
  for (let i = 0; i < need.lo.length; i++) {
    const now = extentAt(kept, i);
    // hull(K(i−1), K(i)): K(i) begins and ends later; where it is empty, K(i−1) has been counted
    const twice = now > 0 && extentAt(kept, i - 1) > 0 ? kept.hi[i]! - kept.lo[i - 1]! : now;
    const fresh = Math.min(need.hi[i]!, computed.hi[i]!) - Math.max(need.lo[i]!, computed.lo[i]!);
    peaks.need = Math.max(peaks.need, extentAt(need, i));
    peaks.computed = Math.max(peaks.computed, extentAt(computed, i));
    peaks.kept = Math.max(peaks.kept, now);
    peaks.keptTwice = Math.max(peaks.keptTwice, twice);
    peaks.fresh = Math.max(peaks.fresh, fresh);
  }
  return peaks;
}
