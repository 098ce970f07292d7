/** Transforms and losses that read whole axes: costed as reductions, not fused. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { computedAtRunTime, normalizeAxis } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { derive, type Extent, elementCount, product } from "../extent.js";
import { mapAxes, mapLoops } from "../feature-map.js";
import { numbersOf } from "../fold.js";
import { operandNames, output } from "../operands.js";
import {
  dimsOf,
  type Inferred,
  inputOf,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";
import { costedWhole } from "../recipe.js";
import { wholeAxes } from "../whole.js";
import { type Window, windowAttributes, windowsOf } from "../window.js";

/** One layer per output that needs all of every input. */
const reducing = (node: LoweringContext) => {
  const names = operandNames(node.inputs);
  return {
    layers: node.outputs.flatMap((dims, i) => {
      const operands = node.inputs.flatMap((input, position) => {
        if (input === undefined) return [];
        const role = input.isConstant ? ("weight" as const) : ("input" as const);
        const axes: readonly AxisMap[] = wholeAxes(dimsOf(node, position));
        return [{ name: names[position] ?? "", role, axes, input: position }];
      });
      return [
        {
          kind: "reduction" as const,
          output: i,
          loops: mapLoops(dims),
          operands: [output(mapAxes(dims.length)), ...operands],
          attributes: node.attributes.plain(),
        },
      ];
    }),
  };
};

const reduction = (
  opTypes: readonly string[],
  infer: (node: NodeContext) => readonly Inferred[],
): OperatorDefinition => ({
  opTypes,
  infer,
  lower: reducing,
});

/** A loss is a number, or one per element where it is not reduced. */
function loss(node: NodeContext): readonly Inferred[] {
  const labels = inputOf(node, 1).shape;
  const isReduced = (node.attributes.string("reduction") ?? "mean") !== "none";
  const { shape, type } = inputOf(node, 0);
  return [
    { shape: isReduced ? [] : labels, type },
    { shape, type },
  ];
}

/** Before operator set 20 the axis was an attribute. */
function fourier(node: NodeContext): readonly Inferred[] {
  const { shape } = inputOf(node, 0);
  const stated =
    node.inputs[2] === undefined
      ? (node.attributes.int("axis") ?? (node.opset < 20 ? 1 : -2))
      : numbersOf(node.inputs[2])?.[0];
  if (stated === undefined) return [computedAtRunTime(node, "the axis")];
  const axis = normalizeAxis(node, stated, shape.length);
  const isOneSided = node.attributes.int("onesided") === 1;
  const isInverse = node.attributes.int("inverse") === 1;
  const own = isOneSided && isInverse ? derive([shape[axis] ?? 1], (n) => 2 * (n - 1)) : shape[axis];
  const length = node.inputs[1] === undefined ? own : node.inputs[1].elements?.[0];
  if (length === undefined) return [computedAtRunTime(node, "the length")];
  const bins = isOneSided && !isInverse ? derive([length], (n) => Math.floor(n / 2) + 1) : length;
  return [{ shape: shape.with(axis, bins).with(shape.length - 1, isOneSided && isInverse ? 1 : 2) }];
}

function shortTimeFourier(node: NodeContext): readonly Inferred[] {
  const [batch = 1, samples = 1] = inputOf(node, 0).shape;
  const step = node.inputs[1]?.elements?.[0];
  const length = node.inputs[2]?.shape[0] ?? node.inputs[3]?.elements?.[0];
  if (step === undefined || length === undefined) return [computedAtRunTime(node, "the length of a frame")];
  const isOneSided = (node.attributes.int("onesided") ?? 1) === 1;
  const frames = derive([samples, length, step], (n, frame, hop) => Math.floor((n - frame) / hop) + 1);
  const bins = derive([length], (n) => (isOneSided ? Math.floor(n / 2) + 1 : n));
  return [{ shape: [batch, frames, bins, 2] }];
}

function window(node: NodeContext): readonly Inferred[] {
  const size = inputOf(node, 0).elements?.[0];
  if (size === undefined) return [computedAtRunTime(node, "the size")];
  return [{ shape: [size], type: node.attributes.int("output_datatype") ?? DATA_TYPE.float }];
}

