/** What the machine draws in every cycle leads the choice of mappings and of homes (EM §4). */
import fc from "fast-check";
import { expect, it } from "vitest";
import { scheduleDocument } from "../../../src/backend/emit/schedule-json.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { picojoulesPerCycle } from "../../../src/ir/physical-units.js";
import { smallMachine } from "../../exact/machine.js";
import { residual } from "../../support/networks.js";
import "../../support/seed.js";
import { smallAccelerator } from "./random-accelerator.js";
import { ALL_KINDS } from "./random-layers.js";
import { imported, randomNetwork } from "./random-network.js";
import { type Scheduled, scheduleExactly } from "./scheduling.js";

const drawing = (accelerator: Accelerator, perCycle: number): Accelerator => ({
  ...accelerator,
  staticEnergy: picojoulesPerCycle(perCycle),
});

const isProven = ({ placements }: Scheduled): boolean =>
  placements.every(({ search }) => search!.bound >= search!.energy * (1 - 1e-12));

const layerCycles = ({ costs: { totals } }: Scheduled): number => totals.latency - totals.copyLatency;

it("the more a cycle costs, the fewer of them layers take", () => {
  let faster = 0;
  fc.assert(
    fc.property(randomNetwork(2, ALL_KINDS), smallAccelerator, (random, accelerator) => {
      const schedules = [0, 3, 300].map((perCycle) =>
        scheduleExactly(imported(random), drawing(accelerator, perCycle), { tile: { width: 4, height: 4 } }),
      );
      fc.pre(schedules.every((found) => found !== undefined && isProven(found)));
      const [none, little, much] = [schedules[0]!, schedules[1]!, schedules[2]!];
      expect(layerCycles(little)).toBeLessThanOrEqual(layerCycles(none));
      expect(layerCycles(much)).toBeLessThanOrEqual(layerCycles(little));
      if (layerCycles(much) < layerCycles(none)) faster++;
      const { energy, energyByKind, latency } = much.costs.totals;
      expect(energyByKind.static).toBe(300 * latency);
      const { mac, memory, copy } = energyByKind;
      expect(energy).toBeCloseTo(mac + memory + copy + 300 * latency, 3);
      // what was searched is all but what is drawn while copies run
      const searched = much.placements.reduce((sum, { search }) => sum + search!.energy, 0);
      expect(Math.abs(searched / (energy - 300 * much.costs.totals.copyLatency) - 1)).toBeLessThan(1e-9);
    }),
    { numRuns: 40, maxSkipsPerRun: 1000 },
  );
  expect(faster).toBeGreaterThan(0);
});

it("a schedule says what the search did not count", () => {
  const searchOf = (accelerator: Accelerator) => {
    const network = residual(8);
    const found = scheduleExactly(network, accelerator, { tile: { width: 4, height: 4 } })!;
    const record = {
      options: {},
      pipeline: "",
      source: network,
      diagnostics: [],
      isExact: true,
      loopLimit: "none" as const,
    };
    return { totals: found.costs.totals, ...scheduleDocument(found.module, record).search };
  };
  const plain = searchOf(smallMachine());
  expect([plain.optimal, plain.gap]).toEqual([true, 0]);
  const { totals, ...search } = searchOf(drawing(smallMachine(), 5));
  expect(totals.copyLatency).toBeGreaterThan(0);
  expect(search.optimal).toBe(false);
  expect(search.bound).toBeCloseTo(totals.energy - 5 * totals.copyLatency, 3);
});
