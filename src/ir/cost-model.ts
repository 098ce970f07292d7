/**
 * What passes and search may ask of a cost model. The backend implements it; passes see this interface alone, so that a decision
 * never depends on how its price is computed.
 */
import type { Direction, Hierarchy, MemoryOperand, Unroll } from "./accelerator.js";
import type { Dim } from "./axis-map.js";
import type { Layout, Run } from "./layout.js";
import type { Loop } from "./network.js";
import type { RuleSet } from "./rules.js";

/** A window seen by the mapper: `stride·out + dilation·tap`. */
export interface WindowShape {
  readonly out: Dim;
  readonly tap: Dim;
  readonly stride: number;
  readonly dilation: number;
  /** Where the window meets the borders of what is stored; absent: nothing is clipped, as published. */
  readonly clip?: WindowClip;
}

/** `stride·out + dilation·tap + shift` is an index of the stored interval `[0, extent)`; beyond it lies padding (EM §3). */
export interface WindowClip {
  readonly shift: number;
  readonly extent: number;
}

/** One operand as the mapper sees it. */
export interface OperandShape {
  /** Operand of the layer: `O`, `W`, `I`, `X`, `Y`. */
  readonly name: string;
  readonly memoryOperand: MemoryOperand;
  /** Bits per element; of the output: of a partial sum. */
  readonly bits: number;
  /** Loops that index it directly; loops of declared size 1 and loops of a window are left out (SL §1.2). */
  readonly relevant: readonly Dim[];
  /** Axes that it is indexed by through a window. */
  readonly windows: readonly WindowShape[];
  /** Elements of the axes that every iteration reads whole; absent: 1. */
  readonly whole?: number;
  /** How it lies in its home; absent: packed densely, block by block. */
  readonly layout?: OperandLayout;
}

/** A tensor in a memory that states a layout. */
export interface OperandLayout {
  readonly terms: Layout;
  /** Of all that is stored, outermost first. */
  readonly axes: readonly LaidAxis[];
}

export interface LaidAxis {
  readonly name: string;
  readonly extent: number;
  /** Stored index of the first one that the loops reach. */
  readonly offset: number;
  /** Loops that index it in mixed radix, outermost first; or the position of a window. */
  readonly index: readonly Dim[] | number;
}

/** Everything that the cost of one layer on one tile depends on (SL §11.7). Equal problems have equal answers. */
export interface MappingProblem {
  /** Loops with the sizes of this tile, in declared order. */
  readonly loops: readonly Loop[];
  /** Output first. */
  readonly operands: readonly OperandShape[];
  /** Bits of a finished output element. */
  readonly finalOutputBits: number;
  /** The memories that may be used. */
  readonly hierarchy: Hierarchy;
  readonly unrolling: readonly Unroll[];
  /**
   * Bits of each memory that blocks of this layer may take. The highest memory of an operand is its home: what lives there is in a
   * buffer of its own, which is taken off here. Absent: memories are empty, and what the highest memory holds counts too (DF-Q13).
   */
  readonly available?: Readonly<Record<string, number>>;
  /** No partial sum reaches the home of the output, which has room for results alone. */
  readonly finishesBelowHome?: true;
  /** What one operation of the layer costs, where it differs from a multiply-accumulate of the array. */
  readonly operation?: OperationCost;
  /** What the machine draws in every cycle, pJ: counts in the choice of the mapping, not in its energy. Absent: nothing. */
  readonly staticEnergy?: number;
}

/** Operations that a vector unit does, or that the hardware leaves out because they meet padding alone. */
export interface OperationCost {
  /** Energy of one, pJ. */
  readonly energy: number;
  /** Share of the loops' iterations that count. */
  readonly share: number;
  /** Operations per cycle; absent: as many as the array's unrolling does. */
  readonly perCycle?: number;
}

