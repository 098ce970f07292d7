/** What an accelerator's clock and area make of a schedule's cycles and energy. */
import type { Accelerator } from "./accelerator.js";
import { totalArea } from "./assumed.js";
import type { ScheduleCost } from "./facts.js";

/** Absent parts are not stated by the accelerator. */
export interface PhysicalTotals {
  readonly milliseconds?: number;
  /** Tera-operations per second, of which a multiply-accumulate that runs is two. */
  readonly tops?: number;
  readonly topsPerWatt?: number;
  /** Square millimetres. */
  readonly area?: number;
}

/** Operations are multiply-accumulates that run, those that are computed again among them. */
export function physicalTotals(
  accelerator: Accelerator,
  { totals, layers }: Pick<ScheduleCost, "totals" | "layers">,
): PhysicalTotals {
  const area = totalArea(accelerator);
  const macs = layers.reduce((sum, { executed }) => sum + executed.macs, 0);
  return {
    ...atClock(accelerator.clock, macs, totals.energy, totals.latency),
    ...(area !== undefined && { area }),
  };
}

/** An operation per picojoule is a tera-operation per second and watt. */
function atClock(megahertz: number | undefined, macs: number, energy: number, latency: number): PhysicalTotals {
  if (megahertz === undefined) return {};
  const milliseconds = latency / megahertz / 1e3;
  const operations = 2 * macs;
  const tops = milliseconds === 0 ? 0 : operations / milliseconds / 1e9;
  return { milliseconds, tops, topsPerWatt: energy === 0 ? 0 : operations / energy };
}
