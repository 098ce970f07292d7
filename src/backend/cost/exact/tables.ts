/** Prices of every cut by what lies below it: each is a function of the placed loops alone (EM §3, Tables). */
import type { Visits } from "./axis-figures.js";
import { blockSums, cutVisits, type FlowAccesses, flowAccesses, flowCycles, flowVisits } from "./block-sums.js";
import { type Cut, type ExactLayer, type ExactOperand, heldLevels } from "./exact-layer.js";
import { heldWidth, leavesPartial } from "./figures.js";
import { Memo } from "./memo.js";
import { type AxisMemo, axisMemo, type CutSums, cutSums } from "./relevant-sums.js";
import type { StateSpace } from "./space.js";
import { serialCycles } from "./times.js";

/** Cycles of a cut at one state. */
export interface CutTimes {
  /** Serial cycles with one and with two blocks reserved. */
  readonly serial: readonly [number, number];
  readonly ports: readonly PortCycles[];
}

export interface PortCycles {
  readonly port: number;
  readonly cycles: number;
}

/** The cut above a held level of an operand, per state of the space: what it costs if the state lies below it. */
export interface CutTable {
  /** Position of the memory that holds the level. */
  readonly memory: number;
  /** pJ. Partial sums are priced as if no replica were added above (see `replicas`). */
  readonly energy: Float64Array;
  /** Bits of one block at the width of a finished value, and at the width of a partial sum. */
  readonly bits: Float64Array;
  readonly partialBits: Float64Array;
  /** 1 where a partial sum reaches the level above. */
  readonly leavesPartial: Uint8Array;
  readonly timesAt: (state: number) => CutTimes;
  /** Times that a sum starts anew below the cut beyond what starts anew above it; `undefined`: nowhere. */
  readonly replicas: Float64Array | undefined;
  /** pJ that one visit of old partial sums costs; empty where there are none. */
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
  readonly ports: readonly PortCycles[];
  readonly leavesPartial: boolean;
}

/** Tables of single operands and cuts, which many problems share: those of other homes, of other room, of other layers. */
export interface TableMemo {
  readonly figures: AxisMemo;
  readonly sums: Memo<CutSums>;
  readonly cuts: Memo<CutTable>;
  readonly arrays: Memo<ArrayCosts>;
  readonly operands: Memo<OperandTables>;
  /** The latest ones of an operand, by the operand itself. */
  readonly latest: WeakMap<ExactOperand, { readonly space: string; readonly tables: OperandTables }>;
}

/** Numbers that are kept of each kind; a state of a space has several. */
const KEPT_STATES = 200_000;

const KEPT_ARRAYS = 10_000;

export const tableMemo = (): TableMemo => ({
  figures: axisMemo(),
  sums: new Memo(KEPT_STATES, ({ relevant, sums }) => relevant.length + 10 * sums.length),
  cuts: new Memo(KEPT_STATES, ({ energy }) => energy.length),
  arrays: new Memo(KEPT_ARRAYS),
  operands: new Memo(KEPT_STATES, ({ cuts }) => 1 + cuts.reduce((sum, { energy }) => sum + energy.length, 0)),
  latest: new WeakMap(),
});

export interface Tables {
  readonly layer: ExactLayer;
  readonly space: StateSpace;
  readonly operands: readonly OperandTables[];
}

export function priceTables(layer: ExactLayer, space: StateSpace, memo = tableMemo()): Tables {
  return { layer, space, operands: layer.operands.map((operand) => tablesFor(operand, space, memo)) };
}

function tablesFor(operand: ExactOperand, space: StateSpace, memo: TableMemo): OperandTables {
  const latest = memo.latest.get(operand);
  if (latest?.space === space.key) return latest.tables;
  const made = memo.operands.of(`${space.key} /// ${operand.key}`, () => operandTables(operand, space, memo));
  const tables = { ...made, operand };
  memo.latest.set(operand, { space: space.key, tables });
  return tables;
}

function operandTables(operand: ExactOperand, space: StateSpace, memo: TableMemo): OperandTables {
  const { whole, homeReplicas, model } = operand;
  const arrayKey = [whole, homeReplicas, model.isOutput, operand.cuts[0]!.key].join(" / ");
  const { price, oldEnergy } = memo.arrays.of(arrayKey, () => arrayPrice(operand));
  const cuts = Array.from({ length: heldLevels(operand) }, (_, level) => {
    const { key, axes, layout } = operand.cuts[level + 1]!;
    const sums = memo.sums.of([space.key, whole, axes.key, JSON.stringify(layout)].join(" / "), () =>
      cutSums(whole, axes, space, memo.figures, layout),
    );
    const { isOutput, bits, finalBits, levels } = model;
    const facts = [space.key, whole, homeReplicas, isOutput, bits, finalBits, levels[level]!.memoryIndex, key];
    const table = memo.cuts.of(facts.join(" / "), () => cutTable(operand, level, sums));
    return table.replicas === undefined ? table : withoutReplicas(table, table.replicas, oldEnergy);
  });
  return { operand, cuts, array: price };
}

/** Old sums that the array reads, which replicas above do not need. */
const withoutReplicas = (table: CutTable, replicas: Float64Array, oldEnergy: number): CutTable => ({
  ...table,
  energy: table.energy.map((energy, state) => energy - replicas[state]! * oldEnergy),
});

/** What the array's cut costs, and one visit of old partial sums there, pJ. */
interface ArrayCosts {
  readonly price: ArrayPrice;
  readonly oldEnergy: number;
}

