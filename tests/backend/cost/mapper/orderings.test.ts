import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  comparePublished,
  factorMultiset,
  orderingCount,
  prefixShiftOrderings,
} from "../../../../src/backend/cost/mapper/orderings.js";

const rows = (multiplicities: readonly number[]): readonly string[] => {
  const n = multiplicities.reduce((sum, times) => sum + times, 0);
  const indices = prefixShiftOrderings(multiplicities);
  return Array.from({ length: indices.length / n }, (_, row) => indices.subarray(row * n, (row + 1) * n).join(""));
};

describe("orders of a multiset", () => {
  test.each`
    multiplicities | expected                                            | why
    ${[1]}         | ${["0"]}                                            | ${"a single factor"}
    ${[3]}         | ${["000"]}                                          | ${"equal factors"}
    ${[1, 1]}      | ${["10", "01"]}                                     | ${"largest first"}
    ${[1, 1, 1]}   | ${["210", "021", "201", "120", "012", "102"]}       | ${"each moves one element to the front"}
    ${[2, 2]}      | ${["1100", "0110", "1010", "0101", "0011", "1001"]} | ${"repeated factors"}
  `("$why", ({ multiplicities, expected }) => expect(rows(multiplicities)).toEqual(expected));

  it("visits every distinct order once, and each differs from the last by a shifted prefix", () => {
    const multiplicity = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(multiplicity, (multiplicities) => {
        const orders = rows(multiplicities);
        expect(orders).toHaveLength(orderingCount(multiplicities));
        expect(new Set(orders).size).toBe(orders.length);
        for (const [i, order] of orders.slice(1).entries()) expect(shiftsPrefix(orders[i]!, order)).toBe(true);
      }),
    );
  });

  it("tells which of two orders comes first without the sequence", () => {
    const multiplicity = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(multiplicity, fc.nat(), fc.nat(), (multiplicities, i, j) => {
        const orders = rows(multiplicities);
        const [a, b] = [i % orders.length, j % orders.length];
        const [first, second] = [a, b].map((row) => Uint8Array.from(orders[row]!, Number)) as [Uint8Array, Uint8Array];
        expect(Math.sign(comparePublished(first, second, multiplicities))).toBe(Math.sign(a - b));
      }),
      { numRuns: 1000 },
    );
  });

  it("has one empty order of nothing", () => {
    expect(orderingCount([])).toBe(1);
    expect(prefixShiftOrderings([])).toHaveLength(0);
  });

  test.each`
    multiplicities        | expected
    ${[1, 1, 1, 1, 1, 1]} | ${720}
    ${[2, 1, 1, 1, 1]}    | ${360}
    ${[4, 2, 1, 1, 1, 2]} | ${415_800}
    ${[8, 1, 1, 1, 1, 2]} | ${1_081_080}
  `("counts $multiplicities", ({ multiplicities, expected }) => expect(orderingCount(multiplicities)).toBe(expected));

  it("sorts factors by dim, then size, and counts equal ones", () => {
    const loops = [
      { dim: "OY", size: 3 },
      { dim: "C", size: 6 },
      { dim: "OY", size: 2 },
      { dim: "OY", size: 3 },
    ];
    expect(factorMultiset(loops)).toEqual({
      factors: [
        { dim: "C", size: 6 },
        { dim: "OY", size: 2 },
        { dim: "OY", size: 3 },
      ],
      multiplicities: [1, 1, 2],
      count: 4,
    });
  });
});

/** Whether one element of `before`, moved to the front, gives `after`. */
const shiftsPrefix = (before: string, after: string): boolean =>
  [...before].some((element, i) => element + before.slice(0, i) + before.slice(i + 1) === after);
