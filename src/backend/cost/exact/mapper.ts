/** The mapper of the exact cost model (EM §3): the mapping of least energy, then time, and what it costs. */
import type { MappingProblem, MappingResult } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { RuleSet } from "../../../ir/rules.js";
import { loopFactors } from "../mapper/loop-factors.js";
import type { Mapper } from "../mapper/mapper.js";
import { SIZES } from "../mapper/sizes.js";
import { layerCost, mappingOf } from "./evaluate.js";
import { type ExactLayer, exactLayer } from "./exact-layer.js";
import { fewestBlocks } from "./fewest-blocks.js";
import { orderFigures } from "./figures.js";
import { exactProblemKeys } from "./problem-key.js";
import { lowerBounds, type Objective, type Patience, type Searched, searchMapping } from "./search.js";
import { allOrders } from "./space.js";
import { priceTables } from "./tables.js";

/** The mapper remembers every problem that it has solved for as long as it lives; equal problems return the same object. */
export function createExactMapper(rules: RuleSet): Mapper {
  const keyOf = exactProblemKeys();
  const solved = new Map<string, MappingResult>();
  return (problem) => {
    const key = keyOf(problem);
    const known = solved.get(key);
    if (known !== undefined) return known;
    const result = mapExactly(problem, rules);
    solved.set(key, result);
    return result;
  };
}

/**
 * @param objective - what is least; the other one decides ties
 * @param patience - absent: enough for a proof in nearly all cases
 */
export function mapExactly(
  problem: MappingProblem,
  rules: RuleSet,
  objective: Objective = "energy",
  patience?: Patience,
): MappingResult {
  const layer = exactLayer(problem);
  const searched = searchMapping(
    priceTables(layer, allOrders(temporalFactors(layer, rules))),
    objective,
    undefined,
    patience,
  );
  if (searched.feasible) return mappingResult(layer, searched);
  if (searched.memory === undefined) throw new Error("no mapping although the smallest blocks fit");
  return { feasible: false, memory: searched.memory };
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

/** What no mapping of a problem can go below: every operand cut as if it were alone; pJ and cycles. */
export interface MappingBounds {
  readonly energy: number;
  readonly latency: number;
}

/** @returns infinite bounds where even the smallest blocks do not fit */
export function mappingBounds(problem: MappingProblem, rules: RuleSet): MappingBounds {
  const layer = exactLayer(problem);
  return lowerBounds(priceTables(layer, allOrders(temporalFactors(layer, rules))));
}

/** Perfect factors of the steps of every dim. */
export function temporalFactors({ problem, array }: ExactLayer, { loopLimit }: RuleSet): readonly Loop[] {
  const steps = problem.loops.map(({ dim }) => ({ dim, size: array.dims.get(dim)!.steps }));
  return loopFactors(steps, [], loopLimit, SIZES.whole.rule);
}
