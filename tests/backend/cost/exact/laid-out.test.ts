/** Transfers of operands in a home with a layout, beside an enumeration of the addresses of every block (EM §2, Layout). */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type CutAxes, exactLayer, heldLevels } from "../../../../src/backend/cost/exact/exact-layer.js";
import { orderFigures, stationaryPosition } from "../../../../src/backend/cost/exact/figures.js";
import { laidTransfers } from "../../../../src/backend/cost/exact/laid-out.js";
import { mapExactly, temporalFactors } from "../../../../src/backend/cost/exact/mapper.js";
import { Fan, wholeDim } from "../../../../src/backend/cost/exact/unrolling.js";
import { parseLayout } from "../../../../src/frontend/zigzag/accelerator-layout.js";
import type { MappingProblem, OperandLayout, OperandShape } from "../../../../src/ir/cost-model.js";
import type { Layout } from "../../../../src/ir/layout.js";
import type { Loop } from "../../../../src/ir/network.js";
import { EXACT } from "../../../../src/ir/rules.js";
import "../../../support/seed.js";
import { allPrices } from "./naive-search.js";
import { tightProblem } from "./tight-cases.js";

const RULES = { ...EXACT, loopLimit: "none" as const };

/** One axis for every loop or window, some of them with a name of layouts, in a tensor larger than what is touched. */
function layoutOf(
  { relevant, windows }: OperandShape,
  loops: readonly Loop[],
  text: string,
  shift: number,
): OperandLayout {
  const names = ["H", "W", "C", "K"];
  const sizeOf = (dim: string) => loops.find((loop) => loop.dim === dim)?.size ?? 1;
  const plain = relevant.map((dim) => ({ index: [dim], reach: sizeOf(dim) }));
  const slid = windows.map(({ clip, out, tap, stride, dilation }, index) => ({
    index,
    reach: clip?.extent ?? stride * sizeOf(out) + dilation * sizeOf(tap),
  }));
  return {
    terms: parseLayout(text).layout!,
    axes: [...plain, ...slid].map(({ index, reach }, i) => ({
      name: names[i] ?? `axis ${i}`,
      extent: reach + shift * (i % 2) + 1,
      offset: shift * (i % 2),
      index,
    })),
  };
}

const LAYOUTS = [
  "C H W",
  "H W C",
  "C/2 H W C%2",
  "W/3 H C W%3",
  "H/2 W/2 C H%2 W%2",
  "C/4 W/3 H C%4 W%3",
  "H/3 W/2 C H%3 W%2",
  "K W",
];

/** Every output lies in a layout in its home. */
const laidOutput = fc.record({ problem: tightProblem(4), text: fc.constantFrom(...LAYOUTS), shift: fc.nat(3) }).map(
  ({ problem, text, shift }): MappingProblem => ({
    ...problem,
    operands: problem.operands.map((shape, o) =>
      o === 0 ? { ...shape, layout: layoutOf(shape, problem.loops, text, shift) } : shape,
    ),
  }),
);

/** Every input lies in a layout in its home; windows without a border are cut where the tensor ends. */
const laidProblem = fc.record({ problem: tightProblem(4), text: fc.constantFrom(...LAYOUTS), shift: fc.nat(3) }).map(
  ({ problem, text, shift }): MappingProblem => ({
    ...problem,
    operands: problem.operands.map((shape, o) =>
      o === 0 || shape.whole !== undefined || shape.bits === 0
        ? shape
        : { ...shape, layout: layoutOf(shape, problem.loops, text, shift) },
    ),
  }),
);

function addressOf(layout: Layout, axes: OperandLayout["axes"], at: readonly number[]): number {
  let address = 0;
  axes.forEach(({ name, extent }, i) => {
    if (!layout.some((term) => term.axis === name)) address = address * extent + at[i]!;
  });
  for (const term of layout) {
    const i = axes.findIndex(({ name }) => name === term.axis);
    if (i < 0) continue;
    const [size, index] = [axes[i]!.extent, at[i]!];
    if (term.part === "whole") address = address * size + index;
    if (term.part === "blocks") address = address * Math.ceil(size / term.block) + Math.floor(index / term.block);
    if (term.part === "within") address = address * term.block + (index % term.block);
  }
  return address;
}

