/** Sums, means and extrema over whole axes. */
import type { AxisMap, Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";
import { computedAtRunTime, listArgument, normalizeAxes } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { type Extent, isKnown } from "../extent.js";
import { axisLoops, mapAxes, mapLoops, pointwise, SINGLE } from "../feature-map.js";
import { numbersOf } from "../fold.js";
import { wholeLayer } from "../opaque.js";
import { output } from "../operands.js";
import {
  dimsOf,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

/** Reductions that shape arithmetic uses, over all elements. */
const FOLDED: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ["ReduceMax", (a: number, b: number) => Math.max(a, b)],
  ["ReduceMin", (a: number, b: number) => Math.min(a, b)],
  ["ReduceProd", (a: number, b: number) => a * b],
  ["ReduceSum", (a: number, b: number) => a + b],
]);

const OTHERS = ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMean", "ReduceSumSquare"];
const POSITIONS = ["ArgMax", "ArgMin"];

export const reduce: OperatorDefinition = {
  opTypes: [...FOLDED.keys(), ...OTHERS, ...POSITIONS],
  infer(node) {
    const input = inputOf(node, 0);
    const axes = reducedAxes(node);
    if (axes === undefined) return [computedAtRunTime(node, "the list of axes")];
    const shape = keepsDims(node)
      ? input.shape.map((extent, axis): Extent => (axes.includes(axis) ? 1 : extent))
      : input.shape.filter((_, axis) => !axes.includes(axis));
    const type = POSITIONS.includes(node.opType) ? DATA_TYPE.int64 : input.type;
    return [{ shape, type, elements: isKnown(shape) && axes.length === input.shape.length ? total(node) : undefined }];
  },
  lower(node) {
    const axes = reducedAxes(node);
    // The shape is declared, but which axes are kept is decided at run time.
    if (axes === undefined) return { layers: [wholeLayer("reduction", node.inputs.slice(0, 1), outputDims(node))] };
    return axes.length === 0 ? { view: 0 } : { layers: [reductionLayer(node, axes)] };
  },
};

function total(node: NodeContext): readonly number[] | undefined {
  const numbers = numbersOf(node.inputs[0]);
  const fold = FOLDED.get(node.opType);
  return numbers === undefined || fold === undefined || numbers.length === 0 ? undefined : [numbers.reduce(fold)];
}

const keepsDims = ({ attributes }: NodeContext): boolean => attributes.int("keepdims") !== 0;

/** All axes where none is stated, unless that means none (`noop_with_empty_axes`). */
function reducedAxes(node: NodeContext): readonly number[] | undefined {
  const rank = inputOf(node, 0).shape.length;
  if (POSITIONS.includes(node.opType)) return normalizeAxes(node, [node.attributes.int("axis") ?? 0], rank);
  const stated = listArgument(node, "axes", 1);
  if (stated === "computed") return undefined;
  if (stated !== "absent" && stated.length > 0) return normalizeAxes(node, stated, rank);
  return node.attributes.int("noop_with_empty_axes") === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** Loop that runs along an axis which is reduced, by the loop that runs along it where it is kept. */
const REDUCTION_LOOPS: Readonly<Record<Dim, Dim>> = { G: "C", OX: "FX", OY: "FY", OZ: "FZ" };
const reductionLoop = (loop: Dim): Dim => REDUCTION_LOOPS[loop] ?? `C${loop}`;

/** Kept axes are named as in the output without the reduced ones, so that its columns run along `OX`. */
function reductionLayer(node: LoweringContext, reduced: readonly number[]): LayerSpec {
  const input = dimsOf(node, 0);
  const dims = outputDims(node);
  const loopsOfInput = axisLoops(input.length);
  const loopsOfOutput = axisLoops(dims.length);
  const isKept = keepsDims(node);
  let next = 0;
  const nest: Loop[] = [];
  const axes = input.map((size, axis): AxisMap => {
    const isReduced = reduced.includes(axis);
    const own = isReduced && !isKept ? "" : (loopsOfOutput[next++] ?? "");
    if (!isReduced) return pointwise(own);
    const loop = reductionLoop(loopsOfInput[axis] ?? "");
    nest.push({ dim: loop, size });
    return { kind: "whole", loops: [loop] };
  });
  const outputAxes = isKept
    ? mapAxes(dims.length).map((map, axis) => (reduced.includes(axis) ? SINGLE : map))
    : mapAxes(dims.length);
  return {
    kind: "reduction",
    loops: [...mapLoops(dims), ...nest],
    operands: [output(outputAxes), { name: "I", role: "input", axes, input: 0 }],
    attributes: { axes: reduced, keepdims: isKept ? 1 : 0 },
  };
}
