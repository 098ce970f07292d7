/** What is known of the values of a graph, and why of some nothing is. */
import { tooManyAxes } from "../../ir/diagnostics/onnx.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { isInteger, quantisedBits } from "./data-type.js";
import { type Extent, isKnown, MAX_RANK, product, type Shape } from "./extent.js";
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
  ...(tensor.unread !== undefined && { unread: tensor.unread }),
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
 * @param inputs - of the node: the output has the first one's type where nothing else is said, as a constant of this type its bits too
 * @throws DiagnosticError `too-many-axes`
 */
export function toValue(
  name: string,
  result: Inferred | undefined,
  isConstant: boolean,
  inputs: readonly (Value | undefined)[],
  loc: Location,
): Value {
  if (result === undefined || "reason" in result) {
    const reason = result?.reason ?? `output '${name}' is not one that the operator has`;
    return { name, type: 0, isConstant, isGraphInput: false, cause: { reason } };
  }
  const [first] = inputs;
  const { shape, type = first?.type ?? 0 } = result;
  if (shape.length > MAX_RANK) throw new DiagnosticError([tooManyAxes(loc, name, shape.length, MAX_RANK)]);
  const bits = result.bits ?? quantisedBits(type) ?? (isConstant && type === first?.type ? first.bits : undefined);
  const base = { name, type, shape, isGraphInput: false, ...bitsEntry(bits) };
  const computed = isKnown(shape) && product(shape) <= ELEMENT_LIMIT ? result.elements : undefined;
  const inexact = computed === undefined ? undefined : inexactElement(type, computed);
  if (computed !== undefined && inexact === undefined) return { ...base, isConstant: true, elements: computed };
  if (!isConstant && inexact === undefined) return { ...base, isConstant };
  const unread =
    inexact === undefined
      ? (result.unread ?? inputs.find((input) => input?.unread !== undefined)?.unread)
      : `node '${loc.node ?? ""}' computes ${inexact}, which is no whole number from -2^53 to 2^53`;
  return { ...base, isConstant, ...(unread !== undefined && { unread }) };
}

/** In words, an element that arithmetic on whole numbers does not have: of a division by 0, or rounded. */
function inexactElement(type: number, elements: readonly Extent[]): string | undefined {
  if (!isInteger(type)) return undefined;
  const wrong = elements.find((element) => typeof element === "number" && !isExact(element));
  return wrong === undefined ? undefined : Number.isFinite(wrong) ? "a number beyond 2^53" : "a division by 0";
}

/** `INT64_MAX` and `INT64_MIN` mean that there is no limit, also a little beyond them. */
const isExact = (element: number): boolean => Number.isSafeInteger(element) || Math.abs(element) === 2 ** 63;
