/** Small builders: maps, and graphs of one axis. */
import type { AxisMap } from "../../../src/ir/axis-map.js";
import type { Interval } from "../../../src/ir/interval.js";
import type { AxisGraph, AxisReader, AxisTensor } from "../../../src/passes/regions/axis-graph.js";
import type { AxisRegions, TensorAxis } from "../../../src/passes/regions/axis-regions.js";
import { type Intervals, intervalAt } from "../../../src/passes/regions/intervals.js";

const [out, tap] = ["OX", "FX"];

/** A map with the size of its tap loop. */
export type Tapped = Pick<AxisReader, "map" | "taps">;

const tapped = (map: AxisReader["map"], taps = 1): Tapped => ({ map, taps });
export const pointwise = tapped({ kind: "pointwise", loops: [out] });
export const everything = tapped("all");
export const resize = (from: number, to: number, reach = 0) => tapped({ kind: "resize", out, from, to, reach });
export const slice = (offset: number, step: number) => tapped({ kind: "slice", out, offset, step });
export const part = (start: number) => tapped({ kind: "part", out, start });

interface WindowShape {
  readonly taps: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly before?: number;
}
const windowed =
  (kind: "window" | "transposed") =>
  ({ taps, stride = 1, dilation = 1, before = 0 }: WindowShape): Tapped =>
    tapped({ kind, out, tap, stride, dilation, before } satisfies AxisMap, taps);
export const window = windowed("window");
export const transposed = windowed("transposed");

/** Extent of the first tensor, then the map and the extent of each layer's output: `t0`, `t1` … in a row. */
export function chain(
  extent: number,
  layers: readonly (readonly [Tapped, number])[],
  options: { readonly isKept?: boolean; readonly leaves?: Readonly<Record<string, Interval>> } = {},
): AxisGraph {
  const extents = [extent, ...layers.map(([, size]) => size)];
  const tensors = extents.map((size, i): AxisTensor => {
    const reader = layers[i]?.[0];
    const readers = reader === undefined ? [] : [{ ...reader, output: `t${i + 1}` }];
    const id = `t${i}`;
    return { id, extent: size, isKept: options.isKept ?? true, readers, leaves: options.leaves?.[id] };
  });
  return { tensors, output: `t${layers.length}` };
}

export const withKept = (graph: AxisGraph, isKept: boolean): AxisGraph => ({
  ...graph,
  tensors: graph.tensors.map((tensor) => ({ ...tensor, isKept })),
});

export const tensorOf = (axis: AxisRegions, id: string): TensorAxis =>
  axis.tensors.find(({ tensor }) => tensor.id === id) ?? fail(id);

/** All of them, readable: `0-5 4-9 ∅`. */
export const shown = (intervals: Intervals): string =>
  listed(intervals)
    .map((one) => (one === undefined ? "∅" : `${one.lo}-${one.hi}`))
    .join(" ");

export const listed = (intervals: Intervals): readonly (Interval | undefined)[] =>
  Array.from(intervals.lo, (_, i) => intervalAt(intervals, i));

export const sizes = (intervals: Intervals): number =>
  listed(intervals).reduce((sum, one) => sum + (one === undefined ? 0 : one.hi - one.lo), 0);

function fail(id: string): never {
  throw new Error(`no tensor '${id}'`);
}
