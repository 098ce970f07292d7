/** The nodes of a stack on one tile type: what each computes and reads there, in boxes and in bits (EM §1–2). */

import type { AxisMap } from "../../ir/axis-map.js";
import type { Interval } from "../../ir/interval.js";
import { type Loop, loopSize, type Tensor, type TensorId } from "../../ir/network.js";
import type { GraphNode, InputOperand } from "../depth-first/graph.js";
import { keptTraffic } from "../regions/kept-rings.js";
import { newPart, owedPart, type Piece, piecesOf, type RingKind, readPart } from "../regions/pieces.js";
import { area, type Box, type TensorTile } from "../regions/stack-regions.js";
import { constantBits } from "./constants.js";
import { type StackGeometry, type TileShape, turned } from "./geometry.js";
import type { LayerTile, OperandBox } from "./layer-problems.js";
import type { Both, FeatureMap, MapReader, StackMaps } from "./stack-maps.js";

/** Bits of a box by the buffer that holds them. */
export interface PieceBits {
  readonly new: number;
  readonly column: number;
  readonly row: number;
}

/** Regions of a map that copies move to or from where all of it lies. */
export interface TileBoxes {
  readonly new: Both<Interval> | undefined;
  readonly fetched: Both<Interval> | undefined;
  readonly owed: Readonly<Record<RingKind, readonly OwedBox[]>>;
}

/** A part of what a tile owes, with the buffer that holds it. */
export interface OwedBox {
  readonly buffer: Piece["buffer"];
  readonly box: Both<Interval>;
}

/** An operand of a layer that runs, and the map that it reads. */
export interface TileRead {
  /** Index into the maps of the stack, and the map. */
  readonly source: number;
  readonly map: FeatureMap;
  readonly operand: InputOperand;
  /** Bits of the box that it reads, in place, and the least share of it that windows touch. */
  readonly bits: number;
  readonly touched: number;
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
  /** Of the constants that are folded into the layer: bias, scales, zero points. */
  readonly constantBits: number;
  readonly reads: readonly TileRead[];
  readonly writes: Readonly<Record<RingKind, RingWrites>>;
  /** What the tile owes outside of the stack, by the buffer that holds it. */
  readonly owed: Readonly<Record<RingKind, PieceBits>>;
  /** The same, the new part, and that of a stack input whose overlap is fetched again, as boxes of the whole map. */
  readonly boxes: TileBoxes;
  /** Index of the last node that reads the map on this tile type; its own where none does. */
  readonly lastUse: number;
}

export interface TileNodes {
  readonly shape: TileShape;
  /** One per map of the stack, in order. */
  readonly nodes: readonly TileNode[];
}

/**
 * @param geometry - of the same stack
 */
export function tileNodes(
  stack: StackMaps,
  geometry: StackGeometry,
  stored: ReadonlyMap<TensorId, Tensor>,
): readonly TileNodes[] {
  return geometry.shapes.map((shape) => {
    const parts = stack.maps.map((map, index) => nodeOnTile(map, index, shape, stack, geometry, stored));
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
  stored: ReadonlyMap<TensorId, Tensor>,
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
    constantBits: constantBits(node, stored),
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
    boxes: {
      new: inDirections(box, geometry),
      fetched: again && inDirections(newPart(again), geometry),
      owed: perKind((kind) =>
        piecesOf(owedPart(own), own, kind).map((piece) => ({
          buffer: piece.buffer,
          box: turned(piece.box, geometry.order),
        })),
      ),
    },
  };
}

const inDirections = (box: Box | undefined, { order }: StackGeometry): Both<Interval> | undefined =>
  box && turned(box, order);

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
      if (box !== undefined) reads.push(tileRead(source, reader, box, tile, producer));
    }
  }
  return { reads, boxes };
}

const tileRead = (
  source: number,
  { operand, node }: MapReader,
  box: Box,
  tile: TensorTile,
  map: FeatureMap,
): TileRead => ({
  source,
  map,
  operand,
  bits: area(box) * map.cellBits,
  touched: touchedShare(node, operand.name) * Math.min(1, operand.bits / Math.max(1, map.node.output.bits)),
  pieces: {
    narrow: bitsOf(piecesOf(box, tile, "narrow"), map.cellBits),
    wide: bitsOf(piecesOf(box, tile, "wide"), map.cellBits),
  },
});

/** Least share of a box that windows touch, along all axes of an operand. */
function touchedShare({ layer }: GraphNode, operand: string): number {
  const axes = layer?.operands.find(({ name }) => name === operand)?.axes ?? [];
  return axes.reduce((share, map) => share * touchedAlong(map, layer?.loops ?? []), 1);
}

/** Strides beyond the window leave holes; nothing is claimed of dilated windows, or of maps that are no windows. */
function touchedAlong(map: AxisMap, loops: readonly Loop[]): number {
  if (map.kind === "pointwise" || map.kind === "whole") return 1;
  if (map.kind !== "window" || map.dilation > 1) return 0;
  return Math.min(1, loopSize(loops, map.tap, 1) / map.stride);
}

function bitsOf(pieces: readonly Piece[], cellBits: number): PieceBits {
  const bits = { new: 0, column: 0, row: 0 };
  for (const { buffer, box } of pieces) bits[buffer] += area(box) * cellBits;
  return bits;
}
