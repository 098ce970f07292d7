/** Operators that ONNX Runtime adds beside its fused ones: those of ONNX with other operands, and some of which only shapes are known. */
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { computedAtRunTime } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { derive, type Extent, elementCount, type Shape } from "../extent.js";
import { numbersOf } from "../fold.js";
import { wholeLayer } from "../opaque.js";
import { fail, type Inferred, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";
import { composite, costedWhole, recipe } from "../recipe.js";
import { variantOf } from "../variant.js";
import { range } from "./constant.js";
import { elementwiseNary } from "./elementwise-nary.js";
import { gather } from "./gather.js";
import { identity } from "./identity.js";
import { movements } from "./movement.js";
import { pad } from "./pad.js";
import { at } from "./quantised.js";
import { unsqueeze } from "./squeeze.js";
import { wholeNormalization } from "./whole-normalization.js";

const MICROSOFT = ["com.microsoft"];

type Infer = (node: NodeContext) => readonly Inferred[];

/** Every output needs all of every input, and something is computed. */
const computing = (opTypes: readonly string[], infer: Infer, domains = MICROSOFT): OperatorDefinition => ({
  opTypes,
  domains,
  infer,
  lower: (node) => ({
    layers: node.outputs.map((dims, i) => ({
      ...wholeLayer("reduction", node.inputs, dims, i),
      attributes: node.attributes.plain(),
    })),
  }),
});

/** What the node computes is not told: its shapes are known, so that what follows is. */
const untold = (opTypes: readonly string[], infer: Infer): OperatorDefinition => ({
  opTypes,
  domains: MICROSOFT,
  infer,
  ...costedWhole(),
});

const like =
  (input: number): Infer =>
  (node) => [{ shape: inputOf(node, input).shape }];

const scalar =
  (type: number): Infer =>
  () => [{ shape: [], type }];

const borrowed = (opType: string, base: OperatorDefinition, inputs: readonly number[]): OperatorDefinition =>
  variantOf({ opTypes: [opType], domains: MICROSOFT, base, baseType: opType, operands: at(...inputs) });

const movement = (opType: string): OperatorDefinition => {
  const found = movements.find(({ opTypes }) => opTypes.includes(opType));
  if (found === undefined) throw new Error(`'${opType}' is no movement`);
  return found;
};

/** Groups of channels, which stand last, with an addition before it in the skipping form. */
const groupNormalization: OperatorDefinition = computing(["GroupNorm"], (node) => {
  if (node.attributes.int("groups") === undefined) fail(attributeValue(node.loc, "groups", "left out", "a number"));
  return like(0)(node);
});

const skipGroupNormalization = composite(["SkipGroupNorm"], MICROSOFT, (node) => {
  const steps = recipe(node);
  const inputs = [3, 4].filter((i) => node.inputs[i] !== undefined);
  const sum = inputs.reduce(
    (from, input) => steps.add(`sum-${input}`, "Add", [from, steps.input(input)]),
    steps.input(0),
  );
  const parameters = [steps.input(1), steps.input(2)];
  const norm = steps.add("normalized", "GroupNorm", [sum, ...parameters], node.attributes.all(), "com.microsoft");
  return steps.finish([norm, sum]);
});

/** Halves of the last axis: one gates the other. */
const splitGelu: Infer = (node) => {
  const { shape } = inputOf(node, 0);
  return [
    {
      shape: shape.with(
        -1,
        derive([shape.at(-1) ?? 1], (n) => Math.floor(n / 2)),
      ),
    },
  ];
};

/** A recurrent cell whose weights are transposed and quantised. */
const quantisedCell = composite(["DynamicQuantizeLSTM"], MICROSOFT, (node) => {
  const steps = recipe(node);
  const [w, r] = [1, 2].map((i) => steps.add(`weights-${i}`, "Transpose", [steps.input(i)], { perm: [0, 2, 1] }));
  const inputs = [steps.input(0), w ?? "", r ?? "", ...[3, 4, 5, 6, 7].map((i) => steps.input(i))];
  const outputs = ["y", "last", "last cell"].slice(0, node.outputCount);
  steps.several("LSTM", inputs, outputs, node.attributes.all());
  return steps.finish(outputs);
});

/** Positions of queries against those of keys, per head. */
const positionBias: Infer = (node) => {
  const [rows, columns] = [1, 2].map((i): Extent | undefined => inputOf(node, i).elements?.[0]);
  if (rows === undefined || columns === undefined) return [computedAtRunTime(node, "the length")];
  return [{ shape: [1, inputOf(node, 0).shape[1] ?? 1, rows, columns] }];
};

const distances = composite(["CDist"], MICROSOFT, (node) => {
  const steps = recipe(node);
  return steps.finish([steps.add("products", "Einsum", [steps.input(0), steps.input(1)], { equation: "ik,jk->ij" })]);
});

function croppedBoxes(node: NodeContext): readonly Inferred[] {
  const size = inputOf(node, 3).elements;
  if (size === undefined) return [computedAtRunTime(node, "the size of a crop")];
  return [{ shape: [inputOf(node, 1).shape[0] ?? 1, inputOf(node, 0).shape[1] ?? 1, ...size.slice(0, 2)] }];
}

/** Packed elements: as many per byte as `bits` says. */
const blockGather: Infer = (node) => {
  const [data, indices] = [inputOf(node, 0), inputOf(node, 1)];
  const axis = node.attributes.int("gather_axis") ?? 0;
  const perByte = data.type === DATA_TYPE.uint8 ? Math.floor(8 / (node.attributes.int("bits") ?? 4)) : 1;
  const shape = data.shape.with(-1, elementCount([data.shape.at(-1) ?? 1, perByte]));
  return [
    { shape: [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)], type: inputOf(node, 2).type },
  ];
};

