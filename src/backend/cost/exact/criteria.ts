/** What a mapping is judged by: sums over its cuts, each with a bound on what is still to come. */
import { iterations } from "../../../ir/network.js";
import { type CostToGo, costSoFar, costToGo } from "./cost-to-go.js";
import { computeCycles } from "./exact-layer.js";
import type { Room } from "./room.js";
import type { CutTable, Tables } from "./tables.js";

/** A sum over the cuts of all operands. */
export interface Criterion {
  /** Part that no cut changes. */
  readonly start: number;
  /** Per operand and held level, per state. */
  readonly costs: readonly (readonly Float64Array[])[];
  /** Per operand. */
  readonly toGo: readonly CostToGo[];
}

/** Whether the cut above a held level may be at a state. */
export type Permitted = (operand: number, level: number, state: number) => boolean;

/** Energy of a mapping whose blocks fit where they are alone, pJ. */
export function energyCriterion(tables: Tables, room: Room, permitted?: Permitted): Criterion {
  const { layer, operands, space } = tables;
  const costs = operands.map(({ cuts }, o) =>
    cuts.map(({ energy, memory }, level) => {
      const bits = room.leastBits[o]![level]!;
      const limit = room.available[memory]!;
      return energy.map((value, state) =>
        bits[state]! > limit || permitted?.(o, level, state) === false ? Number.POSITIVE_INFINITY : value,
      );
    }),
  );
  const array = operands.reduce((sum, operand) => sum + operand.array.energy, 0);
  const start = array + iterations(layer.problem.loops) * layer.model.array.macEnergy;
  const bounds = operands.map(({ cuts }, o) => costToGo(space, pairedCosts(cuts, costs[o]!)));
  return { start, costs, toGo: bounds };
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

/** Whether a cut occurs in a mapping of at most `limit` pJ, as far as bounds of the operands one by one can tell. */
export function withinEnergy(tables: Tables, { start, costs, toGo }: Criterion, limit: number): Permitted {
  const { space, operands } = tables;
  const least = start + toGo.reduce((sum, rows) => sum + rows[0]![0]!, 0);
  const tight = operands.map(({ cuts }, o) => {
    const paired = pairedCosts(cuts, costs[o]!);
    const soFar = costSoFar(space, paired);
    const most = limit - least + toGo[o]![0]![0]!;
    return cuts.map((_, level) =>
      Uint8Array.from(paired[level]!, (cost, state) =>
        soFar[level]![state]! + cost + toGo[o]![level + 1]![state]! <= most ? 1 : 0,
      ),
    );
  });
  return (operand, level, state) => tight[operand]![level]![state] === 1;
}

/**
 * Serial time first, then the ports that may take longer than the shortest mapping does; cycles.
 *
 * @param energy - infinite where a cut may not be
 */
export function timeCriteria(tables: Tables, room: Room, energy: Criterion): readonly Criterion[] {
  const { layer, operands } = tables;
  const mask = (o: number, level: number, values: Float64Array) => {
    const allowed = energy.costs[o]![level]!;
    return values.map((value, state) =>
      allowed[state]! < Number.POSITIVE_INFINITY ? value : Number.POSITIVE_INFINITY,
    );
  };
  const serial = criterion(
    tables,
    computeCycles(layer),
    operands.map(({ cuts }, o) => cuts.map((table, level) => mask(o, level, shortestSerial(table, room, o, level)))),
  );
  const shortest = lowerBound(serial);
  const ports = layer.ports.flatMap((_, port) => {
    const start = operands.reduce(
      (sum, { array }) => sum + array.ports.reduce((own, each) => own + (each.port === port ? each.cycles : 0), 0),
      0,
    );
    const costs = operands.map(({ cuts }, o) => cuts.map((table, level) => mask(o, level, portCosts(table, port))));
    const longest = costs.flat().reduce((sum, cost) => sum + largestFinite(cost), start);
    return longest > shortest ? [criterion(tables, start, costs)] : [];
  });
  return [serial, ...ports];
}

function criterion(tables: Tables, start: number, costs: Criterion["costs"]): Criterion {
  return { start, costs, toGo: costs.map((own) => costToGo(tables.space, own)) };
}

/** Least value of a criterion over all mappings. */
export const lowerBound = ({ start, toGo }: Criterion): number => toGo.reduce((sum, rows) => sum + rows[0]![0]!, start);

/** With two blocks where these fit alone. */
function shortestSerial({ serial, memory }: CutTable, room: Room, o: number, level: number): Float64Array {
  const bits = room.leastBits[o]![level]!;
  const limit = room.available[memory]!;
  return serial[0].map((cycles, state) => (2 * bits[state]! <= limit ? serial[1][state]! : cycles));
}

function portCosts({ ports, energy }: CutTable, port: number): Float64Array {
  const sum = new Float64Array(energy.length);
  for (const each of ports) {
    if (each.port === port) for (let state = 0; state < sum.length; state++) sum[state]! += each.cycles[state]!;
  }
  return sum;
}

const largestFinite = (values: Float64Array): number =>
  values.reduce((most, each) => (each < Number.POSITIVE_INFINITY ? Math.max(most, each) : most), 0);
