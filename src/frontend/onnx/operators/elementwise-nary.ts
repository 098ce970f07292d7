/** One operation per output element over several inputs that repeat along each other's axes. */
import { attributeValue, shapeMismatch, wrongInputCount } from "../../../ir/diagnostics/onnx.js";
import { normalizeAxis } from "../axes.js";
import { DATA_TYPE, isInteger } from "../data-type.js";
import { broadcast, isKnown, printShapes, type Shape } from "../extent.js";
import { broadcastAxes, mapAxes, mapLoops } from "../feature-map.js";
import { foldElementwise } from "../fold.js";
import { operandNames, output } from "../operands.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";

type Fold = (operands: readonly number[]) => number;

const binary =
  (f: (a: number, b: number) => number): Fold =>
  (operands) =>
    operands.reduce(f);

const truth = (claim: boolean): number => (claim ? 1 : 0);
const compare = (f: (a: number, b: number) => boolean): Fold => binary((a, b) => truth(f(a, b)));

/** How shape arithmetic evaluates the operators; `undefined` where it has no use for one. */
const ARITHMETIC: ReadonlyMap<string, Fold | undefined> = new Map<string, Fold | undefined>([
  ["Add", binary((a, b) => a + b)],
  ["BitShift", undefined],
  ["BitwiseAnd", undefined],
  ["BitwiseOr", undefined],
  ["BitwiseXor", undefined],
  ["Div", binary((a, b) => a / b)],
  ["Max", binary((a, b) => Math.max(a, b))],
  ["Mean", (operands) => operands.reduce((a, b) => a + b) / operands.length],
  ["Min", binary((a, b) => Math.min(a, b))],
  ["Mod", binary((a, b) => a - b * Math.floor(a / b))],
  ["Mul", binary((a, b) => a * b)],
  ["Pow", binary((a, b) => a ** b)],
  ["Sub", binary((a, b) => a - b)],
  ["Sum", binary((a, b) => a + b)],
]);

const LOGIC: ReadonlyMap<string, Fold> = new Map([
  ["And", compare((a, b) => a !== 0 && b !== 0)],
  ["Equal", compare((a, b) => a === b)],
  ["Greater", compare((a, b) => a > b)],
  ["GreaterOrEqual", compare((a, b) => a >= b)],
  ["Less", compare((a, b) => a < b)],
  ["LessOrEqual", compare((a, b) => a <= b)],
  ["Or", compare((a, b) => a !== 0 || b !== 0)],
  ["Xor", compare((a, b) => (a !== 0) !== (b !== 0))],
]);

const where: Fold = ([condition, yes, no]) => Number(condition === 0 ? no : yes);

/** Take any number of inputs from one on; `Where` takes three, all others two. */
const VARIADIC: readonly string[] = ["Max", "Mean", "Min", "Sum"];

function checkInputCount({ opType, inputs, loc }: NodeContext): void {
  const count = inputs.length;
  if (VARIADIC.includes(opType)) {
    if (count === 0) fail(wrongInputCount(loc, opType, count, "at least 1"));
    return;
  }
  const expected = opType === "Where" ? 3 : 2;
  if (count !== expected) fail(wrongInputCount(loc, opType, count, String(expected)));
}

export const elementwiseNary: OperatorDefinition = {
  opTypes: [...ARITHMETIC.keys(), ...LOGIC.keys(), "Where"],
  infer(node) {
    checkInputCount(node);
    const shapes = node.inputs.map((_, i) => inputOf(node, i).shape);
    const shape = legacyShape(node) ?? broadcast(shapes);
    if (shape === undefined)
      return fail(shapeMismatch(node.loc, `inputs ${printShapes(shapes)}`, "extents that are equal or 1"));
    const fold = foldOf(node);
    const type = resultType(node);
    const elements = fold && isKnown(shape) ? foldElementwise(node.inputs, shape, fold) : undefined;
    return [{ shape, type, elements }];
  },
  lower(node) {
    const dims = outputDims(node);
    const names = operandNames(node.inputs, node.inputs.length > 1 ? ["X", "Y"] : ["I"]);
    const start = legacyStart(node);
    const operands = node.inputs.map((input, i) => ({
      name: names[i] ?? "",
      role: input?.isConstant ? ("weight" as const) : ("input" as const),
      axes: broadcastAxes(dimsOf(node, i), dims, undefined, i === 0 ? undefined : start),
      input: i,
    }));
    return {
      layers: [
        {
          kind: "elementwise",
          loops: mapLoops(dims),
          operands: [output(mapAxes(dims.length)), ...operands],
          attributes: { ...node.attributes.plain(), operands: names },
        },
      ],
    };
  },
};

function resultType(node: NodeContext): number {
  if (LOGIC.has(node.opType)) return DATA_TYPE.bool;
  return inputOf(node, node.opType === "Where" ? 1 : 0).type;
}

function foldOf(node: NodeContext): Fold | undefined {
  const { opType } = node;
  if (opType === "Where") return where;
  const fold = ARITHMETIC.get(opType) ?? LOGIC.get(opType);
  // The remainder takes the sign of the divisor, or of the dividend as in C.
  if (opType === "Mod" && node.attributes.int("fmod") === 1) return binary((a, b) => a % b);
  const isTruncated = opType === "Div" && node.inputs.every((input) => input !== undefined && isInteger(input.type));
  return isTruncated ? binary((a, b) => Math.trunc(a / b)) : fold;
}

/** Operator sets 1 to 6: the second input repeats only if `broadcast` says so, and may start at an `axis`. */
const isLegacy = (node: NodeContext): boolean => node.opset < 7 && node.attributes.int("broadcast") === 1;

function legacyStart(node: NodeContext): number | undefined {
  const axis = isLegacy(node) ? node.attributes.int("axis") : undefined;
  return axis === undefined ? undefined : normalizeAxis(node, axis, inputOf(node, 0).shape.length);
}

function legacyShape(node: NodeContext): Shape | undefined {
  const start = legacyStart(node);
  if (start === undefined) return undefined;
  const [first, second] = [inputOf(node, 0).shape, inputOf(node, 1).shape];
  if (start + second.length > first.length)
    fail(attributeValue(node.loc, "axis", String(start), `at most ${first.length - second.length}`));
  return first;
}
