import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LinePlace, MergeTable, MOST_POINTS } from "../../../src/explore/sweep/merge.js";
import { shardOf } from "../../../src/explore/sweep/space.js";

const POINTS = 24;
const places = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: POINTS - 1 }),
    fc.record({ file: fc.nat(3), offset: fc.nat(2 ** 40), length: fc.nat(500) }),
  ),
);

const tableOf = (lines: readonly (readonly [number, LinePlace])[]): MergeTable => {
  const table = new MergeTable({ sweep: "s", of: POINTS });
  for (const [index, place] of lines) table.add(index, place);
  return table;
};

describe("a merge table", () => {
  it("keeps the first place of every point, as a map does", () => {
    fc.assert(
      fc.property(places, (lines) => {
        const expected = new Map<number, LinePlace>();
        const table = new MergeTable({ sweep: "s", of: POINTS });
        for (const [index, place] of lines) {
          expect(table.add(index, place)).toEqual(expected.get(index));
          if (!expected.has(index)) expected.set(index, place);
        }
        expect(table.known).toBe(expected.size);
        for (let index = 0; index < POINTS; index++) expect(table.placeOf(index)).toEqual(expected.get(index));
      }),
    );
  });

  it("names what is missing, by point and by shard", () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 30 }), (lines, count) => {
        const table = tableOf(lines);
        const known = new Set(lines.map(([index]) => index));
        const missing = Array.from({ length: POINTS }, (_, index) => index).filter((index) => !known.has(index));
        expect(table.missingPoints(POINTS)).toEqual(missing);
        expect(table.missingPoints(2)).toEqual(missing.slice(0, 2));
        const incomplete = table.incompleteShards(count);
        expect(incomplete.map(({ shard }) => shard)).toEqual(
          [...new Set(missing.map((index) => shardOf(index, count)))].sort((a, b) => a - b),
        );
        for (const { shard, missing: lacking, of } of incomplete) {
          expect(lacking).toBe(missing.filter((index) => shardOf(index, count) === shard).length);
          expect(of).toBe(
            Array.from({ length: POINTS }, (_, n) => n).filter((n) => shardOf(n, count) === shard).length,
          );
        }
      }),
    );
  });

  it("knows lines of other sweeps", () => {
    const table = tableOf([]);
    expect(table.fits({ sweep: "s", of: POINTS })).toBe(true);
    expect(table.fits({ sweep: "t", of: POINTS })).toBe(false);
    expect(table.fits({ sweep: "s", of: POINTS + 1 })).toBe(false);
  });

  it("does not take more memory than there is because a file asks for it", () => {
    expect(() => new MergeTable({ sweep: "s", of: MOST_POINTS + 1 })).toThrow(RangeError);
  });
});
