/**
 * The plain evaluation of one loop order: every step in turn, each a record that the next one takes. The search's tables must agree
 * with it to the last bit.
 */
import type { LayerCost, Mapping } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import { allocate, type Cuts } from "./allocation.js";
import {
  loopsPerLevel,
  type OperandCycles,
  type OperandData,
  operandCycles,
  operandData,
  overflowingMemory,
  stationaryCuts,
  type Utilisation,
  utilisation,
} from "./analysis.js";
import { memoryEnergy, type OperandEnergy, operandEnergy } from "./energy.js";
import type { LayerModel } from "./layer-model.js";
import type { Loading, Offloading } from "./loading.js";
import { type Movement, operandMovements } from "./movement.js";
import type { MapperPolicies } from "./policies.js";
import type { OperandSpatial, SpatialMapping } from "./spatial.js";
import { layerStall, type PortLoad, portLoads } from "./stalls.js";
import { type MovementTimes, transferTimes } from "./transfer-times.js";

/** Data and movements under one spatial mapping, per operand. */
export interface Traffic {
  readonly data: readonly OperandData[];
  readonly movements: readonly (readonly Movement[])[];
}

/** Everything about a cut loop order that its energy depends on; per operand in layer order. */
export interface EnergyEvaluation {
  readonly order: readonly Loop[];
  readonly cuts: Cuts;
  readonly cycles: readonly OperandCycles[];
  readonly fractional: Traffic;
  readonly utilisation: Utilisation;
  readonly operands: readonly OperandEnergy[];
  readonly macEnergy: number;
  readonly memoryEnergy: number;
  readonly energy: number;
}

export interface LatencyEvaluation {
  readonly integer: Traffic;
  readonly effectiveUtilisation: Utilisation;
  readonly doubleBuffered: readonly (readonly boolean[])[];
  readonly times: readonly (readonly MovementTimes[])[];
  readonly ports: readonly PortLoad[];
  readonly loading: Loading;
  readonly offloading: Offloading;
  readonly idealCycles: number;
  readonly temporalCycles: number;
  readonly computationCycles: number;
  readonly loadedCycles: number;
  readonly offloadedCycles: number;
}

export type Feasible<T> =
  | ({ readonly feasible: true } & T)
  /** The memory, by position in the hierarchy, that cannot hold what must stay in it. */
  | { readonly feasible: false; readonly memory: number };

/** Energy of an order that capacity cuts. */
export function evaluateEnergy(
  layer: LayerModel,
  spatial: SpatialMapping,
  order: readonly Loop[],
  policies: MapperPolicies,
): Feasible<EnergyEvaluation> {
  const allocation = allocate(layer, spatial, order, policies.sizes, policies.capacityCuts);
  return allocation.feasible ? evaluateCuts(layer, spatial, order, allocation.cuts, policies) : allocation;
}

/**
 * Energy of an order with stated cuts.
 *
 * @param given - per operand and memory level: loops at or below it; the last one is the number of loops
 */
export function evaluateCuts(
  layer: LayerModel,
  spatial: SpatialMapping,
  order: readonly Loop[],
  given: Cuts,
  policies: MapperPolicies,
): Feasible<EnergyEvaluation> {
  const cuts = stationaryCuts(layer, order, given);
  const cycles = layer.operands.map((operand, o) => operandCycles(operand, order, cuts[o]!));
  const fractional = traffic(layer, spatial.fractional, order, cuts, cycles, policies);
  const filled = utilisation(
    layer,
    fractional.data.map(({ bits }) => bits),
  );
  const overflow = overflowingMemory(layer, filled, policies.capacityCuts);
  if (overflow !== undefined) return { feasible: false, memory: overflow };
  const operands = layer.operands.map((operand, o) =>
    operandEnergy(operand, fractional.movements[o]!, spatial.fractional[o]!, policies.words),
  );
  const macEnergy = layer.array.macEnergy * layer.macs;
  const memory = memoryEnergy(operands);
  return {
    feasible: true,
    order,
    cuts,
    cycles,
    fractional,
    utilisation: filled,
    operands,
    macEnergy,
    memoryEnergy: memory,
    energy: memory + macEnergy,
  };
}

