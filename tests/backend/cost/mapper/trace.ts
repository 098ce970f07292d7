/** Traced layers of the reference as mapping problems; the format is described beside the files. */
import type { Direction, Hierarchy, Memory, Port, PortService } from "../../../../src/ir/accelerator.js";
import type { MappingProblem, OperandShape, WindowShape } from "../../../../src/ir/cost-model.js";
import type { Loop } from "../../../../src/ir/network.js";
import { bits, bitsPerCycle, cycles, picojoules } from "../../../../src/ir/units.js";

type TracedLoop = readonly [dim: string, size: number];
type PerOperand<T> = Readonly<Record<string, T>>;
/** `tl fl th fh`. */
type Four = readonly [number, number, number, number];

interface TracedSpatial {
  readonly loops: readonly (readonly TracedLoop[])[];
  readonly unit_count: readonly number[];
  readonly unit_unique: readonly number[];
  readonly bw_boost: readonly number[];
}

interface TracedTransfers {
  readonly amount: Four;
  readonly precision: Four;
  readonly period: Four;
  readonly count: Four;
  readonly window: Four;
}

interface TracedTraffic {
  readonly data_elem: PerOperand<readonly number[]>;
  readonly data_bit: PerOperand<readonly number[]>;
  readonly effective_bit: PerOperand<readonly number[]>;
  readonly precision: PerOperand<readonly number[]>;
  readonly psum_flag: readonly boolean[];
  readonly movement: PerOperand<readonly TracedTransfers[]>;
}

interface TracedActivity {
  readonly op: string;
  readonly level: number;
  readonly dir: string;
  readonly real: number;
  readonly allowed: number;
  readonly period: number;
  readonly count: number;
}

export interface TracedEvaluation {
  readonly index: number;
  readonly is_optimum: boolean;
  readonly ordering: readonly TracedLoop[];
  readonly stationary: PerOperand<readonly (readonly TracedLoop[])[]>;
  readonly allocation: PerOperand<readonly (readonly TracedLoop[])[]>;
  readonly cycle_per_level: PerOperand<readonly number[]>;
  readonly top_r: PerOperand<readonly number[]>;
  readonly top_ir: PerOperand<readonly number[]>;
  readonly fractional: TracedTraffic;
  readonly integer: TracedTraffic;
  readonly word_access: PerOperand<readonly Four[]>;
  readonly energy: PerOperand<readonly Four[]>;
  readonly energy_per_level: PerOperand<readonly number[]>;
  readonly MAC_energy: number;
  readonly mem_energy: number;
  readonly energy_total: number;
  readonly util_individual: PerOperand<readonly number[]>;
  readonly util_shared: PerOperand<readonly number[]>;
  readonly eff_util_individual: PerOperand<readonly number[]>;
  readonly double_buffer: PerOperand<readonly boolean[]>;
  readonly allowed_cycle: PerOperand<readonly Four[]>;
  readonly real_cycle: PerOperand<readonly Four[]>;
  readonly ports: readonly {
    readonly memory: string;
    readonly port: string;
    readonly activities: readonly TracedActivity[];
    readonly MUW_union: number | null;
    readonly SS_comb: number | null;
  }[];
  readonly SS_comb: number;
  readonly loading: {
    readonly pairs: PerOperand<readonly number[]>;
    readonly individual: PerOperand<number>;
    readonly half_shared: PerOperand<number>;
    readonly shared: PerOperand<number>;
    readonly cycle: number;
  };
  readonly offloading: { readonly pairs: readonly (readonly [number, unknown])[]; readonly cycle: number };
  readonly latency: {
    readonly ideal_cycle: number;
    readonly ideal_temporal_cycle: number;
    readonly latency_total0: number;
    readonly latency_total1: number;
    readonly latency_total2: number;
  };
}

interface TracedMemory {
  readonly name: string;
  readonly size_bit: number;
  readonly r_bw: number;
  readonly w_bw: number;
  readonly r_bw_min: number;
  readonly w_bw_min: number;
  readonly r_cost: number;
  readonly w_cost: number;
  readonly latency: number;
  readonly operands: readonly string[];
  readonly level_of_operand: Readonly<Record<string, number>>;
  readonly served_dimensions: readonly string[];
  readonly ports: readonly { readonly name: string; readonly serves: readonly (readonly [string, number, string])[] }[];
}

export interface Trace {
  readonly case: string;
  readonly layer: {
    readonly equation: string;
    readonly equation_relations: readonly string[];
    readonly loop_dim_size: Readonly<Record<string, number>>;
    readonly operand_precision: Readonly<Record<string, number>>;
    readonly memory_operand_links: Readonly<Record<string, string>>;
    readonly operands_in_order: readonly string[];
    readonly total_MAC_count: number;
  };
  readonly user_spatial_mapping: Readonly<Record<string, TracedLoop>>;
  readonly spatial_fractional: PerOperand<TracedSpatial>;
  readonly spatial_integer: PerOperand<TracedSpatial>;
  readonly hardware_as_used: {
    readonly array_dimensions: Readonly<Record<string, number>>;
    readonly mac_energy: number;
    readonly memories_in_insertion_order: readonly TracedMemory[];
  };
  readonly search: {
    readonly lpf_limit: number;
    readonly lpfs: readonly TracedLoop[];
    readonly orderings: number;
    readonly feasible: number;
    readonly optimum_index: number;
    readonly all: readonly (readonly (number | null)[] | null)[];
  };
  readonly evaluations: readonly TracedEvaluation[];
}

