/** The accelerator: an array of units under a hierarchy of memories. Sizes in bits, energies per access of the full port width. */
import type { Dim } from "./axis-map.js";
import type { Layout } from "./layout.js";
import type { Location } from "./location.js";
import type { Megahertz, PicojoulesPerCycle, SquareMillimetres } from "./physical-units.js";
import type { Bits, BitsPerCycle, Cycles, Picojoules } from "./units.js";

/** What a memory holds, seen from the hardware: `O` outputs, `I1` activations, `I2` weights or a second activation. */
export type MemoryOperand = string;

/** Direction of a movement at one memory: to or from the level below (`low`) or above (`high`). */
export type Direction = "tl" | "fl" | "th" | "fh";

export interface ArrayDim {
  /** `D1`, `D2`, … in canonical order. */
  readonly name: string;
  readonly size: number;
}

export interface OperationalArray {
  readonly dims: readonly ArrayDim[];
  /** Energy of one multiply-accumulate. */
  readonly macEnergy: Picojoules;
  /** Of the whole array. */
  readonly area?: SquareMillimetres;
}

export interface PortService {
  readonly operand: MemoryOperand;
  readonly direction: Direction;
}

export interface Port {
  readonly name: string;
  readonly type: "read" | "write" | "read-write";
  readonly bandwidth: BitsPerCycle;
  /** Smallest transfer, bits; narrower accesses cost a fraction of the full width in steps of it. */
  readonly granularity: Bits;
  /** In the order that decides the reference's sums: operands in the memory's order, each `fh tl fl th`. */
  readonly services: readonly PortService[];
}

export interface Memory {
  readonly id: string;
  readonly size: Bits;
  /** Energy of one read or write of the full port width. */
  readonly readEnergy: Picojoules;
  readonly writeEnergy: Picojoules;
  readonly latency: Cycles;
  /** Operands in declared order, each with its level: the number of earlier memories that hold it. */
  readonly operands: readonly { readonly operand: MemoryOperand; readonly level: number }[];
  /** Array dims over which one instance is shared; the memory is replicated along the others. */
  readonly served: readonly string[];
  /** Read ports, then write ports, then read-write ports. */
  readonly ports: readonly Port[];
  /** Of one instance. */
  readonly staticEnergy?: PicojoulesPerCycle;
  /** Of one instance. */
  readonly area?: SquareMillimetres;
  /** Smallest transfer of a contiguous run, a multiple of every port's granularity. */
  readonly burst?: Bits;
  /** Absent: whatever moves is packed densely (EM §2). */
  readonly layout?: Layout;
}

/** The memories that one layer may use, in declared order (innermost first along every chain), under an array. */
export interface Hierarchy {
  readonly array: OperationalArray;
  readonly memories: readonly Memory[];
}

/** Loop unrolled along an array dim; one array dim may unroll several loops. */
export interface Unroll {
  readonly arrayDim: string;
  readonly dim: Dim;
  readonly size: number;
}

/** Spatial mapping and operand links of an operator type, a layer name or `default`. */
export interface Dataflow {
  readonly name: string;
  readonly unrolling: readonly Unroll[];
  /** Layer operand → memory operand. */
  readonly links: Readonly<Record<string, MemoryOperand>>;
}

/** Executes what multiplies nothing: element-wise operators, pooling, softmax, requantisation. */
export interface VectorUnit {
  readonly lanes: number;
  /** Operations that one lane finishes in a cycle; below 1 where one takes several cycles. */
  readonly operationsPerCycle: number;
  /** Energy of one operation of one lane. */
  readonly operationEnergy: Picojoules;
}

/** Whether MACs of a window that hangs over the border are run, or skipped by the hardware (EM §1). */
export const PADDED_MACS = ["run", "skip"] as const;
export type PaddedMacs = (typeof PADDED_MACS)[number];

