/** Quantised and fused forms of operators that compute: the same loops, with scales and zero points beside them. */
import { channelsLast } from "../channels-last.js";
import { DATA_TYPE } from "../data-type.js";
import type { NodeContext, OperatorDefinition } from "../operator.js";
import { variantOf } from "../variant.js";
import { concat } from "./concat.js";
import { conv } from "./conv.js";
import { elementwiseNary } from "./elementwise-nary.js";
import { elementwiseUnary } from "./elementwise-unary.js";
import { matmul } from "./matmul.js";
import { globalPool, pool } from "./pool.js";
import { reduce } from "./reduce.js";
import { softmax } from "./softmax.js";

const MICROSOFT = ["com.microsoft"];

/** Positions of the base's inputs; an optional one that the node lacks is left out. */
export const at =
  (...positions: readonly number[]) =>
  (node: NodeContext): readonly number[] =>
    positions.filter((position) => node.inputs[position] !== undefined);

const typeOf =
  (input: number) =>
  (node: NodeContext): number =>
    node.inputs[input]?.type ?? DATA_TYPE.uint8;
const integer = (): number => DATA_TYPE.int32;

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
    opTypes: ["QLinearWhere"],
    domains: MICROSOFT,
    base: elementwiseNary,
    baseType: "Where",
    operands: at(0, 1, 4),
    type: typeOf(1),
  }),
  variantOf({
    opTypes: ["MulInteger"],
    domains: MICROSOFT,
    base: elementwiseNary,
    baseType: "Mul",
    operands: (node) => (node.inputs.length > 3 ? [0, 2] : [0, node.inputs.length - 1]),
    type: integer,
  }),
  variantOf({
    opTypes: ["QLinearConcat"],
    domains: MICROSOFT,
    base: concat,
    baseType: "Concat",
    operands: everyThird,
    type: typeOf(2),
  }),
];

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

export const quantisedForms: readonly OperatorDefinition[] = [...INTEGER_FORMS, ...ELEMENTWISE_FORMS];
