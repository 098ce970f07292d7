/** Loop names of a feature map's axes, by rank (`N C H W` and its shorter and longer relatives). */
import type { AxisMap, Dim } from "../../ir/axis-map.js";
import type { Loop } from "../../ir/network.js";

/** Single index: an axis of extent 1 that repeats along a longer output axis. */
export const SINGLE: AxisMap = { kind: "pointwise", loops: [] };

export const pointwise = (...loops: readonly Dim[]): AxisMap => ({ kind: "pointwise", loops });

/** Spatial loops of an operator over `count` spatial axes: columns last. */
export const spatialLoops = (count: number): readonly Dim[] => spatial(count, "O");

/** Tap loops that belong to `spatialLoops`. */
export const tapLoops = (count: number): readonly Dim[] => spatial(count, "F");

const spatial = (count: number, prefix: "O" | "F"): readonly Dim[] => {
  const named = [`${prefix}Z`, `${prefix}Y`, `${prefix}X`];
  const extra = Array.from({ length: Math.max(0, count - named.length) }, (_, i) => `${prefix}${i + 1}`);
  return [...extra, ...named.slice(Math.max(0, named.length - count))];
};

/** Results by rank: every layer has some, and large networks have many layers. */
function byRank<T>(make: (rank: number) => T): (rank: number) => T {
  const made: T[] = [];
  return (rank) => (made[rank] ??= make(rank));
}

/** One loop per axis: `[B, G, OY, OX]` for rank 4. A vector is one channel axis. */
export const axisLoops = byRank((rank): readonly Dim[] => {
  if (rank === 0) return [];
  return rank === 1 ? ["G"] : ["B", "G", ...spatialLoops(rank - 2)];
});

/** `B G OY OX` of a map, in this order; axes that it lacks are loops of size 1. */
export function mapLoops(dims: readonly number[]): readonly Loop[] {
  const names = axisLoops(dims.length);
  const sizes = new Map(names.map((name, axis) => [name, dims[axis] ?? 1]));
  return ["B", "G", ...spatialLoops(Math.max(2, dims.length - 2))].map((dim) => ({ dim, size: sizes.get(dim) ?? 1 }));
}

/** Loop of a layer that runs again and again. */
export const REPEAT: Dim = "T";

/** Every axis indexed by its own loop. */
export const mapAxes = byRank((rank): readonly AxisMap[] => axisLoops(rank).map((loop) => pointwise(loop)));

/**
 * Axes of a value that repeats along the output's axes: aligned at the end, or from `start` on (broadcast of operator sets 1 to 6).
 *
 * @param dims - extents of the value
 * @param output - extents of the output
 * @param loops - loop per axis of the output
 */
export function broadcastAxes(
  dims: readonly number[],
  output: readonly number[],
  loops: readonly Dim[] = axisLoops(output.length),
  start: number = output.length - dims.length,
): readonly AxisMap[] {
  return dims.map((extent, axis) => {
    const loop = loops[start + axis];
    return loop === undefined || (extent === 1 && output[start + axis] !== 1) ? SINGLE : pointwise(loop);
  });
}
