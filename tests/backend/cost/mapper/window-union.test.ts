import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type PeriodicWindow,
  windowUnion,
  windowUnionButLast,
} from "../../../../src/backend/cost/mapper/window-union.js";

/** Cycle by cycle, with the windows shut in their last `shut` periods. */
function unionByBitmap(windows: readonly PeriodicWindow[], shut = 0): number {
  const cycles = windows[0]!.period * windows[0]!.count;
  const isOpen = (cycle: number) =>
    windows.some(({ allowed, period, count }) => cycle % period < allowed && cycle < period * (count - shut));
  return Array.from({ length: cycles }, (_, cycle) => isOpen(cycle)).filter(Boolean).length;
}

/** Windows whose periods are products of the first factors of one chain. */
const windowChain = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }).chain((factors) => {
  const periods = [1, ...factors.map((_, i) => factors.slice(0, i + 1).reduce((product, f) => product * f, 1))];
  const total = periods.at(-1)!;
  const window = fc
    .constantFrom(...periods)
    .chain((period) =>
      fc.integer({ min: 1, max: period }).map((allowed) => ({ allowed, period, count: total / period })),
    );
  return fc.array(window, { minLength: 1, maxLength: 6 });
});

describe("union of periodic windows", () => {
  it("is worked out as in SL §8.3", () => {
    const windows = [
      { period: 3, allowed: 1, count: 8 },
      { period: 6, allowed: 2, count: 4 },
      { period: 12, allowed: 4, count: 2 },
    ];
    expect(windowUnion(windows)).toBe(14);
    expect(windowUnion(windows.toReversed())).toBe(14);
  });

  it("equals a count cycle by cycle", () => {
    fc.assert(
      fc.property(windowChain, (windows) => {
        expect(windowUnion(windows)).toBe(unionByBitmap(windows));
        expect(windowUnionButLast(windows)).toBe(unionByBitmap(windows, 1));
      }),
    );
  });
});
