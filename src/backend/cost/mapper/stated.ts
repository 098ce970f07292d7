/** Mappings that somebody states: evaluated as they are, or refused with the facts that do not go together. */
import type { Memory, Unroll } from "../../../ir/accelerator.js";
import type { MappingConflict, MappingProblem, StatedMapping, StatedMappingResult } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { RuleSet } from "../../../ir/rules.js";
import { bits } from "../../../ir/units.js";
import { mappingOf } from "./evaluate.js";
import type { LayerModel } from "./layer-model.js";
import { temporalSizes } from "./loop-factors.js";
import { evaluateMapping, evaluateOrdering, type Mapper, prepare, unrolledLoops } from "./mapper.js";

type Prepared = ReturnType<typeof prepare>;
type Boundaries = NonNullable<StatedMapping["boundaries"]>;

/**
 * Costs of a stated mapping. Levels that it leaves open are cut by capacity; without loops, the order is searched.
 *
 * @param mapLayer - searches what is not stated
 */
export function evaluateStated(
  problem: MappingProblem,
  stated: StatedMapping,
  rules: RuleSet,
  mapLayer: Mapper,
): StatedMappingResult {
  const conflicts = contradictions(prepare(problem, rules), stated);
  if (conflicts.length > 0) return { feasible: false, conflicts };
  if (stated.loops !== undefined) return evaluateLoops(problem, stated.loops, stated.boundaries ?? {}, rules);
  const result = mapLayer(problem);
  return result.feasible ? result : refuseOrder(result.memory);
}

const refuseOrder = (memory: string): StatedMappingResult => ({
  feasible: false,
  conflicts: [{ kind: "order", memory }],
});

function evaluateLoops(
  problem: MappingProblem,
  loops: readonly Loop[],
  boundaries: Boundaries,
  rules: RuleSet,
): StatedMappingResult {
  const cut = completeCuts(problem, loops, boundaries, rules);
  if (!cut.feasible) return refuseOrder(problem.hierarchy.memories[cut.memory]!.id);
  const result = evaluateMapping(problem, { loops, boundaries: cut.cuts }, rules);
  if (!result.feasible) {
    const conflict = overflow(problem, loops, cut.cuts, rules, problem.hierarchy.memories[result.memory]!);
    return { feasible: false, conflicts: [conflict] };
  }
  return {
    feasible: true,
    mapping: mappingOf(result.layer, result.spatial, result.energy),
    cost: result.cost,
    search: { orderings: 1, visited: 1, optimal: true },
  };
}

/** The stated cuts, and those of capacity for operands without. */
function completeCuts(
  problem: MappingProblem,
  loops: readonly Loop[],
  boundaries: Boundaries,
  rules: RuleSet,
): { readonly feasible: true; readonly cuts: Boundaries } | { readonly feasible: false; readonly memory: number } {
  if (problem.operands.every(({ name }) => boundaries[name] !== undefined)) return { feasible: true, cuts: boundaries };
  const result = evaluateOrdering(problem, loops, rules);
  if (!result.feasible) return result;
  return {
    feasible: true,
    cuts: { ...mappingOf(result.layer, result.spatial, result.energy).boundaries, ...boundaries },
  };
}

/** Everything that is wrong with a stated mapping whatever the capacities. */
function contradictions(prepared: Prepared, stated: StatedMapping): readonly MappingConflict[] {
  const { layer, spatial } = prepared;
  return [
    ...operandConflicts(layer, stated),
    ...levelConflicts(layer, stated),
    ...unrollingConflicts(stated, spatial.unrolling),
    ...(stated.loops === undefined ? [] : extentConflicts(prepared, stated.loops)),
    ...boundaryConflicts(layer, stated),
  ];
}

function operandConflicts({ operands }: LayerModel, { boundaries, levels }: StatedMapping): readonly MappingConflict[] {
  const known = operands.map(({ name }) => name);
  const named = new Set([...Object.keys(boundaries ?? {}), ...Object.keys(levels ?? {})]);
  return [...named]
    .filter((operand) => !known.includes(operand))
    .map((operand) => ({ kind: "operand", operand, known }));
}