function melWeights(node: NodeContext): readonly Inferred[] {
  const [bins, length] = [0, 1].map((i): Extent | undefined => inputOf(node, i).elements?.[0]);
  if (bins === undefined || length === undefined) return [computedAtRunTime(node, "the size")];
  return [
    {
      shape: [derive([length], (n) => Math.floor(n / 2) + 1), bins],
      type: node.attributes.int("output_datatype") ?? DATA_TYPE.float,
    },
  ];
}

/** The state of an optimiser: gradients and moments have the shape of what they belong to. */
function optimizer(node: NodeContext): readonly Inferred[] {
  const groups = node.opType === "Adam" ? 4 : 3;
  const count = Math.floor((node.inputs.length - 2) / groups);
  return Array.from({ length: node.outputCount }, (_, i) => ({
    shape: inputOf(node, 2 + (i % Math.max(1, count))).shape,
  }));
}

const matrices = (node: NodeContext): readonly Inferred[] => [{ shape: inputOf(node, 0).shape.slice(0, -2) }];

/** A convolution whose taps are displaced by offsets: it may read anything of the map. */
const deformableConvolution: OperatorDefinition = {
  opTypes: ["DeformConv"],
  infer(node) {
    const [input, weights] = [inputOf(node, 0).shape, inputOf(node, 1).shape];
    return [{ shape: [input[0] ?? 1, weights[0] ?? 1, ...displacedWindows(node).map(({ out }) => out)] }];
  },
  lower(node) {
    const dims = outputDims(node);
    const names = operandNames(node.inputs);
    const [, perGroup = 1, ...taps] = dimsOf(node, 1);
    const others = node.inputs.flatMap((input, i) => (input === undefined ? [] : [i]));
    return {
      layers: [
        {
          kind: "reduction",
          loops: [...mapLoops(dims), { dim: "C", size: perGroup }, { dim: "T", size: product(taps) }],
          operands: [
            output(mapAxes(dims.length)),
            ...others.map((i) => ({
              name: names[i] ?? "",
              role: inputOf(node, i).isConstant ? ("weight" as const) : ("input" as const),
              axes: wholeAxes(dimsOf(node, i)),
              input: i,
            })),
          ],
          macs: product([...dims, perGroup, ...taps]),
          attributes: windowAttributes(displacedWindows(node)),
        },
      ],
    };
  },
  macs: {
    weightOperands: [],
    isOther: true,
    count(node, [first]) {
      const shape = first !== undefined && "shape" in first ? first.shape : [];
      return elementCount([...shape, ...inputOf(node, 1).shape.slice(1)]);
    },
  },
};

function displacedWindows(node: NodeContext): readonly Window[] {
  const kernel = node.attributes.ints("kernel_shape") ?? inputOf(node, 1).shape.slice(2).map(Number);
  return windowsOf(node, inputOf(node, 0).shape.slice(2), kernel);
}

/** Outputs of the attention, and its state: what the keys and values so far add up to. */
function linearAttention(node: NodeContext): readonly Inferred[] {
  const [batch = 1, steps = 1] = inputOf(node, 0).shape;
  const heads = { q: node.attributes.int("q_num_heads") ?? 1, kv: node.attributes.int("kv_num_heads") ?? 1 };
  const [keys, values] = [1, 2].map((i) => derive([inputOf(node, i).shape[2] ?? 1], (n) => Math.floor(n / heads.kv)));
  return [
    { shape: [batch, steps, elementCount([values ?? 1, heads.q])] },
    { shape: [batch, heads.kv, keys ?? 1, values ?? 1] },
  ];
}

/** Sets, lists and optional values have no shape: what is taken from them is known where it is declared. */
const collections: OperatorDefinition = {
  opTypes: [
    ["ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt", "SequenceConstruct"],
    ["SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence"],
  ].flat(),
  infer: (node) =>
    Array.from({ length: node.outputCount }, () => ({ reason: `'${node.opType}' makes or reads a list of tensors` })),
  ...costedWhole(),
};

export const wholeTransforms: readonly OperatorDefinition[] = [
  reduction(["SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"], loss),
  reduction(["DFT"], fourier),
  { ...reduction(["LinearAttention"], linearAttention), domains: ["", "com.microsoft"] },
  reduction(["STFT"], shortTimeFourier),
  reduction(["HannWindow", "HammingWindow", "BlackmanWindow"], window),
  reduction(["MelWeightMatrix"], melWeights),
  reduction(["Det"], matrices),
  { ...reduction(["Adagrad", "Adam", "Momentum"], optimizer), domains: ["", "ai.onnx.preview.training"] },
  deformableConvolution,
  collections,
];
