/** A layer that reads everything and writes everything: operators of which no more is known than their shapes. */
import { mapAxes, mapLoops } from "./feature-map.js";
import { operandNames, output } from "./operands.js";
import type { InputValue, LayerSpec, OperandSpec } from "./operator.js";

/**
 * @param dims - extents of the output that the layer writes
 * @param index - which output of the node that is
 */
export function wholeLayer(
  kind: "opaque" | "movement" | "reduction",
  inputs: readonly (InputValue | undefined)[],
  dims: readonly number[],
  index = 0,
): LayerSpec {
  const names = operandNames(inputs);
  const operands = inputs.flatMap((input, i): readonly OperandSpec[] => {
    if (input === undefined || input.shape.includes(0)) return [];
    const axes = input.shape.map(() => ({ kind: "whole", loops: [] }) as const);
    return [{ name: names[i] ?? "", role: input.isConstant ? "weight" : "input", axes, input: i }];
  });
  return {
    kind,
    output: index,
    loops: mapLoops(dims),
    operands: [output(mapAxes(dims.length)), ...operands],
    attributes: {},
  };
}
