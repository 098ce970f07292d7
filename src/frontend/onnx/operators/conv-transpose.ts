/** Transposed convolution: every input element is scattered over a window of the output (EM §1, transposed). */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch, wrongRank } from "../../../ir/diagnostics/onnx.js";
import { checkLength } from "../axes.js";
import { channelLoops, groupCount } from "../channels.js";
import { contradicts, derive, type Extent, isKnown, product, type Shape } from "../extent.js";
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
    count: (node) => derive([...inputOf(node, 0).shape, ...inputOf(node, 1).shape.slice(1)], (...n) => product(n)),
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

/** The window along one axis: `stride·index = out + before − dilation·tap`. */
interface ScatterWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: Extent;
  readonly after: Extent;
  readonly out: Extent;
}

function windowsOf(node: NodeContext): readonly ScatterWindow[] {
  const extents = inputOf(node, 0).shape.slice(2);
  const rank = extents.length;
  const kernel = kernelOf(node, rank);
  const list = (name: string, fallback: number, least: number, length = rank) => {
    const values = node.attributes.ints(name) ?? Array.from({ length }, () => fallback);
    checkLength(node, name, values, length);
    if (values.some((value) => value < least))
      fail(attributeValue(node.loc, name, `[${values.join(", ")}]`, `numbers from ${least}`));
    return values;
  };
  const [strides, dilations, extra] = [list("strides", 1, 1), list("dilations", 1, 1), list("output_padding", 0, 0)];
  const pads = list("pads", 0, 0, 2 * rank);
  const autoPad = node.attributes.choice("auto_pad", "NOTSET", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]);
  // Some exporters state batch and channels as well.
  const stated = node.attributes.ints("output_shape")?.slice(-rank);
  return extents.map((extent, axis) => {
    const [size, stride, dilation] = [kernel[axis] ?? 1, strides[axis] ?? 1, dilations[axis] ?? 1];
    const full = derive([extent], (n) => stride * (n - 1) + (extra[axis] ?? 0) + (size - 1) * dilation + 1);
    const isSame = autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER";
    const wanted = stated?.[axis] ?? (isSame ? derive([extent], (n) => n * stride) : undefined);
    const base = { kernel: size, stride, dilation };
    if (wanted === undefined) {
      const isExplicit = autoPad === "NOTSET";
      const [before, after] = isExplicit ? [pads[axis] ?? 0, pads[rank + axis] ?? 0] : [0, 0];
      return { ...base, before, after, out: derive([full], (n) => positive(node, n - before - after)) };
    }
    const total = derive([full, wanted], (n, out) => Math.max(0, n - out));
    const [less, more] = [derive([total], (n) => Math.floor(n / 2)), derive([total], (n) => Math.ceil(n / 2))];
    const [before, after] = autoPad === "SAME_UPPER" ? [less, more] : [more, less];
    return { ...base, before, after, out: wanted };
  });
}

function positive(node: NodeContext, extent: number): number {
  if (extent > 0) return extent;
  return fail(shapeMismatch(node.loc, `${extent} output elements are left by the padding`, "at least one"));
}

/** Window per spatial axis: the weights', which the attribute may repeat. */
function kernelOf(node: NodeContext, rank: number): readonly number[] {
  const extents = inputOf(node, 1).shape.slice(2);
  const stated = node.attributes.ints("kernel_shape");
  if (isKnown(extents)) {
    if (stated !== undefined && stated.join() !== extents.join())
      fail(
        attributeValue(
          node.loc,
          "kernel_shape",
          `[${stated.join(", ")}]`,
          `[${extents.join(", ")}], as the weights have`,
        ),
      );
    return extents;
  }
  if (stated === undefined) return fail(attributeValue(node.loc, "kernel_shape", "left out", "the window"));
  checkLength(node, "kernel_shape", stated, rank);
  return stated;
}

function scatterLayer(node: LoweringContext): LayerSpec {
  const [batch = 1, , ...extents] = outputDims(node);
  const [channels = 1, perGroup = 1] = dimsOf(node, 1);
  const groups = groupCount(node);
  const windows = windowsOf(node);
  const { loops, output: out, input, transposedWeights } = channelLoops(groups, perGroup, channels / groups);
  const [columns, taps] = [spatialLoops(windows.length), tapLoops(windows.length)];
  const isLine = windows.length === 1;
  const maps = windows.map(({ stride, dilation, before }, axis): AxisMap => {
    if (typeof before !== "number") throw new Error("lowered though the padding is not known");
    return { kind: "transposed", out: columns[axis] ?? "", tap: taps[axis] ?? "", stride, dilation, before };
  });
  const weights = inputOf(node, 1);
  return {
    kind: "conv",
    loops: [
      { dim: "B", size: batch },
      ...loops,
      ...(isLine ? [{ dim: "OY", size: 1 }] : []),
      ...columns.map((dim, axis) => ({ dim, size: extents[axis] ?? 1 })),
      ...(isLine ? [{ dim: "FY", size: 1 }] : []),
      ...windows.map(({ kernel }, axis) => ({ dim: taps[axis] ?? "", size: kernel })),
    ],
    operands: [
      output([pointwise("B"), out, ...columns.map((dim) => pointwise(dim))]),
      {
        name: "W",
        role: holdsWeights(weights, WEIGHTS) ? "weight" : "input",
        axes: [...transposedWeights, ...taps.map((tap) => pointwise(tap))],
        input: 1,
      },
      { name: "I", role: "input", axes: [pointwise("B"), input, ...maps], input: 0 },
    ],
    macs: product([...dimsOf(node, 0), ...dimsOf(node, 1).slice(1)]),
    attributes: {
      kernel_shape: windows.map(({ kernel }) => kernel),
      strides: windows.map(({ stride }) => stride),
      dilations: windows.map(({ dilation }) => dilation),
      pads: [...windows.map(({ before }) => before), ...windows.map(({ after }) => after)].map(Number),
      group: groups,
    },
    parameters: node.inputs[2] === undefined ? [] : [{ role: "bias", input: 2 }],
  };
}
