/**
 * The best loop order of a layer (SL §9). Small spaces are enumerated in the published sequence, so that ties fall as published; in
 * larger ones branch and bound finds the orders that are tied, and they fall the same; in the largest it takes the first that it meets.
 */
import type { SearchCertificate } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import { blocksOf, isTabulable, unfold } from "./blocks.js";
import { allBest, branchAndBound } from "./branch-and-bound.js";
import { type EnergyEvaluation, evaluateEnergy, evaluateLatency } from "./evaluate.js";
import type { LayerModel } from "./layer-model.js";
import {
  comparePublished,
  type FactorMultiset,
  factorMultiset,
  orderingCount,
  prefixShiftOrderings,
} from "./orderings.js";
import type { MapperPolicies } from "./policies.js";
import { Pricer } from "./pricer.js";
import type { SpatialMapping } from "./spatial.js";
import { energyTables } from "./tables.js";

/** What is searched: the orders of the loop factors of one layer under one spatial mapping. */
export interface SearchSpace {
  readonly layer: LayerModel;
  readonly spatial: SpatialMapping;
  readonly factors: readonly Loop[];
  readonly policies: MapperPolicies;
}

export type SearchResult =
  | { readonly feasible: true; readonly best: EnergyEvaluation; readonly search: SearchCertificate }
  /** No order fits; a memory, by position in the hierarchy, that refuses one. */
  | { readonly feasible: false; readonly memory: number };

/** Largest number of orders that are all visited: it covers every layer at the published limit of six factors. */
const ENUMERABLE = 720;

/** Largest number of orders of which ties fall as published: it covers every layer at a limit of eight factors. */
const RANKABLE = 50_000;

/** Prefixes after which branch and bound settles for the best order so far; the hardest traced layer needs 4 145. */
const NODE_LIMIT = 500_000;

/** @param enumerable - number of orders up to which all are visited */
export function searchOrderings(space: SearchSpace, enumerable = ENUMERABLE): SearchResult {
  const { blocks, isComplete } = blocksOf(space.layer, space.spatial, space.factors);
  if (!isTabulable(blocks)) return unsearched(space);
  const multiset = factorMultiset(blocks.map(({ loop }) => loop));
  const orderings = orderingCount(multiset.multiplicities);
  const find = orderings <= enumerable ? enumerate : orderings <= RANKABLE ? ranked : bounded;
  const found = find(space, multiset);
  const order = found.order === undefined ? space.factors : unfold(loopsOf(multiset, found.order), blocks);
  const best = evaluateEnergy(space.layer, space.spatial, order, space.policies);
  if (!best.feasible) return best;
  const search = { orderings, visited: found.visited, optimal: found.optimal && isComplete };
  return { feasible: true, best, search };
}

/** The factors in the order in which they were made, where there are too many dims to search. */
function unsearched({ layer, spatial, factors, policies }: SearchSpace): SearchResult {
  const best = evaluateEnergy(layer, spatial, factors, policies);
  if (!best.feasible) return best;
  const orderings = Math.min(orderingCount(factorMultiset(factors).multiplicities), Number.MAX_VALUE);
  return { feasible: true, best, search: { orderings, visited: 1, optimal: false } };
}

interface Found {
  /** Indices of distinct factors, innermost first; `undefined` when no order is feasible. */
  readonly order: Uint8Array | undefined;
  readonly visited: number;
  readonly optimal: boolean;
}

/** Prices all orders by tables, and those that tables cannot price by evaluation. */
function enumerate(space: SearchSpace, multiset: FactorMultiset): Found {
  const { layer, spatial, policies } = space;
  const pricer = new Pricer(energyTables(layer, spatial, multiset, policies));
  const sequence = sequenceOf(multiset);
  const { count } = multiset;
  const visited = orderingCount(multiset.multiplicities);
  let best = Number.POSITIVE_INFINITY;
  let tied: Uint8Array[] = [];
  for (let row = 0; row < visited; row++) {
    const price = pricer.price(sequence, row * count);
    const candidate = sequence.subarray(row * count, (row + 1) * count);
    const energy = Number.isNaN(price) ? evaluatedEnergy(space, multiset, candidate) : price;
    if (energy === Number.POSITIVE_INFINITY || energy > best) continue;
    if (energy < best) tied = [];
    best = energy;
    tied.push(candidate);
  }
  return { order: chosen(space, multiset, tied), visited, optimal: true };
}

/** What `enumerate` finds. */
function ranked(space: SearchSpace, multiset: FactorMultiset): Found {
  const { layer, spatial, policies } = space;
  const tables = energyTables(layer, spatial, multiset, policies);
  const least = tables.hasAmbiguity
    ? energyTables(layer, spatial, multiset, policies, "least", tables.lattice)
    : tables;
  const pricer = new Pricer(tables);
  const { tied, visited } = allBest(tables, least, (order) => {
    const price = pricer.price(order, 0);
    return Number.isNaN(price) ? evaluatedEnergy(space, multiset, order) : price;
  });
  return { order: chosen(space, multiset, tied), visited, optimal: true };
}

function chosen(space: SearchSpace, multiset: FactorMultiset, tied: readonly Uint8Array[]): Uint8Array | undefined {
  if (tied.length === 0) return undefined;
  return space.policies.ties(
    tied,
    (a, b) => comparePublished(a, b, multiset.multiplicities),
    (order) => evaluatedCycles(space, multiset, order),
  );
}

/** Cycles from the first load to the last write-back. */
function evaluatedCycles(
  { layer, spatial, policies }: SearchSpace,
  multiset: FactorMultiset,
  order: Uint8Array,
): number {
  const evaluation = evaluateEnergy(layer, spatial, loopsOf(multiset, order), policies);
  if (!evaluation.feasible) throw new Error("a priced order is not feasible");
  return evaluateLatency(layer, spatial, evaluation, policies).offloadedCycles;
}

/** Bounds need one size per multiset of loops; where orders disagree about it (Q11) the answer is not proven best. */
function bounded(space: SearchSpace, multiset: FactorMultiset): Found {
  const { layer, spatial, policies } = space;
  const tables = energyTables(layer, spatial, multiset, policies, "resolve");
  const pricer = new Pricer(tables);
  const price = (order: Uint8Array): number => {
    const energy = tables.hasAmbiguity ? Number.NaN : pricer.price(order, 0);
    return Number.isNaN(energy) ? evaluatedEnergy(space, multiset, order) : energy;
  };
  const { order, visited, isComplete } = branchAndBound(tables, price, NODE_LIMIT);
  return { order, visited, optimal: isComplete && !tables.hasAmbiguity };
}

function evaluatedEnergy({ layer, spatial, policies }: SearchSpace, multiset: FactorMultiset, order: Uint8Array) {
  const evaluation = evaluateEnergy(layer, spatial, loopsOf(multiset, order), policies);
  return evaluation.feasible ? evaluation.energy : Number.POSITIVE_INFINITY;
}

const loopsOf = ({ factors }: FactorMultiset, order: Uint8Array): readonly Loop[] =>
  Array.from(order, (f) => factors[f]!);

/** Sequences by multiplicities, which is all that they depend on and of which networks have few. */
const SEQUENCES = new Map<string, Uint8Array>();

function sequenceOf({ multiplicities }: FactorMultiset): Uint8Array {
  const key = multiplicities.join(" ");
  const sequence = SEQUENCES.get(key) ?? prefixShiftOrderings(multiplicities);
  SEQUENCES.set(key, sequence);
  return sequence;
}
