import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseLayout } from "../../src/frontend/zigzag/accelerator-layout.js";
import type { Interval } from "../../src/ir/interval.js";
import {
  contiguousRuns,
  type Layout,
  type PerAxis,
  printLayout,
  type Run,
  type Span,
  unitsMoved,
} from "../../src/ir/layout.js";

const layoutOf = (text: string): Layout => parseLayout(text).layout!;
const of = (lo: number, hi: number): Interval => ({ lo, hi });

/** Every element of the region gets its address; neighbouring addresses are counted as they come. */
function enumeratedRuns(layout: Layout, dims: PerAxis<number>, box: PerAxis<Span>): readonly Run[] {
  const addresses = elements(dims, box)
    .map((element) => addressOf(layout, dims, element))
    .sort((a, b) => a - b);
  expect(new Set(addresses).size).toBe(addresses.length);
  const counts = new Map<number, number>();
  let length = 0;
  for (const [index, address] of addresses.entries()) {
    length++;
    if (addresses[index + 1] === address + 1) continue;
    counts.set(length, (counts.get(length) ?? 0) + 1);
    length = 0;
  }
  return [...counts].sort(([a], [b]) => a - b).map(([size, count]) => ({ count, length: size }));
}

function elements(dims: PerAxis<number>, box: PerAxis<Span>): readonly PerAxis<number>[] {
  return Object.keys(dims).reduce<readonly PerAxis<number>[]>(
    (partial, axis) => {
      const spans = [box[axis] ?? []].flat() as readonly Interval[];
      const indices = spans.flatMap(({ lo, hi }) => Array.from({ length: hi - lo }, (_, i) => lo + i));
      return partial.flatMap((element) => indices.map((index) => ({ ...element, [axis]: index })));
    },
    [{}],
  );
}

/** Digit by digit in mixed radix, outermost first; a part of a block takes the room of a whole one. */
function addressOf(layout: Layout, dims: PerAxis<number>, element: PerAxis<number>): number {
  let address = 0;
  for (const axis of Object.keys(dims))
    if (!layout.some((term) => term.axis === axis)) address = address * dims[axis]! + element[axis]!;
  for (const term of layout) {
    const [size, index] = [dims[term.axis], element[term.axis]];
    if (size === undefined || index === undefined) continue;
    if (term.part === "whole") address = address * size + index;
    if (term.part === "blocks") address = address * Math.ceil(size / term.block) + Math.floor(index / term.block);
    if (term.part === "within") address = address * term.block + (index % term.block);
  }
  return address;
}

const AXES = ["B", "C", "H", "W"] as const;

/** Any subset of the axes in any order, each whole or in blocks whose inner term stands somewhere further inside. */
const layouts: fc.Arbitrary<Layout> = fc
  .tuple(
    fc.shuffledSubarray([...AXES], { minLength: 2 }),
    fc.array(
      fc.record({
        block: fc.option(fc.noBias(fc.integer({ min: 2, max: 5 })), { freq: 2 }),
        at: fc.noBias(fc.nat(11)),
      }),
      {
        minLength: 4,
        maxLength: 4,
      },
    ),
  )
  .map(([axes, choices]) => {
    const words: string[] = [];
    for (const [index, axis] of axes.entries()) {
      const { block, at } = choices[index]!;
      const outer = Math.min(at % 3, words.length);
      words.splice(outer, 0, block === null ? axis : `${axis}/${block}`);
      if (block !== null)
        words.splice(at % 2 === 0 ? words.length : outer + 1 + (at % (words.length - outer)), 0, `${axis}%${block}`);
    }
    return layoutOf(words.join(" "));
  });

/** Neighbours are one interval. */
function intervalsOf(indices: readonly number[]): readonly Interval[] {
  const spans: Interval[] = [];
  for (const index of indices) {
    const last = spans.at(-1);
    if (last?.hi === index) spans[spans.length - 1] = of(last.lo, index + 1);
    else spans.push(of(index, index + 1));
  }
  return spans;
}

