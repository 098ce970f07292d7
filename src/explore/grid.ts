/** Points of a sweep over tile sizes and overlap modes. */
import type { OverlapMode, TileOrder } from "../ir/facts.js";
import { printTileSize, type TileSize } from "../passes/options.js";

/** How the stacks of a network are tiled; the same for all of them. */
export interface TilePoint {
  readonly tile: TileSize;
  readonly overlap: OverlapMode;
  /** Row by row where it is absent. */
  readonly order?: TileOrder;
}

/** Tile sizes and modes whose every combination is a point. */
export interface TileGrid {
  readonly widths: readonly number[];
  readonly heights: readonly number[];
  readonly overlaps: readonly OverlapMode[];
}

/** All points of a grid: mode by mode, then by width, then by height. */
export const gridPoints = ({ widths, heights, overlaps }: TileGrid): readonly TilePoint[] =>
  overlaps.flatMap((overlap) =>
    widths.flatMap((width) => heights.map((height) => ({ tile: { width, height }, overlap }))),
  );

/** A map that is not cut has no overlap: its mode is arbitrary. */
export const FULL_MAP: TilePoint = { tile: "full", overlap: "fully-cached" };

/** `60x72 fully-cached`, or `uncut`. */
export const printPoint = ({ tile, overlap }: TilePoint): string =>
  tile === "full" ? "uncut" : `${printTileSize(tile)} ${overlap}`;
