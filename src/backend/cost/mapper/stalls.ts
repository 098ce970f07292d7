/** Stalls of ports that serve several transfers (SL §8.3–8.4; Q3, Q4, Q17, Q20, Q21). */
import type { Direction, Port } from "../../../ir/accelerator.js";
import type { RuleSet } from "../../../ir/rules.js";
import type { LayerModel, MemoryModel } from "./layer-model.js";
import type { MovementTimes, TransferTime } from "./transfer-times.js";
import { windowUnion } from "./window-union.js";

/** One transfer on a port. */
export interface PortActivity extends TransferTime {
  /** Index into the layer's operands. */
  readonly operand: number;
  readonly level: number;
  readonly direction: Direction;
}

export interface PortLoad {
  readonly memory: string;
  readonly port: string;
  readonly activities: readonly PortActivity[];
  /** Cycles by which the port alone would delay the layer, negative where it has slack; `undefined` when it is idle. */
  readonly stall: number | undefined;
}

/** Stall of one port, cycles; negative where it has slack. */
export type StallsPolicy = (activities: readonly TransferTime[]) => number;

export const STALLS: Readonly<Record<RuleSet["stalls"], StallsPolicy>> = { published: publishedStall };

/** Every port of the hierarchy in declared order. */
export function portLoads(
  layer: LayerModel,
  times: readonly (readonly MovementTimes[])[],
  policy: StallsPolicy,
): readonly PortLoad[] {
  return layer.memories.flatMap((model) =>
    model.memory.ports.map((port): PortLoad => {
      const activities = portActivities(layer, model, port, times);
      const stall = activities.length === 0 ? undefined : policy(activities);
      return { memory: model.memory.id, port: port.name, activities, stall };
    }),
  );
}

/** Ports are assumed to run in parallel, so the worst one decides (SL §8.4). */
export const layerStall = (ports: readonly PortLoad[]): number =>
  ports.reduce((worst, { stall }) => Math.max(worst, stall ?? 0), 0);

/** Zero-bit operands keep their place on the port (Q17). */
function portActivities(
  layer: LayerModel,
  { residents }: MemoryModel,
  port: Port,
  times: readonly (readonly MovementTimes[])[],
): readonly PortActivity[] {
  return port.services.flatMap((service): readonly PortActivity[] => {
    const resident = residents.find(({ operand }) => layer.operands[operand]!.memoryOperand === service.operand);
    if (resident === undefined) return [];
    const { operand, level } = resident;
    const time = times[operand]![level]![service.direction];
    return time.count > 0 ? [{ ...time, operand, level, direction: service.direction }] : [];
  });
}

/**
 * Slack of one transfer offsets another's window (Q4); the union counts all periods, the other terms all but one (Q3). Plain
 * doubles, as the reference computes with NumPy 1.x (Q21).
 */
function publishedStall(activities: readonly TransferTime[]): number {
  const stalls = activities.map(({ real, allowed, count }) => (real - allowed) * (count - 1));
  const [only, ...others] = stalls;
  if (only !== undefined && others.length === 0) return only;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const late = sum(stalls.filter((stall) => stall > 0));
  const slack = sum(stalls.filter((stall) => stall <= 0));
  const open = sum(activities.map(({ allowed, count }) => allowed * (count - 1)));
  return late + Math.max(0, slack + open - windowUnion(activities));
}
