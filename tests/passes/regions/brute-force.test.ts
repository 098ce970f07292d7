/** Random stacks, along each axis against sets of indices (EM §1), and executed element by element with real buffers (EM §2). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extent, hull, type Interval, intersect } from "../../../src/ir/interval.js";
import { type AxisRegions, type AxisTile, axisRegions, axisTile } from "../../../src/passes/regions/axis-regions.js";
import type { Intervals } from "../../../src/passes/regions/intervals.js";
import { type KeptTraffic, keptTraffic } from "../../../src/passes/regions/kept-rings.js";
import { newPart, owedPart, piecesOf, type RingKind, readPart } from "../../../src/passes/regions/pieces.js";
import { area, type StackRegions, stackRegions, tensorTile } from "../../../src/passes/regions/stack-regions.js";
import { tileClasses } from "../../../src/passes/regions/tile-classes.js";
import { listed, sizes } from "./axis-stack.js";
import { type NaiveAxis, naiveAxis, naiveSignature, touchedPairs } from "./naive-axis.js";
import { keep, MODES, type Mode, type RandomStack, randomStack, tileSize } from "./random-stack.js";
import { simulate, type TensorRun } from "./simulate.js";

const RUNS = 2000;

const mode = fc.constantFrom(...MODES);
/** Modes of single tensors that differ from the stack's. */
const exceptions = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(mode, { minLength: 1, maxLength: 3 }) },
);
const decisions = fc.record({
  stack: randomStack,
  mode,
  exceptions,
  tile: fc.record({ x: tileSize, y: tileSize }),
  order: fc.constantFrom("x-first", "y-first"),
});
type Decisions = typeof decisions extends fc.Arbitrary<infer T> ? T : never;

/** The inner axis as `x`, the outer one as `y`. */
function axesOf({ stack, mode, exceptions, tile, order }: Decisions) {
  const [inner, outer] = order === "x-first" ? (["x", "y"] as const) : (["y", "x"] as const);
  const [x, y] = [keep(stack[inner], true, mode, exceptions), keep(stack[outer], false, mode, exceptions)];
  return { x, y, tile: { x: tile[inner], y: tile[outer] } };
}

function regionsOf(decided: Decisions): StackRegions {
  const { x, y, tile } = axesOf(decided);
  return stackRegions(x, y, tile);
}

const elements = (intervals: Intervals): readonly number[] =>
  listed(intervals).flatMap((one) =>
    one === undefined ? [] : Array.from({ length: one.hi - one.lo }, (_, i) => one.lo + i),
  );
