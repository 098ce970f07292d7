/** Every region that is read was written before, or is an input or a constant (EM §5). A violation is a defect of ours. */
import { extent, type Interval, intersect } from "../../ir/interval.js";
import type { Network, TensorId } from "../../ir/network.js";
import type { AxisTile } from "../regions/axis-regions.js";
import { type StackGeometry, type TileShape, turned } from "./geometry.js";
import type { FeatureMap } from "./stack-maps.js";
import type { ExactView } from "./stack-view.js";

/**
 * A stack reads what the network is given or what an earlier stack wrote; a layer what an earlier layer of the stack wrote.
 *
 * @throws Error naming the stack and the map
 */
export function requireSources({ tensors }: Network, views: readonly ExactView[]): void {
  const written = new Set<TensorId>(
    [...tensors.values()].filter(({ kind }) => kind !== "intermediate" && kind !== "output").map(({ id }) => id),
  );
  for (const { stack, maps } of views) {
    for (const { node, tensor, readers } of maps.maps) {
      if (node.layer === undefined && !written.has(tensor))
        throw new Error(`stack ${stack.id} reads '${tensor}', which nothing has written before`);
      const at = maps.maps.findIndex((map) => map.node === node);
      const early = readers.find((reader) => maps.maps.findIndex((map) => map.node === reader.node) <= at);
      if (early !== undefined)
        throw new Error(`layer '${early.node.id}' of stack ${stack.id} reads '${tensor}' before it is written`);
      written.add(tensor);
    }
  }
}

/**
 * Along either axis what a tile reads, owes and keeps was computed (fetched) by it or kept by the one before, and nothing is kept before
 * the first tile.
 *
 * @throws Error naming the map, the tile and the interval
 */
export function requireWritten(maps: readonly FeatureMap[], geometry: StackGeometry): void {
  for (const shape of geometry.shapes) {
    for (const { node } of maps) {
      const [tile, again] = [shape.tiles.get(node.id)!, shape.fetchedAgain.get(node.id)]; // every map has a tile
      for (const axis of ["x", "y"] as const) {
        requireAxis(tile[axis], `'${node.id}' along the ${axis === "x" ? "first" : "second"} axis of ${nameOf(shape)}`);
        if (again !== undefined) requireAxis(again[axis], `'${node.id}', fetched again, on ${nameOf(shape)}`);
      }
    }
  }
  requireHandedOn(maps, geometry);
}

const nameOf = ({ width, height, firstAt: { x, y } }: TileShape): string => `the ${width}×${height} tile at ${x},${y}`;

function requireAxis({ need, computed, kept, keptBefore, owed, reads }: AxisTile, where: string): void {
  const claims = [["reads", need], ["owes", owed], ["keeps", kept], ...reads.map((read) => ["reads", read] as const)];
  for (const [verb, wanted] of claims as readonly (readonly [string, Interval | undefined])[]) {
    const present = extent(intersect(wanted, computed)) + extent(intersect(wanted, keptBefore));
    const twice = extent(intersect(intersect(wanted, computed), keptBefore));
    if (present - twice === extent(wanted)) continue;
    throw new Error(`${where}: it ${verb} ${show(wanted)} of ${show(computed)} computed and ${show(keptBefore)} kept`);
  }
}

const show = (span: Interval | undefined): string => (span === undefined ? "∅" : `[${span.lo}, ${span.hi})`);

/** What a tile finds kept is what the one before it has left; the first one finds nothing. */
function requireHandedOn(maps: readonly FeatureMap[], geometry: StackGeometry): void {
  const axes = turned({ x: geometry.columns, y: geometry.rows }, geometry.order);
  for (const axis of ["x", "y"] as const) {
    const shapeOf = (index: number): TileShape => {
      const isColumn = (axis === "x") === (geometry.order === "x-first");
      return geometry.shapes.find(({ column, row }) => (isColumn ? column : row) === index)!; // every class has a tile
    };
    const runs = axes[axis];
    const follows = runs.flatMap(({ class: own, count }, i) => [
      [runs[i - 1]?.class, own] as const,
      ...(count > 1 ? [[own, own] as const] : []),
    ]);
    for (const [before, after] of follows) {
      for (const { node } of maps) {
        const left = before === undefined ? undefined : shapeOf(before).tiles.get(node.id)![axis].kept;
        const found = shapeOf(after).tiles.get(node.id)![axis].keptBefore;
        if (extent(left) === extent(found)) continue;
        const who = before === undefined ? "nobody" : `the tile before`;
        throw new Error(
          `'${node.id}' on ${nameOf(shapeOf(after))}: it finds ${show(found)} kept, ${who} left ${show(left)}`,
        );
      }
    }
  }
}