function arrayPrice(operand: ExactOperand): ArrayCosts {
  const cut = operand.cuts[0]!;
  const visits = cutVisits(cut.axes, () => 1);
  const sums = blockSums(operand.whole, cut.axes, () => 1, cut.layout);
  const energies = cut.flows.map((flow) => visitEnergy(flow, flowAccesses(flow, sums)));
  const times = cut.flows.map(({ kind }) => flowVisits(kind, cut, visits, operand.homeReplicas));
  const price: ArrayPrice = {
    energy: energies.reduce((sum, { upper }, i) => sum + times[i]!.upper * upper, 0),
    ports: cut.flows.map((flow, i) => ({
      port: flow.upper.portIndex,
      cycles: times[i]!.busy * flowCycles(flow, sums).upper,
    })),
    leavesPartial: operand.model.isOutput && leavesPartial(cut, visits),
  };
  return { price, oldEnergy: energies[cut.flows.findIndex(({ kind }) => kind === "old")]?.upper ?? 0 };
}

/** pJ of one visit of every block at either end of a flow. */
function visitEnergy({ upper, lower }: Cut["flows"][number], accesses: FlowAccesses): FlowAccesses {
  return { upper: accesses.upper * upper.energy, lower: lower === undefined ? 0 : accesses.lower * lower.energy };
}

/** By the list of sums, which spaces share, and by the ends of the flow. */
const ENERGIES = new WeakMap<CutSums["sums"], Map<string, readonly FlowAccesses[]>>();

function visitEnergies(flow: Cut["flows"][number], sums: CutSums["sums"]): readonly FlowAccesses[] {
  const byEnds = ENERGIES.get(sums) ?? new Map<string, readonly FlowAccesses[]>();
  ENERGIES.set(sums, byEnds);
  const key = [flow.upper, flow.lower].map(endKey).join(" | ");
  const known = byEnds.get(key) ?? sums.map((each) => visitEnergy(flow, flowAccesses(flow, each)));
  byEnds.set(key, known);
  return known;
}

const endKey = (end: Cut["flows"][number]["lower"]): string =>
  end === undefined ? "" : `${end.port.granularity} ${end.port.bandwidth} ${end.energy} ${end.width}`;

function cutTable(operand: ExactOperand, level: number, cutSums: CutSums): CutTable {
  const cut = operand.cuts[level + 1]!;
  const { model } = operand;
  const { relevant, sums, irrelevant, visits } = cutSums;
  const flows = cut.flows.map((flow) => ({
    flow,
    energies: visitEnergies(flow, sums),
    visits: visits.map((each) => flowVisits(flow.kind, cut, each, operand.homeReplicas)),
  }));
  const bySums = (value: (index: number) => number) => gather(sums.length, relevant, value);
  const byVisits = (value: (visits: Visits) => number) => gather(visits.length, irrelevant, (i) => value(visits[i]!));
  const old = flows.find(({ flow }) => flow.kind === "old");
  const replicates = model.isOutput && visits.some(({ upper, lower }) => lower > upper);
  return {
    memory: model.levels[level]!.memoryIndex,
    energy: flowEnergies(flows, relevant, irrelevant),
    bits: bySums((i) => sums[i]!.largest * heldWidth(model, false)),
    partialBits: bySums((i) => sums[i]!.largest * heldWidth(model, true)),
    leavesPartial: Uint8Array.from(byVisits((each) => (model.isOutput && leavesPartial(cut, each) ? 1 : 0))),
    timesAt: cutTimes(cut, cutSums),
    replicas: replicates ? byVisits(({ upper, lower }) => lower - upper) : undefined,
    oldEnergy: old === undefined ? new Float64Array(0) : bySums((i) => old.energies[i]!.upper + old.energies[i]!.lower),
  };
}

interface FlowTable {
  /** Per visit, by relevant state. */
  readonly energies: readonly FlowAccesses[];
  /** By irrelevant state. */
  readonly visits: readonly Visits[];
}

function flowEnergies(flows: readonly FlowTable[], relevant: Int32Array, irrelevant: Int32Array): Float64Array {
  const energy = new Float64Array(relevant.length);
  for (const { energies, visits } of flows) {
    for (let state = 0; state < energy.length; state++) {
      const each = energies[relevant[state]!]!;
      const times = visits[irrelevant[state]!]!;
      energy[state]! += times.upper * each.upper + times.lower * each.lower;
    }
  }
  return energy;
}

/** Values that depend on a projected state alone, per state. */
function gather(count: number, index: Int32Array, value: (projected: number) => number): Float64Array {
  const values = Float64Array.from({ length: count }, (_, i) => value(i));
  const all = new Float64Array(index.length);
  for (let state = 0; state < all.length; state++) all[state] = values[index[state]!]!;
  return all;
}

/** Few states are ever asked for their times. */
function cutTimes(cut: Cut, { relevant, sums, irrelevant, visits }: CutSums): (state: number) => CutTimes {
  const known = new Map<number, CutTimes>();
  return (state) => {
    const r = relevant[state]!;
    const i = irrelevant[state]!;
    const key = r * visits.length + i;
    const times = known.get(key) ?? timesOf(cut, sums[r]!, visits[i]!);
    known.set(key, times);
    return times;
  };
}

function timesOf(cut: Cut, sums: CutSums["sums"][number], visits: Visits): CutTimes {
  const serial: [number, number] = [0, 0];
  const ports: PortCycles[] = [];
  for (const flow of cut.flows) {
    const cycles = flowCycles(flow, sums);
    const { busy } = flowVisits(flow.kind, cut, visits, 0);
    serial[0] += serialCycles(flow, cycles, busy, 1);
    serial[1] += serialCycles(flow, cycles, busy, 2);
    ports.push({ port: flow.upper.portIndex, cycles: busy * cycles.upper });
    if (flow.lower !== undefined) ports.push({ port: flow.lower.portIndex, cycles: busy * cycles.lower });
  }
  return { serial, ports };
}
