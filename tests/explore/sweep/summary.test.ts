import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { compareNumbers, parseLimit, parseMetric } from "../../../src/explore/sweep/metrics.js";
import { SweepReducer } from "../../../src/explore/sweep/summary.js";
import { OVERLAP_MODES } from "../../../src/ir/facts.js";
import type { Outcome, PointNumbers, SweepPoint } from "../../../src/ir/sweep.js";

const small = fc.integer({ min: 1, max: 9 });
const numbers: fc.Arbitrary<PointNumbers> = fc
  .record({ energyPj: small, latencyCycles: small, peakBits: small, dramBits: small })
  .map((found) => ({ ...found, peakBitsByMemory: { sram: found.peakBits } }));
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 4, arbitrary: numbers },
  { weight: 1, arbitrary: fc.constant({ infeasible: [{ code: "too-big", message: "no room" }] }) },
);
const point: fc.Arbitrary<SweepPoint> = fc.record({
  arch: fc.constant("m"),
  stacks: fc.constant("auto"),
  tile: fc.record({ width: fc.integer({ min: 1, max: 5 }), height: fc.integer({ min: 1, max: 5 }) }),
  overlap: fc.constantFrom(...OVERLAP_MODES),
  order: fc.constant("x-first" as const),
});
const found = fc.array(fc.record({ point, outcome }), { maxLength: 40 });

const AXIS = Array.from({ length: 30 }, (_, index) => index + 1);
const choices = (points: number) => ({
  objective: "energy" as const,
  limits: [{ metric: "latency" as const, most: 7 }],
  axes: { overlaps: OVERLAP_MODES, widths: AXIS, heights: AXIS },
  points,
});

type Found = readonly { readonly point: SweepPoint; readonly outcome: Outcome }[];

function summarize(all: Found, order: readonly number[]) {
  const reducer = new SweepReducer(choices(all.length));
  for (const index of order) reducer.add(index, all[index]!.point, all[index]!.outcome);
  return reducer.summary((index) => all[index]!.point);
}

const inOrder = (all: Found): readonly number[] => all.map((_, index) => index);
const isAllowed = (result: Outcome): result is PointNumbers => !("infeasible" in result) && result.latencyCycles <= 7;

describe("a summary", () => {
  it("does not depend on the order of points", () => {
    fc.assert(
      fc.property(found, (all) => {
        expect(summarize(all, inOrder(all).toReversed())).toEqual(summarize(all, inOrder(all)));
      }),
    );
  });

  it("has the ten best, as sorting all of them has", () => {
    fc.assert(
      fc.property(found, (all) => {
        const allowed = all.flatMap(({ outcome: result }, index) => (isAllowed(result) ? [{ result, index }] : []));
        const sorted = allowed.sort((a, b) => compareNumbers(a.result, b.result, "energy") || a.index - b.index);
        expect(summarize(all, inOrder(all)).best.map(({ index }) => index)).toEqual(
          sorted.slice(0, 10).map(({ index }) => index),
        );
      }),
    );
  });

  it("accounts for every point: on the front, or excluded by one thing", () => {
    fc.assert(
      fc.property(found, (all) => {
        const { frontSize, excluded, known } = summarize(all, inOrder(all));
        expect(known).toBe(all.length);
        expect(frontSize + excluded.reduce((sum, { points }) => sum + points, 0)).toBe(all.length);
        const over = all.filter(({ outcome: result }) => !("infeasible" in result) && !isAllowed(result)).length;
        expect(excluded.find(({ by }) => by === "limit")?.points ?? 0).toBe(over);
      }),
    );
  });

  it("shows the least value of each cell", () => {
    fc.assert(
      fc.property(found, (all) => {
        const shown = summarize(all, inOrder(all)).maps.flatMap(({ values }) =>
          values.flat().filter((value) => value !== undefined),
        );
        const allowed = all.flatMap(({ outcome: result }) => (isAllowed(result) ? [result.energyPj] : []));
        expect(Math.min(...shown)).toBe(Math.min(...allowed));
        for (const value of shown) expect(allowed).toContain(value);
      }),
    );
  });
});

describe("metrics", () => {
  test.each`
    text             | expected
    ${"energy"}      | ${"energy"}
    ${"peak:sram_1"} | ${"peak:sram_1"}
    ${"peak:"}       | ${undefined}
    ${"Energy"}      | ${undefined}
  `("'$text' is $expected", ({ text, expected }) => expect(parseMetric(text)).toBe(expected));

  test.each`
    text                   | expected
    ${"latency<=2e6"}      | ${{ metric: "latency", most: 2e6 }}
    ${"peak:sram <= 4096"} | ${{ metric: "peak:sram", most: 4096 }}
    ${"latency<2e6"}       | ${undefined}
    ${"latency<="}         | ${undefined}
    ${"latency<=-1"}       | ${undefined}
    ${"latency<=1<=2"}     | ${undefined}
    ${"speed<=1"}          | ${undefined}
  `("'$text' is $expected", ({ text, expected }) => expect(parseLimit(text)).toEqual(expected));

  it("ties of energy that differ in rounding alone go to latency", () => {
    const at = (energyPj: number, latencyCycles: number): PointNumbers => ({
      ...{ energyPj, latencyCycles, peakBits: 1, dramBits: 1, peakBitsByMemory: {} },
    });
    expect(compareNumbers(at(0.1 + 0.2, 5), at(0.3, 6), "energy")).toBeLessThan(0);
    expect(compareNumbers(at(0.3001, 5), at(0.3, 6), "energy")).toBeGreaterThan(0);
  });
});