/** Sequences per beam up to the largest length. Which steps run is decided at run time. */
const searched =
  (lengthInput: number, returnedInput?: number): Infer =>
  (node) => {
    const length = numbersOf(node.inputs[lengthInput])?.[0];
    const returned = returnedInput === undefined ? [] : numbersOf(node.inputs[returnedInput]);
    if (length === undefined || returned === undefined) return [computedAtRunTime(node, "the length of a sequence")];
    const shape: Shape = [inputOf(node, 0).shape[0] ?? 1, ...returned, length];
    return [{ shape, type: DATA_TYPE.int32 }];
  };

/** A spectrum has two numbers per element; the last axis of a one-sided one has about half of the elements. */
const spectrum =
  (isInverse: boolean): Infer =>
  (node) => {
    const { shape } = inputOf(node, 0);
    const isOneSided = (node.attributes.int("onesided") ?? 0) === 1;
    if (isInverse) {
      const bins = shape.at(-2) ?? 1;
      return [{ shape: [...shape.slice(0, -2), isOneSided ? derive([bins], (n) => 2 * (n - 1)) : bins] }];
    }
    const own = shape.at(-1) ?? 1;
    return [{ shape: [...shape.slice(0, -1), isOneSided ? derive([own], (n) => Math.floor(n / 2) + 1) : own, 2] }];
  };

export const contribForms: readonly OperatorDefinition[] = [
  borrowed("GatherND", movement("GatherND"), [0, 1]),
  borrowed("Unique", movement("Unique"), [0]),
  borrowed("Pad", pad, [0, 1, 2, 3]),
  borrowed("Range", range, [0, 1, 2]),
  variantOf({
    opTypes: ["ExpandDims"],
    domains: MICROSOFT,
    base: unsqueeze,
    baseType: "Unsqueeze",
    operands: at(0, 1),
  }),
  variantOf({
    opTypes: ["BitmaskDropout"],
    domains: MICROSOFT,
    base: identity,
    baseType: "Dropout",
    operands: at(0),
  }),
  variantOf({
    opTypes: ["ComplexMul", "ComplexMulConj", "GatedAdd"],
    domains: MICROSOFT,
    base: elementwiseNary,
    baseType: "Sum",
    operands: (node) => node.inputs.flatMap((input, i) => (input === undefined ? [] : [i])),
  }),
  variantOf({
    opTypes: ["GatedRMSNorm"],
    domains: MICROSOFT,
    base: wholeNormalization,
    baseType: "RMSNormalization",
    operands: at(0, 1),
  }),
  variantOf({ opTypes: ["TorchEmbedding"], domains: MICROSOFT, base: gather, baseType: "Gather", operands: at(0, 1) }),
  groupNormalization,
  skipGroupNormalization,
  quantisedCell,
  distances,
  computing(["BiasSplitGelu"], splitGelu),
  computing(["RelativePositionBias"], positionBias),
  computing(["CropAndResize"], croppedBoxes),
  computing(["GatherBlockQuantized"], blockGather),
  computing(["Inverse"], like(0)),
  computing(["NGramRepeatBlock"], like(1)),
  computing(["IsAllFinite"], scalar(DATA_TYPE.bool)),
  computing(["Rfft"], spectrum(false)),
  computing(["Irfft"], spectrum(true)),
  untold(["MoE", "QMoE", "LongformerAttention", "GatedRelativePositionBias", "MatMulNBitsMlp"], like(0)),
  untold(["BeamSearch"], searched(1, 4)),
  untold(["GreedySearch", "Sampling"], searched(1)),
];
