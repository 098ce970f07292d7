import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tileSizes, tilingsOf } from "../../../src/explore/search/tilings.js";
import { OVERLAP_MODES, TILE_ORDERS } from "../../../src/ir/facts.js";
import "../../support/seed.js";

const ALL_MODES = { overlaps: OVERLAP_MODES, orders: TILE_ORDERS } as const;

describe("sizes of a tile", () => {
  it.each`
    extent | unrolled | sizes
    ${1}   | ${4}     | ${[1]}
    ${5}   | ${1}     | ${[1, 2, 3, 4, 5]}
    ${7}   | ${4}     | ${[1, 2, 3, 4, 7]}
    ${100} | ${32}    | ${[7, 8, 9, 10, 12, 13, 15, 17, 20, 25, 32, 34, 50, 64, 100]}
  `("of $extent by $unrolled at once", ({ extent, unrolled, sizes }) => {
    expect(tileSizes(extent, unrolled)).toEqual(sizes);
  });
});

describe("tilings", () => {
  const all = { widths: [2, 4], heights: [3, 6], ...ALL_MODES };

  it("are one where there is one tile", () => {
    expect(tilingsOf({ width: 2, height: 3 }, { ...all, widths: [4], heights: [6] })).toHaveLength(1);
  });

  it("keep along the axes that are cut, in either order", () => {
    // cut along x alone: kept or not; along both: nothing kept, either axis, both in either order
    expect(tilingsOf({ width: 4, height: 3 }, { ...all, widths: [2], heights: [3] })).toHaveLength(2);
    expect(tilingsOf({ width: 4, height: 6 }, { ...all, widths: [2], heights: [3] })).toHaveLength(5);
  });

  it("are clamped to the output", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (width, height) => {
        for (const { tile } of tilingsOf({ width, height }, all)) {
          expect(tile.width).toBeLessThanOrEqual(width);
          expect(tile.height).toBeLessThanOrEqual(height);
        }
      }),
    );
  });
});
