/** What nodes with sliding windows state about them: lists with one or two entries per spatial axis, and automatic padding. */
import { attributeValue } from "../../ir/diagnostics/onnx.js";
import { checkLength } from "./axes.js";
import { contradicts, isKnown, printShape } from "./extent.js";
import { fail, inputOf, type NodeContext } from "./operator.js";
import { MAX_EXTENT } from "./symbols.js";

const AUTO_PAD = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"] as const;
type AutoPad = (typeof AUTO_PAD)[number];

export interface WindowArguments {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before every axis, then after every axis. */
  readonly pads: readonly number[];
  readonly autoPad: AutoPad;
}

/** @throws DiagnosticError when a list has another length or numbers that make no window */
export function windowArguments(node: NodeContext, rank: number): WindowArguments {
  // Runtimes take an empty word for the default; some exporters write it.
  const isDefault = node.attributes.string("auto_pad") === "";
  return {
    strides: perAxis(node, "strides", rank, 1),
    dilations: perAxis(node, "dilations", rank, 1),
    pads: perAxis(node, "pads", 2 * rank, 0),
    autoPad: isDefault ? "NOTSET" : node.attributes.choice("auto_pad", "NOTSET", AUTO_PAD),
  };
}

/**
 * A list of `length` numbers, from `least` on; all of them that where it is left out.
 *
 * @throws DiagnosticError `attribute-value`, `shape-mismatch`
 */
export function perAxis(node: NodeContext, name: string, length: number, least: number): readonly number[] {
  const values = node.attributes.ints(name) ?? Array.from({ length }, () => least);
  checkLength(node, name, values, length);
  checkNumbers(node, name, values, least);
  return values;
}

/** @throws DiagnosticError `attribute-value` for numbers below `least` or beyond `most`: by default what an axis may have */
export function checkNumbers(
  node: NodeContext,
  name: string,
  values: readonly number[],
  least: number,
  most = MAX_EXTENT,
): void {
  if (values.some((value) => !(value >= least && value <= most)))
    fail(attributeValue(node.loc, name, printShape(values), `numbers from ${least} to 2^${Math.log2(most)}`));
}

/** Window per spatial axis: that of the weights, the second input, which the attribute may repeat. */
export function kernelOfWeights(node: NodeContext): readonly number[] {
  const extents = inputOf(node, 1).shape.slice(2);
  const stated = node.attributes.ints("kernel_shape");
  if (stated === undefined)
    return isKnown(extents) ? extents : fail(attributeValue(node.loc, "kernel_shape", "left out", "the window"));
  if (stated.length !== extents.length || stated.some((size, axis) => contradicts(size, extents[axis] ?? size)))
    fail(attributeValue(node.loc, "kernel_shape", printShape(stated), `${printShape(extents)}, as the weights have`));
  return stated;
}
