/** Conversion of the element type. */
import { DATA_TYPE, isInteger } from "../data-type.js";
import { isKnown } from "../extent.js";
import { mapAxes, mapLoops } from "../feature-map.js";
import { foldElementwise } from "../fold.js";
import { output } from "../operands.js";
import { dimsOf, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";

const TYPES: ReadonlyMap<string, number> = new Map(Object.entries(DATA_TYPE));

export const cast: OperatorDefinition = {
  opTypes: ["BitCast", "Cast", "CastLike"],
  infer(node) {
    const input = inputOf(node, 0);
    const type = targetType(node);
    const { shape } = input;
    return [
      {
        shape,
        type,
        elements: isFolded(node) && isKnown(shape) ? foldElementwise([input], shape, conversionTo(type)) : undefined,
      },
    ];
  },
  /** A cast to the type that the data has already moves nothing. */
  lower(node) {
    const { type } = inputOf(node, 0);
    if (!isFolded(node)) return { view: 0 };
    if (type !== DATA_TYPE.undefined && type === targetType(node)) return { view: 0 };
    const dims = dimsOf(node, 0);
    const axes = mapAxes(dims.length);
    const operands = [output(axes), { name: "I", role: "input" as const, axes, input: 0 }];
    return {
      layers: [{ kind: "elementwise", loops: mapLoops(dims), operands, attributes: { to: targetType(node) } }],
    };
  },
};

/** The bits of a number under another type are another number. */
const isFolded = ({ opType }: NodeContext): boolean => opType !== "BitCast";

/** What becomes of numbers that shape arithmetic uses. */
function conversionTo(type: number): (operands: readonly number[]) => number {
  if (type === DATA_TYPE.bool) return ([x]) => (x === 0 ? 0 : 1);
  return isInteger(type) ? ([x = Number.NaN]) => Math.trunc(x) : ([x = Number.NaN]) => x;
}

/** Operator sets 1 to 5 name the type in words. */
function targetType(node: NodeContext): number {
  if (node.opType === "CastLike") return inputOf(node, 1).type;
  if (node.opset < 6) return TYPES.get((node.attributes.string("to") ?? "").toLowerCase()) ?? DATA_TYPE.undefined;
  return node.attributes.int("to") ?? DATA_TYPE.undefined;
}
