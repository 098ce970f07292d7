/** Axes in another order. */
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { isKnown, printShape } from "../extent.js";
import { axisLoops, pointwise } from "../feature-map.js";
import { elementAt, fill, smallTensor } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";

export const transpose: OperatorDefinition = {
  opTypes: ["Transpose"],
  infer(node) {
    const input = inputOf(node, 0);
    const permutation = permutationOf(node);
    const shape = permutation.map((axis) => input.shape[axis] ?? 1);
    const tensor = smallTensor(input);
    if (tensor === undefined || !isKnown(shape)) return [{ shape }];
    return [{ shape, elements: fill(shape, (index) => elementAt(tensor, inverse(permutation, index))) }];
  },
  /** Axes of extent 1 may move freely: the elements stay in their order. */
  lower(node) {
    const dims = dimsOf(node, 0);
    const permutation = permutationOf(node);
    const moved = permutation.filter((axis) => dims[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0))) return { view: 0 };
    const result = outputDims(node);
    const loops = axisLoops(result.length);
    const axes = inverse(permutation, loops).map((loop) => pointwise(loop));
    return {
      layers: [mapLayer("movement", result, axes, { perm: permutation })],
    };
  },
};

/** Entry `permutation[i]` of the result is entry `i` of the list. */
function inverse<T>(permutation: readonly number[], list: readonly T[]): readonly T[] {
  const result = [...list];
  for (const [i, axis] of permutation.entries()) {
    const entry = list[i];
    if (entry !== undefined) result[axis] = entry;
  }
  return result;
}

/** The reverse order where none is stated. */
function permutationOf(node: NodeContext): readonly number[] {
  const rank = inputOf(node, 0).shape.length;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const stated = node.attributes.ints("perm");
  if (stated === undefined) return axes.toReversed();
  if (stated.length !== rank || axes.some((axis) => !stated.includes(axis)))
    fail(attributeValue(node.loc, "perm", printShape(stated), `an order of the axes 0 to ${rank - 1}`));
  return stated;
}
