/** Reading of axis and list arguments, which moved from attributes to inputs as operator sets grew. */
import { attributeValue, shapeMismatch } from "../../ir/diagnostics/onnx.js";
import { atRunTime, type Extent, MAX_RANK, printNumber, printShape } from "./extent.js";
import { numbersOf } from "./fold.js";
import { fail, type Inferred, type NodeContext } from "./operator.js";

/** An argument that is given, left out, or computed at run time. */
export type ListArgument = readonly number[] | "absent" | "computed";

/**
 * A list of integers from the attribute of older operator sets or the input of newer ones.
 *
 * @param input - position of the input, where the operator has one
 */
export function listArgument(node: NodeContext, attribute: string, input?: number): ListArgument {
  const stated = node.attributes.ints(attribute);
  if (stated !== undefined) return stated;
  const value = input === undefined ? undefined : node.inputs[input];
  return value === undefined ? "absent" : (numbersOf(value) ?? "computed");
}

/**
 * Axis counted from the front.
 *
 * @throws DiagnosticError `attribute-value` when it is none of the `rank` axes
 */
export function normalizeAxis(node: NodeContext, axis: number, rank: number, name = "axis"): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(normal) && normal >= 0 && normal < rank) return normal;
  const expected = rank === 0 ? "no axis, as the input is a scalar" : `an axis from ${-rank} to ${rank - 1}`;
  return fail(attributeValue(node.loc, name, printNumber(axis), expected));
}

/** Axes counted from the front. @throws DiagnosticError when one is out of range or given twice */
export function normalizeAxes(node: NodeContext, axes: readonly number[], rank: number): readonly number[] {
  const normal = axes.map((axis) => normalizeAxis(node, axis, rank, "axes"));
  if (new Set(normal).size !== normal.length)
    fail(attributeValue(node.loc, "axes", printShape(axes), "each axis once"));
  return normal;
}

/** @throws DiagnosticError `shape-mismatch` when the list has another length */
export function checkLength(node: NodeContext, name: string, list: readonly unknown[], length: number): void {
  if (list.length !== length)
    fail(shapeMismatch(node.loc, `'${name}' has ${list.length} entries`, `${length}, one per axis`));
}

/** Why the shape of an output is not known when a list argument is computed at run time. */
export function computedAtRunTime(node: NodeContext, what: string): { readonly reason: string } {
  const whose = `${what} of node '${node.loc.node ?? node.opType}'`;
  const unread = node.inputs.find((input) => input?.unread !== undefined && input.shape.length < 2)?.unread;
  return { reason: unread === undefined ? `${whose} is computed at run time` : `${whose} is not known: ${unread}` };
}

/** An extent that is found at run time; the rank of the output is known all the same. */
export const extentAtRunTime = (node: NodeContext, what: string): Extent =>
  atRunTime(computedAtRunTime(node, what).reason);

/** A shape that is a value computed at run time: its rank is the length of that value, where this is known. */
export function shapeAtRunTime(node: NodeContext, what: string, rank: Extent | undefined): Inferred {
  if (typeof rank !== "number" || rank > MAX_RANK) return computedAtRunTime(node, what);
  const extent = extentAtRunTime(node, what);
  return { shape: Array.from({ length: rank }, () => extent) };
}
