/**
 * How one axis of an operand's tensor is indexed by the loops of a layer, and which interval of it a layer needs to compute an
 * interval of its output (EM §1). A layer kind is described by the maps of its operands alone: nothing else in the house asks
 * what operator a layer came from in order to tile it.
 */
import { type Interval, intersect, interval } from "./interval.js";
import { unreachable } from "./unreachable.js";

/** Name of a loop: `B G K C OY OX FY FX`, and `OZ FZ` for volumes. */
export type Dim = string;

/** Indexed directly; several loops form one index in mixed radix, outermost first (a group and a channel). None: a single index. */
export interface PointwiseMap {
  readonly kind: "pointwise";
  readonly loops: readonly Dim[];
}

/** `index = stride·out + dilation·tap − before`: convolution and pooling windows. */
export interface WindowMap {
  readonly kind: "window";
  readonly out: Dim;
  readonly tap: Dim;
  readonly stride: number;
  readonly dilation: number;
  /** Zero padding before the first element. */
  readonly before: number;
}

/** Transposed convolution: `stride·index = out + before − dilation·tap`. */
export interface TransposedMap {
  readonly kind: "transposed";
  readonly out: Dim;
  readonly tap: Dim;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

/** Resampling of an axis of `from` indices to `to`; `reach` more indices on either side are read by an interpolation. */
export interface ResizeMap {
  readonly kind: "resize";
  readonly out: Dim;
  readonly from: number;
  readonly to: number;
  readonly reach: number;
}

/** `index = offset + step·out`. */
export interface SliceMap {
  readonly kind: "slice";
  readonly out: Dim;
  readonly offset: number;
  readonly step: number;
}

/** The tensor occupies `[start, start + extent)` of the output axis: one part of a concatenation, or an axis that is padded. */
export interface PartMap {
  readonly kind: "part";
  readonly out: Dim;
  readonly start: number;
}

/** Every output needs the whole axis, whatever the loops that index it: reductions, softmax, a flattened map. */
export interface WholeMap {
  readonly kind: "whole";
  readonly loops: readonly Dim[];
}

export type AxisMap = PointwiseMap | WindowMap | TransposedMap | ResizeMap | SliceMap | PartMap | WholeMap;

/** Loops that take part in the index, in the order in which the map names them. */
export function loopsOf(map: AxisMap): readonly Dim[] {
  switch (map.kind) {
    case "pointwise":
    case "whole":
      return map.loops;
    case "window":
    case "transposed":
      return [map.out, map.tap];
    case "resize":
    case "slice":
    case "part":
      return [map.out];
    default:
      return unreachable(map);
  }
}

/**
 * Interval of a tensor's axis that is needed to compute an output interval (EM §1, `In_c`): the hull of what the outputs need one by
 * one, so what a whole map needs is the hull of what its tiles need.
 *
 * @param map - how the axis is indexed
 * @param output - output interval along the map's `out` loop (for a pointwise map: along the axis itself)
 * @param extent - extent of the tensor's axis, elements
 * @param taps - size of the tap loop; 1 for maps without one
 */
export function inputInterval(
  map: AxisMap,
  output: Interval | undefined,
  extent: number,
  taps = 1,
): Interval | undefined {
  if (output === undefined) return undefined;
  const axis = { lo: 0, hi: extent };
  const reach = (taps - 1) * (map.kind === "window" || map.kind === "transposed" ? map.dilation : 1);
  const last = output.hi - 1;
  switch (map.kind) {
    case "pointwise":
      return map.loops.length === 0 ? axis : intersect(output, axis);
    case "window": {
      // windows that lie in padding altogether need nothing, whatever is computed with them
      const first = Math.max(output.lo, Math.ceil((map.before - reach) / map.stride));
      const final = Math.min(last, Math.floor((extent - 1 + map.before) / map.stride));
      return intersect(interval(map.stride * first - map.before, map.stride * final + reach + 1 - map.before), axis);
    }
    case "transposed": {
      const lo = Math.ceil((output.lo + map.before - reach) / map.stride);
      return intersect(interval(lo, Math.floor((last + map.before) / map.stride) + 1), axis);
    }
    case "resize": {
      const lo = Math.floor((output.lo * map.from) / map.to);
      const hi = Math.floor((last * map.from) / map.to) + 1;
      return intersect(interval(lo - map.reach, hi + map.reach), axis);
    }
    case "slice": {
      const ends = [map.offset + map.step * output.lo, map.offset + map.step * last] as const;
      return intersect(interval(Math.min(...ends), Math.max(...ends) + 1), axis);
    }
    case "part":
      return intersect(interval(output.lo - map.start, output.hi - map.start), axis);
    case "whole":
      return axis;
    default:
      return unreachable(map);
  }
}
