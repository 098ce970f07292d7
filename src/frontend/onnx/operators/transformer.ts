/** Fused operators of transformers beside attention, as their parts. */

import { attributeValue, wrongRank } from "../../../ir/diagnostics/onnx.js";
import { elementCount, product } from "../extent.js";
import { axisLoops, mapAxes, pointwise } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { output } from "../operands.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";
import { composite, type Recipe, recipe } from "../recipe.js";

const MICROSOFT = ["com.microsoft"];

/** Outputs: the normalised sum, its statistics, and last the sum itself. */
const skipNormalization = composite(
  ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"],
  MICROSOFT,
  (node) => {
    const isSimple = node.opType === "SkipSimplifiedLayerNormalization";
    const bias = isSimple ? 3 : 4;
    const steps = recipe(node);
    const skipped = steps.add("skip", "Add", [steps.input(0), steps.input(1)]);
    const sum = node.inputs[bias] === undefined ? skipped : steps.add("bias", "Add", [skipped, steps.input(bias)]);
    const norm = normalize(steps, isSimple, sum, isSimple ? [2] : [2, 3]);
    return steps.finish([norm, "", "", sum]);
  },
);

const normalize = (steps: Recipe, isSimple: boolean, from: string, parameters: readonly number[]): string =>
  steps.add(
    "normalized",
    isSimple ? "SimplifiedLayerNormalization" : "LayerNormalization",
    [from, ...parameters.map((i) => steps.input(i))],
    { axis: -1 },
  );

/** Inputs: ids, segments, three tables, scale and bias, mask, positions. */
const embedding = composite(["EmbedLayerNormalization", "QEmbedLayerNormalization"], MICROSOFT, (node) => {
  const steps = recipe(node);
  // The quantised form has scales where the other one has positions.
  const hasPositions = node.opType === "EmbedLayerNormalization" && node.inputs[8] !== undefined;
  const length = inputOf(node, 0).shape[1];
  const words = steps.add("words", "Gather", [steps.input(2), steps.input(0)], { axis: 0 });
  const positions = hasPositions
    ? steps.add("positions", "Gather", [steps.input(3), steps.input(8)], { axis: 0 })
    : typeof length === "number"
      ? steps.add("positions", "Slice", [
          steps.input(3),
          steps.integers("first-position", [0]),
          steps.integers("last-position", [length]),
          steps.integers("position-axis", [0]),
        ])
      : undefined;
  if (positions === undefined) return undefined;
  const placed = steps.add("placed-words", "Add", [words, positions]);
  const hasSegments = node.inputs[1] !== undefined && node.inputs[4] !== undefined;
  const sum = hasSegments
    ? steps.add("sum", "Add", [placed, steps.add("segments", "Gather", [steps.input(4), steps.input(1)], { axis: 0 })])
    : placed;
  const norm = normalize(steps, false, sum, [5, 6]);
  const counted = node.inputs[7] === undefined ? steps.input(0) : steps.input(7);
  const lengths =
    node.outputCount < 2
      ? ""
      : steps.add("lengths", "ReduceSum", [counted, steps.integers("length-axis", [1])], { keepdims: 0 });
  return steps.finish([norm, lengths, sum]);
});

/** A product of two operands that may be transposed. */
const fusedMatMul = composite(["FusedMatMul", "FusedMatMulActivation", "TransposeMatMul"], MICROSOFT, (node) => {
  const steps = recipe(node);
  const isSet = (flag: string): boolean => (node.attributes.int(flag) ?? 0) !== 0;
  /** A transposed batch stands between the last two axes instead of before them. */
  const term = (side: string, rows: string, columns: string) => {
    const [first, last] = isSet(`trans${side}`) ? [columns, rows] : [rows, columns];
    return isSet(`transBatch${side}`) ? `${first}...${last}` : `...${first}${last}`;
  };
  const equation = `${term("A", "i", "j")},${term("B", "j", "k")}->...ik`;
  const product = steps.add("product", "Einsum", [steps.input(0), steps.input(1)], { equation });
  const activation = node.attributes.string("activation") ?? "";
  return steps.finish([activation === "" ? product : steps.add("activation", activation, [product])]);
});

/** A gate that another value is multiplied with. */
const gatedActivation = composite(["SwiGLU"], [""], (node) => {
  const steps = recipe(node);
  const gate = steps.add("gate", "Swish", [steps.input(0)]);
  return steps.finish([steps.add("gated", "Mul", [gate, steps.input(1)])]);
});

/** A sum, and the softmax of its last axes. */
const biasSoftmax = composite(["BiasSoftmax"], MICROSOFT, (node) => {
  const steps = recipe(node);
  const sum = steps.add("sum", "Add", [steps.input(0), steps.input(1)]);
  return steps.finish([steps.add("softmax", "Softmax", [sum], { axis: -1 })]);
});

