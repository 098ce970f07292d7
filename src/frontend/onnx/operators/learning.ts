/** Classical learning (`ai.onnx.ml`): linear models, trees and what prepares their inputs. Their weights are attributes. */
import { DATA_TYPE } from "../data-type.js";
import { type Extent, elementCount, isKnown, type Shape } from "../extent.js";
import { mapAxes, mapLoops, pointwise } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { wholeLayer } from "../opaque.js";
import { output } from "../operands.js";
import {
  dimsOf,
  type Inferred,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";
import { costedWhole } from "../recipe.js";

const DOMAIN = ["ai.onnx.ml"];

type Infer = (node: NodeContext) => readonly Inferred[];

/** Rows of a table; a list is one row. */
const rowsOf = (node: NodeContext): Extent => {
  const { shape } = inputOf(node, 0);
  return shape.length > 1 ? (shape[0] ?? 1) : 1;
};

const lengthOf = (node: NodeContext, ...names: readonly string[]): number => {
  const lengths = names.map((name) => {
    const stated = node.attributes.all().get(name);
    return stated !== undefined && "value" in stated && Array.isArray(stated.value) ? stated.value.length : 0;
  });
  return Math.max(0, ...lengths);
};

const LABELS = ["classlabels_strings", "classlabels_int64s", "classlabels_ints"];

/** A label per row, and a score per row and class. */
const classified: Infer = (node) => {
  const isText = lengthOf(node, "classlabels_strings") > 0;
  const classes = Math.max(1, lengthOf(node, ...LABELS));
  return [
    { shape: [rowsOf(node)], type: isText ? DATA_TYPE.string : DATA_TYPE.int64 },
    { shape: [rowsOf(node), classes], type: DATA_TYPE.float },
  ];
};

const regressed: Infer = (node) => {
  const targets = node.attributes.int("targets") ?? node.attributes.int("n_targets") ?? 1;
  return [{ shape: [rowsOf(node), targets], type: DATA_TYPE.float }];
};

/** Every output needs the whole of its row, and of the table where rows are not told apart. */
const reducing = (node: LoweringContext) => ({
  layers: node.outputs.map((dims, i) => wholeLayer("reduction", node.inputs, dims, i)),
});

/** Scores are products with the coefficients. */
function linear(node: LoweringContext): { readonly layers: readonly LayerSpec[] } {
  const scores = node.outputs.length - 1;
  const { shape } = inputOf(node, 0);
  if (shape.length !== 2 || !isKnown(shape)) return reducing(node);
  const [rows = 1, columns = 1] = outputDims(node, scores);
  const depth = shape[1] ?? 1;
  const product: LayerSpec = {
    kind: "reduction",
    output: scores,
    loops: [...mapLoops([rows, columns]), { dim: "C", size: depth }],
    operands: [
      output([pointwise("B"), pointwise("G")]),
      { name: "I", role: "input", axes: [pointwise("B"), pointwise("C")], input: 0 },
    ],
    macs: rows * columns * depth,
    attributes: {},
  };
  const labels = node.outputs.slice(0, scores).map((dims, i) => wholeLayer("reduction", node.inputs, dims, i));
  return { layers: [...labels, product] };
}

const linearModel = (opType: string, infer: Infer, scores: number): OperatorDefinition => ({
  opTypes: [opType],
  domains: DOMAIN,
  infer,
  lower: linear,
  macs: {
    weightOperands: [],
    isOther: true,
    count(node, outputs) {
      const result = outputs[scores];
      const shape: Shape = result !== undefined && "shape" in result ? result.shape : [];
      return elementCount([...shape, inputOf(node, 0).shape.at(-1) ?? 1]);
    },
  },
});

const model = (opTypes: readonly string[], infer: Infer): OperatorDefinition => ({
  opTypes,
  domains: DOMAIN,
  infer,
  lower: reducing,
});

const elementwise = (opTypes: readonly string[], typeOf: (node: NodeContext) => number): OperatorDefinition => ({
  opTypes,
  domains: DOMAIN,
  infer: (node) => [{ shape: inputOf(node, 0).shape, type: typeOf(node) }],
  lower(node) {
    const dims = dimsOf(node, 0);
    return { layers: [mapLayer("elementwise", dims, mapAxes(dims.length))] };
  },
});

const VALUE_TYPES: readonly (readonly [string, number])[] = [
  ["values_strings", DATA_TYPE.string],
  ["values_int64s", DATA_TYPE.int64],
  ["values_floats", DATA_TYPE.float],
];

/** The type of the labels that replace others; before operator set 2 texts and integers replace each other. */
function labelType(node: NodeContext): number {
  const stated = VALUE_TYPES.find(([name]) => node.attributes.all().has(name))?.[1];
  const tensor = node.attributes.all().get("values_tensor");
  if (tensor?.kind === "tensor") return tensor.value.type;
  return stated ?? (inputOf(node, 0).type === DATA_TYPE.string ? DATA_TYPE.int64 : DATA_TYPE.string);
}

const numberType = (node: NodeContext): number => inputOf(node, 0).type;
const floatType = (): number => DATA_TYPE.float;

/** One more axis, as long as the list of categories. */
const oneHot: Infer = (node) => [
  {
    shape: [...inputOf(node, 0).shape, Math.max(1, lengthOf(node, "cats_int64s", "cats_strings"))],
    type: DATA_TYPE.float,
  },
];

/** Columns of the last axis. */
const picked: Infer = (node) => {
  const { shape, type } = inputOf(node, 0);
  const leading = shape.length > 1 ? shape.slice(0, -1) : [1];
  return [{ shape: [...leading, elementCount(inputOf(node, 1).shape)], type }];
};

const joined: Infer = (node) => {
  const sizes = node.attributes.ints("inputdimensions") ?? [];
  return [{ shape: [rowsOf(node), sizes.reduce((a, b) => a + b, 0)], type: DATA_TYPE.float }];
};

const moving = (opType: string, infer: Infer): OperatorDefinition => ({
  opTypes: [opType],
  domains: DOMAIN,
  infer,
  lower: (node) => ({ layers: node.outputs.map((dims, i) => wholeLayer("movement", node.inputs, dims, i)) }),
});

/** Lists of maps from names to numbers are no tensors. */
const maps: OperatorDefinition = {
  opTypes: ["CastMap", "DictVectorizer", "ZipMap"],
  domains: DOMAIN,
  infer: (node) =>
    Array.from({ length: node.outputCount }, () => ({ reason: `'${node.opType}' makes or reads maps, not tensors` })),
  ...costedWhole(),
};

export const learningForms: readonly OperatorDefinition[] = [
  linearModel("LinearClassifier", classified, 1),
  linearModel("LinearRegressor", regressed, 0),
  model(["TreeEnsembleClassifier", "SVMClassifier"], classified),
  model(["TreeEnsemble", "TreeEnsembleRegressor", "SVMRegressor"], regressed),
  model(["Normalizer"], (node) => [{ shape: inputOf(node, 0).shape, type: DATA_TYPE.float }]),
  elementwise(["Binarizer", "Imputer"], numberType),
  elementwise(["Scaler"], floatType),
  elementwise(["LabelEncoder", "CategoryMapper"], labelType),
  moving("ArrayFeatureExtractor", picked),
  moving("FeatureVectorizer", joined),
  moving("OneHotEncoder", oneHot),
  maps,
];
