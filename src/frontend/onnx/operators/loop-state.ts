/** What flows into, through and out of the body of a loop: operators that no file contains, only expansions do. */
import { computedAtRunTime, extentAtRunTime, normalizeAxis } from "../axes.js";
import { INTERNAL } from "../expansion.js";
import { isSame } from "../extent.js";
import { mapAxes, REPEAT } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";

/** A value that each iteration sees anew: its elements are not those of the first one. */
export const loopCarry: OperatorDefinition = {
  opTypes: ["Carry"],
  domains: [INTERNAL],
  isVariable: true,
  infer: (node) => [{ shape: inputOf(node, 0).shape }],
  lower: () => ({ view: 0 }),
};

/** What a loop leaves of a value that the body computed from `inputs[1]`. */
export const loopResult: OperatorDefinition = {
  opTypes: ["Result"],
  domains: [INTERNAL],
  isVariable: true,
  infer(node) {
    const [last, first] = [inputOf(node, 0).shape, inputOf(node, 1).shape];
    const isKept = last.length === first.length && last.every((extent, axis) => isSame(extent, first[axis] ?? 0));
    return isKept || node.attributes.int("times") === 1 ? [{ shape: last }] : [computedAtRunTime(node, "the shape")];
  },
  lower: () => ({ view: 0 }),
};

/** What every iteration leaves, side by side along a new axis. */
export const loopStack: OperatorDefinition = {
  opTypes: ["Stack"],
  domains: [INTERNAL],
  isVariable: true,
  infer(node) {
    const { shape } = inputOf(node, 0);
    const times = node.attributes.int("times");
    const length = times ?? extentAtRunTime(node, "the number of iterations");
    return [{ shape: shape.toSpliced(stackedAxis(node, shape.length + 1), 0, length) }];
  },
  lower(node) {
    const dims = outputDims(node);
    const axes = mapAxes(dims.length).toSpliced(stackedAxis(node, dims.length), 1);
    return { layers: [{ ...mapLayer("movement", dims, axes), isOnce: true }] };
  },
};

/** One index of an axis, another one in every iteration. */
export const loopSlice: OperatorDefinition = {
  opTypes: ["ScanSlice"],
  domains: [INTERNAL],
  isVariable: true,
  infer(node) {
    const { shape } = inputOf(node, 0);
    return [{ shape: shape.toSpliced(stackedAxis(node, shape.length), 1) }];
  },
  lower(node) {
    const dims = outputDims(node);
    const axis = stackedAxis(node, dimsOf(node, 0).length);
    // Which index an iteration takes is not part of the map: any of the axis.
    const isRepeated = (node.attributes.int("times") ?? 1) > 1;
    const axes = mapAxes(dims.length).toSpliced(axis, 0, { kind: "whole", loops: isRepeated ? [REPEAT] : [] });
    return { layers: [mapLayer("movement", dims, axes)] };
  },
};

const stackedAxis = (node: NodeContext, rank: number): number =>
  normalizeAxis(node, node.attributes.int("axis") ?? 0, rank);
