/** The block sums of EM §3 against a run of the loops, in every count (EM §6, oracle 1). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layerCost } from "../../../../src/backend/cost/exact/evaluate.js";
import { exactLayer } from "../../../../src/backend/cost/exact/exact-layer.js";
import { type Copies, orderFigures, stationaryPosition } from "../../../../src/backend/cost/exact/figures.js";
import "../../../support/seed.js";
import { randomCase, randomMapping } from "./random-cases.js";
import { type Run, simulate } from "./simulator.js";

describe("block sums", () => {
  it("count what a run of the loops counts", { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(randomCase, (random) => {
        const layer = exactLayer(random.problem);
        const steps = new Map([...layer.array.dims].map(([dim, { steps }]) => [dim, steps]));
        const { loops, boundaries } = randomMapping(random, steps);
        const positions = layer.operands.map((operand) =>
          boundaries[operand.model.name]!.slice(0, -1).map((at) => stationaryPosition(operand, loops, at)),
        );
        const figures = orderFigures(layer, { loops, positions });
        const blocks = figures.map(({ blockBits }, o) =>
          blockBits.map((_, m): Copies => (random.cuts[o + m]! % 2 ? 2 : 1)),
        );
        const cost = layerCost(layer, figures, blocks);
        const run = simulate(random.problem, { loops, spatial: layer.array.unrolling, boundaries });
        expect(cost.temporalCycles).toBe(run.steps);
        run.operands.forEach(({ name, accesses, blockBits }, o) => {
          expect(cost.accesses[name]).toEqual(accesses);
          expect(figures[o]!.blockBits).toEqual(blockBits);
        });
        expect(cost.latencyCycles).toBe(latency(run, layer, blocks));
      }),
      { numRuns: 5000 },
    );
  });
});

/** The definition of `times.ts`, from the transfers that were made. */
function latency(run: Run, layer: ReturnType<typeof exactLayer>, blocks: readonly (readonly Copies[])[]): number {
  const ports = new Map<string, number>();
  let serial = run.steps;
  const use = (operand: number, level: number, direction: "tl" | "fl" | "th" | "fh", cycles: number) => {
    const { memory, ports: own } = layer.operands[operand]!.model.levels[level]!;
    const key = `${memory.id} ${own[direction]!.name}`;
    ports.set(key, (ports.get(key) ?? 0) + cycles);
  };
  run.operands.forEach(({ cuts }, o) => {
    cuts.forEach(({ down, up }, i) => {
      const busiest = (way: typeof down, of: "paced" | "latched" | "upper" | "lower" | "longest") =>
        Math.max(0, ...[...way.values()].map((traffic) => traffic[of]));
      use(o, i, "tl", busiest(down, "upper"));
      use(o, i, "fl", busiest(up, "upper"));
      if (i === 0) return;
      use(o, i - 1, "fh", busiest(down, "lower"));
      use(o, i - 1, "th", busiest(up, "lower"));
      const lastDrain = Math.max(0, ...[...up.values()].flatMap(({ latest }) => [...latest.values()]));
      const { isOutput } = layer.operands[o]!.model;
      const firstFill = isOutput ? 0 : busiest(down, "longest");
      if (blocks[o]![i - 1] === 2) serial += firstFill + lastDrain;
      else if (i > 1) serial += busiest(down, "paced") + busiest(up, "paced");
      else if (isOutput) serial += busiest(down, "paced") + busiest(up, "latched") + Math.min(1, lastDrain);
      else serial += busiest(down, "latched") + Math.min(1, firstFill);
    });
  });
  return Math.max(serial, ...ports.values());
}
