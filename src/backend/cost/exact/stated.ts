/** Mappings that somebody states, under the exact model: evaluated as they are, or refused with the facts that do not go together. */
import type { MappingConflict, MappingProblem, StatedMapping, StatedMappingResult } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import type { RuleSet } from "../../../ir/rules.js";
import type { Mapper } from "../mapper/mapper.js";
import { type ExactLayer, exactLayer } from "./exact-layer.js";
import { orderFigures, stationaryPosition } from "./figures.js";
import { mappingResult } from "./mapper.js";
import { type Overfull, overfullMemory, roomOf } from "./room.js";
import { outputHome, searchMapping } from "./search.js";
import { oneOrder } from "./space.js";
import { contradictions } from "./stated-conflicts.js";
import { priceTables } from "./tables.js";

type Conflict<K> = Extract<MappingConflict, { readonly kind: K }>;

/**
 * Costs of a stated mapping. What it leaves open is decided as usual: the order, else the cuts, and always the blocks that are reserved.
 *
 * @param mapLayer - searches where no loops are stated
 */
export function evaluateStatedExactly(
  problem: MappingProblem,
  stated: StatedMapping,
  _rules: RuleSet,
  mapLayer: Mapper,
): StatedMappingResult {
  const layer = exactLayer(problem);
  const conflicts = contradictions(layer, stated);
  if (conflicts.length > 0) return { feasible: false, conflicts };
  if (stated.loops !== undefined) return evaluateLoops(layer, stated.loops, stated.boundaries ?? {});
  const result = mapLayer(problem);
  return result.feasible ? result : refuseOrder(result);
}

const refuseOrder = ({ memory, needs }: Omit<Overfull, "needs"> & Partial<Overfull>): StatedMappingResult => ({
  feasible: false,
  conflicts: [{ kind: "order", memory, ...(needs !== undefined && { needs }) }],
});

function evaluateLoops(
  layer: ExactLayer,
  loops: readonly Loop[],
  boundaries: NonNullable<StatedMapping["boundaries"]>,
): StatedMappingResult {
  const positions = layer.operands.map((operand) =>
    boundaries[operand.model.name]?.slice(0, -1).map((at) => stationaryPosition(operand, loops, at)),
  );
  const conflict = overflow(layer, loops, positions);
  if (conflict !== undefined) return { feasible: false, conflicts: [conflict] };
  const tables = priceTables(layer, oneOrder(loops));
  const searched = searchMapping(tables, "energy", (o, level, state) => (positions[o]?.[level] ?? state) === state);
  if (searched.feasible) return mappingResult(layer, searched);
  const lowest = (o: number, level: number) => positions[o]?.[level] ?? 0;
  const home = layer.problem.finishesBelowHome && outputHome({ layer });
  if (home !== undefined && evaluateLoops(leavingSums(layer), loops, boundaries).feasible)
    return { feasible: false, conflicts: [{ kind: "sums", memory: home }] };
  const { memory, needs } = searched;
  if (memory !== undefined) return refuseOrder({ memory, ...(needs !== undefined && { needs }) });
  return refuseOrder(
    overfullMemory(tables, roomOf(tables), lowest) ?? { memory: layer.problem.hierarchy.memories[0]!.id },
  );
}

/** The same layer where partial sums may come into the home of the output. */
function leavingSums(layer: ExactLayer): ExactLayer {
  const { finishesBelowHome: _, ...problem } = layer.problem;
  return { ...layer, problem };
}

/** The fewest operands that overflow a memory by what is stated of them, largest first. */
function overflow(
  layer: ExactLayer,
  loops: readonly Loop[],
  positions: readonly (readonly number[] | undefined)[],
): Conflict<"capacity"> | undefined {
  const complete = layer.operands.map(({ cuts }, o) => positions[o] ?? cuts.slice(1).map(() => loops.length));
  const figures = orderFigures(layer, { loops, positions: complete });
  for (const [index, { id }] of layer.problem.hierarchy.memories.entries()) {
    const size = layer.available[index]!;
    const held = layer.operands.flatMap(({ model }, o) => {
      const level = model.levels.findIndex(({ memoryIndex }) => memoryIndex === index);
      const bits = figures[o]!.blockBits[level];
      return bits === undefined || positions[o] === undefined ? [] : [{ operand: model.name, bits }];
    });
    const needs = fewestOver(held, size);
    if (needs !== undefined) return { kind: "capacity", memory: id, size, needs };
  }
  return undefined;
}

function fewestOver(held: Conflict<"capacity">["needs"], size: number): Conflict<"capacity">["needs"] | undefined {
  const sorted = held.toSorted((a, b) => b.bits - a.bits);
  let sum = 0;
  const last = sorted.findIndex(({ bits }) => {
    sum += bits;
    return sum > size;
  });
  return last === -1 ? undefined : sorted.slice(0, last + 1);
}
