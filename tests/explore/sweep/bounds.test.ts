/** Bounds of points, and fronts that are found with them, against sweeps that evaluate everything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPointEvaluator, type PointEvaluator } from "../../../src/explore/sweep/batch.js";
import { BoundTable, boundValue, PromisingPoints } from "../../../src/explore/sweep/bounds.js";
import { metricValue } from "../../../src/explore/sweep/metrics.js";
import { pointAt, type SweepSpace } from "../../../src/explore/sweep/space.js";
import { SweepReducer } from "../../../src/explore/sweep/summary.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import type { Network } from "../../../src/ir/network.js";
import type { FrontMetric, MetricLimit, Outcome } from "../../../src/ir/sweep.js";
import { createCostModel, type ExploreOptions, planExplore } from "../../../src/kerf.js";
import { randomAccelerator, smallAccelerator } from "../../passes/exact/random-accelerator.js";
import { ALL_KINDS } from "../../passes/exact/random-layers.js";
import { imported, randomNetwork } from "../../passes/exact/random-network.js";
import "../../support/seed.js";

const GRID: ExploreOptions = { widths: [2, "full"], heights: [3, "full"], stacks: ["single", "per-layer"] };
const BOUNDED: readonly FrontMetric[] = ["energy", "latency", "edp"];

interface Swept {
  readonly space: SweepSpace;
  readonly evaluator: PointEvaluator;
  readonly outcomes: readonly Outcome[];
  readonly table: BoundTable;
}

/** Every point with its bound; `undefined` where the network cannot be swept on the machine. */
function swept(network: Network, accelerator: Accelerator, options: ExploreOptions): Swept | undefined {
  try {
    const { space, work } = planExplore(network, [{ arch: "m", accelerator }], options);
    const evaluator = createPointEvaluator(work, createCostModel);
    const numbers = Array.from({ length: space.points }, (_, index) => index);
    const table = new BoundTable(space.points);
    for (const index of numbers) table.set(index, evaluator.bound(index, BOUNDED));
    return { space, evaluator, outcomes: numbers.map((index) => evaluator.outcome(index)), table };
  } catch {
    return undefined; // other tests say why
  }
}

describe("a bound", () => {
  it.each<[string, ExploreOptions]>([
    ["as it is", {}],
    ["with copies beside layers", { pipelineCopies: true }],
    ["of one inference of many", { steadyState: true }],
  ])("is never above what a point costs, %s", (_, options) => {
    const ratios: number[] = [];
    fc.assert(
      fc.property(randomNetwork(3, ALL_KINDS), randomAccelerator, (random, accelerator) => {
        const found = swept(imported(random), accelerator, { ...GRID, ...options });
        fc.pre(found !== undefined);
        found.outcomes.forEach((outcome, index) => {
          if ("infeasible" in outcome) return;
          for (const metric of BOUNDED)
            expect(boundValue(found.table.at(index), metric)).toBeLessThanOrEqual(metricValue(outcome, metric));
          ratios.push(found.table.at(index).latencyCycles / outcome.latencyCycles);
        });
      }),
      { numRuns: 60, maxSkipsPerRun: 1000 },
    );
    expect(ratios.length).toBeGreaterThan(200);
    expect(Math.max(...ratios)).toBeGreaterThan(0.5);
  });

  it("of energy is close", () => {
    const ratios: number[] = [];
    fc.assert(
      fc.property(randomNetwork(3, ALL_KINDS), randomAccelerator, (random, accelerator) => {
        const found = swept(imported(random), accelerator, GRID);
        fc.pre(found !== undefined);
        found.outcomes.forEach((outcome, index) => {
          if (!("infeasible" in outcome)) ratios.push(found.table.at(index).energyPj / outcome.energyPj);
        });
      }),
      { numRuns: 40, maxSkipsPerRun: 1000 },
    );
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeGreaterThan(0.8);
  });

  it("is nothing for metrics that nobody asked for", () => {
    fc.assert(
      fc.property(randomNetwork(2, ALL_KINDS), smallAccelerator, (random, accelerator) => {
        const found = swept(imported(random), accelerator, GRID);
        fc.pre(found !== undefined);
        expect(found.evaluator.bound(0, ["latency"]).energyPj).toBe(0);
        expect(found.evaluator.bound(0, ["energy"]).latencyCycles).toBe(0);
        expect(found.evaluator.bound(0, ["edp"])).toEqual(found.table.at(0));
      }),
      { numRuns: 10, maxSkipsPerRun: 1000 },
    );
  });
});

/** Numbers of the front, and how many points were evaluated for it, `lag` of them before the first is known. */
function prunedFront({ space, outcomes, table }: Swept, choices: Asked, lag: number) {
  const reducer = reducerFor(space, choices);
  const todo = new PromisingPoints(table, "energy", reducer, () => false);
  const flying: number[] = [];
  let evaluated = 0;
  const land = (): void => {
    const index = flying.shift()!;
    reducer.add(index, pointAt(space, index), outcomes[index]!);
    evaluated++;
  };
  for (let next = todo.next(); next.done !== true; next = todo.next()) {
    flying.push(next.value);
    if (flying.length > lag) land();
  }
  while (flying.length > 0) land();
  expect(evaluated + todo.skipped).toBe(space.points);
  return { front: reducer.front(), evaluated };
}

interface Asked {
  readonly frontMetrics: readonly FrontMetric[];
  readonly limits: readonly MetricLimit[];
}

const reducerFor = ({ points }: SweepSpace, choices: Asked): SweepReducer =>
  new SweepReducer({ ...choices, objective: "energy", axes: { overlaps: [], widths: [], heights: [] }, points });

describe("a front that is found with bounds", () => {
  it("is the front of all points, whatever is weighed and limited and however late results come", () => {
    const asked = fc.record({
      frontMetrics: fc.subarray([...BOUNDED, "peak" as const], { minLength: 1, maxLength: 3 }),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      lag: fc.nat(3),
    });
    const counts = { points: 0, evaluated: 0 };
    fc.assert(
      fc.property(randomNetwork(3, ALL_KINDS), smallAccelerator, asked, (random, accelerator, choices) => {
        const found = swept(imported(random), accelerator, GRID);
        fc.pre(found !== undefined);
        const energies = found.outcomes.flatMap((outcome) => ("infeasible" in outcome ? [] : [outcome.energyPj]));
        const [least, most] = [Math.min(...energies), Math.max(...energies)];
        const { frontMetrics, share, lag } = choices;
        const limits = share === undefined ? [] : [{ metric: "energy" as const, most: least + share * (most - least) }];
        const whole = reducerFor(found.space, { frontMetrics, limits });
        found.outcomes.forEach((outcome, index) => void whole.add(index, pointAt(found.space, index), outcome));
        const pruned = prunedFront(found, { frontMetrics, limits }, lag);
        expect(pruned.front).toEqual(whole.front());
        counts.points += found.space.points;
        counts.evaluated += pruned.evaluated;
      }),
      { numRuns: 150, maxSkipsPerRun: 1000 },
    );
    expect(counts.evaluated).toBeLessThan(0.8 * counts.points);
  });
});
