/** Where capacity cuts a loop order: which loops each memory holds for each operand (SL §4). */
import type { Memory } from "../../../ir/accelerator.js";
import type { Loop } from "../../../ir/network.js";
import type { Behaviours, RuleSet } from "../../../ir/rules.js";
import { type LayerModel, type OperandModel, type Resident, relevanceOf } from "./layer-model.js";
import type { SizesPolicy } from "./sizes.js";
import type { SpatialMapping } from "./spatial.js";

/** Per operand and memory level: number of loops of the order at or below that level. */
export type Cuts = readonly (readonly number[])[];

export type Allocation =
  | { readonly feasible: true; readonly cuts: Cuts }
  /** The memory (by position in the hierarchy) that cannot hold what must stay in it. */
  | { readonly feasible: false; readonly memory: number };

export interface CapacityCutsPolicy {
  /** Numbers of loops per resident of a memory, out of what each could keep there; `undefined`: the order is refused. */
  choose(candidates: readonly (readonly Candidate[])[], capacity: number): readonly number[] | undefined;
  /** Whether residents of which no combination fits get no loops at all (Q23), rather than that the order is refused. */
  readonly givesNothing: boolean;
  /** Whether the data of all residents together is held against the memory's capacity. */
  checksSum(memory: Memory): boolean;
}

const published: CapacityCutsPolicy = {
  choose: (candidates, capacity) => fewestAccesses(candidates, capacity) ?? candidates.map(() => 0), // Q23
  givesNothing: true,
  checksSum: ({ operands }) => operands.every(({ level }) => level > 0), // Q25
};

export const CAPACITY_CUTS: Behaviours<RuleSet["capacityCuts"], CapacityCutsPolicy> = {
  published: { quirks: ["SL-Q22", "SL-Q23", "SL-Q25"], rule: published },
  checked: {
    quirks: ["SL-Q23", "SL-Q25"],
    rule: { choose: fewestAccesses, givesNothing: false, checksSum: () => true },
  },
};

/** What one operand could keep in a memory: `bits` of the next `count` loops, at an estimate of accesses to the level above. */
export interface Candidate {
  readonly count: number;
  readonly bits: number;
  readonly accesses: number;
}

/** Cuts an order, memory by memory in declared order (SL §4); each memory gives its residents what the policy chooses. */
export function allocate(
  layer: LayerModel,
  spatial: SpatialMapping,
  order: readonly Loop[],
  sizes: SizesPolicy,
  policy: CapacityCutsPolicy,
): Allocation {
  const cuts = layer.operands.map((): number[] => []);
  for (const [memory, model] of layer.memories.entries()) {
    const candidates = model.residents.map((resident) =>
      residentCandidates(layer, spatial, order, cuts[resident.operand]!, resident, model.memory.size, sizes),
    );
    if (candidates.some((list) => list.length === 0)) return { feasible: false, memory };
    const counts = policy.choose(candidates, model.memory.size);
    if (counts === undefined) return { feasible: false, memory };
    for (const [r, { operand, isTop }] of model.residents.entries()) {
      const cut = (cuts[operand]!.at(-1) ?? 0) + counts[r]!;
      cuts[operand]!.push(cut);
      if (isTop && cut < order.length) return { feasible: false, memory };
    }
  }
  return { feasible: true, cuts };
}

/** Prefixes of the unallocated loops that fit alone; at the operand's top the longest only. Empty when not even none fits. */
function residentCandidates(
  layer: LayerModel,
  spatial: SpatialMapping,
  order: readonly Loop[],
  cutsBelow: readonly number[],
  { operand: o, level, isTop }: Resident,
  capacity: number,
  sizes: SizesPolicy,
): readonly Candidate[] {
  const operand = layer.operands[o]!;
  const position = cutsBelow.at(-1) ?? 0;
  const below = loopsBelow(spatial.fractional[o]!.loops, order, cutsBelow, level);
  const isReducing = order.slice(position).some(({ dim }) => relevanceOf(layer.operands[0]!, dim) === "irrelevant");
  const width = isReducing ? operand.bits : operand.finalBits;
  const candidates: Candidate[] = [];
  for (let count = 0; position + count <= order.length; count++) {
    const bits = tileElements(operand, [...below, ...order.slice(position, position + count)], sizes) * width;
    if (bits > capacity) break;
    const remaining = order.slice(position + count).reduce((product, { size }) => product * size, 1);
    candidates.push({ count, bits, accesses: isTop ? 0 : bits * remaining });
  }
  return isTop ? candidates.slice(-1) : candidates;
}

/** Loops under a level in the order in which their sizes are multiplied: spatial 0, temporal 0, spatial 1, … */
function loopsBelow(
  spatial: readonly (readonly Loop[])[],
  order: readonly Loop[],
  cuts: readonly number[],
  level: number,
): readonly Loop[] {
  const below: Loop[] = [...spatial[0]!];
  for (let m = 0; m < level; m++) below.push(...order.slice(cuts[m - 1] ?? 0, cuts[m]), ...spatial[m + 1]!);
  return below;
}

/** Elements of the tile that the loops cover; every extent is rounded up first (Q24). */
function tileElements(operand: OperandModel, loops: readonly Loop[], sizes: SizesPolicy): number {
  const extents = new Map<string, number>();
  for (const { dim, size } of loops) extents.set(dim, (extents.get(dim) ?? 1) * size);
  const extent = (dim: string) => Math.ceil(extents.get(dim) ?? 1);
  let elements = 1;
  for (const dim of extents.keys()) if (relevanceOf(operand, dim) === "relevant") elements *= extent(dim);
  for (const window of operand.windows) elements *= sizes.windowExtent(window, extent(window.out), extent(window.tap));
  return elements;
}

/** Fewest bits × remaining iterations, summed over the residents (Q22): the last such combination that fits, if any does. */
function fewestAccesses(
  candidates: readonly (readonly Candidate[])[],
  capacity: number,
): readonly number[] | undefined {
  let best: { readonly accesses: number; readonly counts: readonly number[] } | undefined;
  for (const combination of product(candidates)) {
    if (combination.reduce((sum, { bits }) => sum + bits, 0) > capacity) continue;
    const accesses = combination.reduce((sum, candidate) => sum + candidate.accesses, 0);
    if (best === undefined || accesses <= best.accesses)
      best = { accesses, counts: combination.map(({ count }) => count) };
  }
  return best?.counts;
}

/** Cartesian product, the last list fastest. */
const product = <T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] =>
  lists.reduce<readonly (readonly T[])[]>(
    (combinations, list) => combinations.flatMap((combination) => list.map((item) => [...combination, item])),
    [[]],
  );
