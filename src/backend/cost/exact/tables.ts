/** Prices of every cut by what lies below it: each is a function of the placed loops alone (EM §3, Tables). */
import type { Visits } from "./axis-figures.js";
import { blockSums, cutVisits, type FlowPrice, flowPrice, flowVisits } from "./block-sums.js";
import { type Cut, type ExactLayer, type ExactOperand, heldLevels } from "./exact-layer.js";
import { heldWidth, leavesPartial } from "./figures.js";
import { projection, type StateSpace } from "./space.js";
import { serialCycles } from "./times.js";

/** A port's cycles per state. */
export interface PortCycles {
  readonly port: number;
  readonly cycles: Float64Array;
}

/** The cut above a held level of an operand, per state of the space: what it costs if the state lies below it. */
export interface CutTable {
  /** Position of the memory that holds the level. */
  readonly memory: number;
  /** pJ; infinite where the cut may not be. Partial sums are priced as if no replica were added above (see `replicas`). */
  readonly energy: Float64Array;
  /** Bits of one block at the width of a finished value, and at the width of a partial sum. */
  readonly bits: Float64Array;
  readonly partialBits: Float64Array;
  /** 1 where a partial sum reaches the level above. */
  readonly leavesPartial: Uint8Array;
  /** Serial cycles with one and with two blocks reserved. */
  readonly serial: readonly [Float64Array, Float64Array];
  readonly ports: readonly PortCycles[];
  /** Times that a sum starts anew below the cut beyond what starts anew above it; `undefined`: nowhere. */
  readonly replicas: Float64Array | undefined;
  /** pJ that one visit of old partial sums costs. */
  readonly oldEnergy: Float64Array;
}

export interface OperandTables {
  readonly operand: ExactOperand;
  /** Per held level. */
  readonly cuts: readonly CutTable[];
  /** The array's cut, which is where it is. */
  readonly array: ArrayPrice;
}

export interface ArrayPrice {
  readonly energy: number;
  readonly ports: readonly { readonly port: number; readonly cycles: number }[];
  readonly leavesPartial: boolean;
}

export interface Tables {
  readonly layer: ExactLayer;
  readonly space: StateSpace;
  readonly operands: readonly OperandTables[];
}

export function priceTables(layer: ExactLayer, space: StateSpace): Tables {
  return { layer, space, operands: layer.operands.map((operand) => operandTables(operand, space)) };
}

function operandTables(operand: ExactOperand, space: StateSpace): OperandTables {
  const cuts = Array.from({ length: heldLevels(operand) }, (_, level) => cutTable(operand, level, space));
  const { price, oldEnergy } = arrayPrice(operand);
  for (const { energy, replicas } of cuts) {
    if (replicas === undefined) continue;
    for (let state = 0; state < energy.length; state++) energy[state]! -= replicas[state]! * oldEnergy;
  }
  return { operand, cuts, array: price };
}

function arrayPrice(operand: ExactOperand) {
  const cut = operand.cuts[0]!;
  const blockOf = () => 1;
  const visits = cutVisits(cut, blockOf);
  const prices = pricesOf(operand, cut, blockOf);
  const ports = cut.flows.map((flow, i) => ({
    port: flow.upper.portIndex,
    cycles: flowVisits(flow.kind, cut, visits, operand.homeReplicas).busy * prices.flows[i]!.upperCycles,
  }));
  const price: ArrayPrice = {
    energy: cut.flows.reduce((sum, _, i) => sum + flowEnergy(operand, cut, i, prices.flows[i]!, visits), 0),
    ports,
    leavesPartial: operand.model.isOutput && leavesPartial(cut, visits),
  };
  return { price, oldEnergy: visitEnergy(cut, prices.flows) };
}

interface RelevantPrice {
  readonly largest: number;
  readonly flows: readonly FlowPrice[];
}

function pricesOf(operand: ExactOperand, cut: Cut, blockOf: (dim: string) => number): RelevantPrice {
  const sums = blockSums(operand, cut, blockOf);
  return { largest: sums.largest, flows: cut.flows.map((flow) => flowPrice(flow, sums)) };
}

/** pJ of all visits of one flow, where nothing but the home's replicas starts anew. */
function flowEnergy(operand: ExactOperand, cut: Cut, i: number, price: FlowPrice, visits: Visits): number {
  const { kind, upper, lower } = cut.flows[i]!;
  const times = flowVisits(kind, cut, visits, operand.homeReplicas);
  const above = times.upper * price.upperAccesses * upper.energy;
  return lower === undefined ? above : above + times.lower * price.lowerAccesses * lower.energy;
}

/** pJ of one visit of old partial sums. */
function visitEnergy(cut: Cut, prices: readonly FlowPrice[]): number {
  const i = cut.flows.findIndex(({ kind }) => kind === "old");
  if (i === -1) return 0;
  const { upper, lower } = cut.flows[i]!;
  const { upperAccesses, lowerAccesses } = prices[i]!;
  return upperAccesses * upper.energy + (lower === undefined ? 0 : lowerAccesses * lower.energy);
}

function cutTable(operand: ExactOperand, level: number, space: StateSpace): CutTable {
  const cut = operand.cuts[level + 1]!;
  const { model } = operand;
  const windowDims = cut.windows.flatMap(({ window }) => [window.out, window.tap]);
  const relevant = projection(space, [...cut.plain.map(({ steps }) => steps.dim), ...windowDims]);
  const irrelevant = projection(
    space,
    cut.irrelevant.map(({ steps }) => steps.dim),
  );
  const prices = Array.from({ length: relevant.count }, (_, i) => pricesOf(operand, cut, relevant.blockOf(i)));
  const visits = Array.from({ length: irrelevant.count }, (_, i) => cutVisits(cut, irrelevant.blockOf(i)));
  const perState = (value: (price: RelevantPrice, visits: Visits) => number) =>
    Float64Array.from(relevant.index, (r, state) => value(prices[r]!, visits[irrelevant.index[state]!]!));
  const busy = (kind: Cut["flows"][number]["kind"], v: Visits) => flowVisits(kind, cut, v, 0).busy;
  const serial = (copies: 1 | 2) =>
    perState((price, v) =>
      cut.flows.reduce((sum, { kind }, i) => sum + serialCycles(kind, price.flows[i]!, busy(kind, v), copies), 0),
    );
  const replicates = visits.some(({ upper, lower }) => lower > upper);
  return {
    memory: model.levels[level]!.memoryIndex,
    energy: perState((price, v) =>
      cut.flows.reduce((sum, _, i) => sum + flowEnergy(operand, cut, i, price.flows[i]!, v), 0),
    ),
    bits: perState(({ largest }) => largest * heldWidth(model, false)),
    partialBits: perState(({ largest }) => largest * heldWidth(model, true)),
    leavesPartial: Uint8Array.from(irrelevant.index, (i) => (model.isOutput && leavesPartial(cut, visits[i]!) ? 1 : 0)),
    serial: [serial(1), serial(2)],
    ports: cut.flows.flatMap(({ kind, upper, lower }, i) => [
      { port: upper.portIndex, cycles: perState((price, v) => busy(kind, v) * price.flows[i]!.upperCycles) },
      ...(lower === undefined
        ? []
        : [{ port: lower.portIndex, cycles: perState((price, v) => busy(kind, v) * price.flows[i]!.lowerCycles) }]),
    ]),
    replicas: model.isOutput && replicates ? perState((_, { upper, lower }) => lower - upper) : undefined,
    oldEnergy: perState(({ flows }) => visitEnergy(cut, flows)),
  };
}
