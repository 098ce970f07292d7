/** The best cut order of a space: least energy and then time, or the other way round, proven by the bounds of `criteria.ts`. */
import type { SearchCertificate } from "../../../ir/cost-model.js";
import {
  type Criterion,
  energyCriterion,
  lowerBound,
  NO_TIME,
  type Permitted,
  timeCriteria,
  withinEnergy,
} from "./criteria.js";
import type { Blocks } from "./evaluate.js";
import type { CutOrder } from "./figures.js";
import { LabelSearch, type SearchGoal, type SearchOutcome } from "./label-search.js";
import { overfullMemory, type Room, roomOf } from "./room.js";
import type { Tables } from "./tables.js";

export type Objective = "energy" | "latency";

export type Searched =
  | {
      readonly feasible: true;
      readonly order: CutOrder;
      /** With which the order is as fast as it can be. */
      readonly blocks: Blocks;
      readonly search: SearchCertificate;
    }
  /** Id of a memory that cannot hold what must stay in it; `undefined` where no single one is to blame. */
  | { readonly feasible: false; readonly memory: string | undefined };

/** Partial mappings that a search looks at before it settles for the best one so far. */
const EXPANSION_LIMIT = 200_000;

/** Energies that differ by less, relative to the whole, are equal: sums of doubles in another order differ too. */
export const ENERGY_ROUNDING = 2 ** -40;

const NO_LIMITS = { energyLimit: Number.POSITIVE_INFINITY, latencyLimit: Number.POSITIVE_INFINITY } as const;

/**
 * Best cut order of a space: of those that are equal in the first and the second objective, one that depends on the problem alone.
 *
 * @param permitted - cuts that are not excluded by somebody's statement; absent: all
 */
export function searchMapping(tables: Tables, objective: Objective, permitted?: Permitted): Searched {
  const room = roomOf(tables);
  const memory = overfullMemory(tables, room);
  if (memory !== undefined) return { feasible: false, memory };
  const energy = energyCriterion(tables, room, permitted);
  const found = objective === "energy" ? leastEnergy(tables, room, energy) : leastLatency(tables, room, energy);
  if (found.best === undefined) return { feasible: false, memory: undefined };
  const { factors, positions, copies } = found.best;
  return {
    feasible: true,
    order: { loops: factors.map((f) => tables.space.factors[f]!), positions },
    blocks: copies,
    search: { orderings: tables.space.orderings, visited: found.expanded, optimal: found.isComplete },
  };
}

/** Least energy and latency, each by itself and as far as the operands one by one can tell; infinite where nothing fits. */
export function lowerBounds(tables: Tables): { readonly energy: number; readonly latency: number } {
  const room = roomOf(tables);
  if (overfullMemory(tables, room) !== undefined) {
    return { energy: Number.POSITIVE_INFINITY, latency: Number.POSITIVE_INFINITY };
  }
  const energy = energyCriterion(tables, room);
  const times = timeCriteria(tables, room, energy);
  return { energy: lowerBound(energy), latency: Math.max(...times.criteria.map(lowerBound)) };
}

function leastEnergy(tables: Tables, room: Room, energy: Criterion): SearchOutcome {
  const rounding = Math.max(lowerBound(energy), Number.MIN_VALUE * 2 ** 60) * ENERGY_ROUNDING;
  const common = { tables, room, limit: EXPANSION_LIMIT, rounding };
  const first = new LabelSearch({
    ...common,
    energy,
    times: NO_TIME,
    goal: { minimise: "energy", ...NO_LIMITS },
  }).run();
  if (first.best === undefined) return first;
  const energyLimit = first.value + rounding;
  const tight = energyCriterion(tables, room, withinEnergy(tables, energy, energyLimit));
  const goal: SearchGoal = { minimise: "latency", ...NO_LIMITS, energyLimit };
  const times = timeCriteria(tables, room, tight);
  return inTurn(first, new LabelSearch({ ...common, energy: tight, times, goal }).run());
}

function leastLatency(tables: Tables, room: Room, energy: Criterion): SearchOutcome {
  const rounding = lowerBound(energy) * ENERGY_ROUNDING;
  const times = timeCriteria(tables, room, energy);
  const common = { tables, room, energy, times, limit: EXPANSION_LIMIT, rounding };
  const first = new LabelSearch({ ...common, goal: { minimise: "latency", ...NO_LIMITS } }).run();
  if (first.best === undefined) return first;
  const goal: SearchGoal = { minimise: "energy", ...NO_LIMITS, latencyLimit: first.value };
  return inTurn(first, new LabelSearch({ ...common, goal }).run());
}

/** The second search looks among the best of the first one. */
const inTurn = (first: SearchOutcome, second: SearchOutcome): SearchOutcome => ({
  best: second.best ?? first.best,
  value: second.value,
  expanded: first.expanded + second.expanded,
  isComplete: first.isComplete && second.isComplete,
});
