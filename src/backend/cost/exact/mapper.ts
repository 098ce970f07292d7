/** The mapper of the exact cost model (EM §3): the mapping of least energy, then time, and what it costs. */
import type { MappingProblem, MappingResult } from "../../../ir/cost-model.js";
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
import { exactProblemKeys } from "./problem-key.js";
import { lowerBounds, type Objective, type Patience, type Searched, searchMapping } from "./search.js";
import { allOrders } from "./space.js";
import { TableCache } from "./table-cache.js";
import { priceTables, type Tables } from "./tables.js";

/** What no mapping of a problem can go below: every operand cut as if it were alone; pJ and cycles. */
export interface MappingBounds {
  readonly energy: number;
  readonly latency: number;
}

export interface ExactMapping {
  /** Remembers every problem that it has solved for as long as it lives; equal problems return the same object. */
  readonly mapLayer: Mapper;
  /** Takes a fraction of the time of mapping; infinite where even the smallest blocks do not fit. */
  readonly bounds: (problem: MappingProblem) => MappingBounds;
}

export const createExactMapper = (rules: RuleSet): Mapper => createExactMapping(rules).mapLayer;

/** @param objective - what is least; the other one decides ties */
export function createExactMapping(rules: RuleSet, objective: Objective = "energy"): ExactMapping {
  const keysOf = exactProblemKeys();
  const solved = new Map<string, MappingResult>();
  const cache = new TableCache<Prepared>();
  const prepared = (problem: MappingProblem, shape: string) =>
    withRoom(
      cache.of(shape, () => prepare(problem, rules)),
      problem,
    );
  return {
    mapLayer: (problem) => {
      const { whole } = keysOf(problem);
      const result =
        solved.get(whole) ?? mapMerged(problem, (merged) => solve(prepared(merged, keysOf(merged).shape), objective));
      solved.set(whole, result);
      return result;
    },
    bounds: (problem) => {
      const { problem: merged } = mergeAlikeDims(problem);
      return lowerBounds(prepared(merged, keysOf(merged).shape).tables);
    },
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
): MappingResult => mapMerged(problem, (merged) => solve(prepare(merged, rules), objective, patience));

/** All that does not depend on the room that is left. */
interface Prepared {
  readonly tables: Tables;
  /** Whether the space has all orders that the rules ask for. */
  readonly isWhole: boolean;
}

function prepare(problem: MappingProblem, rules: RuleSet): Prepared {
  const layer = exactLayer(problem);
  const { factors, isWhole } = searchableFactors(layer, rules);
  return { tables: priceTables(layer, allOrders(factors)), isWhole };
}

const withRoom = ({ tables, isWhole }: Prepared, problem: MappingProblem): Prepared => ({
  tables: { ...tables, layer: withRoomOf(tables.layer, problem) },
  isWhole,
});

function solve({ tables, isWhole }: Prepared, objective: Objective, patience?: Patience): MappingResult {
  const searched = searchMapping(tables, objective, undefined, patience);
  if (!searched.feasible) {
    if (searched.memory === undefined) throw new Error("no mapping although the smallest blocks fit");
    return { feasible: false, memory: searched.memory };
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
function searchableFactors(layer: ExactLayer, rules: RuleSet) {
  let factors = temporalFactors(layer, rules);
  const isWhole = stateCount(factors) <= STATE_LIMIT;
  while (stateCount(factors) > STATE_LIMIT) {
    const fewer = temporalFactors(layer, { loopLimit: factors.length - 1 });
    if (fewer.length === factors.length) break; // a loop for every dim
    factors = fewer;
  }
  return { factors, isWhole };
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
