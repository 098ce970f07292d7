/** Shapes that a file declares beside those that its nodes compute. */
import { badDimension, declaredShapeDiffers, tensorTooLarge, tooManyAxes } from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { contradicts, type Extent, isKnown, MAX_RANK, printShape, product, type Shape } from "./extent.js";
import type { OnnxValueInfo } from "./model.js";
import { isExtent, type Symbols } from "./symbols.js";
import type { Value } from "./values.js";

export function declaredShapes(infos: readonly OnnxValueInfo[], symbols: Symbols): ReadonlyMap<string, Shape> {
  return new Map(
    infos.flatMap((info) => {
      const shape = symbols.shapeOf(info);
      return shape === undefined ? [] : [[info.name, shape] as const];
    }),
  );
}

export interface Contradiction {
  readonly value: string;
  readonly declared: string;
  readonly computed: string;
}

/** What is declared fills in what could not be computed; where both are known, the computed shape wins. */
export function complete(value: Value, declared: Shape | undefined, contradictions: Contradiction[]): Value {
  if (declared === undefined) return value;
  if (value.shape === undefined) {
    const { cause: _, ...rest } = value;
    return { ...rest, shape: declared };
  }
  const { shape } = value;
  if (shape.length !== declared.length || shape.some((extent, axis) => contradicts(extent, declared[axis] ?? extent))) {
    contradictions.push({ value: value.name, declared: printShape(declared), computed: printShape(shape) });
    return value;
  }
  return { ...value, shape: shape.map((extent, axis) => better(extent, declared[axis])) };
}

/** A number, or a name that can be bound instead of what is found at run time. */
const better = (computed: Extent, declared: Extent | undefined): Extent =>
  typeof computed === "number" ||
  declared === undefined ||
  (typeof declared !== "number" && computed.reason === undefined)
    ? computed
    : declared;

export function reportContradictions(contradictions: readonly Contradiction[], loc: Location): readonly Diagnostic[] {
  const [first, ...others] = contradictions;
  if (first === undefined) return [];
  return [declaredShapeDiffers(loc, first.value, first.declared, first.computed, others.length)];
}

export function checkShape(name: string, shape: Shape, loc: Location): readonly Diagnostic[] {
  if (shape.length > MAX_RANK) return [tooManyAxes(loc, name, shape.length, MAX_RANK)];
  const wrong = shape.flatMap((extent, axis) =>
    typeof extent === "number" && !isExtent(extent) ? [badDimension(loc, name, extent, axis)] : [],
  );
  if (wrong.length > 0 || !isKnown(shape) || product(shape) <= Number.MAX_SAFE_INTEGER) return wrong;
  return [tensorTooLarge(loc, name, printShape(shape))];
}
