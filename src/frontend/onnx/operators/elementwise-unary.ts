/** One operation per element: activations and functions of one variable. */
import type { Attributes } from "../../../ir/network.js";
import { isKnown } from "../extent.js";
import { mapAxes } from "../feature-map.js";
import { foldElementwise, numbersOf } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, inputOf, type LoweringContext, type NodeContext, type OperatorDefinition } from "../operator.js";

/** Functions that shape arithmetic uses, exactly as it computes them. */
const FOLDED: ReadonlyMap<string, (x: number) => number> = new Map([
  ["Abs", Math.abs],
  ["Ceil", Math.ceil],
  ["Exp", Math.exp],
  ["Floor", Math.floor],
  ["Log", Math.log],
  ["Neg", (x: number) => -x],
  ["Not", (x: number) => (x === 0 ? 1 : 0)],
  ["Reciprocal", (x: number) => 1 / x],
  ["Round", roundHalfToEven],
  ["Sign", Math.sign],
  ["Sqrt", Math.sqrt],
]);

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const ACTIVATIONS = [
  ["Celu", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "PRelu", "Relu", "Selu"],
  ["Shrink", "Sigmoid", "Softplus", "Softsign", "Swish", "Tanh", "ThresholdedRelu"],
].flat();

const FUNCTIONS = [
  ["Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Cos", "Cosh", "Erf", "IsInf", "IsNaN", "Sin"],
  ["Sinh", "Tan", ...FOLDED.keys()],
  // Of early operator sets and exporters.
  ["Affine", "ImageScaler", "ParametricSoftplus", "Scale", "ScaledTanh"],
].flat();

/** Roles of further inputs. */
const PARAMETERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Clip", ["min", "max"]],
  ["PRelu", ["slope"]],
]);

export const elementwiseUnary: OperatorDefinition = {
  opTypes: [...ACTIVATIONS, ...FUNCTIONS],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const f = FOLDED.get(node.opType);
    return [
      {
        shape,
        elements:
          f && isKnown(shape) ? foldElementwise([inputOf(node, 0)], shape, ([x = Number.NaN]) => f(x)) : undefined,
      },
    ];
  },
  lower(node) {
    const dims = dimsOf(node, 0);
    const axes = mapAxes(dims.length);
    return {
      layers: [
        {
          ...mapLayer("elementwise", dims, axes, { ...node.attributes.plain(), ...constantParameters(node) }),
          parameters: parametersOf(node),
        },
      ],
    };
  },
};

function parametersOf(node: LoweringContext) {
  const roles = PARAMETERS.get(node.opType) ?? [];
  return roles.flatMap((role, i) => {
    const isScalar = numbersOf(node.inputs[i + 1])?.length === 1;
    return node.inputs[i + 1] === undefined || isScalar ? [] : [{ role, input: i + 1 }];
  });
}

/** A scalar whose value is known is an attribute: `max` of Clip is one in older operator sets anyway. */
function constantParameters(node: NodeContext): Attributes {
  const roles = PARAMETERS.get(node.opType) ?? [];
  return Object.fromEntries(
    roles.flatMap((role, i) => {
      const values = numbersOf(node.inputs[i + 1]);
      return values?.length === 1 && values[0] !== undefined ? [[role, values[0]]] : [];
    }),
  );
}
