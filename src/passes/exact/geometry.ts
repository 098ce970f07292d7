/** Tiles of a stack by type, with the regions of every feature map on each of them (EM §1). */
import type { OverlapMode, StackTiling, TileOrder } from "../../ir/facts.js";
import { extent } from "../../ir/interval.js";
import type { AxisGraph, AxisTensor } from "../regions/axis-graph.js";
import { type StackTensor, stackRegions, type TensorTile, tensorTile } from "../regions/stack-regions.js";
import type { ClassRun } from "../regions/tile-classes.js";
import { type Both, both, type Direction, type FeatureMap, type StackMaps } from "./stack-maps.js";

/** Tiles that are alike in both directions. */
export interface TileShape {
  /** Classes of the column and of the row. */
  readonly column: number;
  readonly row: number;
  readonly count: number;
  /** Of the stack's output. */
  readonly width: number;
  readonly height: number;
  readonly firstAt: Both<number>;
  /** By node; `x` is the direction in which tiles follow each other first. */
  readonly tiles: ReadonlyMap<string, TensorTile>;
  /** Of stack inputs whose overlap is fetched again instead of kept. */
  readonly fetchedAgain: ReadonlyMap<string, TensorTile>;
}

export interface StackGeometry {
  readonly order: TileOrder;
  readonly columns: readonly ClassRun[];
  readonly rows: readonly ClassRun[];
  /** Row by row. */
  readonly shapes: readonly TileShape[];
  /** By node: over all tiles. */
  readonly regions: ReadonlyMap<string, StackTensor>;
}

/** What lies along the direction in which tiles follow each other first, and along the other one, as columns and rows; or the reverse. */
export const turned = <T>({ x, y }: Both<T>, order: TileOrder): Both<T> =>
  order === "x-first" ? { x, y } : { x: y, y: x };

/** @param tiling - tile of the stack's output, clamped to it */
export function stackGeometry({ maps }: StackMaps, { tile, overlap, order }: StackTiling): StackGeometry {
  const inner: Direction = order === "x-first" ? "x" : "y";
  const graphs = both((direction) => axisGraph(maps, direction, isKeptAlong(overlap, direction === inner)));
  const [along, sizes] = [turned(graphs, order), turned({ x: tile.width, y: tile.height }, order)];
  const regions = stackRegions(along.x, along.y, sizes);
  const classes = turned({ x: regions.x.classes, y: regions.y.classes }, order);
  const named = new Map(regions.tensors.map((tensor) => [tensor.id, tensor]));
  const inputs = maps.filter(({ node }) => node.layer === undefined);
  const output = named.get(maps.at(-1)!.node.id)!; // a stack has an output
  const shapes = classes.y.classes.flatMap((row, r) =>
    classes.x.classes.map((column, c): TileShape => {
      const at = turned({ x: column.representative, y: row.representative }, order);
      const tileOf = (id: string): TensorTile => tensorTile(named.get(id)!, at.x, at.y); // every map has regions
      const own = tensorTile(output, at.x, at.y);
      const owed = turned({ x: own.x.owed, y: own.y.owed }, order);
      return {
        column: c,
        row: r,
        count: column.count * row.count,
        width: extent(owed.x),
        height: extent(owed.y),
        firstAt: { x: owed.x?.lo ?? 0, y: owed.y?.lo ?? 0 },
        tiles: new Map(maps.map(({ node }) => [node.id, tileOf(node.id)])),
        fetchedAgain: new Map(inputs.map(({ node }) => [node.id, tileOf(again(node.id))])),
      };
    }),
  );
  return {
    order,
    columns: classes.x.runs,
    rows: classes.y.runs,
    shapes,
    regions: new Map(maps.map(({ node }) => [node.id, named.get(node.id)!])),
  };
}

/** Whether overlap along a direction is kept. */
const isKeptAlong = (overlap: OverlapMode, isInner: boolean): boolean =>
  overlap === "fully-cached" || (overlap === "h-cached" && isInner);

/** Classes of tiles are the same whether the overlap of an input is kept or not: it stands in the graph both ways. */
function axisGraph(maps: readonly FeatureMap[], direction: Direction, isKept: boolean): AxisGraph {
  const axis = ({ node, extents, leaves, readers, periods }: FeatureMap): AxisTensor => ({
    id: node.id,
    extent: extents[direction],
    ...(periods && periods[direction] > 1 && { period: periods[direction] }),
    ...(leaves && { leaves: { lo: 0, hi: extents[direction] } }),
    isKept,
    readers: readers.map((reader) => ({
      output: reader.node.id,
      map: reader.maps[direction],
      taps: reader.taps[direction],
    })),
  });
  const fetched = maps
    .filter(({ node }) => node.layer === undefined)
    .map((map) => ({ ...axis(map), id: again(map.node.id), isKept: false }));
  return { tensors: [...fetched, ...maps.map(axis)], output: maps.at(-1)!.node.id }; // a stack has an output
}

/** Name of an input whose overlap is fetched again; no node has such a name. */
const again = (input: string): string => `${input}\u0000`;
