/** The mapper of the exact cost model (EM §3): the mapping of least energy, then time, and what it costs. */
import type { LayerPrice, MappingProblem, MappingResult } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { RuleSet } from "../../../ir/rules.js";
import { loopFactors } from "../mapper/loop-factors.js";
import type { Mapper } from "../mapper/mapper.js";
import { factorMultiset } from "../mapper/orderings.js";
import { SIZES } from "../mapper/sizes.js";
import { mergeAlikeDims } from "./alike-dims.js";
import { layerCost, mappingOf } from "./evaluate.js";
import { type ExactLayer, exactLayer, withRoomOf } from "./exact-layer.js";
import { fewestBlocks } from "./fewest-blocks.js";
import { orderFigures } from "./figures.js";
import { Memo } from "./memo.js";
import { OperandBounds } from "./operand-bounds.js";
import { exactProblemKeys } from "./problem-key.js";
import {
  energyBound,
  lowerBounds,
  type Objective,
  type Patience,
  priceMapping,
  type Searched,
  searchMapping,
} from "./search.js";
import { allOrders, type StateSpace } from "./space.js";
import { priceTables, type TableMemo, type Tables, tableMemo } from "./tables.js";
import type { ArrayUse } from "./unrolling.js";

/** What no mapping of a problem can go below: every operand cut as if it were alone; pJ and cycles. */
export interface MappingBounds {
  readonly energy: number;
  readonly latency: number;
}

export interface ExactMapping {
  /** Remembers every problem that it has solved for as long as it lives; equal problems return the same object. */
  readonly mapLayer: Mapper;
  /** What `mapLayer` finds, without the choice among mappings of equal energy; `undefined` where nothing fits. */
  readonly price: (problem: MappingProblem) => LayerPrice | undefined;
  /** Takes a fraction of the time of mapping; infinite where even the smallest blocks do not fit. */
  readonly bounds: (problem: MappingProblem) => MappingBounds;
  /** The energy of `bounds` alone, sooner. */
  readonly energyBound: (problem: MappingProblem) => number;
}

/** @param objective - what is least; the other one decides ties */
export function createExactMapping(rules: RuleSet, objective: Objective = "energy"): ExactMapping {
  const keysOf = exactProblemKeys();
  const solved = new Map<string, MappingResult>();
  const priced = new Map<string, LayerPrice | undefined>();
  const shop = workshop();
  const prepared = (problem: MappingProblem, shape: string) =>
    withRoom(
      shop.problems.of(shape, () => prepare(problem, rules, shop)),
      problem,
    );
  const tablesOf = (problem: MappingProblem): Tables => {
    const { problem: merged } = mergeAlikeDims(problem);
    return prepared(merged, keysOf(merged).shape).tables;
  };
  const parts = new OperandBounds((problem, isAsked) => {
    const { problem: merged } = mergeAlikeDims(problem);
    return prepare(merged, rules, shop, isAsked).tables;
  });
  return {
    price: (problem) => {
      const { whole } = keysOf(problem);
      if (priced.has(whole)) return priced.get(whole);
      const price = priceMapping(tablesOf(problem));
      priced.set(whole, price);
      return price;
    },
    mapLayer: (problem) => {
      const { whole } = keysOf(problem);
      const result =
        solved.get(whole) ?? mapMerged(problem, (merged) => solve(prepared(merged, keysOf(merged).shape), objective));
      solved.set(whole, result);
      return result;
    },
    bounds: (problem) => lowerBounds(tablesOf(problem)),
    energyBound: (problem) => (problem.available === undefined ? parts.bound(problem) : energyBound(tablesOf(problem))),
  };
}

/** Searched with alike dims as one, and told in the dims of the problem. */
function mapMerged(problem: MappingProblem, search: (merged: MappingProblem) => MappingResult): MappingResult {
  const { problem: merged, expand } = mergeAlikeDims(problem);
  const result = search(merged);
  return result.feasible ? { ...result, mapping: expand(result.mapping) } : result;
}

/**
 * @param objective - what is least; the other one decides ties
 * @param patience - absent: enough for a proof in nearly all cases
 */
export const mapExactly = (
  problem: MappingProblem,
  rules: RuleSet,
  objective: Objective = "energy",
  patience?: Patience,
): MappingResult => mapMerged(problem, (merged) => solve(prepare(merged, rules, workshop()), objective, patience));

