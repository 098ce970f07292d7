/** The plain evaluation of one mapping (EM §3): what the search's tables must agree with. */
import type { Dim } from "../../../ir/axis-map.js";
import type { Accesses, LayerCost, Mapping } from "../../../ir/cost-model.js";
import { iterations, type Loop } from "../../../ir/network.js";
import { accessEnergy, DIRECTIONS, relevanceOf } from "../mapper/layer-model.js";
import type { Visits } from "./axis-figures.js";
import { type BlockSums, blockSums, cutVisits, flowPrice, flowVisits } from "./block-sums.js";
import { type ExactLayer, type ExactOperand, heldLevels } from "./exact-layer.js";
import { addFlow, makespans, startTiming, type Timing } from "./times.js";

export type Copies = 1 | 2;

/** An order that is cut: per operand of `ExactLayer.operands` and held level, the loops at or below it and the blocks reserved. */
export interface CutOrder {
  /** Innermost first. */
  readonly loops: readonly Loop[];
  readonly positions: readonly (readonly number[])[];
  readonly copies: readonly (readonly Copies[])[];
}

/** One operand at all its cuts, the array's first. */
interface CutFigures {
  readonly visits: readonly Visits[];
  readonly sums: readonly BlockSums[];
}

type MutableAccesses = { -readonly [D in keyof Accesses]: number };

/** @param order - positions are stationary (`stationaryPosition`) */
export function evaluateOrder(layer: ExactLayer, order: CutOrder): LayerCost {
  const { array, model } = layer;
  const compute = [...array.dims.values()].reduce((product, { steps }) => product * steps, 1);
  const timing = startTiming(compute, layer.ports.length);
  const figures = layer.operands.map((operand, o) => cutFigures(operand, order.loops, order.positions[o]!));
  const accesses = model.operands.map(({ levels }) => levels.map(() => ({ tl: 0, fl: 0, th: 0, fh: 0 })));
  layer.operands.forEach((operand, o) => {
    countFlows(operand, figures[o]!, order.copies[o]!, accesses[operand.index]!, timing);
  });
  const levels = model.operands.map((operand, o) =>
    accesses[o]!.map((counts, m) =>
      DIRECTIONS.reduce((sum, d) => sum + counts[d] * accessEnergy(operand.levels[m]!, d), 0),
    ),
  );
  const memoryEnergy = levels.flat().reduce((sum, energy) => sum + energy, 0);
  const spans = makespans(timing);
  const macEnergy = iterations(layer.problem.loops) * model.array.macEnergy;
  const byOperand = <T>(values: readonly T[]) =>
    Object.fromEntries(model.operands.map(({ name }, o) => [name, values[o]!]));
  return {
    energy: macEnergy + memoryEnergy,
    macEnergy,
    memoryEnergy,
    accesses: byOperand(accesses),
    energyByLevel: byOperand(levels),
    idealCycles: Math.ceil(model.macs / model.units),
    temporalCycles: compute,
    ...spans,
    latencyCycles: spans.offloadedCycles,
    occupancy: occupancy(layer, figures, order.copies),
  };
}

/** Blocks of an operand stay while loops run that do not index it: where the run of these above a position ends (EM §3, Cut). */
export function stationaryPosition({ model }: ExactOperand, loops: readonly Loop[], position: number): number {
  let end = position;
  while (end < loops.length && stays(loops[end]!, model)) end++;
  return end;
}

const stays = ({ dim, size }: Loop, model: ExactOperand["model"]) =>
  size === 1 || relevanceOf(model, dim) === "irrelevant";

/** Bits of one block of a held level, copies not counted. */
export function blockBits({ model, cuts }: ExactOperand, level: number, sums: BlockSums, below: Visits): number {
  const isPartial = model.isOutput && isTouchedPartially(cuts[level]!.isUpperComplete, below);
  return sums.largest * (isPartial ? model.bits : model.finalBits);
}

