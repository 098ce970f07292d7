/**
 * Runs a stack tile by tile and element by element, with kept buffers of exactly the size that was worked out for them. Every cell
 * knows which element of which tensor it holds, so reading what was not written, or was overwritten, is an error.
 */
import { extent, type Interval } from "../../../src/ir/interval.js";
import {
  columnBufferRows,
  KEPT_WRITE_TIME,
  type KeptRings,
  keptRings,
  keptWrites,
} from "../../../src/passes/regions/kept-rings.js";
import {
  type Buffer,
  newPart,
  owedPart,
  piecesOf,
  type RingKind,
  readPart,
} from "../../../src/passes/regions/pieces.js";
import type { Box, StackRegions, StackTensor, TensorTile } from "../../../src/passes/regions/stack-regions.js";
import { area, tensorTile } from "../../../src/passes/regions/stack-regions.js";
import { touched } from "./naive-axis.js";

/** What happened to a tensor. */
export interface TensorRun {
  readonly id: string;
  readonly rings: KeptRings;
  /** How often each element was computed, or fetched; row by row. */
  readonly computed: Int32Array;
  /** How often each element was written outside the stack. */
  readonly written: Int32Array;
  /** Most cells that were kept in a ring at the same time. */
  readonly filled: { column: number; row: number };
  readonly keptWrites: { column: number; row: number };
}

interface Edge {
  readonly source: Store;
  readonly reader: number;
}

/** A tensor with its buffers. */
interface Store {
  readonly tensor: StackTensor;
  readonly inputs: readonly Edge[];
  /** Position of the last layer that reads it; its own if nobody does. */
  readonly lastReader: number;
  readonly run: TensorRun;
  readonly column: Int32Array;
  readonly row: Int32Array;
  fresh: { readonly box: Box; readonly cells: Int32Array } | undefined;
}

const EMPTY = -1;

export function simulate(stack: StackRegions, ring: RingKind): readonly TensorRun[] {
  const stores = makeStores(stack, ring);
  for (let j = 0; j < stack.y.tiling.count; j++) {
    for (const store of stores) store.column.fill(EMPTY);
    for (let i = 0; i < stack.x.tiling.count; i++) runTile(stores, i, j, ring);
    for (const store of stores) requireKeptRows(store, j);
  }
  return stores.map(({ run }) => run);
}

function makeStores({ tensors }: StackRegions, ring: RingKind): readonly Store[] {
  const stores: Store[] = [];
  const positions = new Map(tensors.map(({ id }, position) => [id, position]));
  for (const [position, tensor] of tensors.entries()) {
    const inputs = stores.flatMap((source) =>
      source.tensor.x.tensor.readers.flatMap(({ output }, reader) =>
        output === tensor.id ? [{ source, reader }] : [],
      ),
    );
    const rings = keptRings(tensor, ring);
    const size = tensor.x.tensor.extent * tensor.y.tensor.extent;
    stores.push({
      tensor,
      inputs,
      lastReader: Math.max(position, ...tensor.x.tensor.readers.map(({ output }) => positions.get(output)!)),
      run: {
        id: tensor.id,
        rings,
        computed: new Int32Array(size),
        written: new Int32Array(size),
        filled: { column: 0, row: 0 },
        keptWrites: { column: 0, row: 0 },
      },
      column: new Int32Array(rings.column.columns * rings.column.rows).fill(EMPTY),
      row: new Int32Array(rings.row.columns * rings.row.rows).fill(EMPTY),
      fresh: undefined,
    });
  }
  return stores;
}

function runTile(stores: readonly Store[], i: number, j: number, ring: RingKind): void {
  for (const [position, store] of stores.entries()) {
    const tile = tensorTile(store.tensor, i, j);
    compute(store, tile, i, j, ring);
    if (KEPT_WRITE_TIME[ring] === "at-production") keep(store, tile, ring);
    writeOut(store, tile, ring);
    for (const read of stores) {
      if (read.lastReader !== position) continue;
      const tile = tensorTile(read.tensor, i, j);
      if (KEPT_WRITE_TIME[ring] === "after-last-reader") keep(read, tile, ring);
      requireKeptColumns(read, tile, ring);
      read.fresh = undefined;
    }
  }
}

/** Fetches or computes the new part; every element that goes into it is looked up in the buffers. */
function compute(store: Store, tile: TensorTile, i: number, j: number, ring: RingKind): void {
  const { tensor, inputs, run } = store;
  const box = newPart(tile);
  if (box === undefined) return;
  const operands = inputs.map(({ source, reader }) => ({
    source: source.tensor,
    reader,
    cells: gather(source, readPart(tensorTile(source.tensor, i, j), reader), tensorTile(source.tensor, i, j), ring),
  }));
  for (const { source, reader, cells } of operands) {
    const columns = indices(box.x).map((x) => touched(source.x.tensor.readers[reader]!, x, source.x.tensor.extent));
    const rows = indices(box.y).map((y) => touched(source.y.tensor.readers[reader]!, y, source.y.tensor.extent));
    for (const x of new Set(columns.flat())) {
      for (const y of new Set(rows.flat())) {
        if (!cells.has(identity(source, x, y))) throw new Error(`${tensor.id} lacks ${source.id}[${x},${y}]`);
      }
    }
  }
  const cells = new Int32Array(area(box));
  store.fresh = { box, cells };
  forEach(box, (x, y) => {
    cells[address(store, "new", x, y, tile, ring)] = identity(tensor, x, y);
    run.computed[identity(tensor, x, y)]!++;
  });
}

