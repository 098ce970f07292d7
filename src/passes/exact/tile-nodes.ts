/** The nodes of a stack on one tile type: what each computes and reads there, in boxes and in bits (EM §1–2). */

import type { InputOperand } from "../depth-first/graph.js";
import { keptTraffic } from "../regions/kept-rings.js";
import { newPart, owedPart, type Piece, piecesOf, type RingKind, readPart } from "../regions/pieces.js";
import { area, type Box, type TensorTile } from "../regions/stack-regions.js";
import { type StackGeometry, type TileShape, turned } from "./geometry.js";
import type { LayerTile, OperandBox } from "./layer-problems.js";
import type { FeatureMap, StackMaps } from "./stack-maps.js";

/** Bits of a box by the buffer that holds them. */
export interface PieceBits {
  readonly new: number;
  readonly column: number;
  readonly row: number;
}

/** An operand of a layer that runs, and the map that it reads. */
export interface TileRead {
  /** Index into the maps of the stack. */
  readonly source: number;
  readonly operand: InputOperand;
  /** Bits of what it reads, in place. */
  readonly bits: number;
  /** The same with overlap kept in rings of each kind, by buffer; of a stack input also with overlap fetched again. */
  readonly pieces: Readonly<Record<RingKind, PieceBits>>;
}

/** Bits that one tile writes to kept rings. */
export interface RingWrites {
  readonly newToColumn: number;
  readonly rowToColumn: number;
  readonly newToRow: number;
}

/** One node on one tile type. */
export interface TileNode {
  /** Index into the maps of the stack: that of the map which it writes. */
  readonly index: number;
  readonly map: FeatureMap;
  /** Absent where the node does not run: nothing of its map is new on tiles of this type. */
  readonly tile?: LayerTile;
  /** Bits of the new part, with overlap kept, and of a stack input with overlap fetched again. */
  readonly newBits: number;
  readonly fetchedBits: number;
  readonly reads: readonly TileRead[];
  readonly writes: Readonly<Record<RingKind, RingWrites>>;
  /** What the tile owes outside of the stack, by the buffer that holds it. */
  readonly owed: Readonly<Record<RingKind, PieceBits>>;
  /** Index of the last node that reads the map on this tile type; its own where none does. */
  readonly lastUse: number;
}

export interface TileNodes {
  readonly shape: TileShape;
  /** One per map of the stack, in order. */
  readonly nodes: readonly TileNode[];
}

/** @param geometry - of the same stack */
export function tileNodes(stack: StackMaps, geometry: StackGeometry): readonly TileNodes[] {
  return geometry.shapes.map((shape) => {
    const parts = stack.maps.map((map, index) => nodeOnTile(map, index, shape, stack, geometry));
    const nodes = parts.map((part, index): TileNode => {
      const users = parts.filter(({ reads }) => reads.some(({ source }) => source === index));
      return { ...part, lastUse: Math.max(index, ...users.map((user) => user.index)) };
    });
    return { shape, nodes };
  });
}

function nodeOnTile(
  map: FeatureMap,
  index: number,
  shape: TileShape,
  stack: StackMaps,
  geometry: StackGeometry,
): Omit<TileNode, "lastUse"> {
  const { node, cellBits } = map;
  const own = shape.tiles.get(node.id)!; // every map has a tile
  const box = newPart(own);
  const again = shape.fetchedAgain.get(node.id);
  const runs = box !== undefined && node.layer !== undefined;
  const read = runs ? readsOf(map, shape, stack, geometry) : { reads: [], boxes: new Map<string, OperandBox>() };
  const perKind = <T>(value: (kind: RingKind) => T) => ({ narrow: value("narrow"), wide: value("wide") });
  return {
    index,
    map,
    ...(runs && {
      tile: {
        node,
        directed: stack.loops.get(node.id) ?? {},
        computed: turned(box, geometry.order),
        reads: read.boxes,
      },
    }),
    newBits: area(box) * cellBits,
    fetchedBits: again === undefined ? 0 : area(newPart(again)) * cellBits,
    reads: read.reads,
    writes: perKind((kind) => {
      const { newToColumn, rowToColumn, newToRow } = keptTraffic(own, kind);
      return {
        newToColumn: newToColumn * cellBits,
        rowToColumn: rowToColumn * cellBits,
        newToRow: newToRow * cellBits,
      };
    }),
    owed: perKind((kind) => bitsOf(piecesOf(owedPart(own), own, kind), cellBits)),
  };
}

/** Operands of a layer with what they read on a tile type; those that read nothing there are left out of the first list. */
function readsOf(map: FeatureMap, shape: TileShape, { maps }: StackMaps, { order }: StackGeometry) {
  const boxes = new Map<string, OperandBox>();
  const reads: TileRead[] = [];
  for (const [source, producer] of maps.entries()) {
    const tile = shape.tiles.get(producer.node.id)!; // every map has a tile
    for (const [number, reader] of producer.readers.entries()) {
      if (reader.node !== map.node) continue;
      boxes.set(reader.operand.name, {
        box: turned({ x: tile.x.reads[number], y: tile.y.reads[number] }, order),
        maps: reader.maps,
      });
      const box = readPart(tile, number);
      if (box !== undefined) reads.push(tileRead(source, reader.operand, box, tile, producer.cellBits));
    }
  }
  return { reads, boxes };
}

const tileRead = (source: number, operand: InputOperand, box: Box, tile: TensorTile, cellBits: number): TileRead => ({
  source,
  operand,
  bits: area(box) * cellBits,
  pieces: {
    narrow: bitsOf(piecesOf(box, tile, "narrow"), cellBits),
    wide: bitsOf(piecesOf(box, tile, "wide"), cellBits),
  },
});

function bitsOf(pieces: readonly Piece[], cellBits: number): PieceBits {
  const bits = { new: 0, column: 0, row: 0 };
  for (const { buffer, box } of pieces) bits[buffer] += area(box) * cellBits;
  return bits;
}
