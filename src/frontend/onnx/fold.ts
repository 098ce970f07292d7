/** Evaluates small constant tensors, so that shapes which a model computes are known. */
import { deriveAll, type Extent, isKnown, product } from "./extent.js";
import type { InputValue } from "./operator.js";
import { ELEMENT_LIMIT } from "./tensor-elements.js";

/** A constant with known extents and elements. */
export interface SmallTensor {
  readonly dims: readonly number[];
  readonly elements: readonly Extent[];
}

/** The input as a small constant, where it is one. */
export function smallTensor(input: InputValue | undefined): SmallTensor | undefined {
  if (input?.elements === undefined || !isKnown(input.shape)) return undefined;
  return { dims: input.shape, elements: input.elements };
}

/** Numbers of a constant; `undefined` where one is not known. */
export function numbersOf(input: InputValue | undefined): readonly number[] | undefined {
  return input?.elements !== undefined && isKnown(input.elements) ? input.elements : undefined;
}

/**
 * Elements of a tensor, each from its index per axis.
 *
 * @returns `undefined` for tensors that are too large to carry
 */
export function fill(
  dims: readonly number[],
  at: (index: readonly number[]) => Extent | undefined,
): readonly Extent[] | undefined {
  const count = product(dims);
  if (count > ELEMENT_LIMIT) return undefined;
  const elements: Extent[] = [];
  for (let flat = 0; flat < count; flat++) {
    const element = at(unravel(flat, dims));
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return elements;
}

function unravel(flat: number, dims: readonly number[]): readonly number[] {
  const index: number[] = [];
  let rest = flat;
  for (const extent of dims.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
}

/** The element at an index; axes are aligned at the end and an extent of 1 repeats. */
export function elementAt({ dims, elements }: SmallTensor, index: readonly number[]): Extent | undefined {
  const offset = index.length - dims.length;
  const flat = dims.reduce((sum, extent, axis) => sum * extent + (extent === 1 ? 0 : (index[offset + axis] ?? 0)), 0);
  return elements[flat];
}

/** `f` element by element over broadcast constants; `undefined` where an input is not a small constant. */
export function foldElementwise(
  inputs: readonly (InputValue | undefined)[],
  dims: readonly number[],
  f: (operands: readonly number[]) => number,
): readonly Extent[] | undefined {
  const tensors = inputs.map(smallTensor);
  if (!tensors.every((tensor) => tensor !== undefined)) return undefined;
  return fill(dims, (index) => {
    const operands = tensors.map((tensor) => elementAt(tensor, index));
    return operands.every((operand) => operand !== undefined) ? deriveAll(operands, f) : undefined;
  });
}
