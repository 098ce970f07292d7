/** What a clock makes of cycles and energy: operations are those that run. */
import { expect, it } from "vitest";
import { megahertz } from "../../../src/ir/physical-units.js";
import { emitSchedule, printSummary, schedule } from "../../../src/kerf.js";
import { smallMachine } from "../../exact/machine.js";
import { conv, network } from "../../support/networks.js";

it("counts multiply-accumulates that are computed again", () => {
  const layers = network(conv("a", { OX: 8, F: 3 }), conv("b", { OX: 6, F: 3, from: "a" }));
  const machine = { ...smallMachine(), clock: megahertz(500) };
  const result = schedule(layers, machine, {
    stacks: "single",
    tile: { width: 2, height: 2 },
    overlap: "recompute",
    order: "x-first",
  });
  const { totals } = emitSchedule(result, layers);
  // nine tiles, for each of which b runs 4 · 9 and a 16 · 9; declared are 36 · 9 and 64 · 9
  const executed = 9 * (4 + 16) * 9;
  expect(totals.macs).toBe((36 + 64) * 9);
  expect(totals.latencyMs).toBeCloseTo(totals.latencyCycles / 500e3, 12);
  expect(totals.tops! / ((2 * executed) / (totals.latencyCycles / 500e6) / 1e12)).toBeCloseTo(1, 12);
  expect(totals.topsPerWatt! / ((2 * executed) / totals.energyPj)).toBeCloseTo(1, 12);
  const shown = `${Number(totals.tops!.toPrecision(4))} TOPS, ${Number(totals.topsPerWatt!.toPrecision(4))} TOPS/W`;
  expect(printSummary(result.module, "exact")).toContain(shown);
});