const tilesOf = (axis: AxisRegions) => Array.from({ length: axis.tiling.count }, (_, i) => i);
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe("one axis of a random stack", () => {
  const axisCase = fc.record({ stack: randomStack, mode, exceptions, tile: tileSize });

  it("has the regions that sets of indices give", () => {
    const seen = (axis: NaiveAxis) => [axis.need, axis.computed, axis.kept, axis.owed, ...axis.reads];
    const asInterval = (indices: readonly number[]) =>
      indices.length === 0 ? undefined : { lo: indices[0]!, hi: indices.at(-1)! + 1 };
    fc.assert(
      fc.property(axisCase, ({ stack, mode, exceptions, tile }) => {
        const graph = keep(stack.x, true, mode, exceptions);
        const naive = naiveAxis(graph, tile);
        for (const [t, axis] of axisRegions(graph, tile).tensors.entries()) {
          const found = [axis.need, axis.computed, axis.kept, axis.owed, ...axis.reads].map(listed);
          expect(found).toEqual(seen(naive[t]!).map((kind) => kind.map(asInterval)));
          expect(sizes(axis.computed)).toBe(sum(naive[t]!.computed.map(({ length }) => length))); // no holes in the sets
          expect(axis.span).toEqual(asInterval(naive[t]!.need.flat().toSorted((a, b) => a - b)));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("has peaks over its tiles", () => {
    const hull = (...sets: readonly (readonly number[] | undefined)[]) => {
      const all = sets.flatMap((set) => set ?? []);
      return all.length === 0 ? 0 : Math.max(...all) - Math.min(...all) + 1;
    };
    fc.assert(
      fc.property(axisCase, ({ stack, mode, tile }) => {
        const graph = keep(stack.x, true, mode);
        const { tensors } = axisRegions(graph, tile);
        for (const [t, { need, computed, kept }] of naiveAxis(graph, tile).entries()) {
          expect(tensors[t]!.peaks).toEqual({
            need: Math.max(...need.map((set) => set.length)),
            computed: Math.max(...computed.map((set) => set.length)),
            kept: Math.max(...kept.map((set) => set.length)),
            keptTwice: Math.max(...kept.map((set, i) => hull(set, kept[i - 1]))),
            fresh: Math.max(...computed.map((set, i) => set.filter((e) => need[i]!.includes(e)).length)),
          });
        }
      }),
    );
  });

  it("puts tiles into one class if and only if they are alike", () => {
    fc.assert(
      fc.property(axisCase, ({ stack, mode, exceptions, tile }) => {
        const graph = keep(stack.x, true, mode, exceptions);
        const naive = naiveAxis(graph, tile);
        const { classes, classOf, runs } = tileClasses(axisRegions(graph, tile));
        const signatures = naive[0]!.need.map((_, i) => naiveSignature(naive, i));
        const first = signatures.map((signature) => signatures.indexOf(signature));
        expect(Array.from(classOf, (found) => classes[found]!.representative)).toEqual(first);
        expect(classes.map(({ count }) => count)).toEqual(classes.map((_, c) => classOf.filter((d) => d === c).length));
        expect(runs.flatMap((run) => new Array(run.count).fill(run.class))).toEqual([...classOf]);
        expect(runs.map(({ from }) => from)).toEqual(
          runs.map((_, r) => sum(runs.slice(0, r).map(({ count }) => count))),
        );
        for (const [i, c] of classOf.entries()) {
          expect(touchedPairs(naive, i)).toBe(touchedPairs(naive, classes[c]!.representative));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("computes the same elements whatever the tile size, each once, when overlap is kept", () => {
    fc.assert(
      fc.property(randomStack, tileSize, ({ x }, tile) => {
        const graph = keep(x, true, "fully-cached");
        const [tiled, whole] = [axisRegions(graph, tile), axisRegions(graph, 100)];
        for (const [t, { computed, span }] of tiled.tensors.entries()) {
          expect(span).toEqual(whole.tensors[t]!.span);
          expect(sizes(computed)).toBe(span === undefined ? 0 : span.hi - span.lo);
          expect(new Set(elements(computed)).size).toBe(sizes(computed));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("computes the same when nothing is kept, except for holes that no tile needs", () => {
    fc.assert(
      fc.property(randomStack, tileSize, ({ x }, tile) => {
        const computed = (mode: Mode) =>
          axisRegions(keep(x, true, mode), tile).tensors.map((axis) => new Set(elements(axis.computed)));
        const [kept, recomputed] = [computed("fully-cached"), computed("recompute")];
        const hasHoles = recomputed.some((tensor) => Math.max(...tensor) - Math.min(...tensor) >= tensor.size);
        for (const [t, tensor] of recomputed.entries()) {
          expect([...tensor].filter((e) => !kept[t]!.has(e))).toEqual([]);
          if (!hasHoles) expect(tensor.size).toBe(kept[t]!.size);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("does the same in all modes when there is one tile", () => {
    fc.assert(
      fc.property(randomStack, ({ x }) => {
        const regions = (mode: Mode) =>
          axisRegions(keep(x, false, mode), 100).tensors.map(({ need, computed, kept, owed }) =>
            [need, computed, kept, owed].map(listed),
          );
        expect(regions("fully-cached")).toEqual(regions("recompute"));
        expect(regions("fully-cached").every(([, , kept]) => kept![0] === undefined)).toBe(true);
      }),
    );
  });
});

describe("a random stack, executed", () => {
  /** How often an axis computes each of its elements. */
  const timesComputed = (axis: NaiveAxis) =>
    Array.from({ length: axis.tensor.extent }, (_, e) => axis.computed.filter((tile) => tile.includes(e)).length);
  const times = (x: readonly number[], y: readonly number[]) => y.flatMap((row) => x.map((column) => row * column));
  const isOwed = ({ tensor }: { tensor: { extent: number } }, owed: readonly (readonly number[])[]) =>
    Array.from({ length: tensor.extent }, (_, e) => (owed.flat().includes(e) ? 1 : 0));

  function requireCounts({ x: columns, y: rows, tile }: ReturnType<typeof axesOf>, runs: readonly TensorRun[]): void {
    const naive = { x: naiveAxis(columns, tile.x), y: naiveAxis(rows, tile.y) };
    for (const [t, run] of runs.entries()) {
      const [x, y] = [naive.x[t]!, naive.y[t]!];
      expect([...run.computed], run.id).toEqual(times(timesComputed(x), timesComputed(y)));
      expect([...run.written], run.id).toEqual(times(isOwed(x, x.owed), isOwed(y, y.owed)));
    }
  }

  /** Kept cells are written once per ring: the row buffer once, the column buffer once per tile row. */
  function requireTraffic(stack: StackRegions, runs: readonly TensorRun[], ring: RingKind): void {
    for (const [t, run] of runs.entries()) {
      const total = { column: 0, row: 0 };
      for (const { traffic, count } of typesOf(stack, t, ring)) {
        total.column += (traffic.newToColumn + traffic.rowToColumn) * count;
        total.row += traffic.newToRow * count;
      }
      expect(run.keptWrites, run.id).toEqual(total);
    }
  }

  function requireFullRings(runs: readonly TensorRun[]): void {
    for (const { id, rings, filled } of runs) {
      const { column, row } = rings;
      expect(filled, id).toEqual({ column: column.columns * column.rows, row: row.columns * row.rows });
      expect(rings.elements).toBe(filled.column + filled.row);
    }
  }

  /** Wide rings hold old and new overlap of two tiles, over the new rows and over all computed columns. */
  function requireWideRings(stack: StackRegions, runs: readonly TensorRun[]): void {
    for (const [t, { id, rings }] of runs.entries()) {
      const [columns, rows] = [stack.x, stack.y].map((axis) => tilesOf(axis).map((i) => axisTile(axis.tensors[t]!, i)));
      const twice = (tiles: readonly AxisTile[]) =>
        Math.max(...tiles.map(({ kept, keptBefore }) => extent(hull(kept, keptBefore))));
      const fresh = Math.max(...rows!.map(({ need, computed }) => extent(intersect(need, computed))));
      const computed = columns!.reduce<Interval | undefined>((all, tile) => hull(all, tile.computed), undefined);
      expect(rings.column.columns * rings.column.rows, id).toBe(twice(columns!) * fresh);
      expect(rings.row.columns * rings.row.rows, id).toBe(extent(computed) * twice(rows!));
    }
  }

  it("reads only what is there, computes and writes what it should, and fills its buffers", () => {
    fc.assert(
      fc.property(decisions, (decided) => {
        const stack = regionsOf(decided);
        for (const ring of ["narrow", "wide"] as const) {
          const runs = simulate(stack, ring);
          requireCounts(axesOf(decided), runs);
          requireTraffic(stack, runs, ring);
          if (ring === "narrow") requireFullRings(runs);
          else requireWideRings(stack, runs);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("computes and fetches every element once when both overlaps are kept, whatever the tile and the order", () => {
    fc.assert(
      fc.property(decisions, (decided) => {
        const stack = regionsOf({ ...decided, mode: "fully-cached", exceptions: [] });
        const whole = wholeOf(decided.stack, decided.order);
        for (const [t, { computed, id }] of simulate(stack, "narrow").entries()) {
          expect(Math.max(...computed), id).toBeLessThanOrEqual(1);
          expect([...computed], id).toEqual([...whole[t]!.computed]);
        }
      }),
    );
  });
});

describe("tiles of one type", () => {
  it("have pieces, parts and kept cells of equal sizes", () => {
    fc.assert(
      fc.property(decisions, (decided) => {
        const stack = regionsOf(decided);
        for (const ring of ["narrow", "wide"] as const) {
          const seen = new Map<string, string>();
          for (const j of tilesOf(stack.y)) {
            for (const i of tilesOf(stack.x)) {
              const type = `${stack.x.classes.classOf[i]},${stack.y.classes.classOf[j]}`;
              const sizes = JSON.stringify(stack.tensors.map((tensor) => sizesOf(tensor, i, j, ring)));
              expect(sizes).toBe(seen.get(type) ?? sizes);
              seen.set(type, sizes);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Sizes of everything that a tile does to a tensor, with the pieces in their order. */
function sizesOf(tensor: StackRegions["tensors"][number], i: number, j: number, ring: RingKind): unknown {
  const tile = tensorTile(tensor, i, j);
  const shapes = (part: ReturnType<typeof newPart>) =>
    piecesOf(part, tile, ring).map(({ kind, box }) => [kind, box.x.hi - box.x.lo, box.y.hi - box.y.lo]);
  const reads = tensor.x.reads.map((_, reader) => shapes(readPart(tile, reader)));
  return [area(newPart(tile)), shapes(owedPart(tile)), reads, keptTraffic(tile, ring)];
}

/** Traffic of a tensor per tile type, with the number of tiles. */
function typesOf(stack: StackRegions, t: number, ring: RingKind): { traffic: KeptTraffic; count: number }[] {
  return stack.x.classes.classes.flatMap((x) =>
    stack.y.classes.classes.map((y) => ({
      traffic: keptTraffic(tensorTile(stack.tensors[t]!, x.representative, y.representative), ring),
      count: x.count * y.count,
    })),
  );
}

/** The whole stack in one tile. */
const wholeOf = (stack: RandomStack, order: Decisions["order"]): readonly TensorRun[] =>
  simulate(regionsOf({ stack, mode: "recompute", exceptions: [], tile: { x: 100, y: 100 }, order }), "narrow");
