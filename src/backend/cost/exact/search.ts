/** The best cut order of a space: least energy and then time, or the other way round, proven by the bounds of `criteria.ts`. */
import type { SearchCertificate } from "../../../ir/cost-model.js";
import {
  type Criterion,
  energyCriterion,
  lowerBound,
  NO_TIME,
  narrowed,
  type Permitted,
  timeCriteria,
  within,
} from "./criteria.js";
import type { Blocks } from "./evaluate.js";
import type { CutOrder } from "./figures.js";
import { LabelSearch, type SearchGoal, type SearchOutcome } from "./label-search.js";
import { overfullMemory, type Room, roomOf } from "./room.js";
import { type RoomPrices, roomPrices, roomWorth } from "./room-prices.js";
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
const EXPANSION_LIMIT = 100_000;

/** Partial mappings after which better bounds pay. */
const QUICK_LIMIT = 1000;

/** Energies that differ by less, relative to the whole, are equal: sums of doubles in another order differ too. */
const ENERGY_ROUNDING = 2 ** -40;

const NO_LIMITS = { energyLimit: Number.POSITIVE_INFINITY, latencyLimit: Number.POSITIVE_INFINITY } as const;

/** A space to be searched, for one objective or for both in turn. */
interface Hunt {
  readonly tables: Tables;
  readonly room: Room;
  /** pJ. */
  readonly rounding: number;
  readonly limit: number;
}

/**
 * Best cut order of a space: of those that are equal in the first and the second objective, one that depends on the problem alone.
 *
 * @param permitted - cuts that are not excluded by somebody's statement; absent: all
 * @param limit - partial mappings to look at, for either objective
 */
export function searchMapping(
  tables: Tables,
  objective: Objective,
  permitted?: Permitted,
  limit = EXPANSION_LIMIT,
): Searched {
  const room = roomOf(tables);
  const memory = overfullMemory(tables, room);
  if (memory !== undefined) return { feasible: false, memory };
  const energy = energyCriterion(tables, room, permitted);
  const found = searchInTurn(
    { tables, room, rounding: lowerBound(energy) * ENERGY_ROUNDING, limit },
    energy,
    objective,
  );
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

/** The second search looks among the best of the first one. */
function searchInTurn(hunt: Hunt, energy: Criterion, objective: Objective): SearchOutcome {
  const first = searchPatiently(hunt, energy, { minimise: objective, ...NO_LIMITS });
  if (first.best === undefined) return first;
  const goal: SearchGoal =
    objective === "energy"
      ? { minimise: "latency", ...NO_LIMITS, energyLimit: first.value + hunt.rounding }
      : { minimise: "energy", ...NO_LIMITS, latencyLimit: first.value };
  const second = searchPatiently(hunt, affordable(hunt, energy, goal.energyLimit), goal);
  return {
    best: second.best ?? first.best,
    value: second.value,
    expanded: first.expanded + second.expanded,
    isComplete: first.isComplete && second.isComplete,
  };
}

/** Cuts that some mapping within a limit of energy may have. */
function affordable({ tables }: Hunt, energy: Criterion, limit: number): Criterion {
  if (limit === Number.POSITIVE_INFINITY) return energy;
  return narrowed(tables, energy, within(tables, energy.relaxed, energy.toGo, limit - energy.start));
}

/** Searches with plain bounds, and where these do not lead to an end soon, with prices for contested room. */
function searchPatiently(hunt: Hunt, energy: Criterion, goal: SearchGoal): SearchOutcome {
  const quick = search({ ...hunt, limit: Math.min(hunt.limit, QUICK_LIMIT) }, energy, goal);
  if (quick.isComplete || hunt.limit <= QUICK_LIMIT) return quick;
  const long = searchWithPrices(hunt, energy, goal, quick);
  const best = long.best !== undefined && long.value <= quick.value ? long : quick;
  return { ...best, expanded: quick.expanded + long.expanded, isComplete: long.isComplete };
}

function searchWithPrices(hunt: Hunt, energy: Criterion, goal: SearchGoal, known: SearchOutcome): SearchOutcome {
  const { tables, room, rounding } = hunt;
  const reached = goal.minimise === "energy" ? known.value + rounding : Number.POSITIVE_INFINITY;
  const target = Math.min(goal.energyLimit, reached);
  const prices = target < Number.POSITIVE_INFINITY ? roomPrices(tables, room, energy, target) : undefined;
  if (prices === undefined) return search(hunt, energy, goal);
  const budget = target - energy.start + roomWorth(room, prices);
  const fewer = narrowed(tables, energy, within(tables, prices.costs, prices.toGo, budget));
  return search(hunt, fewer, goal, prices);
}

function search(
  { tables, room, rounding, limit }: Hunt,
  energy: Criterion,
  goal: SearchGoal,
  prices?: RoomPrices,
): SearchOutcome {
  const isTimed = goal.minimise === "latency" || goal.latencyLimit < Number.POSITIVE_INFINITY;
  const times = isTimed ? timeCriteria(tables, room, energy) : NO_TIME;
  return new LabelSearch({ tables, room, energy, prices, times, goal, limit, rounding }).run();
}