/** Elements of a box, read out of the buffers that hold its pieces. */
function gather(store: Store, needed: Box | undefined, tile: TensorTile, ring: RingKind): ReadonlySet<number> {
  const found = new Set<number>();
  const pieces = piecesOf(needed, tile, ring);
  for (const { buffer, box } of pieces) {
    forEach(box, (x, y) => found.add(read(store, buffer, x, y, tile, ring)));
  }
  const size = pieces.reduce((sum, piece) => sum + area(piece.box), 0);
  if (size !== area(needed) || found.size !== size)
    throw new Error(`pieces of ${store.tensor.id} overlap or miss some`);
  return found;
}

function writeOut(store: Store, tile: TensorTile, ring: RingKind): void {
  for (const element of gather(store, owedPart(tile), tile, ring)) store.run.written[element]!++;
}

function keep(store: Store, tile: TensorTile, ring: RingKind): void {
  for (const { ring: to, from, box } of keptWrites(tile, ring)) {
    const buffer = to === "row" ? store.row : store.column;
    forEach(box, (x, y) => {
      const cell = address(store, to, x, y, tile, ring);
      const value = read(store, from, x, y, tile, ring);
      if (buffer[cell] === value) throw new Error(`${store.tensor.id}[${x},${y}] is already in the ${to} buffer`);
      buffer[cell] = value;
    });
    store.run.keptWrites[to] += area(box);
  }
}

/** Value of an element. @throws Error when the buffer holds something else in its place */
function read(store: Store, buffer: Buffer, x: number, y: number, tile: TensorTile, ring: RingKind): number {
  const cells = { new: store.fresh?.cells, column: store.column, row: store.row }[buffer];
  const value = cells?.[address(store, buffer, x, y, tile, ring)];
  if (value !== identity(store.tensor, x, y)) throw new Error(`${store.tensor.id}[${x},${y}] is not in '${buffer}'`);
  return value;
}

/** @throws Error when the element has no place in the buffer */
function address(store: Store, buffer: Buffer, x: number, y: number, tile: TensorTile, ring: RingKind): number {
  const { rings } = store.run;
  const place = (column: number, row: number, { columns, rows }: { columns: number; rows: number }): number => {
    const isInside = column >= 0 && column < columns && row >= 0 && row < rows;
    if (!isInside) throw new Error(`${store.tensor.id}[${x},${y}] has no place in '${buffer}'`);
    return row * columns + column;
  };
  if (buffer === "column") {
    const first = columnBufferRows(tile, ring)?.lo ?? Number.NaN;
    return place(x % rings.column.columns, y - first, rings.column);
  }
  if (buffer === "row") return place(x - (store.tensor.x.span?.lo ?? Number.NaN), y % rings.row.rows, rings.row);
  const { box } = store.fresh ?? { box: { x: { lo: 0, hi: 0 }, y: { lo: 0, hi: 0 } } };
  return place(x - box.x.lo, y - box.y.lo, { columns: extent(box.x), rows: extent(box.y) });
}

/** All that later tiles of the row may need is in the column buffer. */
function requireKeptColumns(store: Store, tile: TensorTile, ring: RingKind): void {
  const rows = columnBufferRows(tile, ring);
  if (tile.x.kept === undefined || rows === undefined) return;
  const box = { x: tile.x.kept, y: rows };
  forEach(box, (x, y) => void read(store, "column", x, y, tile, ring));
  store.run.filled.column = Math.max(store.run.filled.column, area(box));
}

/** All that later tile rows may need is in the row buffer. */
function requireKeptRows(store: Store, j: number): void {
  const tile = tensorTile(store.tensor, 0, j);
  if (tile.y.kept === undefined || store.tensor.x.span === undefined) return;
  const box = { x: store.tensor.x.span, y: tile.y.kept };
  forEach(box, (x, y) => void read(store, "row", x, y, tile, "narrow"));
  store.run.filled.row = Math.max(store.run.filled.row, area(box));
}

const identity = ({ x }: StackTensor, column: number, row: number): number => row * x.tensor.extent + column;

const indices = ({ lo, hi }: Interval): readonly number[] => Array.from({ length: hi - lo }, (_, i) => lo + i);

function forEach({ x, y }: Box, visit: (x: number, y: number) => void): void {
  for (let row = y.lo; row < y.hi; row++) {
    for (let column = x.lo; column < x.hi; column++) visit(column, row);
  }
}
