import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { OverlapMode } from "../../../src/ir/facts.js";
import { DEFINES } from "../../../src/ir/rules.js";
import { stackViews } from "../../../src/passes/depth-first/network-view.js";
import { stackTypes } from "../../../src/passes/depth-first/place-stack.js";
import { policiesOf } from "../../../src/passes/depth-first/policies.js";
import { LEFTOVER } from "../../../src/passes/depth-first/tile-types.js";
import { compile } from "../../support/compile.js";
import { builtIn, fsrcnn, moduleOf, residual } from "../../support/networks.js";

const policies = policiesOf(DEFINES);
const meta = builtIn();
const axisClasses = LEFTOVER.published.rule;

function typesOf(specs: ReturnType<typeof residual>, width: number, height: number, overlap: OverlapMode) {
  const { module } = compile(moduleOf(specs), { stacks: { rule: "single" }, upTo: "partition-stacks" });
  const view = stackViews(module)[0]!;
  const tiling = { stack: view.stack.id, tile: { width, height }, overlap, order: "x-first" } as const;
  return stackTypes({ ...view, tiling }, meta, policies).types;
}

describe("axisClasses", () => {
  test.each`
    extent | tile  | sizes           | counts       | why
    ${10}  | ${4}  | ${[2, 4, 4]}    | ${[1, 1, 1]} | ${"the rest comes first (DF-Q28)"}
    ${12}  | ${4}  | ${[4, 4, 4]}    | ${[1, 1, 1]} | ${"an even split still has a first and a last"}
    ${540} | ${72} | ${[36, 72, 72]} | ${[1, 6, 1]} | ${"rows of the worked example"}
    ${4}   | ${4}  | ${[4]}          | ${[1]}       | ${"one tile is first and last"}
    ${3}   | ${9}  | ${[3]}          | ${[1]}       | ${"a tile larger than the map is the map"}
    ${7}   | ${4}  | ${[3, 4]}       | ${[1, 1]}    | ${"two tiles"}
  `("$extent in tiles of $tile: $why", ({ extent, tile, sizes, counts }) => {
    const classes = axisClasses(extent, tile);
    expect(classes.map(({ size }) => size)).toEqual(sizes);
    expect(classes.map(({ count }) => count)).toEqual(counts);
  });

  it("covers the axis without gap or overlap", () => {
    const size = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(size, size, (extent, tile) => {
        const classes = axisClasses(extent, tile);
        let next = 0;
        for (const { from, size: width, count } of classes) {
          expect(from).toBe(next);
          next += width * count;
        }
        expect(next).toBe(extent);
        expect(classes[0]?.isFirst).toBe(true);
        expect(classes.at(-1)?.isLast).toBe(true);
      }),
    );
  });
});

// DF §13.4: first position and count of each type of FSRCNN, tile 60×72; A is sram_1MB_A, - is none.
describe("FSRCNN in tiles of 60×72", () => {
  test.each`
    overlap           | expected
    ${"recompute"}    | ${["0,0 ×1 -/- -/-", "60,0 ×15 -/- -/-", "0,36 ×112 -/- -/-"]}
    ${"h-cached"}     | ${["0,0 ×1 A/- -/-", "60,0 ×14 A/A -/-", "900,0 ×1 -/A -/-", "0,36 ×7 A/- -/-", "60,36 ×98 A/A -/-", "900,36 ×7 -/A -/-"]}
    ${"fully-cached"} | ${["0,0 ×1 A/- A/-", "60,0 ×14 A/A A/-", "900,0 ×1 -/A A/-", "0,36 ×6 A/- A/A", "60,36 ×84 A/A A/A", "900,36 ×6 -/A A/A", "0,468 ×1 A/- -/A", "60,468 ×14 A/A -/A", "900,468 ×1 -/A -/A"]}
  `("$overlap", ({ overlap, expected }) => {
    const name = (memory?: { id: string }) =>
      memory === undefined ? "-" : memory.id === "sram_1MB_A" ? "A" : memory.id;
    const rows = typesOf(fsrcnn(), 60, 72, overlap).map(
      ({ firstAt, count, columns, rows: kept }) =>
        `${firstAt.x},${firstAt.y} ×${count} ${name(columns.write)}/${name(columns.read)} ${name(kept.write)}/${name(kept.read)}`,
    );
    expect(rows).toEqual(expected);
  });
});

describe("tile types", () => {
  const tile = fc.integer({ min: 1, max: 12 });
  const mode = fc.constantFrom<OverlapMode>("recompute", "h-cached", "fully-cached");

  it("count every tile once, at most nine types and the first", () => {
    fc.assert(
      fc.property(tile, tile, mode, (width, height, overlap) => {
        const types = typesOf(residual(), width, height, overlap);
        const tiles = Math.ceil(8 / Math.min(width, 8)) * Math.ceil(8 / Math.min(height, 8));
        expect(types.reduce((sum, { count }) => sum + count, 0)).toBe(tiles);
        expect(types.reduce((sum, t) => sum + t.count * t.width * t.height, 0)).toBe(64);
        expect(types.length).toBeLessThanOrEqual(9);
        expect(types.map(({ weightsFromTop }) => weightsFromTop)).toEqual(types.map((_, index) => index === 0));
      }),
      { numRuns: 60 },
    );
  });

  it("coincide in all modes when one tile is the whole map", () => {
    const sizes = (overlap: OverlapMode) =>
      typesOf(residual(), 8, 8, overlap).map(({ width, height, count }) => [width, height, count]);
    expect(sizes("h-cached")).toEqual(sizes("recompute"));
    expect(sizes("fully-cached")).toEqual(sizes("recompute"));
  });

  it("do not care how far a tile exceeds the map", () => {
    expect(typesOf(residual(), 99, 3, "fully-cached")).toEqual(typesOf(residual(), 8, 3, "fully-cached"));
  });
});
