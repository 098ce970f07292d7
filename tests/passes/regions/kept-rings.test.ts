import { describe, expect, it, test } from "vitest";
import { keptRings, keptTraffic, keptWrites } from "../../../src/passes/regions/kept-rings.js";
import { newPart, owedPart, piecesOf, type RingKind, readPart } from "../../../src/passes/regions/pieces.js";
import { area, type Box, stackRegions, tensorTile } from "../../../src/passes/regions/stack-regions.js";
import { chain, resize, window, withKept } from "./axis-stack.js";

const shownBox = ({ x, y }: Box) => `${x.lo}-${x.hi} × ${y.lo}-${y.hi}`;

describe("EM §2, the example: 10×10, 3×3 valid, tiles 4 wide × 1 high", () => {
  const axis = chain(10, [[window({ taps: 3 }), 8]]);
  const stack = stackRegions(axis, axis, { x: 4, y: 1 });
  const [input] = stack.tensors;
  const inTile = (i: number, j: number) => tensorTile(input!, i, j);
  const pieces = (i: number, j: number, ring: RingKind) =>
    piecesOf(readPart(inTile(i, j), 0), inTile(i, j), ring).map(({ kind, buffer, box }) => [
      kind,
      buffer,
      shownBox(box),
    ]);
  const writes = (i: number, j: number, ring: RingKind) =>
    keptWrites(inTile(i, j), ring).map(({ ring, from, box }) => [ring, from, shownBox(box)]);

  /** Writes of the whole image. */
  function total(ring: RingKind) {
    const sum = { newToColumn: 0, rowToColumn: 0, newToRow: 0 };
    for (let j = 0; j < 8; j++) {
      for (let i = 0; i < 2; i++) {
        const { newToColumn, rowToColumn, newToRow } = keptTraffic(inTile(i, j), ring);
        sum.newToColumn += newToColumn;
        sum.rowToColumn += rowToColumn;
        sum.newToRow += newToRow;
      }
    }
    return sum;
  }

  it("keeps 26 elements in narrow rings, 36 in wide ones", () => {
    const column = { columns: 2, rows: 3 };
    expect(keptRings(input!, "narrow")).toEqual({ column, row: { columns: 10, rows: 2 }, elements: 26 });
    expect(keptRings(input!, "wide")).toEqual({ column, row: { columns: 10, rows: 3 }, elements: 36 });
  });

  it("reads 6×3 in four pieces", () => {
    expect(pieces(1, 5, "narrow")).toEqual([
      ["new", "new", "6-10 × 7-8"],
      ["column-kept", "column", "4-6 × 7-8"],
      ["row-kept", "row", "6-10 × 5-7"],
      ["corner", "column", "4-6 × 5-7"],
    ]);
    expect(shownBox(newPart(inTile(1, 5))!)).toBe("6-10 × 7-8");
  });

  it("reads 6×3 of wide rings in three", () => {
    expect(pieces(1, 5, "wide")).toEqual([
      ["new", "new", "6-10 × 7-8"],
      ["column-kept", "column", "4-6 × 7-8"],
      ["row-kept", "row", "4-10 × 5-7"],
    ]);
  });

  it("writes the column buffer from the row buffer and the new part, then the row buffer", () => {
    expect(writes(0, 5, "narrow")).toEqual([
      ["column", "row", "4-6 × 5-7"],
      ["column", "new", "4-6 × 7-8"],
      ["row", "new", "0-6 × 7-8"],
    ]);
    expect(writes(0, 5, "wide")).toEqual([
      ["column", "new", "4-6 × 7-8"],
      ["row", "new", "0-6 × 7-8"],
    ]);
    expect(writes(1, 7, "narrow")).toEqual([]);
  });

  it("writes 48 elements to the column buffer, 28 of them from the row buffer, and 80 to the row buffer", () => {
    expect(total("narrow")).toEqual({ newToColumn: 20, rowToColumn: 28, newToRow: 80 });
    expect(total("wide")).toEqual({ newToColumn: 20, rowToColumn: 0, newToRow: 80 });
  });

  it("writes 20 elements to the row buffer in the first tile row, 10 in six more, none in the last", () => {
    const row = (j: number) => [0, 1].reduce((sum, i) => sum + keptTraffic(inTile(i, j), "narrow").newToRow, 0);
    expect(Array.from({ length: 8 }, (_, j) => row(j))).toEqual([20, 10, 10, 10, 10, 10, 10, 0]);
  });

  it("keeps columns only, over all rows of the tile, when it is h-cached", () => {
    const [hCached] = stackRegions(axis, withKept(axis, false), { x: 4, y: 1 }).tensors;
    const rings = { column: { columns: 2, rows: 3 }, row: { columns: 0, rows: 0 }, elements: 6 };
    expect(keptRings(hCached!, "narrow")).toEqual(rings);
    expect(keptRings(hCached!, "wide")).toEqual(rings);
    expect(keptTraffic(tensorTile(hCached!, 0, 4), "narrow")).toEqual({ newToColumn: 6, rowToColumn: 0, newToRow: 0 });
  });

  it("writes every tile's part of the output once", () => {
    const owed = (i: number, j: number) => area(owedPart(tensorTile(stack.tensors[1]!, i, j)));
    expect([owed(0, 0), owed(1, 7)]).toEqual([4, 4]);
  });
});

it("fills the column buffer from the row buffer alone when the tile row computes nothing (EM §2, 1)", () => {
  const x = chain(10, [[window({ taps: 3 }), 8]]);
  const y = chain(4, [[resize(4, 16), 16]]);
  const [input] = stackRegions(x, y, { x: 4, y: 2 }).tensors;
  const tile = tensorTile(input!, 0, 1);
  expect(newPart(tile)).toBeUndefined();
  expect(keptWrites(tile, "narrow")).toEqual([
    { ring: "column", from: "row", box: { x: { lo: 4, hi: 6 }, y: { lo: 0, hi: 1 } } },
  ]);
  expect(keptWrites(tile, "wide")).toEqual([]);
});

describe("stackRegions refuses", () => {
  const axis = chain(6, [[window({ taps: 3 }), 4]]);
  test("rows that are kept of columns that are computed again", () => {
    expect(() => stackRegions(withKept(axis, false), axis, { x: 2, y: 2 })).toThrow("'t0' keeps its rows");
  });
  test("axes of two stacks", () => {
    const other = chain(6, [
      [window({ taps: 3 }), 4],
      [window({ taps: 3 }), 2],
    ]);
    expect(() => stackRegions(axis, other, { x: 2, y: 2 })).toThrow("other tensors or readers");
  });
});
