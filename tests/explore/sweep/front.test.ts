import fc from "fast-check";
import { expect, it } from "vitest";
import { ParetoFront } from "../../../src/explore/sweep/front.js";
import { mainValue } from "../../../src/explore/sweep/metrics.js";

type Costs = readonly [energy: number, latency: number, peak: number];

/** The definition: nobody is as good everywhere and better somewhere. */
const naive = (all: readonly Costs[]): readonly number[] =>
  all.flatMap((costs, index) => (all.some((other) => dominates(other, costs)) ? [] : [index]));

const dominates = (a: Costs, b: Costs): boolean =>
  a.every((cost, axis) => cost <= b[axis]!) && a.some((cost, axis) => cost < b[axis]!);

const indicesOf = (costs: readonly Costs[], order = costs.map((_, index) => index)): readonly number[] => {
  const front = new ParetoFront();
  for (const index of order) front.add(pointOf(costs[index]!, index));
  return front.members().map(({ index }) => index);
};

const pointOf = ([energyPj, latencyCycles, peakBits]: Costs, index: number) => ({
  ...{ energyPj, latencyCycles, peakBits, dramBits: 0 },
  index,
});

const coordinate = fc.integer({ min: 0, max: 6 });
const cloud = fc.array(fc.tuple(coordinate, coordinate, coordinate), { maxLength: 60 });

it("is what the definition says, equals included", () => {
  fc.assert(
    fc.property(cloud, (costs) => {
      expect([...indicesOf(costs)].sort((a, b) => a - b)).toEqual(naive(costs));
    }),
    { numRuns: 2000 },
  );
});

it.each([[["energy"]], [["latency", "energy"]], [["edp", "dram"]]] as const)("is that of the metrics %s", (metrics) => {
  fc.assert(
    fc.property(cloud, fc.tuple(coordinate, coordinate), (costs, bound) => {
      const points = costs.map(([energyPj, latencyCycles, dramBits], index) => ({
        ...{ energyPj, latencyCycles, peakBits: 7, dramBits },
        index,
      }));
      const weighed = points.map((point) => metrics.map((metric) => mainValue(point, metric)));
      const front = new ParetoFront(metrics);
      for (const point of points) front.add(point);
      const beats = (a: readonly number[], b: readonly number[]): boolean =>
        a.every((value, axis) => value <= b[axis]!) && a.some((value, axis) => value < b[axis]!);
      const expected = weighed.flatMap((own, index) => (weighed.some((other) => beats(other, own)) ? [] : [index]));
      expect(
        front
          .members()
          .map(({ index }) => index)
          .sort((a, b) => a - b),
      ).toEqual(expected);
      const asked = bound.slice(0, metrics.length);
      expect(front.excludes(asked)).toBe(weighed.some((own) => beats(own, asked)));
    }),
    { numRuns: 500 },
  );
});

it("does not depend on the order of points", () => {
  fc.assert(
    fc.property(
      cloud.chain((costs) =>
        fc.tuple(
          fc.constant(costs),
          fc.shuffledSubarray(
            costs.map((_, index) => index),
            { minLength: costs.length },
          ),
        ),
      ),
      ([costs, order]) => {
        expect(indicesOf(costs, order)).toEqual(indicesOf(costs));
      },
    ),
  );
});

it("settles many points as it goes", () => {
  const costs = Array.from({ length: 5000 }, (_, n): Costs => [(n * 7919) % 101, (n * 104729) % 97, (n * 31) % 89]);
  expect([...indicesOf(costs)].sort((a, b) => a - b)).toEqual(naive(costs));
});

it("keeps 20 000 points of which none is dominated within seconds", () => {
  const front = new ParetoFront();
  for (let n = 0; n < 20_000; n++) front.add(pointOf([n, 20_000 - n, (n * 7919) % 20_000], n));
  expect(front.members()).toHaveLength(20_000);
});
