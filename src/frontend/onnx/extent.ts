/** Shapes whose dimensions may be symbols that nobody has bound. */

/** A dimension without a number: the symbol that stands in the way. */
export interface UnknownExtent {
  readonly symbol: string;
  /** Computed from the symbol, not the symbol itself: two of these need not be equal. */
  readonly isDerived: boolean;
  /** Why nobody can bind it: it is known at run time. There is no symbol then. */
  readonly reason?: string;
}

/** Elements along an axis; also an element of a shape tensor, which may be negative. */
export type Extent = number | UnknownExtent;
export type Shape = readonly Extent[];

export const unknown = (symbol: string): UnknownExtent => ({ symbol, isDerived: false });

/** As many elements as are found at run time. */
export const atRunTime = (reason: string): UnknownExtent => ({ symbol: "", isDerived: true, reason });

export const isKnown = (shape: Shape): shape is readonly number[] =>
  shape.every((extent) => typeof extent === "number");

/** The first extent of a shape that has no number. */
export const unknownOf = (shape: Shape): UnknownExtent | undefined =>
  shape.find((extent) => typeof extent !== "number");

/** Axes that a tensor may have. Runtimes stop at 8; what costs time per axis and pair of axes must end somewhere. */
export const MAX_RANK = 64;

/** A few extents that are named one by one. */
type Extents = readonly [Extent, ...Extent[]];

/** `f` of the extents where all are known, else a dimension derived from the first unknown one. */
export const derive = <const E extends Extents>(
  extents: E,
  f: (...known: { [K in keyof E]: number }) => number,
): Extent => deriveAll(extents, (known) => f(...(known as { [K in keyof E]: number }))); // a number for each extent

/** `f` of a list of any length where all its extents are known, else a dimension derived from the first unknown one. */
export function deriveAll(extents: Shape, f: (known: readonly number[]) => number): Extent {
  const missing = unknownOf(extents);
  return missing === undefined && isKnown(extents) ? f(extents) : { symbol: "", ...missing, isDerived: true };
}

/** Certainly equal: the same number or the same symbol. */
export const isSame = (a: Extent, b: Extent): boolean =>
  typeof a === "number" || typeof b === "number" ? a === b : a.symbol === b.symbol && !a.isDerived && !b.isDerived;

/** Certainly different: two numbers that are not the same. */
export const contradicts = (a: Extent, b: Extent): boolean => typeof a === "number" && typeof b === "number" && a !== b;

/** Elements of a tensor of this shape. */
export const elementCount = (shape: Shape): Extent => deriveAll(shape, product);

export const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** `[1, N, 224]`. */
export const printShape = (shape: Shape): string =>
  `[${shape.map((extent) => (typeof extent === "number" ? printNumber(extent) : extent.isDerived ? "?" : extent.symbol)).join(", ")}]`;

/** A number of a file: what is beyond 2^53 is not shown as digits that it does not have. */
export function printNumber(number: number): string {
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return String(number);
  if (Math.abs(number) === 2 ** 63) return number < 0 ? "-2^63" : "2^63 - 1";
  return number < 0 ? "below -2^53" : "above 2^53";
}

/** Shapes in words; of many inputs a few. */
export const printShapes = (shapes: readonly Shape[], limit = 5): string => {
  const shown = shapes.slice(0, limit).map(printShape).join(" and ");
  return shapes.length > limit ? `${shown} and ${shapes.length - limit} more` : shown;
};

/**
 * Shape of an element-wise result: axes are aligned at the end, an extent of 1 repeats.
 *
 * @returns `undefined` where two extents contradict each other
 */
export function broadcast(shapes: readonly Shape[]): Shape | undefined {
  const rank = shapes.reduce((longest, { length }) => Math.max(longest, length), 0);
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
  return symbols.every((symbol) => isSame(symbol, first)) ? first : { ...first, isDerived: true };
}
