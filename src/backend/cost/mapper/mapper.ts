/** The single-layer mapper: the loop order of least energy, and what it costs (SL). */
import type { LayerCost, Mapping, MappingProblem, MappingResult } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { RuleSet } from "../../../ir/rules.js";
import {
  type EnergyEvaluation,
  evaluateCuts,
  evaluateEnergy,
  evaluateLatency,
  type Feasible,
  type LatencyEvaluation,
  layerCost,
  mappingOf,
} from "./evaluate.js";
import { type LayerModel, layerModel } from "./layer-model.js";
import { loopFactors } from "./loop-factors.js";
import { type MapperPolicies, mapperPolicies } from "./policies.js";
import { problemKeys } from "./problem-key.js";
import { searchOrderings } from "./search.js";
import { mapSpatially, type SpatialMapping } from "./spatial.js";

/** Finds the best mapping of a layer; equal problems return the same object. */
export type Mapper = (problem: MappingProblem) => MappingResult;

/** The mapper remembers every problem that it has solved for as long as it lives. */
export function createMapper(rules: RuleSet): Mapper {
  const keyOf = problemKeys();
  const solved = new Map<string, MappingResult>();
  return (problem) => {
    const key = keyOf(problem);
    const known = solved.get(key);
    if (known !== undefined) return known;
    const result = mapLayer(problem, rules);
    solved.set(key, result);
    return result;
  };
}

/** Every intermediate number of one evaluated loop order; per operand in the order of the problem. */
export interface OrderingEvaluation {
  readonly layer: LayerModel;
  readonly spatial: SpatialMapping;
  readonly energy: EnergyEvaluation;
  readonly latency: LatencyEvaluation;
  readonly cost: LayerCost;
}

/**
 * Costs of one stated loop order, cut by capacity.
 *
 * @param ordering - innermost first
 */
export function evaluateOrdering(
  problem: MappingProblem,
  ordering: readonly Loop[],
  rules: RuleSet,
): Feasible<OrderingEvaluation> {
  const { layer, spatial, policies } = prepare(problem, rules);
  return withLatency(layer, spatial, evaluateEnergy(layer, spatial, ordering, policies), policies);
}

/**
 * Costs of a stated mapping: its order and its boundaries as they are, the unrolling of the problem.
 *
 * @throws Error when the mapping has no boundaries for an operand, or not as many as the operand has levels
 */
export function evaluateMapping(
  problem: MappingProblem,
  { loops, boundaries }: Pick<Mapping, "loops" | "boundaries">,
  rules: RuleSet,
): Feasible<OrderingEvaluation> {
  const { layer, spatial, policies } = prepare(problem, rules);
  const cuts = layer.operands.map(({ name, levels }) => {
    const cut = boundaries[name];
    if (cut?.length !== levels.length) throw new Error(`operand '${name}' needs ${levels.length} boundaries`);
    return cut;
  });
  return withLatency(layer, spatial, evaluateCuts(layer, spatial, loops, cuts, policies), policies);
}

/** What every evaluation of a problem starts from. */
export function prepare(problem: MappingProblem, rules: RuleSet) {
  const policies = mapperPolicies(rules);
  const layer = layerModel(problem);
  return { layer, policies, spatial: mapSpatially(layer, problem.unrolling, policies.sizes) };
}

/** Loops that run side by side, as the first input sees them: the reference asks that one. */
export const unrolledLoops = ({ fractional }: SpatialMapping): readonly Loop[] =>
  (fractional[1] ?? fractional[0]!).loops.flat();

function withLatency(
  layer: LayerModel,
  spatial: SpatialMapping,
  energy: Feasible<EnergyEvaluation>,
  policies: MapperPolicies,
): Feasible<OrderingEvaluation> {
  if (!energy.feasible) return energy;
  const latency = evaluateLatency(layer, spatial, energy, policies);
  return { feasible: true, layer, spatial, energy, latency, cost: layerCost(layer, energy, latency) };
}

function mapLayer(problem: MappingProblem, rules: RuleSet): MappingResult {
  const { layer, spatial, policies } = prepare(problem, rules);
  const factors = loopFactors(problem.loops, unrolledLoops(spatial), rules.loopLimit, policies.sizes);
  const found = searchOrderings({ layer, spatial, factors, policies });
  if (!found.feasible) return { feasible: false, memory: layer.memories[found.memory]!.memory.id };
  const latency = evaluateLatency(layer, spatial, found.best, policies);
  return {
    feasible: true,
    mapping: mappingOf(layer, spatial, found.best),
    cost: layerCost(layer, found.best, latency),
    search: found.search,
  };
}