/** Latency of what `evaluateEnergy` has cut. */
export function evaluateLatency(
  layer: LayerModel,
  spatial: SpatialMapping,
  { order, cuts, cycles, fractional }: EnergyEvaluation,
  policies: MapperPolicies,
): LatencyEvaluation {
  const integer = traffic(layer, spatial.integer, order, cuts, cycles, policies);
  const effectiveUtilisation = utilisation(
    layer,
    fractional.data.map(({ effectiveBits }) => effectiveBits),
  );
  const doubleBuffered = policies.doubleBuffering(layer, effectiveUtilisation);
  const times = transferTimes(layer, integer.movements, doubleBuffered, policies.stalls.pace);
  const ports = portLoads(layer, times, policies.stalls);
  const loading = policies.loading.load(layer, times);
  const offloading = policies.loading.offload(layer, times);
  const temporalCycles = order.reduce((product, { size }) => product * size, 1);
  const computationCycles = temporalCycles + layerStall(ports);
  return {
    integer,
    effectiveUtilisation,
    doubleBuffered,
    times,
    ports,
    loading,
    offloading,
    idealCycles: Math.ceil(layer.macs / layer.units),
    temporalCycles,
    computationCycles,
    loadedCycles: computationCycles + loading.cycles,
    offloadedCycles: computationCycles + loading.cycles + offloading.cycles,
  };
}

export function layerCost(layer: LayerModel, energy: EnergyEvaluation, latency: LatencyEvaluation): LayerCost {
  const { idealCycles, temporalCycles, computationCycles, loadedCycles, offloadedCycles } = latency;
  return {
    energy: energy.energy,
    macEnergy: energy.macEnergy,
    memoryEnergy: energy.memoryEnergy,
    accesses: byOperand(layer, (o) => energy.operands[o]!.words),
    energyByLevel: byOperand(layer, (o) => energy.operands[o]!.levels),
    idealCycles,
    temporalCycles,
    computationCycles,
    loadedCycles,
    offloadedCycles,
    latencyCycles: loadedCycles,
    occupancy: occupancy(layer, energy.fractional.data),
  };
}

export const mappingOf = (layer: LayerModel, spatial: SpatialMapping, { order, cuts }: EnergyEvaluation): Mapping => ({
  loops: order,
  spatial: spatial.unrolling,
  levels: byOperand(layer, (o) => layer.operands[o]!.levels.map(({ memory }) => memory.id)),
  boundaries: byOperand(layer, (o) => cuts[o]!),
});

function traffic(
  layer: LayerModel,
  spatial: readonly OperandSpatial[],
  order: readonly Loop[],
  cuts: Cuts,
  cycles: readonly OperandCycles[],
  { sizes, partialSums }: MapperPolicies,
): Traffic {
  const data = layer.operands.map((operand, o) =>
    operandData(operand, loopsPerLevel(order, cuts[o]!), spatial[o]!, cycles[o]!, sizes, partialSums),
  );
  const movements = layer.operands.map((operand, o) =>
    operandMovements(operand, data[o]!, cycles[o]!, spatial[o]!, partialSums),
  );
  return { data, movements };
}

/** Bits of all operands in one instance of each memory that holds any. */
function occupancy(layer: LayerModel, data: readonly OperandData[]): Readonly<Record<string, number>> {
  const used = layer.memories.filter(({ residents }) => residents.length > 0);
  return Object.fromEntries(
    used.map(({ memory, residents }) => [
      memory.id,
      residents.reduce((sum, { operand, level }) => sum + data[operand]!.bits[level + 1]!, 0),
    ]),
  );
}

const byOperand = <T>(layer: LayerModel, value: (operand: number) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(layer.operands.map(({ name }, o) => [name, value(o)]));