/** Whether a partial sum is ever in the level above a cut: some visit from below is not the last one (EM §3, Partial sums). */
export const isTouchedPartially = (isUpperComplete: boolean, { upper }: Visits): boolean =>
  !isUpperComplete || upper > 1;

/** Bits in one instance of each memory, without homes (which belong to the caller). */
function occupancy(layer: ExactLayer, figures: readonly CutFigures[], copies: CutOrder["copies"]) {
  const used: Record<string, number> = {};
  for (const { memory, residents } of layer.model.memories) if (residents.length > 0) used[memory.id] = 0;
  layer.operands.forEach((operand, o) => {
    const { visits, sums } = figures[o]!;
    for (let m = 0; m < heldLevels(operand); m++) {
      const bits = blockBits(operand, m, sums[m + 1]!, visits[m]!) * copies[o]![m]!;
      used[operand.model.levels[m]!.memory.id]! += bits;
    }
  });
  return used;
}

function cutFigures(operand: ExactOperand, loops: readonly Loop[], positions: readonly number[]): CutFigures {
  const blocks = operand.cuts.map((_, i) => productsBelow(loops, i === 0 ? 0 : positions[i - 1]!));
  const blockOf = (i: number) => (dim: Dim) => blocks[i]!.get(dim) ?? 1;
  return {
    visits: operand.cuts.map((cut, i) => cutVisits(cut, blockOf(i))),
    sums: operand.cuts.map((cut, i) => blockSums(operand, cut, blockOf(i))),
  };
}

export function productsBelow(loops: readonly Loop[], position: number): ReadonlyMap<Dim, number> {
  const products = new Map<Dim, number>();
  for (const { dim, size } of loops.slice(0, position)) products.set(dim, (products.get(dim) ?? 1) * size);
  return products;
}

function countFlows(
  operand: ExactOperand,
  { visits, sums }: CutFigures,
  copies: readonly Copies[],
  accesses: readonly MutableAccesses[],
  timing: Timing,
): void {
  operand.cuts.forEach((cut, i) => {
    const fresh = freshStarts(operand, visits, i);
    for (const flow of cut.flows) {
      const price = flowPrice(flow, sums[i]!);
      const times = flowVisits(flow.kind, cut, visits[i]!, fresh);
      accesses[flow.upper.level]![flow.upper.direction] += times.upper * price.upperAccesses;
      if (flow.lower !== undefined) {
        accesses[flow.lower.level]![flow.lower.direction] += times.lower * price.lowerAccesses;
      }
      addFlow(timing, flow, price, times, i === 0 ? "array" : copies[i - 1]!);
    }
  });
}

/** Times that an element starts from nothing in the level above cut `i` (EM §3, `Z`): replicas are added on the way up. */
const freshStarts = ({ homeReplicas }: ExactOperand, visits: readonly Visits[], i: number): number =>
  visits.slice(i + 1).reduce((sum, { upper, lower }) => sum + lower - upper, homeReplicas);

/** The mapping in the words of the house; `spatial` and the order as they are. */
export function mappingOf(layer: ExactLayer, { loops, positions, copies }: CutOrder): Mapping {
  const { model, array } = layer;
  const live = new Map(layer.operands.map(({ index }, o) => [index, o]));
  const perLevel = <T>(held: readonly (readonly T[])[], home: T) =>
    Object.fromEntries(
      model.operands.map(({ name, levels }, index): [string, readonly T[]] => {
        const o = live.get(index);
        return [name, o === undefined ? levels.map(() => home) : [...held[o]!, home]];
      }),
    );
  return {
    loops,
    spatial: array.unrolling,
    levels: Object.fromEntries(model.operands.map(({ name, levels }) => [name, levels.map(({ memory }) => memory.id)])),
    boundaries: perLevel(positions, loops.length),
    copies: perLevel<Copies>(copies, 1),
  };
}
