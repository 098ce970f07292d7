/**
 * The home search against the enumeration of all homes (EM §2, §6). What is checked is the search: both take what a home costs, and whether
 * it fits, from the same code. The prices have tests of their own: `tests/exact/quirks.test.ts` and `constants.test.ts` beside
 * this file, in numbers worked out by hand, and the simulator of `tests/backend/cost/exact` for layers.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { MAPPINGS, type OverlapMode, type TileOrder } from "../../../src/ir/facts.js";
import "../../support/seed.js";
import { nodeOf, scheduleOf, smallMachine } from "../../exact/machine.js";
import { builtIn, conv, fsrcnn, network } from "../../support/networks.js";
import { countChoices, leastEnergy, toyOf } from "./naive-homes.js";
import { smallAccelerator } from "./random-accelerator.js";
import { ALL_KINDS } from "./random-layers.js";
import { imported, randomNetwork } from "./random-network.js";
import { exactModel, scheduleExactly } from "./scheduling.js";

const choices = fc.record({
  tile: fc.record({ width: fc.integer({ min: 2, max: 8 }), height: fc.integer({ min: 2, max: 8 }) }),
  overlap: fc.constantFrom<OverlapMode>("recompute", "h-cached", "fully-cached", "fully-cached"),
  order: fc.constantFrom<TileOrder>("x-first", "y-first"),
});

/** Assignments that are enumerated in a moment. */
const MOST_CHOICES = 3000;

it("finds homes that no others are cheaper than", () => {
  fc.assert(
    fc.property(randomNetwork(3, ALL_KINDS), smallAccelerator, choices, (random, accelerator, chosen) => {
      const costModel = exactModel();
      const found = scheduleExactly(imported(random), accelerator, chosen, costModel);
      fc.pre(found !== undefined);
      const toy = toyOf(found.module, costModel);
      const count = countChoices(toy);
      fc.pre(toy.types.length >= 2 && count >= 8 && count <= MOST_CHOICES);
      const { energy, bound } = found.placements[0]!.search!; // one stack, searched
      const least = leastEnergy(toy);
      expect(Math.abs(energy / least - 1)).toBeLessThanOrEqual(1e-9);
      expect(Math.abs(bound / least - 1)).toBeLessThanOrEqual(1e-9);
    }),
    { numRuns: 30, maxSkipsPerRun: 1000 },
  );
});

/** The array writes sums of 16 bit to the chip, where results of 4 × 8 × 8 elements take 8 bit each. */
it.each([
  { chip: 3982, home: "dram", least: 0 },
  { chip: 4316, home: "chip", least: 2 * 4 * 8 * 8 * 8 },
])("partial sums need room in a home: with $chip bit it is $home", ({ chip, home, least }) => {
  const layers = network(conv("a", { K: 4, C: 4, OX: 8 }), conv("b", { K: 4, C: 4, OX: 8, from: "a" }));
  const { placements } = scheduleOf(layers, { accelerator: smallMachine(chip) });
  const { reserved, topOutput } = nodeOf(placements[0]!.tileTypes[0]!, "a");
  expect(topOutput).toBe(home);
  expect(reserved!.chip).toBeGreaterThanOrEqual(least);
});

it("a home without room for sums gets results alone", () => {
  const tile = { width: 60, height: 72 };
  const { placements, module } = scheduleExactly(fsrcnn(), builtIn(), { tile })!;
  const nodes = placements[0]!.tileTypes.flatMap(({ nodes }) => nodes);
  const finished = nodes.filter(({ problems }) => problems.some(({ finishesBelowHome }) => finishesBelowHome === true));
  expect(finished.length).toBeGreaterThan(0);
  for (const { problem, result } of module.get(MAPPINGS).flat(2)) {
    if (problem.finishesBelowHome === undefined) continue;
    const levels = result.cost.accesses.O!;
    expect(levels.at(-1)!.tl).toBe(0); // nothing comes down again
  }
});
