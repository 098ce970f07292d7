/** Shapes whose dimensions may be symbols that nobody has bound. */

/** A dimension without a number: the symbol that stands in the way. */
export interface UnknownExtent {
  readonly symbol: string;
  /** Computed from the symbol, not the symbol itself: two of these need not be equal. */
  readonly isDerived: boolean;
}

/** Elements along an axis; also an element of a shape tensor, which may be negative. */
export type Extent = number | UnknownExtent;
export type Shape = readonly Extent[];

export const unknown = (symbol: string): UnknownExtent => ({ symbol, isDerived: false });

export const isKnown = (shape: Shape): shape is readonly number[] =>
  shape.every((extent) => typeof extent === "number");

/** The first symbol that a shape lacks a number for. */
export const unknownSymbolOf = (shape: Shape): string | undefined =>
  shape.find((extent) => typeof extent !== "number")?.symbol;

/** `f` of the extents where all are known, else a dimension derived from the first unknown one. */
export function derive<const E extends Shape>(extents: E, f: (...known: { [K in keyof E]: number }) => number): Extent {
  const missing = unknownSymbolOf(extents);
  if (missing !== undefined) return { symbol: missing, isDerived: true };
  return f(...(extents as { [K in keyof E]: number })); // every extent is a number, as none is unknown
}

/** Certainly equal: the same number or the same symbol. */
export const isSame = (a: Extent, b: Extent): boolean =>
  typeof a === "number" || typeof b === "number" ? a === b : a.symbol === b.symbol && !a.isDerived && !b.isDerived;

/** Certainly different: two numbers that are not the same. */
export const contradicts = (a: Extent, b: Extent): boolean => typeof a === "number" && typeof b === "number" && a !== b;

/** Elements of a tensor of this shape. */
export const elementCount = (shape: Shape): Extent => derive(shape, (...dims) => product(dims));

export const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** `[1, N, 224]`. */
export const printShape = (shape: Shape): string =>
  `[${shape.map((extent) => (typeof extent === "number" ? extent : extent.isDerived ? "?" : extent.symbol)).join(", ")}]`;

/**
 * Shape of an element-wise result: axes are aligned at the end, an extent of 1 repeats.
 *
 * @returns `undefined` where two extents contradict each other
 */
export function broadcast(shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  const result: Extent[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const extents = shapes.map((shape) => shape[axis - (rank - shape.length)] ?? 1);
    const known = extents.filter((extent) => typeof extent === "number" && extent !== 1);
    if (known.some((extent) => extent !== known[0])) return undefined;
    const symbols = extents.filter((extent) => typeof extent !== "number");
    // A symbol beside a number is that number or 1; beside another symbol it may be either.
    result.push(known[0] ?? mergeSymbols(symbols));
  }
  return result;
}

function mergeSymbols(symbols: readonly Extent[]): Extent {
  const [first] = symbols;
  if (first === undefined || typeof first === "number") return 1;
  return symbols.every((symbol) => isSame(symbol, first)) ? first : { symbol: first.symbol, isDerived: true };
}
