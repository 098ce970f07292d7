/** Resampling of a map to other extents: `Resize` and `Upsample` (EM §1, resize). */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { checkLength, computedAtRunTime, normalizeAxes } from "../axes.js";
import { derive, type Extent, type Shape } from "../extent.js";
import { axisLoops, mapAxes, mapLoops } from "../feature-map.js";
import { numbersOf } from "../fold.js";
import { wholeLayer } from "../opaque.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  type InputValue,
  inputOf,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

export const resize: OperatorDefinition = {
  opTypes: ["Resize", "Upsample"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const target = targetOf(node);
    if (target === undefined) return [computedAtRunTime(node, "the size")];
    return [{ shape: resizedShape(node, shape, target) }];
  },
  lower(node) {
    const [from, to] = [dimsOf(node, 0), outputDims(node)];
    // The shape is declared, but the scales are computed at run time.
    if (targetOf(node) === undefined && from.length === to.length)
      return { layers: [wholeLayer("movement", node.inputs.slice(0, 1), to)] };
    const loops = axisLoops(to.length);
    const sampling = samplingOf(node);
    if (from.every((extent, axis) => extent === to[axis])) return { view: 0 };
    const axes = mapAxes(to.length).map((map, axis): AxisMap => {
      const extents = { from: from[axis] ?? 1, to: to[axis] ?? 1 };
      if (extents.from === extents.to) return map;
      const out = loops[axis] ?? "";
      // A region of interest may lie anywhere in the input.
      if (sampling.coordinates === "tf_crop_and_resize") return { kind: "whole", loops: [out] };
      return { kind: "resize", out, ...extents, reach: resizeReach(sampling, extents) };
    });
    return {
      layers: [
        {
          kind: "movement",
          loops: mapLoops(to),
          operands: [output(mapAxes(to.length)), { name: "I", role: "input", axes, input: 0 }],
          attributes: node.attributes.plain(),
        },
      ],
    };
  },
};

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

function resizedShape(node: NodeContext, shape: Shape, target: Target): Shape {
  const stated = node.attributes.ints("axes");
  const axes = stated === undefined ? shape.map((_, axis) => axis) : normalizeAxes(node, stated, shape.length);
  const values: Shape = "sizes" in target ? target.sizes : target.scales;
  checkLength(node, "sizes" in target ? "sizes" : "scales", values, axes.length);
  if (values.some((value) => typeof value === "number" && value <= 0))
    fail(attributeValue(node.loc, "sizes or scales", `[${values.join(", ")}]`, "positive numbers"));
  const policy = node.attributes.choice("keep_aspect_ratio_policy", "stretch", [
    "stretch",
    "not_larger",
    "not_smaller",
  ]);
  const scale = "sizes" in target && policy !== "stretch" ? commonScale(shape, axes, target.sizes, policy) : undefined;
  return shape.map((extent, axis): Extent => {
    const position = axes.indexOf(axis);
    const value = values[position];
    if (value === undefined) return extent;
    if (scale !== undefined) return derive([extent, scale], (n, s) => Math.round(n * s));
    if ("sizes" in target) return value;
    // A scale such as 0.6 is stored as the nearest float: 0.6 · 5 must be 3, not 3.0000001.
    return derive([extent, value], (n, s) => Math.floor(Math.fround(n * s)));
  });
}

/** One scale for all axes, so that nothing is distorted. */
function commonScale(shape: Shape, axes: readonly number[], sizes: Shape, policy: string): Extent {
  const pairs = axes.map((axis, i) => derive([sizes[i] ?? 1, shape[axis] ?? 1], (size, n) => size / n));
  return derive(pairs, (...scales) => (policy === "not_larger" ? Math.min(...scales) : Math.max(...scales)));
}

/** How an output position turns into input positions. */
export interface Sampling {
  readonly mode: string;
  readonly coordinates: string;
  readonly rounding: string;
  /** The filter widens as the map shrinks. */
  readonly isAntialiased: boolean;
  /** Scales are stated as such: they differ from the ratio of the extents where that was rounded. */
  readonly hasScales: boolean;
}

function samplingOf(node: NodeContext): Sampling {
  const { attributes, opType, opset } = node;
  const isPlain = opType === "Upsample" || opset < 11;
  return {
    mode: attributes.string("mode") ?? "nearest",
    coordinates: attributes.string("coordinate_transformation_mode") ?? (isPlain ? "asymmetric" : "half_pixel"),
    rounding: attributes.string("nearest_mode") ?? (isPlain ? "floor" : "round_prefer_floor"),
    isAntialiased: attributes.int("antialias") === 1,
    hasScales: "scales" in (targetOf(node) ?? {}),
  };
}

/**
 * Indices beyond `⌊out · from / to⌋` that the interpolation may read on either side: what the coordinates are shifted by, what
 * rounding of the output extent adds to that, and the support of the filter.
 */
export function resizeReach(sampling: Sampling, { from, to }: { readonly from: number; readonly to: number }): number {
  const { mode, coordinates, isAntialiased, hasScales } = sampling;
  const ratio = from / to;
  const isWhole = Number.isInteger(ratio) || Number.isInteger(1 / ratio);
  const slack = hasScales && !isWhole ? Math.max(1, Math.ceil(ratio)) : 0;
  if (mode === "nearest" && isExact(sampling, to / from)) return slack;
  const difference = Math.abs(ratio - 1);
  const shift = coordinates === "asymmetric" ? 0 : coordinates === "align_corners" ? difference : difference / 2;
  const support = mode === "nearest" || mode === "linear" ? 1 : 2;
  return Math.ceil(shift) + slack + support * (isAntialiased ? Math.max(1, Math.ceil(ratio)) : 1);
}

/** Each index is repeated a whole number of times, and rounding hits the index that is repeated. */
function isExact({ coordinates, rounding }: Sampling, scale: number): boolean {
  if (coordinates === "asymmetric") return rounding === "floor";
  return coordinates === "half_pixel" && Number.isInteger(scale) && rounding.startsWith("round");
}
