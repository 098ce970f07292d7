/** What a mapping is judged by: sums over its cuts, each with a bound on what is still to come. */
import type { CutCosts } from "./bounds.js";
import { type CostToGo, costSoFar, costToGo } from "./cost-to-go.js";
import { computeCycles, operationEnergy } from "./exact-layer.js";
import type { Room } from "./room.js";
import type { StateSpace } from "./space.js";
import type { CutTable, Tables } from "./tables.js";

/** A sum over the cuts of all operands. */
export interface Criterion {
  /** Part that no cut changes. */
  readonly start: number;
  readonly costs: CutCosts;
  /** The same or less, where what a cut costs depends on another one. */
  readonly relaxed: CutCosts;
  /** Of the relaxed costs: of every operand as if it were alone. */
  readonly toGo: readonly CostToGo[];
}

/** Whether the cut above a held level may be at a state. */
export type Permitted = (operand: number, level: number, state: number) => boolean;

/** The part of a criterion that belongs to one operand. */
interface OperandCriterion {
  readonly costs: CutCosts[number];
  readonly relaxed: CutCosts[number];
  readonly toGo: CostToGo;
}

/** Energy of a mapping whose blocks fit where they are alone, pJ. */
export function energyCriterion(tables: Tables, room: Room, permitted?: Permitted): Criterion {
  const fitting = fittingCriterion(tables, room);
  const allowed = tables.layer.problem.finishesBelowHome ? finishing(tables, permitted) : permitted;
  return allowed === undefined ? fitting : narrowed(tables, fitting, allowed);
}

/** Cuts that leave no partial sum above the output's last one, of those that are permitted. */
const finishing =
  ({ operands }: Tables, permitted: Permitted | undefined): Permitted =>
  (o, level, state) => {
    const { operand, cuts } = operands[o]!;
    const isLast = operand.model.isOutput && level === cuts.length - 1;
    if (isLast && cuts[level]!.leavesPartial[state] === 1) return false;
    return permitted?.(o, level, state) ?? true;
  };

/** Whether the array itself writes partial sums to the output's home, though none may come there. */
export const cannotFinish = ({ layer, operands }: Tables): boolean =>
  layer.problem.finishesBelowHome === true &&
  operands.some(({ array, cuts }) => array.leavesPartial && cuts.length === 0);

function fittingCriterion({ layer, operands, space }: Tables, room: Room): Criterion {
  const array = operands.reduce((sum, operand) => sum + operand.array.energy, 0);
  const own = operands.map(({ cuts }, o) => operandCriterion(cuts, room.leastBits[o]!, room.available, space));
  return joined(array + operationEnergy(layer), own);
}

const joined = (start: number, own: readonly OperandCriterion[]): Criterion => ({
  start,
  costs: own.map(({ costs }) => costs),
  relaxed: own.map(({ relaxed }) => relaxed),
  toGo: own.map(({ toGo }) => toGo),
});

/** By the cuts of an operand, and by the room that is too little for some of its blocks. */
const KNOWN = new WeakMap<readonly CutTable[], Map<string, OperandCriterion>>();

/** Numbers that are remembered per operand: homes of other data leave ever other room. */
const KEPT_ROOMS = 32;

function operandCriterion(
  cuts: readonly CutTable[],
  leastBits: readonly Float64Array[],
  available: readonly number[],
  space: StateSpace,
): OperandCriterion {
  const limits = cuts.map(({ memory }, level) => {
    const limit = available[memory]!;
    return leastBits[level]!.some((bits) => bits > limit) ? limit : Number.POSITIVE_INFINITY;
  });
  const known = KNOWN.get(cuts) ?? new Map<string, OperandCriterion>();
  KNOWN.set(cuts, known);
  const key = limits.join(" ");
  const found = known.get(key);
  if (found !== undefined) return found;
  const costs = cuts.map(({ energy }, level) => {
    const [bits, limit] = [leastBits[level]!, limits[level]!];
    if (limit === Number.POSITIVE_INFINITY) return energy;
    return energy.map((value, state) => (bits[state]! > limit ? Number.POSITIVE_INFINITY : value));
  });
  const result = bounded(cuts, costs, space);
  if (known.size === KEPT_ROOMS) known.clear();
  known.set(key, result);
  return result;
}

function bounded(cuts: readonly CutTable[], costs: readonly Float64Array[], space: StateSpace): OperandCriterion {
  const relaxed = pairedCosts(cuts, costs);
  return { costs, relaxed, toGo: costToGo(space, relaxed) };
}

/** The energy criterion without the cuts that are not permitted. */
export function narrowed({ operands, space }: Tables, { start, costs }: Criterion, permitted: Permitted): Criterion {
  const own = operands.map(({ cuts }, o) => {
    const fewer = costs[o]!.map((cost, level) =>
      cost.map((each, state) => (permitted(o, level, state) ? each : Number.POSITIVE_INFINITY)),
    );
    return bounded(cuts, fewer, space);
  });
  return joined(start, own);
}

/**
 * Replicas of a sum that start anew save reads of old sums below. How many, is known with the cut above them; at what price, with the
 * cut below: the bound takes the highest.
 */