/** One mapping: the order of the loops and, per operand, where its levels cut that order. */
export interface Mapping {
  /** Innermost first. */
  readonly loops: readonly Loop[];
  /** Unrolling as used; sizes may be fractional under the published rules (SL §2.1). */
  readonly spatial: readonly Unroll[];
  /** Memories of each operand, innermost first. */
  readonly levels: Readonly<Record<string, readonly string[]>>;
  /** Per operand: number of loops at or below each of its levels. */
  readonly boundaries: Readonly<Record<string, readonly number[]>>;
  /** Per operand and level: blocks that are reserved; with 2, one is refilled while the other is in use. Absent: published rules. */
  readonly copies?: Readonly<Record<string, readonly (1 | 2)[]>>;
}

/** Accesses of the full port width in each direction at one memory level; fractional where the granularity is finer. */
export type Accesses = Readonly<Record<Direction, number>>;

/** Cost of one layer on one tile; energies in pJ, times in cycles. */
export interface LayerCost {
  readonly energy: number;
  readonly macEnergy: number;
  readonly memoryEnergy: number;
  /** Per operand and level, innermost first. */
  readonly accesses: Readonly<Record<string, readonly Accesses[]>>;
  readonly energyByLevel: Readonly<Record<string, readonly number[]>>;
  /** Cycles with full use of the array, and with the chosen unrolling, both without stalls. */
  readonly idealCycles: number;
  readonly temporalCycles: number;
  /** Computation with stalls; with initial loading; with final off-loading too. */
  readonly computationCycles: number;
  readonly loadedCycles: number;
  readonly offloadedCycles: number;
  /** Those of them that count in a schedule: published rules leave final off-loading out (DF §10). */
  readonly latencyCycles: number;
  /** Largest footprint of the layer's operands in one instance of each memory, bits. */
  readonly occupancy: Readonly<Record<string, number>>;
  /** Cycles for which each port is busy, by `memory.port`, without idle ones; absent under published rules. */
  readonly portCycles?: Readonly<Record<string, number>>;
}

/** How a mapping was found, so that a reader can trust it. */
export interface SearchCertificate {
  /** Loop orders in the space, and those that were evaluated. */
  readonly orderings: number;
  readonly visited: number;
  /** Whether the result is proven best in the space. */
  readonly optimal: boolean;
}

export type MappingResult =
  | { readonly feasible: true; readonly mapping: Mapping; readonly cost: LayerCost; readonly search: SearchCertificate }
  /** No loop order can be allocated: the named memory cannot hold what must stay in it, of so many bits at least, where that is known. */
  | { readonly feasible: false; readonly memory: string; readonly needs?: number };

/** A mapping as somebody states it; whatever is absent is decided as usual. */
export interface StatedMapping {
  /** Innermost first. */
  readonly loops?: readonly Loop[];
  /** Per operand: number of loops at or below each of its levels. Counts the stated loops. */
  readonly boundaries?: Readonly<Record<string, readonly number[]>>;
  /** Memories of each operand, innermost first. */
  readonly levels?: Readonly<Record<string, readonly string[]>>;
  /** Unrolling as used. */
  readonly spatial?: readonly Unroll[];
}

/** What of a stated mapping cannot hold together with the problem that it is stated for. */
export type MappingConflict =
  | { readonly kind: "dim"; readonly dim: Dim; readonly known: readonly Dim[] }
  /** Stated loops of `dim` multiply to `stated`; the tile, unrolled in space, needs `needed` iterations. */
  | { readonly kind: "extent"; readonly dim: Dim; readonly stated: number; readonly needed: number }
  | { readonly kind: "operand"; readonly operand: string; readonly known: readonly string[] }
  | {
      readonly kind: "levels";
      readonly operand: string;
      readonly stated: readonly string[];
      readonly found: readonly string[];
    }
  | {
      readonly kind: "unrolling";
      readonly stated: readonly Unroll[];
      readonly found: readonly Unroll[];
    }
  /** One number per level that never decreases and ends with the number of loops. */
  | {
      readonly kind: "boundaries";
      readonly operand: string;
      readonly stated: readonly number[];
      readonly levels: readonly string[];
      readonly loops: number;
    }
  /** The fewest operands whose stated loops overflow a memory, in bits. */
  | {
      readonly kind: "capacity";
      readonly memory: string;
      readonly size: number;
      readonly needs: readonly { readonly operand: string; readonly bits: number }[];
    }
  /** The stated order cannot be cut into levels: the memory cannot hold what must stay in it. */
  | { readonly kind: "order"; readonly memory: string; readonly needs?: number }
  /** The stated order leaves partial sums in the home of the output, which has room for results alone. */
  | { readonly kind: "sums"; readonly memory: string };

