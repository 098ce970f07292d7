/** Quantised and fused forms of operators that compute: the same loops, with scales and zero points beside them. */
import { channelsLast } from "../channels-last.js";
import { DATA_TYPE } from "../data-type.js";
import type { OnnxAttribute } from "../model.js";
import type { NodeContext, OperatorDefinition } from "../operator.js";
import { recipe } from "../recipe.js";
import { variantOf } from "../variant.js";
import { concat } from "./concat.js";
import { conv } from "./conv.js";
import { elementwiseNary } from "./elementwise-nary.js";
import { elementwiseUnary } from "./elementwise-unary.js";
import { gemm, matmul } from "./matmul.js";
import { globalPool, pool } from "./pool.js";
import { reduce } from "./reduce.js";
import { softmax } from "./softmax.js";

const MICROSOFT = ["com.microsoft"];

/** Positions of the base's inputs; an optional one that the node lacks is left out. */
const at =
  (...positions: readonly number[]) =>
  (node: NodeContext): readonly number[] =>
    positions.filter((position) => node.inputs[position] !== undefined);

const typeOf =
  (input: number) =>
  (node: NodeContext): number =>
    node.inputs[input]?.type ?? DATA_TYPE.uint8;
const integer = (): number => DATA_TYPE.int32;
const float = (): number => DATA_TYPE.float;

/** `x, x_scale, x_zero, y_scale, y_zero`. */
const unary = (opType: string, base: OperatorDefinition, baseType: string): OperatorDefinition =>
  variantOf({ opTypes: [opType], domains: MICROSOFT, base, baseType, operands: at(0), type: typeOf(0) });

/** `a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero`. */
const binary = (opType: string, baseType: string): OperatorDefinition =>
  variantOf({
    opTypes: [opType],
    domains: MICROSOFT,
    base: elementwiseNary,
    baseType,
    operands: at(0, 3),
    type: typeOf(0),
  });

/** `y_scale, y_zero` and per part `x, x_scale, x_zero`. */
const everyThird = (node: NodeContext): readonly number[] =>
  node.inputs.flatMap((_, i) => (i >= 2 && i % 3 === 2 ? [i] : []));

const INTEGER_FORMS: readonly OperatorDefinition[] = [
  variantOf({
    opTypes: ["QLinearConv"],
    domains: ["", ...MICROSOFT],
    base: channelsLast(conv),
    baseType: "Conv",
    operands: at(0, 3, 8),
    type: typeOf(7),
  }),
  variantOf({ opTypes: ["ConvInteger"], base: conv, baseType: "Conv", operands: at(0, 1), type: integer }),
  variantOf({
    opTypes: ["QLinearMatMul"],
    domains: ["", ...MICROSOFT],
    base: matmul,
    baseType: "MatMul",
    operands: at(0, 3),
    type: typeOf(7),
  }),
  variantOf({
    opTypes: ["MatMulInteger", "MatMulInteger16"],
    domains: ["", ...MICROSOFT],
    base: matmul,
    baseType: "MatMul",
    operands: at(0, 1),
    type: integer,
  }),
  binary("QLinearAdd", "Add"),
  binary("QLinearMul", "Mul"),
  unary("QLinearLeakyRelu", elementwiseUnary, "LeakyRelu"),
  unary("QLinearSigmoid", elementwiseUnary, "Sigmoid"),
  unary("QLinearSoftmax", softmax, "Softmax"),
  unary("QLinearAveragePool", channelsLast(pool), "AveragePool"),
  unary("QLinearGlobalAveragePool", channelsLast(globalPool), "GlobalAveragePool"),
  unary("QLinearReduceMean", reduce, "ReduceMean"),
  variantOf({
    opTypes: ["QLinearConcat"],
    domains: MICROSOFT,
    base: concat,
    baseType: "Concat",
    operands: everyThird,
    type: typeOf(2),
  }),
];

/** Products with what follows them in one node; counted apart, as the graph's author did not write a product. */
const FUSED_FORMS: readonly OperatorDefinition[] = [
  ["FusedGemm", gemm, "Gemm", at(0, 1, 2)] as const,
  ["GemmFastGelu", matmul, "MatMul", at(0, 1)] as const,
  ["QGemm", gemm, "Gemm", at(0, 3, 6)] as const,
  ["MatMulIntegerToFloat", matmul, "MatMul", at(0, 1)] as const,
  ["DynamicQuantizeMatMul", matmul, "MatMul", at(0, 1)] as const,
].map(([opType, base, baseType, operands]) =>
  variantOf({
    opTypes: [opType],
    domains: MICROSOFT,
    base,
    baseType,
    operands,
    type: opType === "QGemm" ? (node) => node.inputs[8]?.type ?? DATA_TYPE.float : float,
    isOther: true,
  }),
);

/** Two operators of one element at a time with a bias or a gate: the parts are not told apart. */
const ELEMENTWISE_FORMS: readonly OperatorDefinition[] = [
  variantOf({
    opTypes: ["BiasGelu", "FastGelu", "BiasAdd", "BiasDropout"],
    domains: MICROSOFT,
    base: elementwiseNary,
    baseType: "Sum",
    operands: (node) => at(0, 1, 2)(node).filter((i) => i < 2 || node.opType === "BiasAdd"),
  }),
  variantOf({
    opTypes: ["Gelu", "QuickGelu"],
    domains: MICROSOFT,
    base: elementwiseUnary,
    baseType: "Gelu",
    operands: at(0),
  }),
];

/** A convolution, an activation, and before that a feature map that is added: which is told apart. */
const fusedConv: OperatorDefinition = {
  ...variantOf({
    opTypes: ["FusedConv"],
    domains: MICROSOFT,
    base: conv,
    baseType: "Conv",
    operands: at(0, 1, 2),
    type: float,
    isOther: true,
  }),
  expand(node) {
    if (node.inputs[3] === undefined) return [];
    const steps = recipe(node);
    const inputs = [0, 1, 2].map((i) => steps.input(i));
    const product = steps.add("product", "FusedConv", inputs, windowOf(node), "com.microsoft");
    return [steps.finish([steps.add("sum", "Add", [product, steps.input(3)])])];
  },
};

const WINDOW = ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];

/** Attributes of the convolution itself. */
const windowOf = (node: NodeContext): ReadonlyMap<string, OnnxAttribute> =>
  new Map([...node.attributes.all()].filter(([name]) => WINDOW.includes(name)));

export const quantisedForms: readonly OperatorDefinition[] = [
  ...INTEGER_FORMS,
  fusedConv,
  ...FUSED_FORMS,
  ...ELEMENTWISE_FORMS,
];