/** What problems share. */
interface Workshop {
  readonly problems: Memo<Prepared>;
  /** By the use of the array, which has the steps of all dims. */
  readonly searched: WeakMap<ArrayUse, SearchedFactors>;
  readonly spaces: Memo<StateSpace>;
  readonly tables: TableMemo;
}

/** Factors whose orders are searched. */
interface SearchedFactors {
  readonly factors: readonly Loop[];
  readonly key: string;
  /** Whether these are all that the rules ask for. */
  readonly isWhole: boolean;
}

const KEPT_PROBLEMS = 300;
const KEPT_STATES = 200_000;

const workshop = (): Workshop => ({
  problems: new Memo(KEPT_PROBLEMS),
  searched: new WeakMap(),
  spaces: new Memo(KEPT_STATES, ({ stateCount }) => stateCount),
  tables: tableMemo(),
});

/** All that does not depend on the room that is left. */
interface Prepared {
  readonly tables: Tables;
  /** Whether the space has all orders that the rules ask for. */
  readonly isWhole: boolean;
}

/** @param isAsked - operands by position that are meant; absent: all */
function prepare(
  problem: MappingProblem,
  rules: RuleSet,
  { searched, spaces, tables }: Workshop,
  isAsked?: (operand: number) => boolean,
): Prepared {
  const layer = exactLayer(problem, isAsked);
  const { factors, key, isWhole } = searched.get(layer.array) ?? searchableFactors(layer, rules);
  searched.set(layer.array, { factors, key, isWhole });
  const space = spaces.of(key, () => allOrders(factors));
  return { tables: priceTables(layer, space, tables), isWhole };
}

const withRoom = ({ tables, isWhole }: Prepared, problem: MappingProblem): Prepared => ({
  tables: { ...tables, layer: withRoomOf(tables.layer, problem) },
  isWhole,
});

function solve({ tables, isWhole }: Prepared, objective: Objective, patience?: Patience): MappingResult {
  const searched = searchMapping(tables, objective, undefined, patience);
  if (!searched.feasible) {
    if (searched.memory === undefined) throw new Error("no mapping although the smallest blocks fit");
    const { memory, needs } = searched;
    return { feasible: false, memory, ...(needs !== undefined && { needs }) };
  }
  const search = { ...searched.search, optimal: searched.search.optimal && isWhole };
  return mappingResult(tables.layer, { ...searched, search });
}

/** The cost of what was found, with no more blocks than it needs. */
export function mappingResult(
  layer: ExactLayer,
  { order, blocks, search }: Extract<Searched, { readonly feasible: true }>,
): Extract<MappingResult, { readonly feasible: true }> {
  const figures = orderFigures(layer, order);
  const reserved = fewestBlocks(layer, figures, blocks);
  return {
    feasible: true,
    mapping: mappingOf(layer, order, reserved),
    cost: layerCost(layer, figures, reserved),
    search,
  };
}

/** States of a space that is searched; tables of more take long and much memory. */
const STATE_LIMIT = 100_000;

/** Factors are merged where their orders have too many states; then the answer is not proven for all of them. */
function searchableFactors(layer: ExactLayer, rules: RuleSet): SearchedFactors {
  let factors = temporalFactors(layer, rules);
  const isWhole = stateCount(factors) <= STATE_LIMIT;
  while (stateCount(factors) > STATE_LIMIT) {
    const fewer = temporalFactors(layer, { loopLimit: factors.length - 1 });
    if (fewer.length === factors.length) break; // a loop for every dim
    factors = fewer;
  }
  return { factors, key: factors.map(({ dim, size }) => `${dim}${size}`).join(" "), isWhole };
}

const stateCount = (factors: readonly Loop[]): number =>
  factorMultiset(factors).multiplicities.reduce((product, times) => product * (times + 1), 1);

/** Perfect factors of the steps of every dim. */
export function temporalFactors(
  { problem, array }: ExactLayer,
  { loopLimit }: Pick<RuleSet, "loopLimit">,
): readonly Loop[] {
  const steps = problem.loops.map(({ dim }) => ({ dim, size: array.dims.get(dim)!.steps }));
  return loopFactors(steps, [], loopLimit, SIZES.whole.rule);
}
