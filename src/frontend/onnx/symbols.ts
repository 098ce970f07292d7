/** Dimensions that the model names instead of stating, and the values that the user binds them to. */

import { badBinding, badDimension, defaultBatch, tooManyAxes, unknownSymbol } from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { type Extent, MAX_RANK, type Shape, unknown } from "./extent.js";
import type { OnnxGraph, OnnxValueInfo } from "./model.js";

/** Largest extent of an axis. */
export const MAX_EXTENT = 2 ** 31;

export interface Symbols {
  /** Declared shape with bound symbols replaced; `undefined` where the rank is not declared. */
  shapeOf(info: OnnxValueInfo): Shape | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** A dimension that has neither number nor name is called by its place: `images[2]`. */
const symbolAt = (info: OnnxValueInfo, axis: number): string => {
  const dim = info.dims?.[axis];
  return typeof dim === "string" ? dim : `${info.name}[${axis}]`;
};

/**
 * Binds symbols to numbers. The leading symbol of an input is its batch and defaults to 1.
 *
 * @param inputs - graph inputs without an initializer
 */
export function resolveSymbols(
  graph: OnnxGraph,
  inputs: readonly OnnxValueInfo[],
  bind: ReadonlyMap<string, number>,
  loc: Location,
): Symbols {
  const infos = [...inputs, ...graph.outputs, ...graph.valueInfo];
  const known = new Set(infos.flatMap((info) => symbolsOf(info)));
  const notes: Diagnostic[] = [];
  const values = new Map(bind);
  for (const input of inputs) {
    const batch = symbolsOf(input)[0];
    if (batch === undefined || batch !== symbolAt(input, 0) || values.has(batch)) continue;
    values.set(batch, 1);
    notes.push(defaultBatch(loc, batch, input.name));
  }
  const shapeOf = (info: OnnxValueInfo): Shape | undefined =>
    info.dims?.map((dim, axis): Extent => {
      if (isStated(dim, axis)) return dim;
      const symbol = symbolAt(info, axis);
      return values.get(symbol) ?? unknown(symbol);
    });
  const wrong = checkBindings(bind, known, [...new Set(inputs.flatMap(symbolsOf))]);
  return { shapeOf, diagnostics: [...wrong, ...notes, ...checkShapes(graph, inputs, loc)] };
}

/** Old exporters write 0 for a batch that they do not know. */
const isStated = (dim: number | string | undefined, axis: number): dim is number =>
  typeof dim === "number" && !(dim === 0 && axis === 0);

const symbolsOf = (info: OnnxValueInfo): readonly string[] =>
  (info.dims ?? []).flatMap((dim, axis) => (isStated(dim, axis) ? [] : [symbolAt(info, axis)]));

function checkBindings(
  bind: ReadonlyMap<string, number>,
  known: ReadonlySet<string>,
  offered: readonly string[],
): Diagnostic[] {
  const where = { field: "--bind" };
  return [...bind].flatMap(([symbol, value]) => {
    if (!known.has(symbol)) return [unknownSymbol(where, symbol, offered)];
    return isExtent(value) && value >= 1 ? [] : [badBinding(where, symbol, value)];
  });
}

/** Every shape that the file states is short enough; those of inputs are extents, too. */
const checkShapes = (
  { initializers, outputs, valueInfo }: OnnxGraph,
  inputs: readonly OnnxValueInfo[],
  loc: Location,
): readonly Diagnostic[] => [
  ...[...initializers, ...inputs, ...outputs, ...valueInfo].flatMap(({ name, dims = [] }) =>
    dims.length > MAX_RANK ? [tooManyAxes(loc, name, dims.length, MAX_RANK)] : [],
  ),
  ...inputs.flatMap((input) => checkDimensions(input, loc)),
];

const checkDimensions = (info: OnnxValueInfo, loc: Location): readonly Diagnostic[] =>
  (info.dims ?? []).flatMap((dim, axis) =>
    typeof dim === "number" && !isExtent(dim) ? [badDimension(loc, info.name, dim, axis)] : [],
  );

export const isExtent = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= MAX_EXTENT;
