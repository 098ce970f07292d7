/** Searches for paths through the nodes of a tile type, against the enumeration of all paths. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beamPath, type PathSpace, shortestPath } from "../../../src/passes/exact/home-paths.js";
import "../../support/seed.js";

interface Choice {
  readonly node: number;
  readonly energy: number;
  /** Taken from when the node runs to its last reader. */
  readonly bits: number;
}

interface Toy {
  readonly options: readonly (readonly Choice[])[];
  readonly lastUse: readonly number[];
  readonly capacity: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const living = ({ lastUse }: Toy, length: number): readonly number[] =>
  lastUse.slice(0, length).flatMap((last, node) => (last >= length ? [node] : []));

/** Bits of what lives while the last node runs. */
const taken = (toy: Toy, chosen: readonly Choice[]): number =>
  sum([...living(toy, chosen.length - 1), chosen.length - 1].map((node) => chosen[node]!.bits));

function spaceOf(toy: Toy): PathSpace<Choice> {
  const least = toy.options.map((options) => Math.min(...options.map(({ energy }) => energy)));
  return {
    length: toy.options.length,
    options: (index) => toy.options[index]!,
    extra: () => 0,
    layer: {
      touched: () => 0,
      bounded: (chosen) => chosen.at(-1)!.energy,
      mapped: (chosen) => (taken(toy, chosen) > toy.capacity ? Number.POSITIVE_INFINITY : chosen.at(-1)!.energy),
    },
    rest: (chosen) => sum(least.slice(chosen.length)),
    liveKey: (chosen) => [chosen.length, ...living(toy, chosen.length).map((node) => chosen[node]!.bits)].join(" "),
    living: (chosen) => living(toy, chosen.length),
    room: (chosen) => sum(living(toy, chosen.length).map((node) => chosen[node]!.bits)),
  };
}

/** Energy of the cheapest of all paths; infinite where none fits. */
function enumerated(toy: Toy, chosen: readonly Choice[] = []): number {
  if (chosen.length > 0 && taken(toy, chosen) > toy.capacity) return Number.POSITIVE_INFINITY;
  if (chosen.length === toy.options.length) return sum(chosen.map(({ energy }) => energy));
  return Math.min(...toy.options[chosen.length]!.map((option) => enumerated(toy, [...chosen, option])));
}

const toys: fc.Arbitrary<Toy> = fc
  .array(
    fc.record({
      options: fc.array(fc.record({ energy: fc.integer({ min: 1, max: 9 }), bits: fc.nat(5) }), {
        minLength: 1,
        maxLength: 3,
      }),
      life: fc.nat(4),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .chain((nodes) =>
    fc.nat(12).map((capacity) => ({
      options: nodes.map(({ options }, node) => options.map((option) => ({ ...option, node }))),
      lastUse: nodes.map(({ life }, node) => node + life),
      capacity,
    })),
  );

const runs = { numRuns: 1000 };

describe("paths through the nodes of a tile type", () => {
  it("are the cheapest of all", () => {
    fc.assert(
      fc.property(toys, (toy) => {
        const { path, bound } = shortestPath(spaceOf(toy), Number.POSITIVE_INFINITY);
        expect(path?.energy ?? Number.POSITIVE_INFINITY).toBe(enumerated(toy));
        expect(bound).toBe(enumerated(toy));
      }),
      runs,
    );
  });

  it("cost no less than the bound of a search that gave up", () => {
    let gaveUp = 0;
    fc.assert(
      fc.property(toys, fc.integer({ min: 1, max: 30 }), (toy, limit) => {
        const { path, bound } = shortestPath(spaceOf(toy), limit);
        if (path === undefined) gaveUp++;
        expect(bound).toBeLessThanOrEqual(enumerated(toy));
      }),
      runs,
    );
    expect(gaveUp).toBeGreaterThan(100);
  });

  it("fit when a beam finds them, and cost no less than the cheapest", () => {
    fc.assert(
      fc.property(toys, (toy) => {
        const path = beamPath(spaceOf(toy));
        if (path === undefined) return;
        expect(path.energy).toBe(sum(path.chosen.map(({ energy }) => energy)));
        expect(path.energy).toBeGreaterThanOrEqual(enumerated(toy));
        for (const index of path.chosen.keys())
          expect(taken(toy, path.chosen.slice(0, index + 1))).toBeLessThanOrEqual(toy.capacity);
      }),
      runs,
    );
  });

  it("are found by a beam where what comes first has to give way", () => {
    const node = (index: number, ...options: readonly (readonly [energy: number, bits: number])[]) =>
      options.map(([energy, bits]) => ({ node: index, energy, bits }));
    const toy: Toy = {
      options: [node(0, [1, 3], [8, 0]), node(1, [1, 3], [9, 0]), node(2, [1, 6])],
      lastUse: [2, 2, 2],
      capacity: 9,
    };
    expect(beamPath(spaceOf(toy))?.energy).toBe(10);
    expect(beamPath(spaceOf({ ...toy, capacity: 6 }))?.energy).toBe(18);
    expect(beamPath(spaceOf({ ...toy, capacity: 5 }))).toBeUndefined();
  });
});
