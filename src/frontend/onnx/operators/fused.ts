/** Convolutions and products with what follows them in one node: a feature map that is added, an activation. */
import { channelsLast } from "../channels-last.js";
import { DATA_TYPE } from "../data-type.js";
import type { OnnxAttribute } from "../model.js";
import type { NodeContext, OperatorDefinition } from "../operator.js";
import { composite, recipe } from "../recipe.js";
import { variantOf } from "../variant.js";
import { conv } from "./conv.js";
import { gemm, matmul } from "./matmul.js";
import { pool } from "./pool.js";
import { at } from "./quantised.js";

const MICROSOFT = ["com.microsoft"];
const float = (): number => DATA_TYPE.float;
const always = (): boolean => true;

/** An operator whose node may hold further ones. */
interface Fused {
  /** What computes; counted apart, as the graph's author did not write it so. */
  readonly product: OperatorDefinition;
  /** Attributes of the product itself. */
  readonly own: readonly string[];
  /** Inputs of the product. */
  readonly inputs: number;
  /** Position of a map that is added to the product before the activation. */
  readonly added?: number;
}

/** Told as its parts where there are some, so that each is costed. */
const fused = ({ product, own, inputs, added }: Fused): OperatorDefinition => ({
  ...product,
  expand(node) {
    const activation = node.attributes.string("activation") ?? "";
    const sum = added === undefined || node.inputs[added] === undefined ? [] : ["Add"];
    const names = [...sum, ...(activation === "" ? [] : [activation])];
    if (names.length === 0) return [];
    const steps = recipe(node);
    const operands = Array.from({ length: inputs }, (_, i) => steps.input(i));
    const product = steps.add("product", node.opType, operands, attributesOf(node, own), MICROSOFT[0]);
    const total = sum.length === 0 ? product : steps.add("sum", "Add", [product, steps.input(added ?? 0)]);
    const last = activation === "" ? total : steps.add("activation", activation, [total]);
    return [steps.finish([last], `told as its parts: the product, then ${names.join(", then ")}`)];
  },
});

/** Without the activation, so that the part stands for itself. */
const attributesOf = (node: NodeContext, names: readonly string[]): ReadonlyMap<string, OnnxAttribute> =>
  new Map([...node.attributes.all()].filter(([name]) => names.includes(name)));

const WINDOW = ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];
const MATRICES = ["alpha", "beta", "transA", "transB"];

const convolution = (opTypes: readonly string[], base: OperatorDefinition): OperatorDefinition =>
  fused({
    product: variantOf({
      opTypes,
      domains: MICROSOFT,
      base,
      baseType: "Conv",
      operands: at(0, 1, 2),
      type: (node) => node.inputs[0]?.type ?? float(),
      isOther: true,
    }),
    own: WINDOW,
    inputs: 3,
    added: 3,
  });

const PRODUCTS: readonly OperatorDefinition[] = [
  ["GemmFloat8", gemm, "Gemm", at(0, 1, 2)] as const,
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

const variant = (opType: string, base: OperatorDefinition, baseType: string, inputs: readonly number[]) =>
  variantOf({ opTypes: [opType], domains: MICROSOFT, base, baseType, operands: at(...inputs), isOther: true });

export const fusedForms: readonly OperatorDefinition[] = [
  ...PRODUCTS,
  convolution(["FusedConv"], conv),
  convolution(["NhwcConv", "NhwcFusedConv"], channelsLast(conv, always)),
  fused({ product: variant("FusedGemm", gemm, "Gemm", [0, 1, 2]), own: MATRICES, inputs: 3 }),
  composite(["GemmFastGelu"], MICROSOFT, (node) => {
    const steps = recipe(node);
    const product = steps.add("product", "MatMul", [steps.input(0), steps.input(1)]);
    const biased = node.inputs[2] === undefined ? product : steps.add("bias", "Add", [product, steps.input(2)]);
    return steps.finish([steps.add("activation", "Gelu", [biased])]);
  }),
  variantOf({
    opTypes: ["NhwcMaxPool"],
    domains: MICROSOFT,
    base: channelsLast(pool, always),
    baseType: "MaxPool",
    operands: at(0),
  }),
];
