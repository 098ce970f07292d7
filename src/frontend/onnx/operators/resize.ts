/** Resampling of a map to other extents: `Resize` and `Upsample` (EM §1, resize). */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { checkLength, computedAtRunTime, normalizeAxes } from "../axes.js";
import { derive, deriveAll, type Extent, printShape, type Shape } from "../extent.js";
import { axisLoops, mapAxes, pointwise } from "../feature-map.js";
import { numbersOf } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { wholeLayer } from "../opaque.js";
import {
  dimsOf,
  fail,
  type InputValue,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

export const resize: OperatorDefinition = {
  opTypes: ["Resize", "Upsample"],
  infer(node) {
    const target = targetOf(node);
    if (target === undefined) return [computedAtRunTime(node, "the size")];
    return [{ shape: resizedAxes(node, inputOf(node, 0).shape, target).map(({ to }) => to) }];
  },
  lower(node) {
    const to = outputDims(node);
    const target = targetOf(node);
    // The shape is declared, but the scales are computed at run time.
    if (target === undefined) return { layers: [unknownScales(node, to)] };
    const sampling = samplingOf(node);
    const axes = resizedAxes(node, dimsOf(node, 0), target).map((axis, i) => ({
      ...axis,
      isCropped: isCropped(node, i),
    }));
    if (axes.every((axis) => isUnchanged(axis))) return { view: 0 };
    const loops = axisLoops(to.length);
    const maps = axes.map((axis, i): AxisMap => {
      const out = loops[i] ?? "";
      if (isUnchanged(axis)) return pointwise(out);
      // A region of interest may lie anywhere in the input.
      if (axis.isCropped) return { kind: "whole", loops: [out] };
      const sizes = { from: Number(axis.from), to: to[i] ?? 1, scale: Number(axis.scale) };
      return { kind: "resize", out, from: sizes.from, to: sizes.to, reach: resizeReach(sampling, sizes) };
    });
    return { layers: [mapLayer("movement", to, maps, node.attributes.plain())] };
  },
};

/** A declared shape of another rank does not fit the maps: the node is then left out. */
const unknownScales = (node: LoweringContext, to: readonly number[]): LayerSpec =>
  dimsOf(node, 0).length === to.length
    ? wholeLayer("movement", node.inputs.slice(0, 1), to)
    : mapLayer("movement", to, mapAxes(to.length));

/** Each output element is the input element at its place. */
const isUnchanged = ({ from, to, scale, isCropped }: ResizedAxis & { readonly isCropped: boolean }): boolean =>
  from === to && scale === 1 && !isCropped;

/** Whether the region of interest (all starts, then all ends, as parts of 1) is less than the axis, or not known. */
function isCropped(node: NodeContext, axis: number): boolean {
  if (node.attributes.string("coordinate_transformation_mode") !== "tf_crop_and_resize") return false;
  const position = axesOf(node).indexOf(axis);
  const roi = numbersOf(node.inputs[1]);
  if (position < 0) return false;
  return roi === undefined || roi[position] !== 0 || roi[axesOf(node).length + position] !== 1;
}

/** What the output's extents follow from. */
type Target = { readonly sizes: Shape } | { readonly scales: readonly number[] };

/** `undefined` where it is computed at run time. */
function targetOf(node: NodeContext): Target | undefined {
  const stated = statedScales(node);
  if (stated !== undefined) return { scales: stated };
  // Operator sets 9 and 10 have the scales second; later ones a region of interest, the scales, the sizes.
  const [scales, sizes] = node.inputs.length <= 2 ? [node.inputs[1]] : [node.inputs[2], node.inputs[3]];
  if (isGiven(sizes)) return sizes.elements === undefined ? undefined : { sizes: sizes.elements };
  if (!isGiven(scales)) return fail(attributeValue(node.loc, "scales", "left out", "scales or sizes"));
  const numbers = numbersOf(scales);
  return numbers === undefined ? undefined : { scales: numbers };
}

/** An empty tensor stands for an input that is left out. */
const isGiven = (input: InputValue | undefined): input is InputValue => input !== undefined && !input.shape.includes(0);

/** Attributes of Upsample in operator sets 1 and 7. */
function statedScales({ attributes }: NodeContext): readonly number[] | undefined {
  const [height, width] = [attributes.float("height_scale"), attributes.float("width_scale")];
  return height !== undefined && width !== undefined ? [1, 1, height, width] : attributes.floats("scales");
}

/** One axis: its extents, and the scale that positions are computed with. `from · scale` need not be `to`, which is rounded. */
interface ResizedAxis {
  readonly from: Extent;
  readonly to: Extent;
  readonly scale: Extent;
}

/** Axes that `sizes` or `scales` speak of. */
function axesOf(node: NodeContext): readonly number[] {
  const { shape } = inputOf(node, 0);
  const stated = node.attributes.ints("axes");
  return stated === undefined ? shape.map((_, axis) => axis) : normalizeAxes(node, stated, shape.length);
}

function resizedAxes(node: NodeContext, shape: Shape, target: Target): readonly ResizedAxis[] {
  const axes = axesOf(node);
  const values: Shape = "sizes" in target ? target.sizes : target.scales;
  checkLength(node, "sizes" in target ? "sizes" : "scales", values, axes.length);
  if (values.some((value) => typeof value === "number" && !(value > 0)))
    fail(attributeValue(node.loc, "sizes or scales", printShape(values), "positive numbers"));
  const policy = node.attributes.choice("keep_aspect_ratio_policy", "stretch", POLICIES);
  const common = "sizes" in target && policy !== "stretch" ? commonScale(shape, axes, target.sizes, policy) : undefined;
  return shape.map((from, axis): ResizedAxis => {
    const value = values[axes.indexOf(axis)];
    if (value === undefined) return { from, to: from, scale: 1 };
    if (common !== undefined) return { from, scale: common, to: derive([from, common], (n, s) => Math.round(n * s)) };
    if ("sizes" in target) return { from, scale: derive([value, from], (size, n) => size / n), to: value };
    // A scale such as 0.6 is stored as the nearest float: 0.6 · 5 must be 3, not 3.0000001.
    return { from, scale: value, to: derive([from, value], (n, s) => Math.floor(Math.fround(n * s))) };
  });
}

const POLICIES = ["stretch", "not_larger", "not_smaller"] as const;

/** One scale for all axes, so that nothing is distorted. */
function commonScale(shape: Shape, axes: readonly number[], sizes: Shape, policy: string): Extent {
  const ratios = axes.map((axis, i) => derive([sizes[i] ?? 1, shape[axis] ?? 1], (size, n) => size / n));
  const choose = policy === "not_larger" ? Math.min : Math.max;
  return deriveAll(ratios, (scales) => scales.reduce((a, b) => choose(a, b)));
}

/** How an output position turns into input positions. */
export interface Sampling {
  readonly mode: string;
  readonly coordinates: string;
  readonly rounding: string;
  /** The filter widens as the map shrinks. */
  readonly isAntialiased: boolean;
}

function samplingOf(node: NodeContext): Sampling {
  const { attributes, opType, opset } = node;
  const isPlain = opType === "Upsample" || opset < 11;
  return {
    mode: attributes.string("mode") ?? "nearest",
    coordinates: attributes.string("coordinate_transformation_mode") ?? (isPlain ? "asymmetric" : "half_pixel"),
    rounding: attributes.string("nearest_mode") ?? (isPlain ? "floor" : "round_prefer_floor"),
    isAntialiased: attributes.int("antialias") === 1,
  };
}

interface Resampling {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/**
 * Indices beyond `⌊out · from / to⌋` that the interpolation may read on either side: what positions drift away from that because the
 * output extent was rounded, what the coordinates are shifted by, and the support of the filter.
 */
export function resizeReach(sampling: Sampling, resampling: Resampling): number {
  const { mode, isAntialiased } = sampling;
  const drift = driftOf(resampling);
  if (mode === "nearest" && isExact(sampling, resampling.scale)) return drift;
  const support = mode === "nearest" || mode === "linear" ? 1 : 2;
  const widening = isAntialiased ? Math.max(1, Math.ceil(1 / resampling.scale)) : 1;
  return Math.ceil(shiftOf(sampling, resampling)) + drift + support * widening;
}

/** `out / scale` against `out · from / to`, farthest at the last output. Nothing where the extent was not rounded. */
function driftOf({ from, to, scale }: Resampling): number {
  if (to === from * scale || scale === to / from) return 0;
  return Math.ceil(Math.abs(from / to - 1 / scale) * to);
}

function shiftOf({ coordinates }: Sampling, { from, to, scale }: Resampling): number {
  if (coordinates === "asymmetric") return 0;
  if (coordinates === "tf_half_pixel_for_nn") return 0.5 / scale;
  return coordinates === "half_pixel" || coordinates === "pytorch_half_pixel"
    ? Math.abs(1 / scale - 1) / 2
    : Math.abs(from / to - 1);
}

/** Each index is repeated a whole number of times, and rounding hits the index that is repeated. */
function isExact({ coordinates, rounding }: Sampling, scale: number): boolean {
  if (coordinates === "asymmetric") return rounding === "floor";
  return coordinates === "half_pixel" && Number.isInteger(scale) && rounding.startsWith("round");
}
