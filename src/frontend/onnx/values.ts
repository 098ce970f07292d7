/** What is known of the values of a graph, and why of some nothing is. */
import { tooManyAxes } from "../../ir/diagnostics/onnx.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { quantisedBits } from "./data-type.js";
import { isKnown, MAX_RANK, product, type Shape } from "./extent.js";
import type { OnnxTensor, OnnxValueInfo } from "./model.js";
import type { Inferred, InputValue } from "./operator.js";
import type { Symbols } from "./symbols.js";
import { ELEMENT_LIMIT } from "./tensor-elements.js";

/** Why a shape is not known: the first thing that stood in the way. */
export interface Cause {
  readonly reason: string;
  /** Type of the operator that is not understood. */
  readonly operator?: string;
}

/** A value of the graph; `shape` is absent where even its rank is not known. */
export interface Value extends Omit<InputValue, "shape"> {
  readonly shape?: Shape;
  readonly cause?: Cause;
}

export const constantValue = (tensor: OnnxTensor): Value => ({
  name: tensor.name,
  type: tensor.type,
  shape: tensor.dims,
  isConstant: true,
  isGraphInput: false,
  ...bitsEntry(quantisedBits(tensor.type)),
  ...(tensor.elements !== undefined && { elements: tensor.elements }),
});

const bitsEntry = (bits: number | undefined) => (bits === undefined ? {} : { bits });

export function inputValue(info: OnnxValueInfo, symbols: Symbols): Value {
  const base = {
    name: info.name,
    type: info.type,
    isConstant: false,
    isGraphInput: true,
    ...bitsEntry(quantisedBits(info.type)),
  };
  const shape = symbols.shapeOf(info);
  return shape === undefined
    ? { ...base, cause: { reason: `graph input '${info.name}' has no shape` } }
    : { ...base, shape };
}

export const nothing = (name: string): Value => ({
  name,
  type: 0,
  isConstant: false,
  isGraphInput: false,
  cause: { reason: `nothing has written '${name}' when it is read` },
});

export const notUnderstood = (id: string, opType: string): Cause => ({
  reason: `operator '${opType}' of node '${id}' is not understood, and the shape of its output is not declared`,
  operator: opType,
});

export const causeOf = (inputs: readonly (Value | undefined)[]): Cause =>
  inputs.find((value) => value !== undefined && value.shape === undefined)?.cause ?? {
    reason: "an input is not known",
  };

/**
 * @param first - input of the node whose type the output has where nothing else is said, as a constant of this type its bits too
 * @throws DiagnosticError `too-many-axes`
 */
export function toValue(
  name: string,
  result: Inferred | undefined,
  isConstant: boolean,
  first: Value | undefined,
  loc: Location,
): Value {
  if (result === undefined || "reason" in result) {
    const reason = result?.reason ?? `output '${name}' is not one that the operator has`;
    return { name, type: 0, isConstant, isGraphInput: false, cause: { reason } };
  }
  const { shape, type = first?.type ?? 0 } = result;
  if (shape.length > MAX_RANK) throw new DiagnosticError([tooManyAxes(loc, name, shape.length, MAX_RANK)]);
  const elements = isKnown(shape) && product(shape) <= ELEMENT_LIMIT ? result.elements : undefined;
  const bits = result.bits ?? quantisedBits(type) ?? (isConstant && type === first?.type ? first.bits : undefined);
  const base = { name, type, shape, isGraphInput: false, ...bitsEntry(bits) };
  return elements === undefined ? { ...base, isConstant } : { ...base, isConstant: true, elements };
}
