/** The home search against the enumeration of all homes (EM §2, §6). */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { OverlapMode, TileOrder } from "../../../src/ir/facts.js";
import "../../support/seed.js";
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
