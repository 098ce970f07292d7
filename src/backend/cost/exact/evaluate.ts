/** What a cut order costs, and how many blocks it reserves. */
import type { Accesses, LayerCost, Mapping } from "../../../ir/cost-model.js";
import { accessEnergy, DIRECTIONS } from "../mapper/layer-model.js";
import { computeCycles, type ExactLayer, operationEnergy } from "./exact-layer.js";
import type { Copies, CutOrder, OperandFigures } from "./figures.js";
import { addFlow, makespans, startTiming } from "./times.js";

/** Blocks that are reserved, per operand of `ExactLayer.operands` and held level. */
export type Blocks = readonly (readonly Copies[])[];

type MutableAccesses = { -readonly [D in keyof Accesses]: number };

export function layerCost(layer: ExactLayer, figures: readonly OperandFigures[], blocks: Blocks): LayerCost {
  const { model } = layer;
  const accesses = countAccesses(layer, figures);
  const levels = model.operands.map((operand, o) =>
    accesses[o]!.map((counts, m) =>
      DIRECTIONS.reduce((sum, d) => sum + counts[d] * accessEnergy(operand.levels[m]!, d), 0),
    ),
  );
  const memoryEnergy = levels.flat().reduce((sum, energy) => sum + energy, 0);
  const macEnergy = operationEnergy(layer);
  const time = timing(layer, figures, blocks);
  const spans = makespans(time);
  const byOperand = <T>(values: readonly T[]) =>
    Object.fromEntries(model.operands.map(({ name }, o) => [name, values[o]!]));
  return {
    energy: macEnergy + memoryEnergy,
    macEnergy,
    memoryEnergy,
    accesses: byOperand(accesses),
    energyByLevel: byOperand(levels),
    idealCycles: Math.ceil(model.macs / model.units),
    temporalCycles: computeCycles(layer),
    ...spans,
    latencyCycles: spans.offloadedCycles,
    occupancy: occupancy(layer, figures, blocks),
    portCycles: Object.fromEntries(
      layer.ports.flatMap((port, i) => (time.ports[i]! > 0 ? [[port, time.ports[i]!] as const] : [])),
    ),
  };
}

/** Per operand of the problem and level, in accesses of the full port width; operands of zero bits have none. */
function countAccesses(layer: ExactLayer, figures: readonly OperandFigures[]): readonly (readonly MutableAccesses[])[] {
  const accesses = layer.model.operands.map(({ levels }) => levels.map(() => ({ tl: 0, fl: 0, th: 0, fh: 0 })));
  layer.operands.forEach(({ index }, o) => {
    for (const { flow, accesses: each, visits } of figures[o]!.flows.flat()) {
      const { upper, lower } = flow;
      accesses[index]![upper.level]![upper.direction] += visits.upper * each.upper;
      if (lower !== undefined) accesses[index]![lower.level]![lower.direction] += visits.lower * each.lower;
    }
  });
  return accesses;
}

function timing(layer: ExactLayer, figures: readonly OperandFigures[], blocks: Blocks) {
  const total = startTiming(computeCycles(layer), layer.ports.length);
  figures.forEach(({ flows }, o) => {
    flows.forEach((crossing, i) => {
      const overlap = i === 0 ? "array" : blocks[o]![i - 1]!;
      for (const { flow, cycles, visits } of crossing) addFlow(total, flow, cycles, visits, overlap);
    });
  });
  return total;
}

/** Bits in one instance of each memory, without homes (which belong to the caller). */
export function occupancy(
  layer: ExactLayer,
  figures: readonly OperandFigures[],
  blocks: Blocks,
): Readonly<Record<string, number>> {
  const used: Record<string, number> = {};
  for (const { memory, residents } of layer.model.memories) if (residents.length > 0) used[memory.id] = 0;
  layer.operands.forEach(({ model }, o) => {
    figures[o]!.blockBits.forEach((bits, m) => {
      used[model.levels[m]!.memory.id]! += bits * blocks[o]![m]!;
    });
  });
  return used;
}

/** The mapping in the words of the house. */
export function mappingOf(layer: ExactLayer, { loops, positions }: CutOrder, blocks: Blocks): Mapping {
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
    spatial: array.unrolling.filter(({ size }) => size > 1),
    levels: Object.fromEntries(model.operands.map(({ name, levels }) => [name, levels.map(({ memory }) => memory.id)])),
    boundaries: perLevel(positions, loops.length),
    copies: perLevel<Copies>(blocks, 1),
  };
}