/** Inputs: image, weights of one channel each, bias, the last columns of an earlier image. */
const causalConvolution = composite(["CausalConvWithState"], ["", ...MICROSOFT], (node) => {
  const [batch = 1, channels] = inputOf(node, 0).shape;
  const taps = inputOf(node, 1).shape.at(-1);
  if (typeof channels !== "number" || typeof taps !== "number") return undefined;
  const steps = recipe(node);
  const isKept = node.inputs[3] !== undefined;
  if (!isKept && typeof batch !== "number") return undefined;
  const state = isKept ? steps.input(3) : steps.zeros("no-state", [Number(batch), channels, taps - 1]);
  const whole = taps === 1 ? steps.input(0) : steps.add("whole", "Concat", [state, steps.input(0)], { axis: 2 });
  const product = steps.add("product", "Conv", [whole, steps.input(1), steps.input(2)], { group: channels });
  const activation = node.attributes.string("activation") ?? "none";
  const last = activation === "none" ? product : steps.add("activation", "Swish", [product]);
  if (node.outputCount < 2) return steps.finish([last]);
  const kept = steps.add("state", "Slice", [
    whole,
    steps.integers("state-from", [taps === 1 ? 2 ** 31 - 1 : 1 - taps]),
    steps.integers("state-to", [2 ** 31 - 1]),
    steps.integers("state-axis", [2]),
  ]);
  return steps.finish([last, kept]);
});

/** Turns pairs of every head by an angle per position: needs the other half of each pair. */
const rotaryEmbedding: OperatorDefinition = {
  opTypes: ["RotaryEmbedding", "MRotaryEmbedding"],
  domains: ["", ...MICROSOFT],
  infer(node) {
    const { name, shape } = inputOf(node, 0);
    if (shape.length < 3) fail(wrongRank(node.loc, name, shape.length, "3 or 4: N H W, or N heads H W"));
    return [{ shape }];
  },
  lower(node) {
    const dims = dimsOf(node, 0);
    const last = axisLoops(dims.length).at(-1) ?? "";
    const axes = mapAxes(dims.length).with(dims.length - 1, { kind: "whole", loops: [last] });
    return {
      layers: [
        {
          ...mapLayer("elementwise", dims, axes, node.attributes.plain()),
          parameters: node.inputs.flatMap((input, i) =>
            i > 0 && input?.isConstant ? [{ role: "angles", input: i }] : [],
          ),
        },
      ],
    };
  },
};

/** Weights of a few bits each, packed into blocks: `N × blocks × bytes`; `K` and `N` are attributes. */
const packedMatMul: OperatorDefinition = {
  opTypes: ["MatMulNBits", "MatMulBnb4"],
  domains: MICROSOFT,
  infer(node) {
    const { columns } = packedExtents(node);
    return [{ shape: [...inputOf(node, 0).shape.slice(0, -1), columns] }];
  },
  lower(node) {
    const dims = outputDims(node);
    const { depth, columns } = packedExtents(node);
    const rows = dims.slice(0, -1);
    const names = ["OX", "OY", "B", "G", "G2", "G3"].slice(0, rows.length).toReversed();
    const sizes = new Map(names.map((dim, axis) => [dim, rows[axis] ?? 1]));
    const loops = [
      ...["B", "G", "G2", "G3"].flatMap((dim) =>
        dim === "B" || sizes.has(dim) ? [{ dim, size: sizes.get(dim) ?? 1 }] : [],
      ),
      { dim: "K", size: columns },
      { dim: "C", size: depth },
      { dim: "OY", size: sizes.get("OY") ?? 1 },
      { dim: "OX", size: sizes.get("OX") ?? 1 },
    ];
    const rowAxes = names.map((dim) => pointwise(dim));
    const weightAxes = dimsOf(node, 1).map((_, axis) =>
      axis === 0 ? pointwise("K") : ({ kind: "whole", loops: ["C"] } as const),
    );
    return {
      layers: [
        {
          kind: "matmul",
          loops,
          operands: [
            output([...rowAxes, pointwise("K")]),
            { name: "W", role: inputOf(node, 1).isConstant ? "weight" : "input", axes: weightAxes, input: 1 },
            { name: "I", role: "input", axes: [...rowAxes, pointwise("C")], input: 0 },
          ],
          macs: product(loops.map(({ size }) => size)),
          attributes: node.attributes.plain(),
          parameters: [{ role: "quantisation", input: 2 }],
        },
      ],
    };
  },
  macs: {
    weightOperands: [],
    isOther: true,
    count: (node) => elementCount([...inputOf(node, 0).shape, packedExtents(node).columns]),
  },
};

function packedExtents({ attributes, loc }: NodeContext) {
  const [depth, columns] = [attributes.int("K") ?? 0, attributes.int("N") ?? 0];
  if (depth < 1 || columns < 1) fail(attributeValue(loc, "K and N", `${depth} and ${columns}`, "numbers from 1"));
  return { depth, columns };
}

export const transformerForms: readonly OperatorDefinition[] = [
  skipNormalization,
  biasSoftmax,
  causalConvolution,
  embedding,
  fusedMatMul,
  gatedActivation,
  rotaryEmbedding,
  packedMatMul,
];