/** Values of the loops above a cut, one by one, and those below; an index is the steps outside in, times the unrolling. */
function* assignments(loops: readonly Loop[]): Generator<readonly number[]> {
  const [first, ...rest] = loops;
  if (first === undefined) {
    yield [];
    return;
  }
  for (let i = 0; i < first.size; i++) for (const others of assignments(rest)) yield [i, ...others];
}

/** Granules of all refills of an operand from its home; or, of each of its blocks, of one visit. */
function granulesOf(
  problem: MappingProblem,
  o: number,
  loops: readonly Loop[],
  cut: number,
  { granularity, width, visits }: { granularity: number; width: number; visits: "all" | "one" },
): number {
  const layer = exactLayer(problem);
  const shape = problem.operands[o]!;
  const { terms, axes } = shape.layout!;
  const dims = [...layer.array.dims.values()];
  const steps = (loop: Loop) => (visits === "all" || shape.relevant.includes(loop.dim) ? loop : { ...loop, size: 1 });
  let granules = 0;
  for (const outer of assignments(loops.slice(cut).map(steps))) {
    const addresses = new Set<number>();
    for (const inner of assignments(loops.slice(0, cut))) {
      const at = [...inner, ...outer];
      const indices = dims.map(({ dim, size, unrolled }) => {
        let [step, stride] = [0, 1];
        loops.forEach((loop, i) => {
          if (loop.dim !== dim) return;
          step += at[i]! * stride;
          stride *= loop.size;
        });
        return Array.from({ length: unrolled }, (_, unit) => step * unrolled + unit).filter((index) => index < size);
      });
      const of = (dim: string) => indices[dims.findIndex((each) => each.dim === dim)] ?? [0];
      const perAxis = axes.map(({ index, offset }) => {
        if (typeof index !== "number") return of(index[0]!).map((each) => each + offset);
        const { out, tap, stride, dilation, clip } = shape.windows[index]!;
        const places = of(out).flatMap((x) => of(tap).map((f) => stride * x + dilation * f + (clip?.shift ?? 0)));
        return places.filter((place) => place >= 0 && place < (clip?.extent ?? Infinity)).map((each) => each + offset);
      });
      // an iteration in which some dim that does not index the operand has no work left touches nothing
      if (indices.some((each) => each.length === 0)) continue;
      for (const cell of product(perAxis)) addresses.add(addressOf(terms, axes, cell));
    }
    const sorted = [...addresses].sort((a, b) => a - b);
    let length = 0;
    sorted.forEach((address, i) => {
      length++;
      if (sorted[i + 1] === address + 1) return;
      granules += Math.ceil((length * width) / granularity);
      length = 0;
    });
  }
  return granules;
}

function* product(lists: readonly (readonly number[])[]): Generator<readonly number[]> {
  const [first, ...rest] = lists;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const item of first) for (const others of product(rest)) yield [item, ...others];
}

/** A layer with some order of its loops, and some cuts. */
function ordered(problem: MappingProblem, order: readonly number[]) {
  const layer = exactLayer(problem);
  const loops = temporalFactors(layer, RULES)
    .map((loop, i) => ({ loop, key: order[i % order.length]! }))
    .sort((a, b) => a.key - b.key)
    .map(({ loop }) => loop);
  const positions = layer.operands.map((operand, o) => {
    const stated = Array.from({ length: heldLevels(operand) }, (_, m) => order[(o * 5 + m) % 20]! % (loops.length + 1));
    return stated.sort((a, b) => a - b).map((at) => stationaryPosition(operand, loops, at));
  });
  return { layer, loops, positions };
}

/** Numbers that order loops and place cuts. */
const anOrder = fc.array(fc.nat(100), { minLength: 20, maxLength: 20 });

