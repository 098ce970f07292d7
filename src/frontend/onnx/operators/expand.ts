/** Repetition along axes of extent 1. */
import { shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import { shapeAtRunTime } from "../axes.js";
import { broadcast, derive, isKnown, printShape } from "../extent.js";
import { broadcastAxes } from "../feature-map.js";
import { elementAt, fill, smallTensor } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, fail, inputOf, type OperatorDefinition, outputDims } from "../operator.js";

export const expand: OperatorDefinition = {
  opTypes: ["Expand"],
  infer(node) {
    const input = inputOf(node, 0);
    const target = inputOf(node, 1).elements;
    if (target === undefined) {
      const [rank] = inputOf(node, 1).shape;
      return [
        shapeAtRunTime(
          node,
          "the shape",
          derive([rank ?? 1], (n) => Math.max(n, input.shape.length)),
        ),
      ];
    }
    const shape = broadcast([input.shape, target]);
    if (shape === undefined)
      return fail(
        shapeMismatch(
          node.loc,
          `${printShape(input.shape)} expanded to ${printShape(target)}`,
          "extents that are equal or 1",
        ),
      );
    const tensor = smallTensor(input);
    return [
      { shape, elements: tensor && isKnown(shape) ? fill(shape, (index) => elementAt(tensor, index)) : undefined },
    ];
  },
  lower(node) {
    const [from, to] = [dimsOf(node, 0), outputDims(node)];
    const repeated = from.some((extent, axis) => extent !== to[to.length - from.length + axis]);
    const isLonger = to.slice(0, to.length - from.length).some((extent) => extent !== 1);
    if (!repeated && !isLonger) return { view: 0 };
    return {
      layers: [mapLayer("movement", to, broadcastAxes(from, to))],
    };
  },
};
