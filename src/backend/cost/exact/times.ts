/**
 * Time of one layer on one tile: our definition, additive over cuts, so that it can be searched.
 *
 * - *compute* is the product of the steps of all dims: cycles without a stall.
 * - A transfer of `v` elements of width `w` occupies a port for `⌈v · w / bandwidth⌉` cycles; the slower of its two ends paces it. Of
 *   the instances at either end the busiest is looked at: among upper instances the one whose transfers take longest, at the lower end,
 *   in each transfer, the instance that gets most.
 * - *Port time* is the sum over all transfers that use a port, of their cycles at that end. Transfers between the array and level 0 are
 *   part of it.
 * - A transfer over the cut above level `m` overlaps with computing if two blocks are reserved at level `m`; transfers between the
 *   array and level 0 always do. All others stop the array.
 * - What is written into the level next to the array takes effect at the end of its cycle, as in every register. So the first cycle of
 *   a refill is the last one in which the array works on the old block, and the last cycle of a drain is the first one of the new
 *   block: such a transfer of `c` cycles stops the array for `c − 1`, but for the first fill and the last drain, which have nothing to
 *   overlap with. A partial sum that comes back has: it waits until the register is free.
 *
 *       serial  = compute + pace of all transfers that stop the array, less the cycles that registers take over
 *                 + of every overlapping fill its longest single transfer (before the first step), of every overlapping drain of
 *                   finished or last-visited blocks its longest single transfer (after the last step)
 *       latency = max(serial, largest port time)
 *
 *   Partial sums that come back into a reserved second block wait for nothing: their block was drained earlier, so none of them is first.
 * - Without the last drains, and without the first fills too, `serial` is shorter by one longest transfer per drain or fill, whether it
 *   overlaps or not; port times are not: who is bound by a port has no phase that could be taken off.
 */
import type { Visits } from "./axis-figures.js";
import type { FlowCycles } from "./block-sums.js";
import type { Flow } from "./exact-layer.js";

/** Whether a flow stops the array; `array`: between the array and level 0. */
export type Overlap = "array" | 1 | 2;

export interface Timing {
  readonly compute: number;
  serial: number;
  firstFills: number;
  lastDrains: number;
  /** Per port of the layer. */
  readonly ports: Float64Array;
}

export const startTiming = (compute: number, ports: number): Timing => ({
  compute,
  serial: compute,
  firstFills: 0,
  lastDrains: 0,
  ports: new Float64Array(ports),
});

/** Cycles that a flow adds to the serial time. */
export function serialCycles({ kind, isLatched }: Flow, cycles: FlowCycles, busy: number, copies: 1 | 2): number {
  const hasEnd = kind === "fill" || kind === "last";
  if (copies === 2) return hasEnd ? cycles.longest : 0;
  if (!isLatched) return busy * cycles.paced;
  return busy * cycles.latched + (hasEnd && cycles.longest > 0 ? 1 : 0);
}

export function addFlow(timing: Timing, flow: Flow, cycles: FlowCycles, { busy }: Visits, overlap: Overlap): void {
  timing.ports[flow.upper.portIndex]! += busy * cycles.upper;
  if (flow.lower !== undefined) timing.ports[flow.lower.portIndex]! += busy * cycles.lower;
  if (overlap === "array") return;
  timing.serial += serialCycles(flow, cycles, busy, overlap);
  if (flow.kind === "fill") timing.firstFills += cycles.longest;
  if (flow.kind === "last") timing.lastDrains += cycles.longest;
}

/** Cycles of the busiest port. */
export const longestPort = ({ ports }: Pick<Timing, "ports">): number =>
  ports.reduce((most, each) => Math.max(most, each), 0);

export function makespans(timing: Timing) {
  const { serial, firstFills, lastDrains } = timing;
  const port = longestPort(timing);
  return {
    computationCycles: Math.max(serial - firstFills - lastDrains, port),
    loadedCycles: Math.max(serial - lastDrains, port),
    offloadedCycles: Math.max(serial, port),
  };
}