export type StatedMappingResult =
  | Extract<MappingResult, { readonly feasible: true }>
  | { readonly feasible: false; readonly conflicts: readonly MappingConflict[] };

export type CopyKind = "stack-input" | "output-to-input" | "cache-read" | "cache-write" | "weights" | "stack-output";

/** An end of a copy: a memory, reached along the chain of an operand. */
export interface CopyEnd {
  readonly operand: MemoryOperand;
  readonly memory: string;
}

/** Data that moves between two memories outside of any layer's loop nest. */
export interface Copy {
  readonly kind: CopyKind;
  /** Layer (or stack input) whose data moves. */
  readonly layer: string;
  /** Operand of the layer that is read or written. */
  readonly operand: string;
  readonly bits: number;
  readonly from: CopyEnd;
  readonly to: CopyEnd;
  /** Runs of neighbouring addresses at an end whose memory states a layout; absent: packed densely. */
  readonly runs?: { readonly from?: readonly Run[]; readonly to?: readonly Run[]; readonly elementBits: number };
}

/** One stop of a copy on its way; energies in pJ. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly operand: MemoryOperand;
  readonly sendEnergy: number;
  readonly receiveEnergy: number;
  /** Accesses of the full port width at the sender and at the receiver. */
  readonly sent: number;
  readonly received: number;
  readonly cycles: number;
}

export interface CopyCost {
  readonly energy: number;
  readonly cycles: number;
  readonly hops: readonly Hop[];
}

/** Copies that start together: ports serialise, different ports run in parallel (DF §9.4). */
export interface CopyPhaseCost {
  readonly energy: number;
  readonly cycles: number;
  readonly copies: readonly CopyCost[];
  /** Cycle at which each used port falls idle, by `memory.port`. */
  readonly portBusy: Readonly<Record<string, number>>;
}

/** What `mapLayer` would find, in brief. */
export interface LayerPrice {
  /** pJ, with the static energy of its cycles. */
  readonly energy: number;
  /** Bits that blocks of some mapping take which has it, by memory. */
  readonly occupancy: Readonly<Record<string, number>>;
  /** Whether that mapping leaves partial sums in the home of the output. */
  readonly leavesSums: boolean;
}

export interface CostModel {
  readonly rules: RuleSet;
  /** Best mapping of a layer. Memoised by content; equal problems return the same object. */
  mapLayer(problem: MappingProblem): MappingResult;
  /** Energy of the best mapping, sooner than `mapLayer` has it; `undefined` where there is none. */
  priceLayer(problem: MappingProblem): LayerPrice | undefined;
  /** No mapping of a layer has less energy, pJ; takes a fraction of the time. Infinite only where nothing fits. */
  boundLayer(problem: MappingProblem): number;
  /** A stated mapping as it is, or what it contradicts. */
  evaluateMapping(problem: MappingProblem, stated: StatedMapping): StatedMappingResult;
  /** Cost of a copy that is alone on the full hierarchy; `undefined` where no ports connect its ends. */
  copyCost(copy: Copy, hierarchy: Hierarchy): CopyCost | undefined;
  /** Cost of copies that start together on the full hierarchy. */
  copyPhase(copies: readonly Copy[], hierarchy: Hierarchy): CopyPhaseCost;
}
