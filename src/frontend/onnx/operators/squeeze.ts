/** Axes of extent 1 come and go: `Squeeze` and `Unsqueeze`. */
import { attributeValue, shapeMismatch, tooManyAxes } from "../../../ir/diagnostics/onnx.js";
import { computedAtRunTime, listArgument, normalizeAxes } from "../axes.js";
import { contradicts, type Extent, MAX_RANK, printShape } from "../extent.js";
import { fail, inputOf, type OperatorDefinition } from "../operator.js";

export const squeeze: OperatorDefinition = {
  opTypes: ["Squeeze"],
  infer(node) {
    const { shape, elements } = inputOf(node, 0);
    const stated = listArgument(node, "axes", 1);
    if (stated === "computed") return [computedAtRunTime(node, "the list of axes")];
    // Which axes have one element is found at run time, too.
    const isOpen =
      stated === "absent" && shape.some((extent) => typeof extent !== "number" && extent.reason !== undefined);
    if (isOpen) return [computedAtRunTime(node, "the rank")];
    const ones = shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
    const axes = stated === "absent" ? ones : normalizeAxes(node, stated, shape.length);
    const wrong = axes.find((axis) => contradicts(shape[axis] ?? 1, 1));
    if (wrong !== undefined)
      fail(shapeMismatch(node.loc, `axis ${wrong} of ${printShape(shape)} is squeezed`, "an axis of extent 1"));
    return [{ shape: shape.filter((_, axis) => !axes.includes(axis)), elements }];
  },
  lower: () => ({ view: 0 }),
};

export const unsqueeze: OperatorDefinition = {
  opTypes: ["Unsqueeze"],
  infer(node) {
    const { shape, elements } = inputOf(node, 0);
    const stated = listArgument(node, "axes", 1);
    if (stated === "computed") return [computedAtRunTime(node, "the list of axes")];
    if (stated === "absent") return fail(attributeValue(node.loc, "axes", "left out", "the axes to insert"));
    const rank = shape.length + stated.length;
    if (rank > MAX_RANK) fail(tooManyAxes(node.loc, node.loc.node ?? node.opType, rank, MAX_RANK));
    const axes = normalizeAxes(node, stated, rank);
    const rest = shape[Symbol.iterator]();
    const result = Array.from(
      { length: rank },
      (_, axis): Extent => (axes.includes(axis) ? 1 : (rest.next().value ?? 1)),
    );
    return [{ shape: result, elements }];
  },
  lower: () => ({ view: 0 }),
};