it("inputs come in the granules that an enumeration of their addresses counts", () => {
  let [looked, uneven] = [0, 0];
  fc.assert(
    fc.property(laidProblem, anOrder, (problem, order) => {
      const { layer, loops, positions } = ordered(problem, order);
      const figures = orderFigures(layer, { loops, positions });
      layer.operands.forEach((operand, o) => {
        const cut = operand.cuts.at(-1)!;
        if (cut.layout === undefined) return;
        const [fill] = figures[o]!.flows.at(-1)!;
        const { port } = fill!.flow.upper;
        const granules = (fill!.visits.upper * fill!.accesses.upper * port.bandwidth) / port.granularity;
        const at = positions[o]!.at(-1) ?? 0;
        const { bits } = problem.operands[operand.index]!;
        const asked = { granularity: port.granularity, width: bits, visits: "all" } as const;
        expect(granules).toBeCloseTo(granulesOf(problem, operand.index, loops, at, asked), 6);
        const dense = orderFigures(exactLayer(withoutLayouts(problem)), { loops, positions })[o]!.flows.at(-1)![0]!;
        looked++;
        if (fill!.accesses.upper > dense.accesses.upper) uneven++;
        expect(fill!.accesses.upper).toBeGreaterThanOrEqual(dense.accesses.upper);
        expect(fill!.cycles.paced).toBeGreaterThanOrEqual(dense.cycles.paced);
      });
    }),
    { numRuns: 300 },
  );
  expect(looked).toBeGreaterThan(200);
  expect(uneven).toBeGreaterThan(50);
});

it("outputs go in the granules that an enumeration of their addresses counts, sums and results alike", () => {
  let looked = 0;
  fc.assert(
    fc.property(laidOutput, anOrder, (problem, order) => {
      const { layer, loops, positions } = ordered(problem, order);
      const o = layer.operands.findIndex(({ index }) => index === 0);
      expect(layer.operands[o]!.cuts.at(-1)!.layout).toBeDefined();
      for (const { flow, accesses } of orderFigures(layer, { loops, positions })[o]!.flows.at(-1)!) {
        const { port, width } = flow.upper;
        const asked = { granularity: port.granularity, width, visits: "one" } as const;
        const granules = (accesses.upper * port.bandwidth) / port.granularity;
        expect(granules).toBeCloseTo(granulesOf(problem, 0, loops, positions[o]!.at(-1) ?? 0, asked), 6);
        looked++;
      }
    }),
    { numRuns: 300 },
  );
  expect(looked).toBeGreaterThan(300);
});

it("blocks of two sizes repeat each at its own distance", () => {
  // rows of 3 in blocks of 3 beside channels in blocks of 4: positions 0 and 4 of W lie differently in their blocks
  const terms = parseLayout("C/4 W/3 H C%4 W%3").layout!;
  const axes: OperandLayout["axes"] = [
    { name: "C", extent: 4, offset: 0, index: ["C"] },
    { name: "W", extent: 24, offset: 0, index: ["X"] },
    { name: "H", extent: 1, offset: 0, index: ["Y"] },
  ];
  const steps = (dim: string, size: number) => ({ ...wholeDim(dim, size), steps: size });
  const cut = {
    plain: [new Fan(steps("C", 4), []), new Fan(steps("X", 24), []), new Fan(steps("Y", 1), [])],
    windows: [],
    irrelevant: [],
  };
  const two = (dim: string) => (dim === "X" ? 2 : 1);
  const runs = laidTransfers({ terms, axes }, cut as unknown as CutAxes, two).flatMap(({ runs, count }) =>
    Array.from({ length: count }, () => runs.map((run) => `${run.count}×${run.length}`).join()),
  );
  // per channel twelve transfers of two, of which those at 2, 8, 14 and 20 of W cross from one block to the next
  expect(runs.filter((each) => each === "1×2")).toHaveLength(8 * 4);
  expect(runs.filter((each) => each === "2×1")).toHaveLength(4 * 4);
});

const withoutLayouts = (problem: MappingProblem): MappingProblem => ({
  ...problem,
  operands: problem.operands.map(({ layout: _, ...shape }) => shape),
});

it("the mapper finds the least energy with layouts, and then the least time", () => {
  fc.assert(
    fc.property(laidProblem, (problem) => {
      const layer = exactLayer(problem);
      fc.pre(temporalFactors(layer, RULES).length <= 4);
      const found = mapExactly(problem, RULES);
      const prices = allPrices(layer, temporalFactors(layer, RULES));
      expect(found.feasible).toBe(prices.length > 0);
      if (!found.feasible) return;
      const least = Math.min(...prices.map(({ energy }) => energy));
      expect(found.cost.memoryEnergy).toBeCloseTo(least, 6);
      const tied = prices.filter(({ energy }) => energy <= least + 1e-6);
      expect(found.cost.latencyCycles).toBe(Math.min(...tied.map(({ latency }) => latency)));
    }),
    { numRuns: 100 },
  );
});
