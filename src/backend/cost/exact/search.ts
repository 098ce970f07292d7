/** The best cut order of a space: least energy and then time, or the other way round, proven by the bounds of `criteria.ts`. */
import type { LayerPrice, SearchCertificate } from "../../../ir/cost-model.js";
import { ApartBound, affordableCuts, type CutSets, JointBound, jointToGo } from "./bounds.js";
import {
  type Criterion,
  cannotFinish,
  energyCriterion,
  lowerBound,
  NO_TIME,
  narrowed,
  type Permitted,
  timeCriteria,
  within,
} from "./criteria.js";
import { type Blocks, layerCost } from "./evaluate.js";
import { computeCycles } from "./exact-layer.js";
import { type Copies, type CutOrder, orderFigures } from "./figures.js";
import { LabelSearch } from "./label-search.js";
import { type Nodes, nodesOf } from "./nodes.js";
import { overfullMemory, type Room, roomOf } from "./room.js";
import { type RoomPrices, roomPrices, roomWorth } from "./room-prices.js";
import type { SearchGoal, SearchOutcome } from "./search-setting.js";
import { smallestOrder } from "./smallest-order.js";
import { leavesSums, occupancyByTables } from "./table-occupancy.js";
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
  /**
   * Id of a memory that cannot hold what must stay in it, `undefined` where no single one is to blame; and the bits of the smallest blocks,
   * where these are what is too large.
   */
  | { readonly feasible: false; readonly memory: string | undefined; readonly needs?: number };

/** Numbers of partial mappings that a search looks at, for either objective. */
export interface Patience {
  /** After these, better bounds pay. */
  readonly quick: number;
  /** After these, it settles for the best mapping so far. */
  readonly limit: number;
}

/** On the built-in accelerators a typical layer takes 20 to 500, tight memories up to 40 000. */
const PATIENCE: Patience = { quick: 2000, limit: 100_000 };

/** Nodes over which bounds of all operands are worked out. */
const NODE_LIMIT = 2_000_000;

/** Energies that differ by less, relative to the whole, are equal: sums of doubles in another order differ too. */
const ENERGY_ROUNDING = 2 ** -40;

/** pJ. */
const SMALLEST_ENERGY = 1e-9;

const NO_LIMITS = { energyLimit: Number.POSITIVE_INFINITY, latencyLimit: Number.POSITIVE_INFINITY } as const;

/** A space to be searched, for one objective or for both in turn. */
interface Hunt {
  readonly tables: Tables;
  readonly room: Room;
  /** pJ. */
  readonly rounding: number;
  readonly patience: Patience;
  /** What the machine draws in every cycle, pJ. */
  readonly perCycle: number;
}

/**
 * Best cut order of a space: of those that are equal in the first and the second objective, one that depends on the problem alone.
 *
 * @param permitted - cuts that are not excluded by somebody's statement; absent: all
 */
export function searchMapping(
  tables: Tables,
  objective: Objective,
  permitted?: Permitted,
  patience = PATIENCE,
): Searched {
  const room = roomOf(tables);
  const overfull = overfullMemory(tables, room);
  if (overfull !== undefined) return { feasible: false, ...overfull };
  if (cannotFinish(tables)) return { feasible: false, memory: outputHome(tables) };
  const energy = energyCriterion(tables, room, permitted);
  const perCycle = tables.layer.problem.staticEnergy ?? 0;
  const rounding = roundingOf(energy, perCycle * computeCycles(tables.layer));
  const found = searchInTurn({ tables, room, rounding, patience, perCycle }, energy, objective);
  const isFree = permitted === undefined && tables.layer.problem.finishesBelowHome === undefined;
  const best = found.best ?? (isFree ? smallestOrder(tables) : undefined);
  if (best === undefined)
    return { feasible: false, memory: tables.layer.problem.finishesBelowHome ? outputHome(tables) : undefined };
  const { factors, positions, copies } = best;
  return {
    feasible: true,
    order: { loops: factors.map((f) => tables.space.factors[f]!), positions },
    blocks: copies,
    search: { orderings: tables.space.orderings, visited: found.expanded, optimal: found.isComplete },
  };
}

/** What `searchMapping` finds as the least energy. @returns `undefined` where nothing fits */
export function priceMapping(tables: Tables, patience = PATIENCE): LayerPrice | undefined {
  if ((tables.layer.problem.staticEnergy ?? 0) > 0) return priceWithTime(tables, patience);
  const room = roomOf(tables);
  if (overfullMemory(tables, room) !== undefined || cannotFinish(tables)) return undefined;
  const energy = energyCriterion(tables, room);
  const hunt: Hunt = { tables, room, rounding: roundingOf(energy, 0), patience, perCycle: 0 };
  const { best, value } = searchPatiently(hunt, energy, { minimise: "energy", perCycle: 0, ...NO_LIMITS });
  if (best !== undefined)
    return { energy: value, occupancy: occupancyByTables(tables, best), leavesSums: leavesSums(tables, best) };
  if (tables.layer.problem.finishesBelowHome) return undefined;
  const { factors, positions } = smallestOrder(tables);
  const order = { loops: factors.map((f) => tables.space.factors[f]!), positions };
  return priceOf(tables, order, oneBlockEach(tables));
}

function priceWithTime(tables: Tables, patience: Patience): LayerPrice | undefined {
  const found = searchMapping(tables, "energy", undefined, patience);
  return found.feasible ? priceOf(tables, found.order, found.blocks) : undefined;
}

/** Where the output lives: with results alone asked for, the memory that would have to hold what it has no room for. */
export const outputHome = ({ layer }: Pick<Tables, "layer">): string | undefined =>
  layer.model.operands.find(({ isOutput }) => isOutput)?.levels.at(-1)?.memory.id;

