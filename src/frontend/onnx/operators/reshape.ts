/** Another shape for the same elements in the same order: `Reshape` and `Flatten`. */
import { attributeValue, shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import { normalizeAxis, shapeAtRunTime } from "../axes.js";
import { contradicts, derive, type Extent, elementCount, isSame, printShape, type Shape } from "../extent.js";
import { fail, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";

export const reshape: OperatorDefinition = {
  opTypes: ["Reshape"],
  infer(node) {
    const { shape: input, elements } = inputOf(node, 0);
    const target = node.attributes.ints("shape") ?? node.inputs[1]?.elements;
    if (target === undefined)
      return node.inputs.length > 1
        ? [shapeAtRunTime(node, "the shape", inputOf(node, 1).shape[0])]
        : fail(attributeValue(node.loc, "shape", "left out", "the new shape"));
    return [{ shape: newShape(node, input, target), elements }];
  },
  lower: () => ({ view: 0 }),
};

/** 0 keeps the input's extent (unless `allowzero`), one -1 takes what is left. */
function newShape(node: NodeContext, input: Shape, target: Shape): Shape {
  const keepsZero = (node.attributes.int("allowzero") ?? 0) !== 0;
  const shape = target.map((extent, axis): Extent => (extent === 0 && !keepsZero ? (input[axis] ?? 0) : extent));
  const open = shape.indexOf(-1);
  const others = shape.filter((_, axis) => axis !== open);
  if (others.some((extent) => typeof extent === "number" && extent < 0))
    fail(attributeValue(node.loc, "shape", printShape(target), "extents, at most one of them -1"));
  const rest = restOf(input, others);
  const isWrong = open < 0 ? contradicts(rest, 1) : typeof rest === "number" && !Number.isInteger(rest);
  if (isWrong && !others.includes(0))
    fail(
      shapeMismatch(node.loc, `${printShape(input)} does not fill ${printShape(target)}`, "equal numbers of elements"),
    );
  return open < 0 ? shape : shape.with(open, rest);
}

/** Elements of the input over those of the axes that are given; symbols that stand on both sides cancel. */
function restOf(input: Shape, others: Shape): Extent {
  const left = [...input];
  const right = others.filter((extent) => {
    const same = left.findIndex((candidate) => typeof extent !== "number" && isSame(candidate, extent));
    if (same >= 0) left.splice(same, 1);
    return same < 0;
  });
  const [single] = left.filter((extent) => extent !== 1);
  if (
    left.filter((extent) => extent !== 1).length === 1 &&
    right.every((extent) => extent === 1) &&
    single !== undefined
  )
    return single;
  return derive([elementCount(left), elementCount(right)], (a, b) => (b === 0 ? 0 : a / b));
}

/** A matrix: axes before `axis` become its rows. */
export const flatten: OperatorDefinition = {
  opTypes: ["Flatten"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const stated = node.attributes.int("axis") ?? 1;
    const axis = stated === shape.length ? stated : normalizeAxis(node, stated, shape.length);
    return [{ shape: [productOf(shape.slice(0, axis)), productOf(shape.slice(axis))] }];
  },
  lower: () => ({ view: 0 }),
};

const productOf = (shape: Shape): Extent => (shape.length === 1 ? (shape[0] ?? 1) : elementCount(shape));
