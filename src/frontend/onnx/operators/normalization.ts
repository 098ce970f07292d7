/** Batch normalisation, which is element-wise at inference, and the local response normalisation across channels. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import { contradicts, printNumber, printShape } from "../extent.js";
import { mapAxes, pointwise } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";

const ROLES = ["scale", "bias", "mean", "variance"];

/** Further outputs are statistics for training. */
export const batchNormalization: OperatorDefinition = {
  opTypes: ["BatchNormalization"],
  infer(node) {
    const { name, shape } = inputOf(node, 0);
    if (shape.length < 2) fail(wrongRank(node.loc, name, shape.length, "at least 2: N C"));
    const statistics = inputOf(node, 1).shape;
    for (const [i, role] of ROLES.entries()) checkParameter(node, i + 1, role);
    return [{ shape }, ...Array.from({ length: node.outputCount - 1 }, () => ({ shape: statistics }))];
  },
  lower(node) {
    const dims = dimsOf(node, 0);
    const axes = mapAxes(dims.length);
    return {
      layers: [
        {
          ...mapLayer("elementwise", dims, axes, { epsilon: node.attributes.float("epsilon") ?? 1e-5 }),
          parameters: ROLES.map((role, i) => ({ role, input: i + 1 })),
        },
      ],
    };
  },
};

/** One value per channel; with `spatial = 0` (operator sets 1 to 8) one per element of a map. */
function checkParameter(node: NodeContext, index: number, role: string): void {
  const { shape } = inputOf(node, 0);
  const parameter = inputOf(node, index).shape;
  const isPerChannel = node.attributes.int("spatial") !== 0;
  if (isPerChannel && contradicts(parameter[0] ?? 1, shape[1] ?? 1))
    fail(
      shapeMismatch(
        node.loc,
        `the ${role} has shape ${printShape(parameter)}`,
        `${String(shape[1])} values, one per channel`,
      ),
    );
}

/** Reads the neighbouring channels of every element. */
export const localResponse: OperatorDefinition = {
  opTypes: ["LRN"],
  infer(node) {
    const size = node.attributes.int("size") ?? 1;
    if (size < 1) fail(attributeValue(node.loc, "size", printNumber(size), "a number from 1"));
    return [{ shape: inputOf(node, 0).shape }];
  },
  lower(node) {
    const dims = dimsOf(node, 0);
    const neighbours: AxisMap = { kind: "whole", loops: ["G"] };
    const axes =
      dims.length < 2 ? mapAxes(dims.length) : [pointwise("B"), neighbours, ...mapAxes(dims.length).slice(2)];
    return {
      layers: [mapLayer("reduction", dims, axes, node.attributes.plain())],
    };
  },
};
