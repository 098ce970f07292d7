/** Poolings: a reduction over a sliding window, or over the whole map (DF §1.2). */
import type { AxisMap, Dim } from "../../../ir/axis-map.js";
import { attributeValue, wrongRank } from "../../../ir/diagnostics/onnx.js";
import type { Attributes, Loop } from "../../../ir/network.js";
import { checkLength } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { mapAxes, mapLoops, pointwise, spatialLoops, tapLoops } from "../feature-map.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";
import { type Window, windowAttributes, windowMap, windowsOf } from "../window.js";

export const pool: OperatorDefinition = {
  opTypes: ["AveragePool", "LpPool", "MaxPool"],
  infer(node) {
    const { shape } = spatialInput(node);
    const power = node.opType === "LpPool" ? (node.attributes.float("p") ?? 2) : 1;
    if (!(power > 0)) fail(attributeValue(node.loc, "p", String(power), "a number above 0"));
    const windows = windowsOf(node, shape.slice(2), kernelOf(node));
    const result = { shape: [...shape.slice(0, 2), ...windows.map(({ out }) => out)] };
    return [result, { ...result, type: DATA_TYPE.int64 }];
  },
  lower(node) {
    const windows = windowsOf(node, dimsOf(node, 0).slice(2), kernelOf(node));
    const attributes = { ...node.attributes.plain(), ...windowAttributes(windows) };
    return { layers: [poolLayer(node, windows, attributes)] };
  },
};

export const globalPool: OperatorDefinition = {
  opTypes: ["GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"],
  infer(node) {
    const { shape } = spatialInput(node);
    return [{ shape: shape.map((extent, axis) => (axis < 2 ? extent : 1)) }];
  },
  lower(node) {
    const extents = dimsOf(node, 0).slice(2);
    const windows = extents.map((kernel): Window => ({ kernel, stride: 1, dilation: 1, before: 0, after: 0, out: 1 }));
    return { layers: [poolLayer(node, windows, node.attributes.plain())] };
  },
};

function spatialInput(node: NodeContext) {
  const input = inputOf(node, 0);
  if (input.shape.length < 3) fail(wrongRank(node.loc, input.name, input.shape.length, "at least 3: N C W"));
  return input;
}

function kernelOf(node: NodeContext): readonly number[] {
  const kernel = node.attributes.ints("kernel_shape");
  if (kernel === undefined) return fail(attributeValue(node.loc, "kernel_shape", "left out", "the window"));
  checkLength(node, "kernel_shape", kernel, inputOf(node, 0).shape.length - 2);
  return kernel;
}

function poolLayer(node: LoweringContext, windows: readonly Window[], attributes: Attributes): LayerSpec {
  const dims = outputDims(node);
  const columns = spatialLoops(windows.length);
  const taps = tapLoops(windows.length);
  const tapSizes = new Map<Dim, number>(windows.map(({ kernel }, axis) => [taps[axis] ?? "", kernel]));
  const nest: readonly Loop[] = [...new Set(["FX", "FY", ...taps.toReversed()])].map((dim) => ({
    dim,
    size: tapSizes.get(dim) ?? 1,
  }));
  const input: readonly AxisMap[] = windows.map((window, axis) =>
    windowMap(window, columns[axis] ?? "", taps[axis] ?? ""),
  );
  return {
    kind: "pool",
    loops: [...mapLoops(dims), ...nest],
    operands: [
      output(mapAxes(dims.length)),
      { name: "W", role: "weight", axes: taps.toReversed().map((tap) => pointwise(tap)) },
      { name: "I", role: "input", axes: [pointwise("B"), pointwise("G"), ...input], input: 0 },
    ],
    attributes,
  };
}
