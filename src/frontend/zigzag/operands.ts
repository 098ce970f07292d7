/** How the loops of a layer index its operands: from the indices of an equation to the maps of a tensor's axes. */
import type { AxisMap, Dim, WindowMap } from "../../ir/axis-map.js";
import { type Loop, loopSize } from "../../ir/network.js";

/** One axis of a tensor as its producer's output names it: a loop, or a group and a channel in mixed radix. */
export interface Axis {
  readonly loops: readonly Dim[];
  readonly extent: number;
}

/** Channels are called `K` by convolutions, `G` by operators that keep them apart and `C` by those that sum over them (DF §1.2). */
const CHANNELS: readonly Dim[] = ["G", "K", "C"];
export const isChannel = (dim: Dim): boolean => CHANNELS.includes(dim);

/** An index of an operand: a loop, or a window that a relation describes. */
export type Index =
  | { readonly name: Dim; readonly kind: "loop" }
  | { readonly name: Dim; readonly kind: "window"; readonly map: WindowMap };

const isChannelLoop = ({ name, kind }: Index): boolean => kind === "loop" && isChannel(name);

/** Indices that run along each axis of a tensor of their own: a group and its channels share one. */
export function groupChannels(indices: readonly Index[]): readonly (readonly Index[])[] {
  const groups: Index[][] = [];
  for (const index of indices) {
    const before = groups.at(-1);
    if (before?.every(isChannelLoop) && isChannelLoop(index)) before.push(index);
    else groups.push([index]);
  }
  return groups;
}

/** Axes of the tensor that a layer writes, in the order of its output's indices. */
export const outputAxes = (indices: readonly Index[], loops: readonly Loop[]): readonly Axis[] =>
  groupChannels(indices).map((group) => ({
    loops: group.map(({ name }) => name),
    extent: group.reduce((extent, { name }) => extent * loopSize(loops, name), 1),
  }));

/**
 * Axis of the producer's tensor that an index runs along: the one that the file names; else the one of the same name, of the
 * window's output loop or of the channels. Published files name channels loosely (`G` for `K`), so channels match each other.
 *
 * @param renaming - consumer's index → producer's loop
 */
export function axisOf(index: Index, axes: readonly Axis[], renaming: Readonly<Record<Dim, Dim>>): Axis | undefined {
  const usual = index.kind === "window" ? index.map.out : index.name;
  const named = Object.hasOwn(renaming, index.name) ? renaming[index.name]! : usual;
  const exact = axes.find(({ loops }) => loops.includes(named));
  if (exact !== undefined || !isChannel(named)) return exact;
  return axes.find(({ loops }) => loops.some(isChannel));
}

/**
 * How the indices that run along one axis index it. An axis without any is read whole: a map that a fully connected layer flattens.
 *
 * @returns `undefined` where a window meets another index
 */
export function axisMap(indices: readonly Index[], extent: number): AxisMap | undefined {
  const [first, ...rest] = indices;
  if (first === undefined) return { kind: extent === 1 ? "pointwise" : "whole", loops: [] };
  if (first.kind === "window") return rest.length === 0 ? first.map : undefined;
  if (rest.some(({ kind }) => kind === "window")) return undefined;
  return { kind: "pointwise", loops: indices.map(({ name }) => name) };
}

/**
 * Extent of a tensor axis that nothing but these indices describes, without padding, elements.
 *
 * @param stated - extents that the file gives for the left sides of relations; else both ends are padded alike
 */
export function extentOf(
  indices: readonly Index[],
  loops: readonly Loop[],
  stated: Readonly<Record<Dim, number>>,
): number {
  return indices.reduce((extent, index) => {
    if (index.kind === "loop") return extent * loopSize(loops, index.name);
    const { out, tap, stride, dilation, before } = index.map;
    const span = (loopSize(loops, out) - 1) * stride + (loopSize(loops, tap) - 1) * dilation + 1;
    return extent * (stated[index.name] ?? Math.max(1, span - 2 * before));
  }, 1);
}