function pairedCosts(cuts: readonly CutTable[], costs: readonly Float64Array[]): readonly Float64Array[] {
  let highest = 0;
  return cuts.map(({ replicas, oldEnergy }, level) => {
    const saved = highest;
    highest += oldEnergy.reduce((most, each) => Math.max(most, each), 0);
    if (replicas === undefined || saved === 0) return costs[level]!;
    return costs[level]!.map((cost, state) => cost - replicas[state]! * saved);
  });
}

/** Whether replicas are added above the first held level, so that a cut's price depends on an earlier one. */
export const hasPairs = (cuts: readonly CutTable[]): boolean =>
  cuts.some(({ replicas }, level) => level > 0 && replicas !== undefined);

/** Whether a cut occurs in a mapping of at most `limit`, as far as bounds of the operands one by one can tell. */
export function within({ space }: Tables, { start, relaxed, toGo }: Criterion, limit: number): Permitted {
  const least = toGo.reduce((sum, rows) => sum + rows[0]![0]!, start);
  const tight = relaxed.map((own, o) => {
    const soFar = costSoFar(space, own);
    const most = limit - least + toGo[o]![0]![0]!;
    return own.map((cost, level) => {
      const before = soFar[level]!;
      const after = toGo[o]![level + 1]!;
      return Uint8Array.from(cost, (each, state) => (before[state]! + each + after[state]! <= most ? 1 : 0));
    });
  });
  return (operand, level, state) => tight[operand]![level]![state] === 1;
}

/** The parts of a mapping's time that may decide its latency; cycles. */
export interface TimeCriteria {
  /** Per operand and held level: serial cycles with one and with two blocks reserved, per state. */
  readonly serial: readonly (readonly (readonly [Float64Array, Float64Array])[])[];
  /** Serial time first (with as many blocks as fit), then the ports that may take longer than the shortest mapping does. */
  readonly criteria: readonly Criterion[];
}

export const NO_TIME: TimeCriteria = { serial: [], criteria: [] };

/** @param energy - infinite where a cut may not be */
export function timeCriteria(tables: Tables, room: Room, energy: Criterion): TimeCriteria {
  const { layer, operands } = tables;
  const times = operands.map(({ cuts }, o) =>
    cuts.map((table, level) => levelTimes(table, energy.costs[o]![level]!, layer.ports.length)),
  );
  const serialCosts = times.map((own, o) =>
    own.map(({ serial }, level) => shortestSerial(serial, tables.operands[o]!.cuts[level]!, room, o, level)),
  );
  const serial = criterion(tables, computeCycles(layer), serialCosts);
  const shortest = lowerBound(serial);
  const ports = layer.ports.flatMap((_, port) => {
    const start = operands.reduce(
      (sum, { array }) => sum + array.ports.reduce((own, each) => own + (each.port === port ? each.cycles : 0), 0),
      0,
    );
    const longest = times.flat().reduce((sum, each) => sum + each.longest[port]!, start);
    if (longest <= shortest) return [];
    const costs = times.map((own, o) =>
      own.map(({ ports }, level) => ports[port] ?? zeroWhereFinite(energy, o, level)),
    );
    return [criterion(tables, start, costs)];
  });
  return { serial: times.map((own) => own.map((each) => each.serial)), criteria: [serial, ...ports] };
}

interface LevelTimes {
  readonly serial: readonly [Float64Array, Float64Array];
  /** Per port that the cut uses. */
  readonly ports: readonly (Float64Array | undefined)[];
  /** Per port: most cycles. */
  readonly longest: readonly number[];
}

function levelTimes({ timesAt }: CutTable, energy: Float64Array, portCount: number): LevelTimes {
  const everywhere = () => new Float64Array(energy.length).fill(Number.POSITIVE_INFINITY);
  const serial = [everywhere(), everywhere()] as const;
  const ports: (Float64Array | undefined)[] = Array.from({ length: portCount });
  const longest = Array.from({ length: portCount }, () => 0);
  for (let state = 0; state < energy.length; state++) {
    if (energy[state] === Number.POSITIVE_INFINITY) continue;
    const times = timesAt(state);
    serial[0][state] = times.serial[0];
    serial[1][state] = times.serial[1];
    for (const { port } of times.ports) {
      ports[port] ??= everywhere();
      ports[port][state] = 0;
    }
    for (const { port, cycles } of times.ports) {
      const sum = ports[port]![state]! + cycles;
      ports[port]![state] = sum;
      longest[port] = Math.max(longest[port]!, sum);
    }
  }
  return { serial, ports, longest };
}

const zeroWhereFinite = ({ costs }: Criterion, o: number, level: number): Float64Array =>
  costs[o]![level]!.map((cost) => (cost === Number.POSITIVE_INFINITY ? cost : 0));

function criterion(tables: Tables, start: number, costs: CutCosts): Criterion {
  return { start, costs, relaxed: costs, toGo: costs.map((own) => costToGo(tables.space, own)) };
}

/** Least value of a criterion over all mappings. */
export const lowerBound = ({ start, toGo }: Criterion): number => toGo.reduce((sum, rows) => sum + rows[0]![0]!, start);

/** With two blocks where these fit alone. */
function shortestSerial(
  serial: LevelTimes["serial"],
  { memory }: CutTable,
  room: Room,
  o: number,
  level: number,
): Float64Array {
  const bits = room.leastBits[o]![level]!;
  const limit = room.available[memory]!;
  return serial[0].map((cycles, state) => (2 * bits[state]! <= limit ? serial[1][state]! : cycles));
}
