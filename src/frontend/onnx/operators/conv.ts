/** Convolution over any number of spatial axes, grouped and depthwise included (DF §1.2). */
import type { Dim } from "../../../ir/axis-map.js";
import { shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import type { Loop } from "../../../ir/network.js";
import { channelLoops, groupCount } from "../channels.js";
import { contradicts, derive, elementCount, printShape, product, type Shape } from "../extent.js";
import { pointwise, SINGLE, spatialLoops, tapLoops } from "../feature-map.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  holdsWeights,
  inferredShape,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";
import { type Window, windowAttributes, windowMap, windowsOf } from "../window.js";
import { kernelOfWeights } from "../window-arguments.js";

const WEIGHTS = { input: 1, takesGraphInput: true };

export const conv: OperatorDefinition = {
  opTypes: ["Conv"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const weights = weightShape(node);
    const windows = windowsOf(node, shape.slice(2), kernelOfWeights(node));
    return [{ shape: [shape[0] ?? 1, weights[0] ?? 1, ...windows.map(({ out }) => out)] }];
  },
  lower: (node) => ({ layers: [convLayer(node)] }),
  macs: {
    weightOperands: [WEIGHTS],
    count: (node, outputs) => elementCount([...inferredShape(outputs), ...inputOf(node, 1).shape.slice(1)]),
  },
};

/** @throws DiagnosticError when input, weights and groups do not fit each other */
function weightShape(node: NodeContext): Shape {
  const [input, weights] = [inputOf(node, 0), inputOf(node, 1)];
  const groups = groupCount(node);
  if (input.shape.length < 3) fail(wrongRank(node.loc, input.name, input.shape.length, "at least 3: N C W"));
  if (weights.shape.length !== input.shape.length)
    fail(wrongRank(node.loc, weights.name, weights.shape.length, `${input.shape.length}, as the input has`));
  const [outputs = 1, perGroup = 1] = weights.shape;
  const channels = input.shape[1] ?? 1;
  if (
    contradicts(
      channels,
      derive([perGroup], (n) => n * groups),
    )
  )
    fail(
      shapeMismatch(
        node.loc,
        `the input has ${channels} channels, the weights ${printShape(weights.shape)} in ${groups} groups take ${Number(perGroup) * groups}`,
        "equal numbers",
      ),
    );
  if (typeof outputs === "number" && outputs % groups !== 0)
    fail(shapeMismatch(node.loc, `${outputs} output channels in ${groups} groups`, "a multiple of the groups"));
  return weights.shape;
}

function convLayer(node: LoweringContext): LayerSpec {
  const [batch = 1, , ...extents] = outputDims(node);
  const windows = windowsOf(node, dimsOf(node, 0).slice(2), kernelOfWeights(node));
  const groups = groupCount(node);
  const [outputs = 1, perGroup = 1] = dimsOf(node, 1);
  const channels = channelLoops(groups, outputs / groups, perGroup);
  const columns = spatialLoops(extents.length);
  const { nest, inputAxes, weightAxes } = tapsOf(windows);
  const rows: readonly Loop[] = extents.length === 1 ? [{ dim: "OY", size: 1 }] : [];
  const spatial = columns.map((dim, axis) => ({ dim, size: extents[axis] ?? 1 }));
  const loops = [{ dim: "B", size: batch }, ...channels.loops, ...rows, ...spatial, ...nest];
  const role = holdsWeights(inputOf(node, 1), WEIGHTS) ? "weight" : "input";
  return {
    kind: "conv",
    loops,
    operands: [
      output([pointwise("B"), channels.output, ...columns.map((dim) => pointwise(dim))]),
      { name: "W", role, axes: [...channels.weights, ...weightAxes], input: 1 },
      { name: "I", role: "input", axes: [pointwise("B"), channels.input, ...inputAxes], input: 0 },
    ],
    macs: product(loops.map(({ size }) => size)),
    attributes: { ...windowAttributes(windows), group: groups },
    parameters: node.inputs[2] === undefined ? [] : [{ role: "bias", input: 2 }],
  };
}

/** Loops over the taps, and how they and the output's loops index the spatial axes. */
function tapsOf(windows: readonly Window[]) {
  const columns = spatialLoops(windows.length);
  const taps = tapLoops(windows.length);
  if (windows.every(isSinglePoint))
    return { nest: [], inputAxes: columns.map((dim) => pointwise(dim)), weightAxes: taps.map(() => SINGLE) };
  return {
    nest: tapNest(windows, taps),
    inputAxes: windows.map((window, axis) => windowMap(window, columns[axis] ?? "", taps[axis] ?? "")),
    weightAxes: taps.map((tap) => pointwise(tap)),
  };
}

/** 1×1 without stride or padding: input and output are indexed alike, and there are no tap loops. */
const isSinglePoint = ({ kernel, stride, before, after }: Window): boolean =>
  kernel === 1 && stride === 1 && before === 0 && after === 0;

function tapNest(windows: readonly Window[], taps: readonly Dim[]): readonly Loop[] {
  const rows: readonly Loop[] = windows.length === 1 ? [{ dim: "FY", size: 1 }] : [];
  return [...rows, ...windows.map(({ kernel }, axis) => ({ dim: taps[axis] ?? "", size: kernel }))];
}