function levelConflicts(layer: LayerModel, { levels }: StatedMapping): readonly MappingConflict[] {
  return layer.operands.flatMap((operand): readonly MappingConflict[] => {
    const stated = levels?.[operand.name];
    const found = operand.levels.map(({ memory }) => memory.id);
    if (stated === undefined || stated.join() === found.join()) return [];
    return [{ kind: "levels", operand: operand.name, stated, found }];
  });
}

/** Loops that are unrolled once change nothing, whether they are stated or not. */
function unrollingConflicts({ spatial }: StatedMapping, found: readonly Unroll[]): readonly MappingConflict[] {
  const print = (unrolling: readonly Unroll[]) =>
    unrolling
      .filter(({ size }) => size !== 1)
      .map(({ arrayDim, dim, size }) => `${arrayDim} ${dim} ${size}`)
      .sort()
      .join();
  return spatial === undefined || print(spatial) === print(found)
    ? []
    : [{ kind: "unrolling", stated: spatial, found }];
}

function extentConflicts({ layer, spatial, policies }: Prepared, loops: readonly Loop[]): readonly MappingConflict[] {
  const sizes = temporalSizes(layer.loops, unrolledLoops(spatial), policies.sizes);
  const strangers = new Set(loops.map(({ dim }) => dim).filter((dim) => !sizes.has(dim)));
  const wrong = [...sizes].flatMap(([dim, needed]): readonly MappingConflict[] => {
    const stated = loops.reduce((product, loop) => (loop.dim === dim ? product * loop.size : product), 1);
    return stated === needed ? [] : [{ kind: "extent", dim, stated, needed }];
  });
  return [...[...strangers].map((dim) => ({ kind: "dim", dim, known: [...sizes.keys()] }) as const), ...wrong];
}

/** Of operands whose levels are as stated, where these are: else the numbers have nothing to stand beside. */
function boundaryConflicts(
  layer: LayerModel,
  { loops, boundaries, levels }: StatedMapping,
): readonly MappingConflict[] {
  return layer.operands.flatMap((operand): readonly MappingConflict[] => {
    const cut = boundaries?.[operand.name];
    const ids = operand.levels.map(({ memory }) => memory.id);
    const stated = levels?.[operand.name];
    if (cut === undefined || (stated !== undefined && stated.join() !== ids.join())) return [];
    const count = loops?.length ?? 0;
    const isRight = cut.length === ids.length && cut.at(-1) === count && cut.every((n, m) => n >= (cut[m - 1] ?? 0));
    return isRight ? [] : [{ kind: "boundaries", operand: operand.name, stated: cut, levels: ids, loops: count }];
  });
}

/** The fewest operands that overflow the memory together, largest first: what they need is what they would occupy without limits. */
function overflow(
  problem: MappingProblem,
  loops: readonly Loop[],
  boundaries: Boundaries,
  rules: RuleSet,
  memory: Memory,
): MappingConflict {
  const memories = problem.hierarchy.memories.map((each) => ({ ...each, size: bits(Number.MAX_SAFE_INTEGER) }));
  const unlimited = { ...problem, hierarchy: { ...problem.hierarchy, memories } };
  const result = evaluateMapping(unlimited, { loops, boundaries }, rules);
  if (!result.feasible) throw new Error(`memory '${memory.id}' overflows without a limit`);
  const { layer, energy } = result;
  const { residents } = layer.memories.find((model) => model.memory.id === memory.id)!; // limits change no memory's name
  const held = residents.map(({ operand, level }) => ({
    operand: layer.operands[operand]!.name,
    bits: energy.fractional.data[operand]!.bits[level + 1]!,
  }));
  const needs: (typeof held)[number][] = [];
  let sum = 0;
  for (const need of held.sort((a, b) => b.bits - a.bits)) {
    if (sum > memory.size) break;
    needs.push(need);
    sum += need.bits;
  }
  return { kind: "capacity", memory: memory.id, size: memory.size, needs };
}
