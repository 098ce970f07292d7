/**
 * The buffers that hold kept overlap between tiles (EM §2), per tensor and channel: how large they are and what a tile writes to them.
 *
 * Both are rings with modular addresses. Column `x` of the column buffer lies at `x mod columns`, and its rows from the first one that
 * the tile row stores on; it starts empty in every tile row. Row `y` of the row buffer lies at `y mod rows`, and its columns from the
 * first one that is ever computed (`span.lo`) on.
 */
import { extent, type Interval, intersect } from "../../ir/interval.js";
import type { Buffer, RingKind } from "./pieces.js";
import { area, type Box, box, type StackTensor, type TensorTile } from "./stack-regions.js";

/** Extents of a ring; both are 0 where nothing is kept. */
export interface RingShape {
  readonly columns: number;
  readonly rows: number;
}

export interface KeptRings {
  /** Overlap with the next tile; the ring is in x. */
  readonly column: RingShape;
  /** Overlap with the next tile row, over all columns; the ring is in y. */
  readonly row: RingShape;
  /** Of both, per channel. */
  readonly elements: number;
}

/** Cells that a tile puts into a ring. */
export interface KeptWrite {
  readonly ring: "column" | "row";
  /** Where the cells come from: the tile's new part, or the row buffer. */
  readonly from: Exclude<Buffer, "column">;
  readonly box: Box;
}

/** Elements per channel that a tile writes to kept buffers, by where they go and where they come from. */
export interface KeptTraffic {
  readonly newToColumn: number;
  /** Corner of the right neighbour. */
  readonly rowToColumn: number;
  readonly newToRow: number;
}

/**
 * When a tile does its writes. Narrow rings: after the last reader of the tensor in this tile (or where it would run) and after what
 * is owed has left, because they take the room of cells that are still read. Wide ones: when the new part is made.
 */
export const KEPT_WRITE_TIME = { narrow: "after-last-reader", wide: "at-production" } as const satisfies Record<
  RingKind,
  string
>;

/** Sizes of a tensor's rings over all tiles: exact for narrow ones, each of which is full at some step. */
export function keptRings({ x, y }: StackTensor, ring: RingKind): KeptRings {
  const column = ring === "narrow" ? shape(x.peaks.kept, y.peaks.need) : shape(x.peaks.keptTwice, y.peaks.fresh);
  const row = shape(extent(x.span), ring === "narrow" ? y.peaks.kept : y.peaks.keptTwice);
  return { column, row, elements: column.columns * column.rows + row.columns * row.rows };
}

/** Rows of a tensor that its column buffer holds in a tile row: the first is row 0 of the buffer. */
export function columnBufferRows({ y }: TensorTile, ring: RingKind): Interval | undefined {
  return ring === "narrow" ? y.need : intersect(y.need, y.computed);
}

/**
 * What a tile writes to the kept buffers of a tensor, in this order: the column buffer takes rows out of the row buffer before these
 * are overwritten. Also due when the tile computes nothing of the tensor because `C_y` is empty.
 */
export function keptWrites(tile: TensorTile, ring: RingKind): readonly KeptWrite[] {
  const { x, y } = tile;
  const columns = intersect(x.kept, x.computed);
  const old = ring === "narrow" ? intersect(y.need, y.keptBefore) : undefined;
  return [
    write("column", "row", box(columns, old)),
    write("column", "new", box(columns, intersect(y.need, y.computed))),
    write("row", "new", box(x.computed, intersect(y.kept, y.computed))),
  ].flat();
}

/** Sizes of these writes: the same for all tiles whose column and row are of the same classes. */
export function keptTraffic(tile: TensorTile, ring: RingKind): KeptTraffic {
  const traffic = { newToColumn: 0, rowToColumn: 0, newToRow: 0 };
  for (const { ring: to, from, box } of keptWrites(tile, ring)) {
    traffic[to === "row" ? "newToRow" : from === "row" ? "rowToColumn" : "newToColumn"] += area(box);
  }
  return traffic;
}

const write = (ring: KeptWrite["ring"], from: KeptWrite["from"], cells: Box | undefined): readonly KeptWrite[] =>
  cells === undefined ? [] : [{ ring, from, box: cells }];

const shape = (columns: number, rows: number): RingShape =>
  columns === 0 || rows === 0 ? { columns: 0, rows: 0 } : { columns, rows };
