import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { AxisGraph } from "../../../src/passes/regions/axis-graph.js";
import { axisRegions } from "../../../src/passes/regions/axis-regions.js";
import { type TileClasses, tileClasses } from "../../../src/passes/regions/tile-classes.js";
import { chain, resize, slice, type Tapped, transposed, window, withKept } from "./axis-stack.js";

const classesOf = (graph: AxisGraph, tile: number): TileClasses => tileClasses(axisRegions(graph, tile));

/** Run-length: `0 1×5 2`. */
const shownRuns = ({ runs }: TileClasses): string =>
  runs.map((run) => (run.count === 1 ? `${run.class}` : `${run.class}×${run.count}`)).join(" ");

/** 3-wide windows in a row, padded so that the extent stays. */
const windows = (extent: number, count: number) =>
  chain(
    extent,
    Array.from({ length: count }, () => [window({ taps: 3, before: 1 }), extent] as const),
  );

describe("tileClasses", () => {
  test.each`
    graph                                                              | tile | runs                         | why
    ${windows(64, 1)}                                                  | ${8} | ${"0 1×6 2"}                 | ${"first, interior, last"}
    ${windows(65, 1)}                                                  | ${8} | ${"0 1×7 2"}                 | ${"a rest as large as the halo"}
    ${windows(66, 3)}                                                  | ${8} | ${"0 1×6 2 3"}               | ${"the border clips the last but one too"}
    ${windows(64, 9)}                                                  | ${4} | ${"0 1×12 2 3 4"}            | ${"tiles smaller than the halo, kept: one frontier"}
    ${withKept(windows(64, 9), false)}                                 | ${4} | ${"0 1 2 3×10 4 5 6"}        | ${"tiles smaller than the halo, computed again: two borders"}
    ${chain(4, [[resize(4, 16), 16]])}                                 | ${2} | ${"0 1 0 1 0 1 0 1"}         | ${"nearest ×4: every other tile needs nothing new"}
    ${chain(9, [[resize(9, 12), 12]])}                                 | ${1} | ${"0 1 2 3 0 1 2 3 0 1 2 3"} | ${"4/3: a period of four"}
    ${chain(9, [[resize(9, 12), 12]])}                                 | ${4} | ${"0×3"}                     | ${"a multiple of the period"}
    ${chain(6, [[slice(5, -1), 6]])}                                   | ${2} | ${"0 1 2"}                   | ${"a reversed axis"}
    ${chain(5, [[transposed({ taps: 4, stride: 2, before: 1 }), 10]])} | ${2} | ${"0 1×3 2"}                 | ${"up-sampling by a transposed convolution"}
  `("$why", ({ graph, tile, runs }) => {
    expect(shownRuns(classesOf(graph, tile))).toBe(runs);
  });

  it("tells tiles of equal sizes apart by where their windows lie", () => {
    // every output reads one element: the even ones with the first tap, the odd ones with the second
    const graph = chain(4, [[transposed({ taps: 2, stride: 2 }), 8]]);
    expect(shownRuns(classesOf(withKept(graph, false), 1))).toBe("0 1 0 1 0 1 0 1");
  });

  it("has a representative and a count for every class", () => {
    const { classes, classOf } = classesOf(windows(66, 3), 8);
    expect(classes).toEqual([
      { representative: 0, count: 1 },
      { representative: 1, count: 6 },
      { representative: 7, count: 1 },
      { representative: 8, count: 1 },
    ]);
    expect([...classOf]).toEqual([0, 1, 1, 1, 1, 1, 1, 2, 3]);
  });
});

/** Windows with padding that scale by their stride alone, and the halo of all of them in elements of the output. */
const layer = fc.record({ taps: fc.integer({ min: 1, max: 5 }), stride: fc.integer({ min: 1, max: 2 }) });
interface Chained {
  readonly graph: AxisGraph;
  readonly tile: number;
}

/** Output of `tiles` tiles and a rest, of windows each as wide as its stride at least; the tile is larger than the halo. */
function stridedWindows(layers: readonly { taps: number; stride: number }[], tiles: number, rest: number): Chained {
  const shapes = layers.map(({ taps, stride }) => ({ taps: Math.max(taps, stride), stride }));
  const halo = shapes.reduce((sum, { taps }) => sum + taps, 1);
  const extents = [tiles * halo + Math.min(rest, halo - 1)];
  for (const { stride } of shapes.toReversed()) extents.unshift(extents[0]! * stride);
  const steps = shapes.map(({ taps, stride }, i): [Tapped, number] => [
    window({ taps, stride, before: Math.floor((taps - stride + 1) / 2) }),
    extents[i + 1]!,
  ]);
  return { graph: chain(extents[0]!, steps), tile: halo };
}

describe("the number of classes", () => {
  const layers = fc.array(layer, { minLength: 1, maxLength: 4 });
  const rest = fc.nat(12);

  it("is at most four where tiles are larger than the halo: first, interior, last but one, last", () => {
    fc.assert(
      fc.property(layers, fc.integer({ min: 4, max: 9 }), rest, fc.boolean(), (layers, tiles, rest, isKept) => {
        const { graph, tile } = stridedWindows(layers, tiles, rest);
        const found = classesOf(withKept(graph, isKept), tile);
        expect(found.classes.length).toBeLessThanOrEqual(4);
        expect(new Set(found.classOf.slice(1, -2)).size).toBe(1);
      }),
    );
  });

  it("does not depend on the size of the image", () => {
    fc.assert(
      fc.property(layers, fc.integer({ min: 4, max: 9 }), rest, fc.nat(20), (layers, tiles, rest, more) => {
        const [small, large] = [stridedWindows(layers, tiles, rest), stridedWindows(layers, tiles + more, rest)];
        const [few, many] = [small, large].map(({ graph, tile }) => classesOf(graph, tile).classes);
        expect(many!.length).toBe(few!.length);
        expect(many!.map(({ count }) => count - 1).filter((count) => count > 0)[0] ?? 0).toBe(
          (few!.map(({ count }) => count - 1).filter((count) => count > 0)[0] ?? 0) + more,
        );
      }),
    );
  });

  it("is the period of a resize by a rational factor, but for the last tile", () => {
    const factor = fc.integer({ min: 1, max: 6 });
    const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
    fc.assert(
      fc.property(factor, factor, fc.integer({ min: 2, max: 9 }), (from, to, times) => {
        const graph = chain(from * times, [[resize(from * times, to * times), to * times]]);
        const period = to / gcd(from, to);
        const { classes, classOf } = classesOf(withKept(graph, false), 1);
        expect(classes.length).toBe(period);
        expect([...classOf]).toEqual(Array.from(classOf, (_, i) => i % period));
      }),
    );
  });
});
