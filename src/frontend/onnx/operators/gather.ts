/** Indices picked along one axis. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { operandValue } from "../../../ir/diagnostics/onnx.js";
import { normalizeAxis } from "../axes.js";
import { type Extent, isKnown, printNumber } from "../extent.js";
import { axisLoops, mapAxes, mapLoops, pointwise } from "../feature-map.js";
import { elementAt, fill, numbersOf, smallTensor } from "../fold.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  inputOf,
  type LoweringContext,
  type NodeContext,
  type OperandSpec,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

export const gather: OperatorDefinition = {
  opTypes: ["Gather"],
  infer(node) {
    const [input, indices] = [inputOf(node, 0), inputOf(node, 1)];
    const axis = axisOf(node);
    const shape = [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)];
    checkIndices(node, input.shape[axis] ?? 1);
    const [tensor, picked] = [smallTensor(input), smallTensor(indices)];
    if (tensor === undefined || picked === undefined || !isKnown(shape)) return [{ shape }];
    const end = axis + picked.dims.length;
    const elements = fill(shape, (index) => {
      const pick = elementAt(picked, index.slice(axis, end));
      if (typeof pick !== "number") return undefined;
      const position = pick < 0 ? pick + (tensor.dims[axis] ?? 0) : pick;
      return elementAt(tensor, [...index.slice(0, axis), position, ...index.slice(end)]);
    });
    return [{ shape, elements }];
  },
  lower(node) {
    const dims = outputDims(node);
    const isTable = inputOf(node, 0).isConstant;
    const data: OperandSpec = {
      name: isTable ? "W" : "I",
      role: isTable ? "weight" : "input",
      axes: dataAxes(node, dims.length),
      input: 0,
    };
    const loops = [...mapLoops(dims), ...(scalarIndex(node) === undefined ? [] : [{ dim: PICKED, size: 1 }])];
    const operands = [output(mapAxes(dims.length)), data, ...indexOperand(node, dims.length)];
    return { layers: [{ kind: "movement", loops, operands, attributes: { axis: axisOf(node) } }] };
  },
};

const axisOf = (node: NodeContext): number =>
  normalizeAxis(node, node.attributes.int("axis") ?? 0, inputOf(node, 0).shape.length);

function checkIndices(node: NodeContext, extent: Extent): void {
  if (typeof extent !== "number") return;
  const wrong = inputOf(node, 1).elements?.find(
    (index) => typeof index === "number" && (index >= extent || index < -extent),
  );
  if (wrong !== undefined)
    fail(
      operandValue(
        node.loc,
        "an index",
        printNumber(Number(wrong)),
        `-${extent} to ${extent - 1}, as the axis has ${extent} elements`,
      ),
    );
}

/** Loop along an axis of which one index is picked: the output has no such axis. */
const PICKED = "S";

/** The constant index of an axis that falls away. */
function scalarIndex(node: NodeContext): number | undefined {
  const indices = inputOf(node, 1);
  return indices.shape.length === 0 ? numbersOf(indices)?.[0] : undefined;
}

/** Evenly spaced constant indices are a slice; of any others the whole axis may be needed. */
function dataAxes(node: LoweringContext, rank: number): readonly AxisMap[] {
  const loops = axisLoops(rank);
  const axis = axisOf(node);
  const extents = dimsOf(node, 0);
  const indexRank = inputOf(node, 1).shape.length;
  const picked = loops.slice(axis, axis + indexRank);
  const [out] = picked;
  const index = scalarIndex(node);
  const even = indexRank === 1 && out !== undefined ? evenly(numbersOf(node.inputs[1]), extents[axis] ?? 1) : undefined;
  return extents.map((_, i): AxisMap => {
    if (i < axis) return pointwise(loops[i] ?? "");
    if (i > axis) return pointwise(loops[i + indexRank - 1] ?? "");
    if (index !== undefined)
      return { kind: "slice", out: PICKED, offset: index < 0 ? index + (extents[i] ?? 0) : index, step: 1 };
    return even !== undefined && out !== undefined ? { kind: "slice", out, ...even } : { kind: "whole", loops: picked };
  });
}

function evenly(indices: readonly number[] | undefined, extent: number) {
  const [first, second] = (indices ?? []).map((index) => (index < 0 ? index + extent : index));
  if (indices === undefined || first === undefined) return undefined;
  const step = second === undefined ? 1 : second - first;
  const isEven = indices.every((index, i) => (index < 0 ? index + extent : index) === first + i * step);
  return isEven && step !== 0 ? { offset: first, step } : undefined;
}

/** Constant indices are part of the program; others are read. */
function indexOperand(node: LoweringContext, rank: number): readonly OperandSpec[] {
  const indices = inputOf(node, 1);
  if (indices.isConstant) return [];
  const axis = axisOf(node);
  const loops = axisLoops(rank).slice(axis, axis + indices.shape.length);
  const name = inputOf(node, 0).isConstant ? "I" : "I2";
  return [{ name, role: "input", axes: loops.map((loop) => pointwise(loop)), input: 1 }];
}
