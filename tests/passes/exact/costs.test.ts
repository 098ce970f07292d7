/** What schedules of random networks on random machines cost (EM §2–5). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Accelerator, unitCount } from "../../../src/ir/accelerator.js";
import type { CostModel } from "../../../src/ir/cost-model.js";
import { OVERLAP_MODES, type OverlapMode, type TileOrder, type Totals } from "../../../src/ir/facts.js";
import "../../support/seed.js";
import { enlarged, randomAccelerator, smallAccelerator, turnedAccelerator } from "./random-accelerator.js";
import { ALL_KINDS, SYMMETRIC_KINDS } from "./random-layers.js";
import { imported, type RandomNetwork, randomNetwork } from "./random-network.js";
import { type Choices, exactModel, type Scheduled, scheduleExactly } from "./scheduling.js";

/** @param least - side of a tile */
const choicesFrom = (least: number): fc.Arbitrary<Choices> =>
  fc.record({
    tile: fc.record({ width: fc.integer({ min: least, max: 8 }), height: fc.integer({ min: least, max: 8 }) }),
    overlap: fc.constantFrom<OverlapMode>(...OVERLAP_MODES),
    order: fc.constantFrom<TileOrder>("x-first", "y-first"),
    stacks: fc.constantFrom<"single" | "per-layer">("single", "single", "single", "per-layer"),
  });

const choices = choicesFrom(1);

/** Sums in another order differ by rounding. */
const ROUNDING = 1e-9;
const expectEqual = (found: number, expected: number) =>
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(ROUNDING * Math.abs(expected));

/** Every number that a schedule is judged by. */
const numbersOf = ({ costs, placements }: Scheduled) => ({ costs, placements });

function scheduled(random: RandomNetwork, accelerator: Accelerator, chosen: Choices, costModel?: CostModel) {
  const found = scheduleExactly(imported(random), accelerator, chosen, costModel);
  fc.pre(found !== undefined);
  return found;
}

describe("costs of random schedules", () => {
  it("do not grow with the room of any memory", () => {
    fc.assert(
      fc.property(
        randomNetwork(2, ALL_KINDS),
        smallAccelerator,
        choicesFrom(3),
        fc.nat(),
        fc.constantFrom(1.1, 1.5, 2, 4, 16),
        (random, accelerator, chosen, memory, factor) => {
          const model = exactModel();
          const found = scheduled(random, accelerator, chosen, model);
          const larger = enlarged(accelerator, memory % accelerator.memories.length, factor);
          const better = scheduleExactly(imported(random), larger, chosen, model);
          expect(better?.costs.totals.energy).toBeLessThanOrEqual(found.costs.totals.energy * (1 + ROUNDING));
          for (const { search } of [...found.placements, ...better!.placements])
            expect(search!.bound).toBeGreaterThanOrEqual(search!.energy * (1 - ROUNDING));
        },
      ),
      { numRuns: 150, maxSkipsPerRun: 1000 },
    );
  });

  it("add up in every way, fit the memories and take no less time than the array needs", () => {
    fc.assert(
      fc.property(randomNetwork(3, ALL_KINDS), randomAccelerator, choices, (random, accelerator, chosen) => {
        const { costs, placements } = scheduled(random, accelerator, chosen);
        const { totals, layers, stacks } = costs;
        const { mac, memory, copy } = totals.energyByKind;
        const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
        expectEqual(mac + memory + copy, totals.energy);
        expectEqual(sum(layers.map(({ energy }) => energy)) + copy, totals.energy);
        expectEqual(sum(stacks.map((stack) => stack.totals.energy)), totals.energy);
        expectEqual(sum(placements.map(({ search }) => search!.energy)), totals.energy);
        expectEqual(sum([...totals.energyByMemory.values()].flatMap((own) => [...own.values()])), memory + copy);
        expectEqual(accessEnergy(totals, accelerator), memory + copy);
        const sizes = new Map<string, number>(accelerator.memories.map(({ id, size }) => [id, size]));
        for (const [id, bits] of totals.peak) expect(bits, id).toBeLessThanOrEqual(sizes.get(id)!);
        expect(totals.latency).toBeGreaterThanOrEqual(totals.operations / unitCount(accelerator.array));
        expect(totals.latency).toBe(totals.offloadedLatency);
        for (const { executed, needed } of layers)
          expect(executed.operations).toBeGreaterThanOrEqual(needed.operations * (1 - ROUNDING));
      }),
      { numRuns: 40, maxSkipsPerRun: 1000 },
    );
  });

  it("are those of the turned network where tiles follow each other the other way", () => {
    fc.assert(
      fc.property(randomNetwork(3, SYMMETRIC_KINDS), randomAccelerator, choices, (random, accelerator, chosen) => {
        const upright = scheduled(random, accelerator, { ...chosen, order: "x-first" }).costs.totals;
        const { width, height } = chosen.tile as { readonly width: number; readonly height: number }; // as drawn
        const tile = { width: height, height: width };
        const other = turnedAccelerator(accelerator);
        const turned = scheduleExactly(imported(random, "turned"), other, { ...chosen, tile, order: "y-first" });
        expectEqual(turned!.costs.totals.energy, upright.energy);
        expect(turned!.costs.totals.operations).toBe(upright.operations);
      }),
      { numRuns: 18, maxSkipsPerRun: 1000 },
    );
  });

  it("are the same in all modes where there is one tile", () => {
    fc.assert(
      fc.property(randomNetwork(3, ALL_KINDS), randomAccelerator, choices, (random, accelerator, chosen) => {
        const model = exactModel();
        const [first, ...others] = OVERLAP_MODES.map(
          (overlap) =>
            scheduleExactly(imported(random), accelerator, { ...chosen, tile: "full", overlap }, model)?.costs,
        );
        fc.pre(first !== undefined);
        for (const other of others) expect(other).toEqual(first);
      }),
      { numRuns: 30, maxSkipsPerRun: 1000 },
    );
  });

  it("do not depend on what was asked before", () => {
    fc.assert(
      fc.property(
        randomNetwork(3, ALL_KINDS),
        randomAccelerator,
        fc.tuple(choices, choices),
        (random, accelerator, [chosen, other]) => {
          const model = exactModel();
          scheduleExactly(imported(random), accelerator, other, model);
          const second = scheduleExactly(imported(random), accelerator, chosen, model);
          expect(second && numbersOf(second)).toEqual(numbersOf(scheduled(random, accelerator, chosen)));
        },
      ),
      { numRuns: 10, maxSkipsPerRun: 1000 },
    );
  });
});

/** Accesses times their energies. */
function accessEnergy({ accesses }: Totals, { memories }: Accelerator): number {
  return memories.reduce((sum, { id, readEnergy, writeEnergy }) => {
    const { read = 0, write = 0 } = accesses.get(id) ?? {};
    return sum + read * readEnergy + write * writeEnergy;
  }, 0);
}
