/** What a cut loop order keeps where, how often it changes, and how much of a memory it fills (SL §5). */
import type { Loop } from "../../../ir/network.js";
import type { CapacityCutsPolicy, Cuts } from "./allocation.js";
import { decouple } from "./decouple.js";
import { type LayerModel, type OperandModel, type Relevance, relevanceOf } from "./layer-model.js";
import type { PartialSumsPolicy } from "./partial-sums.js";
import type { SizesPolicy } from "./sizes.js";
import type { OperandSpatial } from "./spatial.js";

/** Times of one operand per array level (0: the arithmetic array, `m + 1`: memory level `m`). */
export interface OperandCycles {
  /** Cycles for which the data at this level stays. */
  readonly cycles: readonly number[];
  /** Product of the outermost run of relevant (irrelevant) loops at this level. */
  readonly topRelevant: readonly number[];
  readonly topIrrelevant: readonly number[];
  /** How often data comes to this level for the first time: tiles that differ, repeated visits left out. */
  readonly distinctTiles: readonly number[];
}

/** Data of one operand in one instance, per array level. */
export interface OperandData {
  readonly elements: readonly number[];
  /** Bits per element that crosses the upper side of the level. */
  readonly widths: readonly number[];
  readonly bits: readonly number[];
  /** Bits that must be there at once while the topmost relevant loops stream. */
  readonly effectiveBits: readonly number[];
  /** Whether sums are still incomplete above the level; all false for inputs. */
  readonly incomplete: readonly boolean[];
}

/** Irrelevant loops directly above a cut move below it: the tile stays in place meanwhile (SL §5.1). */
export function stationaryCuts(layer: LayerModel, order: readonly Loop[], cuts: Cuts): Cuts {
  return layer.operands.map((operand, o) =>
    cuts[o]!.map((cut) => {
      let moved = cut;
      while (moved < order.length && relevanceOf(operand, order[moved]!.dim) === "irrelevant") moved++;
      return moved;
    }),
  );
}

/** Loops of the order that each memory level of an operand holds. */
export const loopsPerLevel = (order: readonly Loop[], cuts: readonly number[]): readonly (readonly Loop[])[] =>
  cuts.map((cut, m) => order.slice(cuts[m - 1] ?? 0, cut));

export function operandCycles(operand: OperandModel, order: readonly Loop[], cuts: readonly number[]): OperandCycles {
  const levels = loopsPerLevel(order, cuts);
  return {
    cycles: [0, ...cuts].map((cut) => iterationsOf(order.slice(0, cut))),
    topRelevant: [1, ...levels.map((loops) => topRun(operand, loops, "relevant"))],
    topIrrelevant: [1, ...levels.map((loops) => topRun(operand, loops, "irrelevant"))],
    distinctTiles: [0, ...cuts].map((cut) =>
      iterationsOf(order.slice(cut).filter(({ dim }) => relevanceOf(operand, dim) !== "irrelevant")),
    ),
  };
}

/** SL §5.3–5.5 under one of the two spatial mappings. */
export function operandData(
  operand: OperandModel,
  temporal: readonly (readonly Loop[])[],
  spatial: OperandSpatial,
  { topRelevant }: OperandCycles,
  sizes: SizesPolicy,
  partialSums: PartialSumsPolicy,
): OperandData {
  const combined = [[], ...temporal.map((loops, m) => [...loops, ...spatial.loops[m]!])];
  const products = decouple(operand, combined, sizes).relevant;
  const elements = products.map((_, a) =>
    sizes.elements(products.slice(0, a + 1).reduce((d, factor) => d * factor, 1)),
  );
  const incomplete = incompleteAbove(operand, temporal, spatial);
  const widths = incomplete.map((flag) => partialSums.width(operand, flag));
  const bits = elements.map(
    (count, a) => count * partialSums.heldWidth(operand, incomplete[a]!, incomplete[a - 1] ?? incomplete[a]!),
  );
  const effectiveBits = bits.map((size, a) => Math.floor(size / topRelevant[a]!));
  return { elements, widths, bits, effectiveBits, incomplete };
}

/** SL §5.4: whether a reduction loop of the output lies above each array level. */
function incompleteAbove(
  operand: OperandModel,
  temporal: readonly (readonly Loop[])[],
  spatial: OperandSpatial,
): readonly boolean[] {
  const reduces = ({ dim, size }: Loop) => operand.isOutput && size > 1 && relevanceOf(operand, dim) === "irrelevant";
  const flags = spatial.loops.map((loops, a) => loops.some(reduces) || (temporal[a - 1] ?? []).some(reduces));
  return flags.map((_, a) => flags.slice(a + 1).includes(true));
}

function topRun(operand: OperandModel, loops: readonly Loop[], relevance: Relevance): number {
  const end = loops.findLastIndex(({ dim }) => relevanceOf(operand, dim) !== relevance);
  return iterationsOf(loops.slice(end + 1));
}

const iterationsOf = (loops: readonly Loop[]): number => loops.reduce((product, { size }) => product * size, 1);

/** How full a memory is with an operand's data and with all data of the layer (SL §5.5); shares of its capacity. */
export interface Utilisation {
  /** Per operand and memory level. */
  readonly individual: readonly (readonly number[])[];
  /** Per memory of the hierarchy. */
  readonly shared: readonly number[];
}

/** @param bits - per operand and array level: `bits` or `effectiveBits` of the data */
export function utilisation(layer: LayerModel, bits: readonly (readonly number[])[]): Utilisation {
  const individual = layer.operands.map(({ levels }, o) =>
    levels.map(({ memory }, m) => bits[o]![m + 1]! / memory.size),
  );
  const shared = layer.memories.map(({ residents }) =>
    residents.reduce((sum, { operand, level }) => sum + individual[operand]![level]!, 0),
  );
  return { individual, shared };
}

/** First memory that overflows, by position in the hierarchy. Where the reference aborts, the ordering is rejected (Q23). */
export function overflowingMemory(
  layer: LayerModel,
  { individual, shared }: Utilisation,
  { checksSum }: CapacityCutsPolicy,
): number | undefined {
  const index = layer.memories.findIndex(({ memory, residents }, i) => {
    if (residents.some(({ operand, level }) => individual[operand]![level]! > 1)) return true;
    return shared[i]! > 1 && checksSum(memory);
  });
  return index === -1 ? undefined : index;
}
