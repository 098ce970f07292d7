/**
 * What a box that a tile reads consists of (EM §2): what the tile has computed itself, and what earlier tiles have left in the kept
 * buffers.
 */
import { type Box, box, intersectBoxes, type TensorTile } from "./stack-regions.js";

/**
 * How kept buffers are organised; chosen per tensor. `narrow`: no larger than what is kept. `wide`: old and new overlap lie side by
 * side, so that rows need not be copied into the column buffer.
 */
export type RingKind = "narrow" | "wide";

/** Where cells of a tensor lie: its new part, its column buffer or its row buffer. */
export type Buffer = "new" | "column" | "row";

/** Part of a box that one buffer holds. */
export interface Piece {
  /** `corner`: overlap with the tile before in the row above; it travels in the column buffer. */
  readonly kind: "new" | "column-kept" | "row-kept" | "corner";
  readonly buffer: Buffer;
  readonly box: Box;
}

/** C_x × C_y: what the tile computes; of a stack input, what it fetches. Undefined: the layer does not run. */
export const newPart = ({ x, y }: TensorTile): Box | undefined => box(x.computed, y.computed);

/** O_x × O_y: what the tile writes outside the stack. */
export const owedPart = ({ x, y }: TensorTile): Box | undefined => box(x.owed, y.owed);

/** In_c of one of the tensor's readers. */
export const readPart = ({ x, y }: TensorTile, reader: number): Box | undefined =>
  box(x.reads[reader], y.reads[reader]);

/**
 * Pieces of a box that a tile needs of a tensor, disjoint: at most four of narrow rings, three of wide ones.
 *
 * @param needed - part of N_x × N_y: what a reader reads or what is owed outside
 */
export function piecesOf(needed: Box | undefined, tile: TensorTile, ring: RingKind): readonly Piece[] {
  if (needed === undefined) return [];
  const found: Piece[] = [];
  for (const { kind, buffer, box: region } of ring === "narrow" ? narrowSources(tile) : wideSources(tile)) {
    const cut = region && intersectBoxes(region, needed);
    if (cut !== undefined) found.push({ kind, buffer, box: cut });
  }
  return found;
}

type Source = Pick<Piece, "kind" | "buffer"> & { readonly box: Box | undefined };

const narrowSources = ({ x, y }: TensorTile): readonly Source[] => [
  { kind: "new", buffer: "new", box: box(x.computed, y.computed) },
  { kind: "column-kept", buffer: "column", box: box(x.keptBefore, y.computed) },
  { kind: "row-kept", buffer: "row", box: box(x.computed, y.keptBefore) },
  { kind: "corner", buffer: "column", box: box(x.keptBefore, y.keptBefore) },
];

/** Old rows are whole in the row buffer: it still holds them over the columns of the tiles before. */
const wideSources = ({ x, y }: TensorTile): readonly Source[] => [
  { kind: "new", buffer: "new", box: box(x.computed, y.computed) },
  { kind: "column-kept", buffer: "column", box: box(x.keptBefore, y.computed) },
  { kind: "row-kept", buffer: "row", box: box(x.need, y.keptBefore) },
];