const oneBlockEach = ({ operands }: Tables): Blocks => operands.map(({ cuts }) => cuts.map((): Copies => 1));

function priceOf({ layer }: Tables, order: CutOrder, blocks: Blocks): LayerPrice {
  const figures = orderFigures(layer, order);
  const { energy, latencyCycles, occupancy } = layerCost(layer, figures, blocks);
  return {
    energy: energy + (layer.problem.staticEnergy ?? 0) * latencyCycles,
    occupancy,
    leavesSums: figures.some(({ leavesSums }) => leavesSums),
  };
}

/** Least energy as far as the operands one by one can tell, pJ; infinite where nothing fits. */
export function energyBound(tables: Tables): number {
  const room = roomOf(tables);
  return overfullMemory(tables, room) === undefined
    ? lowerBound(energyCriterion(tables, room))
    : Number.POSITIVE_INFINITY;
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

/**
 * Where nothing costs energy, any difference is one.
 *
 * @param drawn - static energy of the cycles that every mapping takes, pJ
 */
const roundingOf = (energy: Criterion, drawn: number): number =>
  (lowerBound(energy) + drawn) * ENERGY_ROUNDING || SMALLEST_ENERGY;

/** The second search looks among the best of the first one. */
function searchInTurn(hunt: Hunt, energy: Criterion, objective: Objective): SearchOutcome {
  const { perCycle } = hunt;
  const first = searchPatiently(hunt, energy, { minimise: objective, perCycle, ...NO_LIMITS });
  if (first.best === undefined) return first;
  const goal: SearchGoal =
    objective === "energy"
      ? { minimise: "latency", perCycle, ...NO_LIMITS, energyLimit: first.value + hunt.rounding }
      : { minimise: "energy", perCycle, ...NO_LIMITS, latencyLimit: first.value };
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
  return limit === Number.POSITIVE_INFINITY ? energy : narrowed(tables, energy, within(tables, energy, limit));
}

/** Searches with bounds that look at every operand alone, and where these do not lead to an end soon, with bounds of them all. */
function searchPatiently(hunt: Hunt, energy: Criterion, goal: SearchGoal): SearchOutcome {
  const { quick: soon, limit } = hunt.patience;
  const quick = searchApart(hunt, energy, goal, Math.min(soon, limit));
  if (quick.isComplete || limit <= soon) return quick;
  const isSmall = nodesOf(hunt.tables).count <= NODE_LIMIT;
  const long = isSmall ? searchJointly(hunt, energy, goal, quick) : searchApart(hunt, energy, goal, limit);
  const best = long.best !== undefined && long.value <= quick.value ? long : quick;
  return { ...best, expanded: quick.expanded + long.expanded, isComplete: long.isComplete };
}

function searchApart(
  { tables, room, rounding }: Hunt,
  energy: Criterion,
  goal: SearchGoal,
  limit: number,
): SearchOutcome {
  const times = asksForTime(goal) ? timeCriteria(tables, room, energy) : NO_TIME;
  const timeBounds = times.criteria.map(({ toGo }) => new ApartBound(toGo));
  const bound = new ApartBound(energy.toGo);
  return new LabelSearch({
    tables,
    room,
    energy,
    bound,
    prices: undefined,
    times,
    timeBounds,
    goal,
    limit,
    rounding,
  }).run();
}

/** @param known - a mapping that need not be beaten */
function searchJointly(hunt: Hunt, energy: Criterion, goal: SearchGoal, known: SearchOutcome): SearchOutcome {
  const {
    tables,
    room,
    rounding,
    patience: { limit },
  } = hunt;
  const nodes = nodesOf(tables);
  const { space } = tables;
  const reached = goal.minimise === "energy" ? known.value + rounding : Number.POSITIVE_INFINITY;
  const drawn = goal.perCycle * computeCycles(tables.layer); // no mapping takes less
  const budget = Math.min(goal.energyLimit, reached) - energy.start - drawn;
  const free = jointToGo(space, nodes, energy.relaxed);
  const isTight = budget < Number.POSITIVE_INFINITY;
  const prices =
    isTight && room.contested.length > 0 ? roomPrices(tables, room, nodes, energy.relaxed, budget) : undefined;
  const times = asksForTime(goal) ? timeCriteria(tables, room, energy) : NO_TIME;
  const cuts = isTight && asksForTime(goal) ? cutsWithin(hunt, nodes, energy, free, prices, budget) : undefined;
  const timeBounds = times.criteria.map(({ costs }) => new JointBound(jointToGo(space, nodes, costs, cuts)));
  const bound = new JointBound(free);
  return new LabelSearch({ tables, room, energy, bound, prices, times, timeBounds, goal, limit, rounding }).run();
}

/** Cuts on ways that are not above the budget, whatever room costs. */
function cutsWithin(
  { tables, room }: Hunt,
  nodes: Nodes,
  { relaxed }: Criterion,
  free: Float64Array,
  prices: RoomPrices | undefined,
  budget: number,
): CutSets {
  const cuts = affordableCuts(tables.space, nodes, relaxed, free, budget);
  if (prices === undefined) return cuts;
  const paid = affordableCuts(tables.space, nodes, prices.costs, prices.toGo, budget + roomWorth(room, prices));
  return cuts.map((set, node) => set & paid[node]!);
}

const asksForTime = ({ minimise, latencyLimit, perCycle }: SearchGoal): boolean =>
  minimise === "latency" || latencyLimit < Number.POSITIVE_INFINITY || perCycle > 0;
