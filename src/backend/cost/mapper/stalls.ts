/** Stalls of ports that serve several transfers (SL §8.3–8.4; Q3, Q4, Q17, Q20, Q21). */
import type { Direction, Port } from "../../../ir/accelerator.js";
import type { Behaviours, RuleSet } from "../../../ir/rules.js";
import type { LayerModel, MemoryModel, OperandModel } from "./layer-model.js";
import type { MovementTimes, Pace, TransferTime } from "./transfer-times.js";
import { windowUnion, windowUnionButLast } from "./window-union.js";

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

export interface StallsPolicy {
  readonly pace: Pace;
  /** Whether an operand's transfers take their turn on a port. */
  takesPart(operand: OperandModel): boolean;
  /** Stall of a port, cycles; negative where it has slack. */
  stall(activities: readonly TransferTime[]): number;
}

const published: StallsPolicy = {
  pace: (own) => own, // each end by itself: Q20
  takesPart: () => true, // also operands of no bits: Q17
  stall: (activities) => stallBeyond(windowUnion, activities), // the union counts all periods, other terms all but one: Q3
};

/** One transfer on two ports takes as long as the slower one; operands of no bits move nothing; all terms count the same periods. */
const corrected: StallsPolicy = {
  pace: (own, partner) => (partner === undefined ? own : { ...own, real: Math.max(own.real, partner.real) }),
  takesPart: ({ bits }) => bits > 0,
  stall: (activities) => stallBeyond(windowUnionButLast, activities),
};

export const STALLS: Behaviours<RuleSet["stalls"], StallsPolicy> = {
  published: { quirks: ["SL-Q3", "SL-Q4", "SL-Q17", "SL-Q20"], rule: published },
  corrected: { quirks: ["SL-Q3", "SL-Q17", "SL-Q20"], rule: corrected },
};

/** Every port of the hierarchy in declared order. */
export function portLoads(
  layer: LayerModel,
  times: readonly (readonly MovementTimes[])[],
  policy: StallsPolicy,
): readonly PortLoad[] {
  return layer.memories.flatMap((model) =>
    model.memory.ports.map((port): PortLoad => {
      const activities = portActivities(layer, model, port, times, policy);
      const stall = activities.length === 0 ? undefined : policy.stall(activities);
      return { memory: model.memory.id, port: port.name, activities, stall };
    }),
  );
}

/** Ports are assumed to run in parallel, so the worst one decides (SL §8.4). */
export const layerStall = (ports: readonly PortLoad[]): number =>
  ports.reduce((worst, { stall }) => Math.max(worst, stall ?? 0), 0);

function portActivities(
  layer: LayerModel,
  { residents }: MemoryModel,
  port: Port,
  times: readonly (readonly MovementTimes[])[],
  { takesPart }: StallsPolicy,
): readonly PortActivity[] {
  return port.services.flatMap((service): readonly PortActivity[] => {
    const resident = residents.find(({ operand }) => layer.operands[operand]!.memoryOperand === service.operand);
    if (resident === undefined) return [];
    const { operand, level } = resident;
    const time = times[operand]![level]![service.direction];
    return time.count > 0 && takesPart(layer.operands[operand]!)
      ? [{ ...time, operand, level, direction: service.direction }]
      : [];
  });
}

/**
 * Periods but one of each transfer: the first fill and the last drain are loading and off-loading. Slack of one transfer offsets
 * another's window (Q4). Plain doubles, as the reference computes with NumPy 1.x (Q21).
 *
 * @param union - cycles in which some window is open
 */
function stallBeyond(
  union: (activities: readonly TransferTime[]) => number,
  activities: readonly TransferTime[],
): number {
  const stalls = activities.map(({ real, allowed, count }) => (real - allowed) * (count - 1));
  const [only, ...others] = stalls;
  if (only !== undefined && others.length === 0) return only;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const late = sum(stalls.filter((stall) => stall > 0));
  const slack = sum(stalls.filter((stall) => stall <= 0));
  const open = sum(activities.map(({ allowed, count }) => allowed * (count - 1)));
  return late + Math.max(0, slack + open - union(activities));
}
