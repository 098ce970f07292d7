/** Operand names and roles that operator families share. */
import type { AxisMap } from "../../ir/axis-map.js";
import type { InputValue, OperandSpec } from "./operator.js";

/**
 * Names by position: constants are `W`, `W2` …; activations `I`, `I2`, `I3` …, or `X`, `Y`, `I3` … where `first` says so.
 * The name of an input that is left out is empty.
 */
export function operandNames(
  inputs: readonly (Pick<InputValue, "isConstant"> | undefined)[],
  first: readonly string[] = ["I"],
): readonly string[] {
  const counts = { W: 0, I: 0 };
  return inputs.map((input) => {
    if (input === undefined) return "";
    if (input.isConstant) return ++counts.W === 1 ? "W" : `W${counts.W}`;
    return first[counts.I++] ?? `I${counts.I}`;
  });
}

export const output = (axes: readonly AxisMap[]): OperandSpec => ({ name: "O", role: "output", axes });
