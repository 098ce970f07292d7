import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Block,
  blockAt,
  keyText,
  NumberSet,
  pointAt,
  pointNumbersOf,
  type SweepSpace,
  shardOf,
  shardSize,
} from "../../../src/explore/sweep/space.js";
import { OVERLAP_MODES, TILE_ORDERS } from "../../../src/ir/facts.js";

const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });

/** Blocks with distinct bases, numbered one after the other. */
const spaces: fc.Arbitrary<SweepSpace> = fc
  .tuple(
    fc.array(fc.tuple(sizes, sizes), { minLength: 1, maxLength: 4 }),
    fc.subarray([...OVERLAP_MODES], { minLength: 1 }),
    fc.subarray([...TILE_ORDERS], { minLength: 1 }),
  )
  .map(([grids, overlaps, orders]) => {
    let first = 0;
    const blocks = grids.map(([widths, heights], n): Block => {
      const block = { arch: `m${n}`, machine: n, stacks: "auto", rule: "auto", base: `b${n}`, widths, heights, first };
      first += widths.length * heights.length * overlaps.length * orders.length;
      return block as Block;
    });
    return { id: "s", points: first, blocks, overlaps, orders };
  });

const all = ({ points }: SweepSpace): readonly number[] => Array.from({ length: points }, (_, index) => index);

describe("a space", () => {
  it("has every combination once", () => {
    fc.assert(
      fc.property(spaces, (space) => {
        const found = all(space).map((index) => JSON.stringify(pointAt(space, index)));
        const expected = space.blocks.flatMap(({ arch, widths, heights }) =>
          space.overlaps.flatMap((overlap) =>
            space.orders.flatMap((order) =>
              widths.flatMap((width) =>
                heights.map((height) =>
                  JSON.stringify({ arch, stacks: "auto", tile: { width, height }, overlap, order }),
                ),
              ),
            ),
          ),
        );
        expect(found).toEqual(expected);
      }),
    );
  });

  it("gives every point another key, and finds its block", () => {
    fc.assert(
      fc.property(spaces, (space) => {
        expect(new Set(all(space).map((index) => keyText(space, index))).size).toBe(space.points);
        for (const index of all(space)) expect(blockAt(space, index).arch).toBe(pointAt(space, index).arch);
      }),
    );
  });

  it.each([-1, 0.5, 4, Number.NaN])("has no point %s of 4", (index) => {
    const block: Block = {
      ...{ arch: "m", machine: 0, stacks: "auto", rule: "auto" as const, base: "b", first: 0 },
      ...{ widths: [1, 2], heights: [1, 2] },
    };
    const space: SweepSpace = { id: "s", points: 4, blocks: [block], overlaps: ["recompute"], orders: ["x-first"] };
    expect(() => pointAt(space, index)).toThrow(RangeError);
  });
});

describe("shards", () => {
  it("share the points out, each to one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 9 }), (points, count) => {
        const shards = Array.from({ length: count }, (_, n) => ({ index: n + 1, count }));
        const numbers = shards.map((shard) => [...pointNumbersOf(points, shard, () => false)]);
        expect(numbers.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: points }, (_, index) => index));
        shards.forEach((shard, n) => {
          expect(numbers[n]).toHaveLength(shardSize(points, shard));
          for (const index of numbers[n]!) expect(shardOf(index, count)).toBe(shard.index);
        });
      }),
    );
  });

  it("leave out what is done", () => {
    expect([...pointNumbersOf(10, { index: 2, count: 3 }, (index) => index === 4)]).toEqual([1, 7]);
  });
});

it("a set of numbers is a set", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 99 })), (numbers) => {
      const found = new NumberSet(100);
      for (const n of numbers) found.add(n);
      const expected = new Set(numbers);
      expect(found.size).toBe(expected.size);
      for (let n = 0; n < 100; n++) expect(found.has(n)).toBe(expected.has(n));
    }),
  );
});
