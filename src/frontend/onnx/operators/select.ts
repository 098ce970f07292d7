/** Operators that order or add up along an axis and keep it: `TopK`, `CumSum`. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { extentAtRunTime, normalizeAxis } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { printNumber } from "../extent.js";
import { axisLoops, mapAxes, mapLoops } from "../feature-map.js";
import { numbersOf } from "../fold.js";
import { output } from "../operands.js";
import {
  fail,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

export const topK: OperatorDefinition = {
  opTypes: ["TopK"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const axis = normalizeAxis(node, node.attributes.int("axis") ?? -1, shape.length);
    const k =
      node.attributes.int("k") ?? inputOf(node, 1).elements?.[0] ?? extentAtRunTime(node, "the number of elements");
    if (typeof k === "number" && k < 0) fail(attributeValue(node.loc, "k", printNumber(k), "a number from 0"));
    const result = shape.with(axis, k);
    return [{ shape: result }, { shape: result, type: DATA_TYPE.int64 }];
  },
  lower: (node) => ({
    layers: [alongAxis(node, normalizeAxis(node, node.attributes.int("axis") ?? -1, outputDims(node).length))],
  }),
};

export const cumSum: OperatorDefinition = {
  opTypes: ["CumSum", "CumProd"],
  infer(node) {
    cumulativeAxis(node);
    return [{ shape: inputOf(node, 0).shape }];
  },
  lower: (node) => ({ layers: [alongAxis(node, cumulativeAxis(node))] }),
};

/** `undefined` where it is computed at run time: it may then be any. */
function cumulativeAxis(node: NodeContext): number | undefined {
  const axis = numbersOf(inputOf(node, 1))?.[0];
  return axis === undefined ? undefined : normalizeAxis(node, axis, inputOf(node, 0).shape.length);
}

function alongAxis(node: LoweringContext, along: number | undefined): LayerSpec {
  const dims = outputDims(node);
  const loops = axisLoops(dims.length);
  const axes = mapAxes(dims.length).map(
    (map, axis): AxisMap =>
      along === undefined || axis === along ? { kind: "whole", loops: [loops[axis] ?? ""] } : map,
  );
  return {
    kind: "reduction",
    loops: mapLoops(dims),
    operands: [output(mapAxes(dims.length)), { name: "I", role: "input", axes, input: 0 }],
    attributes: node.attributes.plain(),
  };
}