const DIRECTION: Readonly<Record<string, Direction>> = {
  rd_out_to_low: "tl",
  wr_in_by_low: "fl",
  rd_out_to_high: "th",
  wr_in_by_high: "fh",
};

export const direction = (name: string): Direction => {
  const known = DIRECTION[name];
  if (known === undefined) throw new Error(`unknown direction '${name}'`);
  return known;
};

export const loops = (traced: readonly TracedLoop[]): readonly Loop[] => traced.map(([dim, size]) => ({ dim, size }));

export function problemOf({ layer, user_spatial_mapping, hardware_as_used }: Trace): MappingProblem {
  const finalOutputBits = layer.operand_precision.O_final;
  if (finalOutputBits === undefined) throw new Error("the trace has no final output precision");
  return {
    loops: Object.entries(layer.loop_dim_size).map(([dim, size]) => ({ dim, size })),
    operands: layer.operands_in_order.map((name) => operandShape(layer, name)),
    finalOutputBits,
    hierarchy: hierarchyOf(hardware_as_used),
    unrolling: Object.entries(user_spatial_mapping).map(([arrayDim, [dim, size]]) => ({ arrayDim, dim, size })),
  };
}

function operandShape(layer: Trace["layer"], name: string): OperandShape {
  const indices = indexNames(layer.equation, name);
  const relations = layer.equation_relations.map(parseRelation);
  const isWindowed = relations.some(({ axis }) => indices.includes(axis));
  const windows = isWindowed ? relations.map(({ window }) => window) : [];
  const behindWindow = new Set(windows.flatMap(({ out, tap }) => [out, tap]));
  const relevant = indices.filter((dim) => (layer.loop_dim_size[dim] ?? 1) > 1 && !behindWindow.has(dim));
  const [memoryOperand, width] = [layer.memory_operand_links[name], layer.operand_precision[name]];
  if (memoryOperand === undefined || width === undefined) throw new Error(`operand '${name}' is not described`);
  return { name, memoryOperand, bits: width, relevant, windows };
}

/** `I[b][c][ix]` → `B C IX`. */
function indexNames(equation: string, operand: string): readonly string[] {
  const indices = new RegExp(`${operand}((?:\\[\\w+\\])+)`).exec(equation)?.[1] ?? "";
  return [...indices.matchAll(/\w+/g)].map(([index]) => index.toUpperCase());
}

/** `ix=2*ox+1*fx`. */
function parseRelation(text: string): { readonly axis: string; readonly window: WindowShape } {
  const match = /^(\w+)=(\d+)\*(\w+)\+(\d+)\*(\w+)$/.exec(text);
  if (match === null) throw new Error(`cannot read the relation '${text}'`);
  const [, axis = "", stride, out = "", dilation, tap = ""] = match;
  const window = { out: out.toUpperCase(), tap: tap.toUpperCase(), stride: Number(stride), dilation: Number(dilation) };
  return { axis: axis.toUpperCase(), window };
}

function hierarchyOf(hardware: Trace["hardware_as_used"]): Hierarchy {
  const dims = Object.entries(hardware.array_dimensions).map(([name, size]) => ({ name, size }));
  return {
    array: { dims, macEnergy: picojoules(hardware.mac_energy) },
    memories: hardware.memories_in_insertion_order.map(memoryOf),
  };
}

function memoryOf(traced: TracedMemory): Memory {
  return {
    id: traced.name,
    size: bits(traced.size_bit),
    readEnergy: picojoules(traced.r_cost),
    writeEnergy: picojoules(traced.w_cost),
    latency: cycles(traced.latency),
    operands: traced.operands.map((operand) => ({ operand, level: traced.level_of_operand[operand] ?? Number.NaN })),
    served: traced.served_dimensions,
    ports: traced.ports.map(({ name, serves }) => portOf(traced, name, serves)),
  };
}

function portOf(memory: TracedMemory, name: string, serves: readonly (readonly [string, number, string])[]): Port {
  const services = serves.map(([operand, , dir]): PortService => ({ operand, direction: direction(dir) }));
  const isWrite = name.startsWith("w_");
  return {
    name,
    type: isWrite ? "write" : name.startsWith("rw_") ? "read-write" : "read",
    bandwidth: bitsPerCycle(isWrite ? memory.w_bw : memory.r_bw),
    granularity: bits(isWrite ? memory.w_bw_min : memory.r_bw_min),
    services,
  };
}
