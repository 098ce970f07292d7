/** Transposed convolution: every input element is scattered over a window of the output (EM §1, transposed). */
import type { AxisMap, Dim } from "../../../ir/axis-map.js";
import { shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import type { Loop } from "../../../ir/network.js";
import { channelLoops, groupCount } from "../channels.js";
import { contradicts, derive, type Extent, elementCount, product, type Shape } from "../extent.js";
import { pointwise, spatialLoops, tapLoops } from "../feature-map.js";
import { output } from "../operands.js";
import {
  dimsOf,
  fail,
  holdsWeights,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";
import { type Window, windowAttributes } from "../window.js";
import { checkNumbers, kernelOfWeights, perAxis, windowArguments } from "../window-arguments.js";

const WEIGHTS = { input: 1, takesGraphInput: true };

export const convTranspose: OperatorDefinition = {
  opTypes: ["ConvTranspose"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const perGroup = checkedWeights(node)[1] ?? 1;
    const channels = derive([perGroup], (n) => n * groupCount(node));
    return [{ shape: [shape[0] ?? 1, channels, ...windowsOf(node).map(({ out }) => out)] }];
  },
  lower: (node) => ({ layers: [scatterLayer(node)] }),
  macs: {
    weightOperands: [WEIGHTS],
    /** Input elements × output channels per group × taps. */
    count: (node) => elementCount([...inputOf(node, 0).shape, ...inputOf(node, 1).shape.slice(1)]),
  },
};

/** Weights are `C M/group taps…`. @throws DiagnosticError when input, weights and groups do not fit each other */
function checkedWeights(node: NodeContext): Shape {
  const [input, weights] = [inputOf(node, 0), inputOf(node, 1)];
  if (input.shape.length < 3) fail(wrongRank(node.loc, input.name, input.shape.length, "at least 3: N C W"));
  if (weights.shape.length !== input.shape.length)
    fail(wrongRank(node.loc, weights.name, weights.shape.length, `${input.shape.length}, as the input has`));
  const [channels = 1, rows = 1] = [input.shape[1], weights.shape[0]];
  if (contradicts(channels, rows))
    fail(shapeMismatch(node.loc, `the input has ${channels} channels, the weights take ${rows}`, "equal numbers"));
  const groups = groupCount(node);
  if (typeof rows === "number" && rows % groups !== 0)
    fail(shapeMismatch(node.loc, `${rows} input channels in ${groups} groups`, "a multiple of the groups"));
  return weights.shape;
}

/** Windows along which `stride·index = out + before − dilation·tap`. */
function windowsOf(node: NodeContext): readonly Window[] {
  const extents = inputOf(node, 0).shape.slice(2);
  const rank = extents.length;
  const kernel = kernelOfWeights(node);
  checkNumbers(node, "kernel_shape", kernel, 1);
  const stated = windowArguments(node, rank);
  const extra = perAxis(node, "output_padding", rank, 0);
  // Some exporters state batch and channels as well.
  const sizes = node.attributes.ints("output_shape")?.slice(-rank);
  return extents.map((extent, axis) => {
    const [stride, dilation] = [stated.strides[axis] ?? 1, stated.dilations[axis] ?? 1];
    const base = { kernel: kernel[axis] ?? 1, stride, dilation };
    const reach = (base.kernel - 1) * dilation + 1;
    const full = derive([extent], (n) => stride * (n - 1) + (extra[axis] ?? 0) + reach);
    const isSame = stated.autoPad === "SAME_UPPER" || stated.autoPad === "SAME_LOWER";
    const wanted = sizes?.[axis] ?? (isSame ? derive([extent], (n) => n * stride) : undefined);
    if (wanted !== undefined) return { ...base, ...paddingFor(stated.autoPad, full, wanted), out: wanted };
    const isExplicit = stated.autoPad === "NOTSET";
    const [before, after] = isExplicit ? [stated.pads[axis] ?? 0, stated.pads[rank + axis] ?? 0] : [0, 0];
    return { ...base, before, after, out: derive([full], (n) => positive(node, n - before - after)) };
  });
}

/** What is cut off from the full extent so that the wanted one is left. */
function paddingFor(autoPad: string, full: Extent, wanted: Extent) {
  const total = derive([full, wanted], (n, out) => Math.max(0, n - out));
  const [less, more] = [derive([total], (n) => Math.floor(n / 2)), derive([total], (n) => Math.ceil(n / 2))];
  return autoPad === "SAME_UPPER" ? { before: less, after: more } : { before: more, after: less };
}

function positive(node: NodeContext, extent: number): number {
  if (extent > 0) return extent;
  return fail(shapeMismatch(node.loc, `${extent} output elements are left by the padding`, "at least one"));
}

function scatterLayer(node: LoweringContext): LayerSpec {
  const [batch = 1, , ...extents] = outputDims(node);
  const [channels = 1, perGroup = 1] = dimsOf(node, 1);
  const groups = groupCount(node);
  const windows = windowsOf(node);
  const { loops, output: out, input, transposedWeights } = channelLoops(groups, perGroup, channels / groups);
  const [columns, taps] = [spatialLoops(windows.length), tapLoops(windows.length)];
  const line = (dim: Dim): readonly Loop[] => (windows.length === 1 ? [{ dim, size: 1 }] : []);
  const positions = columns.map((dim, axis) => ({ dim, size: extents[axis] ?? 1 }));
  const nest = windows.map(({ kernel }, axis) => ({ dim: taps[axis] ?? "", size: kernel }));
  const role = holdsWeights(inputOf(node, 1), WEIGHTS) ? "weight" : "input";
  return {
    kind: "conv",
    loops: [{ dim: "B", size: batch }, ...loops, ...line("OY"), ...positions, ...line("FY"), ...nest],
    operands: [
      output([pointwise("B"), out, ...columns.map((dim) => pointwise(dim))]),
      { name: "W", role, axes: [...transposedWeights, ...taps.map((tap) => pointwise(tap))], input: 1 },
      { name: "I", role: "input", axes: [pointwise("B"), input, ...scatterMaps(windows)], input: 0 },
    ],
    macs: product([...dimsOf(node, 0), ...dimsOf(node, 1).slice(1)]),
    attributes: { ...windowAttributes(windows), group: groups },
    parameters: node.inputs[2] === undefined ? [] : [{ role: "bias", input: 2 }],
  };
}

const scatterMaps = (windows: readonly Window[]): readonly AxisMap[] =>
  windows.map(({ stride, dilation, before }, axis) => {
    if (typeof before !== "number") throw new Error("lowered though the padding is not known");
    const [out = "", tap = ""] = [spatialLoops(windows.length)[axis], tapLoops(windows.length)[axis]];
    return { kind: "transposed", out, tap, stride, dilation, before };
  });
