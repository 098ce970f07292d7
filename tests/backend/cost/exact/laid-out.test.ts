/** Transfers of operands in a home with a layout, beside an enumeration of the addresses of every block (EM §2, Layout). */
import fc from "fast-check";
import { expect, it } from "vitest";
import { exactLayer, heldLevels } from "../../../../src/backend/cost/exact/exact-layer.js";
import { orderFigures, stationaryPosition } from "../../../../src/backend/cost/exact/figures.js";
import { mapExactly, temporalFactors } from "../../../../src/backend/cost/exact/mapper.js";
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

const LAYOUTS = ["C H W", "H W C", "C/2 H W C%2", "W/3 H C W%3", "H/2 W/2 C H%2 W%2", "K W"];

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

/** Granules of all refills of an input from its home. */
function granulesOf(
  problem: MappingProblem,
  o: number,
  loops: readonly Loop[],
  cut: number,
  granularity: number,
): number {
  const layer = exactLayer(problem);
  const shape = problem.operands[o]!;
  const { terms, axes } = shape.layout!;
  const dims = [...layer.array.dims.values()];
  let granules = 0;
  for (const outer of assignments(loops.slice(cut))) {
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
      granules += Math.ceil((length * shape.bits) / granularity);
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

it("inputs come in the granules that an enumeration of their addresses counts", () => {
  let [looked, uneven] = [0, 0];
  fc.assert(
    fc.property(laidProblem, fc.array(fc.nat(100), { minLength: 20, maxLength: 20 }), (problem, order) => {
      const layer = exactLayer(problem);
      const loops = temporalFactors(layer, RULES)
        .map((loop, i) => ({ loop, key: order[i % order.length]! }))
        .sort((a, b) => a.key - b.key)
        .map(({ loop }) => loop);
      const positions = layer.operands.map((operand, o) => {
        const stated = Array.from(
          { length: heldLevels(operand) },
          (_, m) => order[(o * 5 + m) % 20]! % (loops.length + 1),
        );
        return stated.sort((a, b) => a - b).map((at) => stationaryPosition(operand, loops, at));
      });
      const figures = orderFigures(layer, { loops, positions });
      layer.operands.forEach((operand, o) => {
        const cut = operand.cuts.at(-1)!;
        if (cut.layout === undefined) return;
        const [fill] = figures[o]!.flows.at(-1)!;
        const { port } = fill!.flow.upper;
        const granules = (fill!.visits.upper * fill!.accesses.upper * port.bandwidth) / port.granularity;
        const at = positions[o]!.at(-1) ?? 0;
        expect(granules).toBeCloseTo(granulesOf(problem, operand.index, loops, at, port.granularity), 6);
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
