/**
 * Regions of a stack's tensors in a tile: products of the regions along two axes. Tiles advance along `x` first, so `x` is the inner
 * tile axis; for the order `y-first` hand in the axes the other way round.
 */
import { extent, type Interval, intersect } from "../../ir/interval.js";
import type { AxisGraph } from "./axis-graph.js";
import { type AxisRegions, type AxisTile, axisRegions, axisTile, type TensorAxis } from "./axis-regions.js";
import { type TileClasses, tileClasses } from "./tile-classes.js";

/** Elements with an index in `x` and one in `y`. */
export interface Box {
  readonly x: Interval;
  readonly y: Interval;
}

/** One axis of a stack, cut into tiles, and which of these are alike. */
export interface StackAxis extends AxisRegions {
  readonly classes: TileClasses;
}

/** Both axes of a stack. Tensors stand in the same order along both. */
export interface StackRegions {
  readonly x: StackAxis;
  readonly y: StackAxis;
  readonly tensors: readonly StackTensor[];
}

/** One tensor along both axes. */
export interface StackTensor {
  readonly id: string;
  readonly x: TensorAxis;
  readonly y: TensorAxis;
}

/** Regions of one tensor in one tile. */
export interface TensorTile {
  readonly x: AxisTile;
  readonly y: AxisTile;
}

/** The product, `undefined` when it is empty. */
export const box = (x: Interval | undefined, y: Interval | undefined): Box | undefined =>
  x === undefined || y === undefined ? undefined : { x, y };

export const intersectBoxes = (a: Box, b: Box): Box | undefined => box(intersect(a.x, b.x), intersect(a.y, b.y));

/** Number of elements per channel. */
export const area = (of: Box | undefined): number => (of === undefined ? 0 : extent(of.x) * extent(of.y));

/**
 * Both axes of a stack in tiles of `tile.x` × `tile.y` elements of its output.
 *
 * @param x - inner tile axis: tiles advance along it first
 * @param y - outer tile axis; same tensors and readers in the same order
 * @throws Error when the axes are not of one stack, or rows of a tensor are kept and its columns are not
 */
export function stackRegions(
  x: AxisGraph,
  y: AxisGraph,
  tile: { readonly x: number; readonly y: number },
): StackRegions {
  requireSameStack(x, y);
  const axes = { x: withClasses(axisRegions(x, tile.x)), y: withClasses(axisRegions(y, tile.y)) };
  const tensors = axes.x.tensors.map((along, i) => ({ id: along.tensor.id, x: along, y: axes.y.tensors[i]! }));
  return { ...axes, tensors };
}

/** Regions of a tensor in the i-th tile along `x` of the j-th tile row. */
export const tensorTile = (tensor: StackTensor, i: number, j: number): TensorTile => ({
  x: axisTile(tensor.x, i),
  y: axisTile(tensor.y, j),
});

const withClasses = (axis: AxisRegions): StackAxis => ({ ...axis, classes: tileClasses(axis) });

function requireSameStack(x: AxisGraph, y: AxisGraph): void {
  const shape = ({ tensors, output }: AxisGraph) =>
    [output, ...tensors.map(({ id, readers }) => [id, ...readers.map((reader) => reader.output)].join(" "))].join("\n");
  if (shape(x) !== shape(y)) throw new Error("the axes of a stack have other tensors or readers");
  for (const [i, tensor] of x.tensors.entries()) {
    if (tensor.isKept || !y.tensors[i]!.isKept) continue; // same tensors
    throw new Error(
      `'${tensor.id}' keeps its rows but not its columns: rows are kept of columns that are computed once`,
    );
  }
}
