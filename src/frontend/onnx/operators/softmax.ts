/** Normalisation along an axis to a distribution. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { normalizeAxis } from "../axes.js";
import { axisLoops, mapAxes } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";

/** Up to operator set 12 the axis and all that follow it are normalised together. */
const FIRST_SINGLE_AXIS = 13;

export const softmax: OperatorDefinition = {
  opTypes: ["Hardmax", "LogSoftmax", "Softmax"],
  infer(node) {
    axisOf(node);
    return [{ shape: inputOf(node, 0).shape }];
  },
  lower(node) {
    const dims = dimsOf(node, 0);
    const loops = axisLoops(dims.length);
    const first = axisOf(node);
    const isNormalized = (axis: number) => axis === first || (node.opset < FIRST_SINGLE_AXIS && axis > first);
    const axes = mapAxes(dims.length).map(
      (map, axis): AxisMap => (isNormalized(axis) ? { kind: "whole", loops: [loops[axis] ?? ""] } : map),
    );
    return {
      layers: [mapLayer("reduction", dims, axes, { axis: first })],
    };
  },
};

function axisOf(node: NodeContext): number {
  const rank = inputOf(node, 0).shape.length;
  const axis = node.attributes.int("axis") ?? (node.opset < FIRST_SINGLE_AXIS ? Math.min(1, rank - 1) : -1);
  return normalizeAxis(node, axis, rank);
}
