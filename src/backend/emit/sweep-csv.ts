/** Points of a sweep as CSV, one per line: numbers as they are, units in the heading. */
import type { SweepLine } from "../../ir/sweep.js";
import { csvLine } from "./csv.js";

export const SWEEP_CSV_HEADING = csvLine([
  ...["index", "accelerator", "vary", "stacks", "tile width", "tile height", "overlap", "order"],
  ...["energy [pJ]", "latency [cycle]", "on-chip peak [bit]", "DRAM [bit]", "infeasible"],
]);

/** A point without a schedule has no numbers, and the codes of what is in its way. */
export function sweepCsvLine(line: SweepLine): string {
  const { arch, vary, stacks, tile, overlap, order } = line.point;
  const numbers =
    "infeasible" in line
      ? ["", "", "", "", line.infeasible.map(({ code }) => code).join(" ")]
      : [line.energyPj, line.latencyCycles, line.peakBits, line.dramBits, ""];
  const varied = vary === undefined ? "" : JSON.stringify(vary);
  return csvLine([line.index, arch, varied, stacks, tile.width, tile.height, overlap, order, ...numbers]);
}