/** What is optional is absent where the file does not state it, and then assumed to be none: `assumedNone` lists it. */
export interface Accelerator extends Hierarchy {
  readonly name: string;
  /** In the order of the file; an exact name wins over `default`. */
  readonly dataflows: readonly Dataflow[];
  readonly vectorUnit?: VectorUnit;
  /** Of everything but the memories that state their own. */
  readonly staticEnergy?: PicojoulesPerCycle;
  readonly clock?: Megahertz;
  /** Absent: run. */
  readonly paddedMacs?: PaddedMacs;
  readonly loc: Location;
}

/** Memories that hold `operand`, level 0 (nearest the array) first. */
export const chain = (hierarchy: Pick<Hierarchy, "memories">, operand: MemoryOperand): readonly Memory[] =>
  hierarchy.memories.filter((memory) => memory.operands.some((held) => held.operand === operand));

/** The last memory of every operand's chain, each once: what lies beyond them is not on the machine. */
export function outermostMemories(hierarchy: Pick<Hierarchy, "memories">): readonly Memory[] {
  const operands = new Set(hierarchy.memories.flatMap((memory) => memory.operands.map(({ operand }) => operand)));
  return [...new Set([...operands].map((operand) => chain(hierarchy, operand).at(-1)!))]; // some memory holds each
}

/** Level of `operand` in `memory`; `undefined` where the memory does not hold it. */
export const levelOf = (memory: Memory, operand: MemoryOperand): number | undefined =>
  memory.operands.find((held) => held.operand === operand)?.level;

/** Number of instances of a memory: product of the array dims that one instance does not serve (DF §2.2). */
export const replicas = (array: OperationalArray, memory: Memory): number =>
  array.dims.reduce((count, dim) => (memory.served.includes(dim.name) ? count : count * dim.size), 1);

/** Number of units of the array. */
export const unitCount = (array: OperationalArray): number => array.dims.reduce((count, { size }) => count * size, 1);

/**
 * Port that carries `operand` in `direction`, `undefined` where the hardware has none.
 */
export const portFor = (memory: Memory, operand: MemoryOperand, direction: Direction): Port | undefined =>
  memory.ports.find((port) => port.services.some((s) => s.operand === operand && s.direction === direction));

/** The hierarchy without `operand` in the memories that `remove` names; memories that hold nothing any more disappear (SL §1.3). */
export function withoutOperand(
  hierarchy: Hierarchy,
  operand: MemoryOperand,
  remove: (memory: Memory) => boolean,
): Hierarchy {
  const memories = hierarchy.memories.map((memory) => (remove(memory) ? dropOperand(memory, operand) : memory));
  return { array: hierarchy.array, memories: memories.filter(({ operands }) => operands.length > 0) };
}

/** The hierarchy in which the chain of `operand` ends at `top`; level numbers below do not change. */
export function cutAbove(hierarchy: Hierarchy, operand: MemoryOperand, top: Memory): Hierarchy {
  const limit = levelOf(top, operand);
  if (limit === undefined) throw new Error(`memory '${top.id}' does not hold '${operand}'`);
  return withoutOperand(hierarchy, operand, (memory) => (levelOf(memory, operand) ?? 0) > limit);
}

/** `second` moves into every memory that holds `first`: both inputs of a layer live on one chain (SL §1.2, DF §8.3). */
export function shareChain(hierarchy: Hierarchy, first: MemoryOperand, second: MemoryOperand): Hierarchy {
  const without = withoutOperand(hierarchy, second, () => true);
  const memories = without.memories.map((memory) => {
    const level = levelOf(memory, first);
    if (level === undefined) return memory;
    const ports = memory.ports.map((port) => ({
      ...port,
      services: [
        ...port.services,
        ...port.services.filter((s) => s.operand === first).map((s) => ({ ...s, operand: second })),
      ],
    }));
    return { ...memory, operands: [...memory.operands, { operand: second, level }], ports };
  });
  return { array: without.array, memories };
}

function dropOperand(memory: Memory, operand: MemoryOperand): Memory {
  return {
    ...memory,
    operands: memory.operands.filter((held) => held.operand !== operand),
    ports: memory.ports.map((port) => ({
      ...port,
      services: port.services.filter((service) => service.operand !== operand),
    })),
  };
}
