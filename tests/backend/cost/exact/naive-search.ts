/** Every order, every cut position and every number of blocks, one by one: the plain twin of the search. */
import { computeCycles, type ExactLayer, heldLevels } from "../../../../src/backend/cost/exact/exact-layer.js";
import {
  type Copies,
  levelSerial,
  type OperandFigures,
  orderFigures,
  stationaryPosition,
} from "../../../../src/backend/cost/exact/figures.js";
import type { Loop } from "../../../../src/ir/network.js";

interface Price {
  readonly energy: number;
  readonly latency: number;
}

/** One operand cut in one way. */
interface Choice {
  readonly energy: number;
  readonly serial: number;
  readonly ports: readonly number[];
  /** Bits in each memory of the hierarchy. */
  readonly bits: readonly number[];
}

/** Energy without that of the operations, and latency, of every mapping that fits; the pairs that differ. */
export const allPrices = (layer: ExactLayer, factors: readonly Loop[]): readonly Price[] =>
  pricesOf(layer, distinctOrders(factors));

/** The same of some orders. */
export function pricesOf(layer: ExactLayer, orders: Iterable<readonly Loop[]>): readonly Price[] {
  const compute = computeCycles(layer);
  const found = new Map<string, Price>();
  for (const loops of orders) {
    const choices = layer.operands.map((_, o) => operandChoices(layer, o, loops));
    const none: Choice = {
      energy: 0,
      serial: compute,
      ports: layer.ports.map(() => 0),
      bits: layer.available.map(() => 0),
    };
    for (const { energy, serial, ports } of combined(layer, choices, none)) {
      const price = { energy, latency: Math.max(serial, ...ports) };
      found.set(`${price.energy} ${price.latency}`, price);
    }
  }
  return [...found.values()];
}

function* combined(layer: ExactLayer, choices: readonly (readonly Choice[])[], sum: Choice): Generator<Choice> {
  const [own, ...others] = choices;
  if (own === undefined) {
    yield sum;
    return;
  }
  for (const choice of own) {
    const bits = sum.bits.map((each, m) => each + choice.bits[m]!);
    if (bits.some((each, m) => each > layer.available[m]!)) continue;
    yield* combined(layer, others, {
      energy: sum.energy + choice.energy,
      serial: sum.serial + choice.serial,
      ports: sum.ports.map((each, p) => each + choice.ports[p]!),
      bits,
    });
  }
}

function operandChoices(layer: ExactLayer, o: number, loops: readonly Loop[]): readonly Choice[] {
  const operand = layer.operands[o]!;
  const choices = new Map<string, Choice>();
  for (const stated of positionsOf(heldLevels(operand), loops.length)) {
    const positions = stated.map((at) => stationaryPosition(operand, loops, at));
    const only = { ...layer, operands: [operand] };
    const [figures] = orderFigures(only, { loops, positions: [positions] });
    for (const copies of copiesOf(heldLevels(operand))) {
      const choice = priced(layer, o, figures!, copies);
      choices.set(JSON.stringify(choice), choice);
    }
  }
  return [...choices.values()];
}

function priced(layer: ExactLayer, o: number, figures: OperandFigures, copies: readonly Copies[]): Choice {
  const ports = layer.ports.map(() => 0);
  const bits = layer.available.map(() => 0);
  let energy = 0;
  for (const { flow, accesses, cycles, visits } of figures.flows.flat()) {
    energy += visits.upper * accesses.upper * flow.upper.energy;
    ports[flow.upper.portIndex]! += visits.busy * cycles.upper;
    if (flow.lower === undefined) continue;
    energy += visits.lower * accesses.lower * flow.lower.energy;
    ports[flow.lower.portIndex]! += visits.busy * cycles.lower;
  }
  figures.blockBits.forEach((each, m) => {
    bits[layer.operands[o]!.model.levels[m]!.memoryIndex]! += each * copies[m]!;
  });
  const serial = copies.reduce((sum, each, m) => sum + levelSerial(figures, m, each), 0);
  return { energy, serial, ports, bits };
}

function* distinctOrders(factors: readonly Loop[]): Generator<readonly Loop[]> {
  if (factors.length === 0) yield [];
  const seen = new Set<string>();
  for (const [i, factor] of factors.entries()) {
    const name = `${factor.dim}${factor.size}`;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const rest of distinctOrders(factors.toSpliced(i, 1))) yield [factor, ...rest];
  }
}

function positionsOf(levels: number, loops: number, from = 0): readonly (readonly number[])[] {
  if (levels === 0) return [[]];
  return Array.from({ length: loops + 1 - from }, (_, i) => from + i).flatMap((first) =>
    positionsOf(levels - 1, loops, first).map((rest) => [first, ...rest]),
  );
}

const copiesOf = (levels: number): readonly (readonly Copies[])[] =>
  levels === 0 ? [[]] : copiesOf(levels - 1).flatMap((rest) => [[1, ...rest] as const, [2, ...rest] as const]);