/** An axis and a part of it: some of it, all of it, some of it with holes, or now and then nothing. */
const span = fc.noBias(fc.integer({ min: 1, max: 8 })).chain((size) => {
  const index = fc.noBias(fc.nat(size - 1));
  const some = fc.tuple(index, index).map(([a, b]) => of(Math.min(a, b), Math.max(a, b) + 1));
  return fc.record({
    size: fc.constant(size),
    box: fc.oneof(
      { weight: 12, arbitrary: some },
      { weight: 6, arbitrary: fc.constant(of(0, size)) },
      { weight: 4, arbitrary: fc.subarray(Array.from({ length: size }, (_, i) => i)).map(intervalsOf) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
  });
});
const regions = fc
  .tuple(fc.shuffledSubarray([...AXES], { minLength: 3 }), fc.array(span, { minLength: 4, maxLength: 4 }))
  .map(([axes, spans]) => ({
    dims: Object.fromEntries(axes.map((axis, i) => [axis, spans[i]!.size])),
    box: Object.fromEntries(axes.map((axis, i) => [axis, spans[i]!.box])),
  }));

describe("contiguousRuns", () => {
  test.each`
    layout               | C            | H            | W           | expected            | why
    ${"C H W"}           | ${of(0, 20)} | ${of(0, 4)}  | ${of(0, 6)} | ${"1×480"}          | ${"the whole tensor"}
    ${"C H W"}           | ${of(0, 20)} | ${of(1, 3)}  | ${of(0, 6)} | ${"20×12"}          | ${"whole rows of one channel"}
    ${"H W C"}           | ${of(0, 20)} | ${of(1, 3)}  | ${of(0, 6)} | ${"1×240"}          | ${"whole rows with all channels"}
    ${"H W C"}           | ${of(0, 20)} | ${of(1, 3)}  | ${of(2, 6)} | ${"2×80"}           | ${"a part of each row"}
    ${"C H W"}           | ${of(5, 6)}  | ${of(1, 3)}  | ${of(2, 6)} | ${"2×4"}            | ${"two pieces of rows"}
    ${"C/16 H W C%16"}   | ${of(0, 16)} | ${of(1, 3)}  | ${of(0, 6)} | ${"1×192"}          | ${"rows of one block"}
    ${"C/16 H W C%16"}   | ${of(0, 16)} | ${of(1, 3)}  | ${of(2, 6)} | ${"2×64"}           | ${"a part of each row of one block"}
    ${"C/16 H W C%16"}   | ${of(8, 16)} | ${of(1, 3)}  | ${of(2, 6)} | ${"8×8"}            | ${"half a block at every pixel"}
    ${"C/16 H W C%16"}   | ${of(0, 20)} | ${of(1, 3)}  | ${of(2, 6)} | ${"8×4 2×64"}       | ${"the last block is filled in part"}
    ${"C/16 H W C%16"}   | ${of(8, 20)} | ${of(0, 4)}  | ${of(0, 6)} | ${"23×4 23×8 1×12"} | ${"the last pixel of a block and the first of the next are neighbours"}
    ${"C/16 C%16 H W"}   | ${of(8, 20)} | ${of(0, 4)}  | ${of(0, 6)} | ${"1×288"}          | ${"blocks side by side are no blocks"}
    ${"W"}               | ${of(0, 20)} | ${of(0, 4)}  | ${of(0, 5)} | ${"80×5"}           | ${"axes that are not named lie outside"}
    ${"B K/4 C H W K%4"} | ${of(0, 20)} | ${of(0, 4)}  | ${of(0, 6)} | ${"1×480"}          | ${"named axes that the tensor lacks are skipped"}
    ${"C H W"}           | ${of(0, 20)} | ${undefined} | ${of(0, 6)} | ${""}               | ${"nothing"}
  `("$layout: $why", ({ layout, C, H, W, expected }) => {
    const runs = contiguousRuns(layoutOf(layout), { C: 20, H: 4, W: 6 }, { C, H, W });
    expect(runs.map(({ count, length }) => `${count}×${length}`).join(" ")).toBe(expected);
  });

  it("finds the runs that an enumeration of all addresses finds", () => {
    let uneven = 0;
    fc.assert(
      fc.property(layouts, regions, (layout, { dims, box }) => {
        const runs = contiguousRuns(layout, dims, box);
        expect(runs, printLayout(layout)).toEqual(enumeratedRuns(layout, dims, box));
        if (runs.length > 1) uneven++;
      }),
      { numRuns: 3000 },
    );
    expect(uneven).toBeGreaterThan(200); // cases whose runs have several lengths
  });

  it("assumes one dense run without a layout", () => {
    fc.assert(
      fc.property(regions, ({ dims, box }) => {
        const length = elements(dims, box).length;
        expect(contiguousRuns(undefined, dims, box)).toEqual(length === 0 ? [] : [{ count: 1, length }]);
      }),
    );
  });

  it("takes no longer for large tensors", () => {
    const runs = contiguousRuns(
      layoutOf("C/16 H W C%16"),
      { C: 2048, H: 100_000, W: 100_000 },
      { C: of(8, 2040), H: of(1, 99_999), W: of(0, 50_000) },
    );
    expect(runs).toEqual([
      { count: 2 * 99_998 * 50_000, length: 8 },
      { count: 126 * 99_998, length: 800_000 },
    ]);
  });

  test.each([
    ["a region beyond the tensor", { C: of(0, 5) }],
    ["a region before the tensor", { C: of(-1, 2) }],
    ["a region without the axis", { H: of(0, 1) }],
  ])("refuses %s", (_, box) => {
    expect(() => contiguousRuns(layoutOf("C"), { C: 4 }, box)).toThrow(RangeError);
  });
});

describe("unitsMoved", () => {
  it("rounds every run up by itself", () => {
    const runs = [
      { count: 3, length: 4 },
      { count: 2, length: 9 },
    ];
    expect(unitsMoved(runs, 8, 64)).toBe(3 * 1 + 2 * 2);
    expect(unitsMoved(runs, 4, 64)).toBe(5);
    expect(unitsMoved([], 8, 64)).toBe(0);
  });

  it("counts the bursts of docs/accelerator-file.md", () => {
    const bursts = (layout: Layout | undefined) =>
      unitsMoved(contiguousRuns(layout, { C: 20, H: 4, W: 6 }, { C: of(0, 20), H: of(1, 3), W: of(2, 6) }), 8, 512);
    expect([layoutOf("C/16 H W C%16"), layoutOf("H W C"), undefined].map(bursts)).toEqual([10, 4, 3]);
  });

  it("never moves less than the dense region does", () => {
    fc.assert(
      fc.property(layouts, regions, fc.constantFrom(16, 64, 512), (layout, { dims, box }, unit) => {
        const laidOut = unitsMoved(contiguousRuns(layout, dims, box), 8, unit);
        expect(laidOut).toBeGreaterThanOrEqual(unitsMoved(contiguousRuns(undefined, dims, box), 8, unit));
      }),
    );
  });
});

describe("parseLayout", () => {
  it("reads what is printed", () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        expect(layoutOf(printLayout(layout))).toEqual(layout);
      }),
    );
    expect(printLayout(layoutOf("  C/16  H W\tC%16 "))).toBe("C/16 H W C%16");
  });

  test.each`
    text               | fault
    ${""}              | ${/no axis/}
    ${"C,H,W"}         | ${/'C,H,W'/}
    ${"c H W"}         | ${/'c'/}
    ${"C/0 H C%0"}     | ${/'C\/0'/}
    ${"C/-4 H C%-4"}   | ${/'C\/-4'/}
    ${"C/ H"}          | ${/'C\/'/}
    ${"N C H W"}       | ${/'N'.*B, C/}
    ${"C H W C"}       | ${/'C'.*more than once/}
    ${"C H W C%4"}     | ${/'C'.*more than once/}
    ${"C/4 C%4 H C%4"} | ${/'C'.*more than once/}
    ${"C/4 C%4 H C"}   | ${/'C'.*more than once/}
    ${"C/16 H W"}      | ${/'C\/16' needs 'C%16' after/}
    ${"C/16 H W C%8"}  | ${/'C\/16' needs 'C%16' after/}
    ${"C/16 H W C/16"} | ${/'C\/16' needs 'C%16' after/}
    ${"C/16 H W C"}    | ${/'C\/16' needs 'C%16' after/}
    ${"H W C%16"}      | ${/'C%16' needs 'C\/16' before/}
    ${"C%16 H W C/16"} | ${/'C%16' needs 'C\/16' before/}
  `("refuses '$text'", ({ text, fault }) => {
    const result = parseLayout(text);
    expect(result.layout).toBeUndefined();
    expect(result.fault).toMatch(fault);
  });
});
