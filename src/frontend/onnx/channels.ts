/** Loops over the channels of a convolution, and how they index the channel axes. */
import type { AxisMap, Dim } from "../../ir/axis-map.js";
import { attributeValue } from "../../ir/diagnostics/onnx.js";
import type { Loop } from "../../ir/network.js";
import { printNumber } from "./extent.js";
import { pointwise } from "./feature-map.js";
import { fail, type NodeContext } from "./operator.js";

export interface Channels {
  readonly loops: readonly Loop[];
  readonly output: AxisMap;
  readonly input: AxisMap;
  /** The axis of the weights that counts all output channels, and the one with the input channels of a group. */
  readonly weights: readonly [AxisMap, AxisMap];
  /** The axis of transposed weights that counts all input channels, and the one with the output channels of a group. */
  readonly transposedWeights: readonly [AxisMap, AxisMap];
}

/** @throws DiagnosticError `attribute-value` when there is less than one group */
export function groupCount({ attributes, loc }: NodeContext): number {
  const groups = attributes.int("group") ?? 1;
  return groups >= 1 ? groups : fail(attributeValue(loc, "group", printNumber(groups), "a number from 1"));
}

/**
 * Depthwise: `G` alone. Groups: `G K C`, without loops that every group has once only.
 *
 * @param k - output channels of one group
 * @param c - input channels of one group
 */
export function channelLoops(groups: number, k: number, c: number): Channels {
  const isGrouped = groups > 1;
  const group: readonly Dim[] = isGrouped ? ["G"] : [];
  const kLoop: readonly Dim[] = isGrouped && k === 1 ? [] : ["K"];
  const cLoop: readonly Dim[] = isGrouped && c === 1 ? [] : ["C"];
  const sizes: Readonly<Record<Dim, number>> = { G: groups, K: k, C: c };
  const [output, input] = [pointwise(...group, ...kLoop), pointwise(...group, ...cLoop)];
  return {
    loops: [...group, ...kLoop, ...cLoop].map((dim) => ({ dim, size: sizes[dim] ?? 1 })),
    output,
    input,
    weights: [output, pointwise(...cLoop)],
    transposedWeights: [input, pointwise(...kLoop)],
  };
}
