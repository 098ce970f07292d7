/**
 * What passes learn is attached to a module as typed facts, so that absence is visible and reading is checked. Every fact of the
 * house is declared here (what a user states beforehand: `decisions.ts`), where passes and backend both see it; a user's pass
 * defines its own with `defineFact`.
 */
import type { MemoryOperand, Unroll } from "./accelerator.js";
import type { Copy, CopyPhaseCost, MappingProblem, MappingResult } from "./cost-model.js";
import type { LayerId, Loop, TensorId } from "./network.js";

declare const factType: unique symbol;

/** Key of a fact; `T` travels in the type only. */
export interface Fact<T> {
  readonly name: string;
  readonly [factType]?: T;
}

export const defineFact = <T>(name: string): Fact<T> => ({ name });

/** Bits per element of a layer's operands. */
export interface LayerPrecision {
  /** By operand name; the output's is the width of a partial sum. */
  readonly operands: Readonly<Record<string, number>>;
  readonly finalOutput: number;
}
export const PRECISION = defineFact<ReadonlyMap<LayerId, LayerPrecision>>("precision");

/** Spatial mapping of a layer and the memory chain of each of its operands. */
export interface LayerUnrolling {
  readonly unrolling: readonly Unroll[];
  readonly links: Readonly<Record<string, MemoryOperand>>;
  /** Name of the dataflow entry that the unrolling came from. */
  readonly dataflow: string;
}
export const UNROLLING = defineFact<ReadonlyMap<LayerId, LayerUnrolling>>("unrolling");

/** A feature map that a stack reads from outside. */
export interface StackInput {
  /** Name of the network input, or `substack_input_layer_<n>` for a map that another stack wrote. */
  readonly id: string;
  readonly tensor: TensorId;
  /** Full extent: `B K OY OX`. */
  readonly loops: readonly Loop[];
  /** Bits per element. */
  readonly bits: number;
}

/** Layers that run depth-first together. */
export interface Stack {
  readonly id: string;
  readonly inputs: readonly StackInput[];
  /** In topological order; the last is the sink, whose output leaves the stack. Empty for a stack of an input alone (DF-Q2). */
  readonly layers: readonly LayerId[];
  /** Why the stack is costed layer by layer, where it is: operators outside the published domain. */
  readonly alone?: string;
}
export const STACKS = defineFact<readonly Stack[]>("stacks");

/** What happens to the overlap between tiles: computed again, kept along a row of tiles, kept along rows and columns. */
export const OVERLAP_MODES = ["recompute", "h-cached", "fully-cached"] as const;
export type OverlapMode = (typeof OVERLAP_MODES)[number];

/** Which way tiles are visited first. */
export const TILE_ORDERS = ["x-first", "y-first"] as const;
export type TileOrder = (typeof TILE_ORDERS)[number];

/** Decision for one stack, in the order of `STACKS`. */
export interface StackTiling {
  readonly stack: string;
  /** Tile of the stack's output, elements; clamped to the output. */
  readonly tile: { readonly width: number; readonly height: number };
  readonly overlap: OverlapMode;
  readonly order: TileOrder;
}
export const TILING = defineFact<readonly StackTiling[]>("tiling");

/** What a layer executes: iterations of its loops, and the multiply-accumulates among them. */
export interface Work {
  readonly operations: number;
  readonly macs: number;
}

/** A layer (or stack input) on one tile type. */
export interface PlacedNode {
  readonly id: string;
  readonly kind: "input" | "layer";
  /** Loop sizes of the newly computed part. */
  readonly loops: readonly Loop[];
  /** Bits that the layer reads (all non-constant operands, reused overlap included); 0 for an input. */
  readonly inputBits: number;
  /** Bits of the new part of its output. */
  readonly outputBits: number;
  /** Highest memory of the activations and of the outputs; the input's is absent for a stack input. */
  readonly topInput?: string;
  readonly topOutput: string;
  /** Levels above the first choice that a retry added (DF §8.6). */
  readonly lifted: { readonly input: number; readonly output: number };
  /** Copies that run before the node, in order; and right after it. */
  readonly copies: readonly Copy[];
  readonly after?: readonly Copy[];
  /** Bits of each memory that feature maps, kept overlap and weights take while the node runs, beside the blocks of its layer. */
  readonly reserved?: Readonly<Record<string, number>>;
  /** What the mapper is asked: nothing for what is only moved, one problem for most layers. */
  readonly problems: readonly MappingProblem[];
  readonly work: Work;
}

/** Tiles that are equal in everything that their cost depends on (DF §4). */
export interface PlacedTileType {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Classes of its columns and rows, where types are products of these. */
  readonly column?: number;
  readonly row?: number;
  /** First element of the stack's output that a tile of this type computes. */
  readonly firstAt: { readonly x: number; readonly y: number };
  /** The first tile of a stack fetches its weights from the top of their chain. */
  readonly weightsFromTop: boolean;
  /** Memory that overlap to the right (`h`) and below (`v`) is written to and read from. */
  readonly hCache: { readonly write?: string; readonly read?: string };
  readonly vCache: { readonly write?: string; readonly read?: string };
  /** In topological order, stack inputs included. */
  readonly nodes: readonly PlacedNode[];
}

/** Consecutive columns or rows of tiles of one class. */
export interface TileRun {
  readonly class: number;
  readonly from: number;
  readonly count: number;
}

/** A part of a memory that a stack keeps from its first tile to its last. */
export interface StackBuffer {
  readonly memory: string;
  /** Node whose map, or layer whose weights, it holds; a `map` is held whole, for the stacks that read it. */
  readonly node: string;
  readonly role: "column" | "row" | "weights" | "map";
  /** Of a ring: whether old and new overlap lie in it side by side. */
  readonly ring?: "narrow" | "wide";
  readonly bits: number;
}

/** How far homes were searched; energies in pJ over all tiles. */
export interface HomeSearchNote {
  readonly visited: number;
  readonly energy: number;
  readonly bound: number;
}

export interface StackPlacement {
  readonly stack: string;
  /** Memory that holds the stack's weights after the first tile; absent where it has none. */
  readonly weightMemory?: string;
  readonly weightBits: number;
  readonly tileTypes: readonly PlacedTileType[];
  /** Columns and rows of tiles by class, where types are products of these. */
  readonly columns?: readonly TileRun[];
  readonly rows?: readonly TileRun[];
  /** Copies that run once, before the first tile. */
  readonly loads?: readonly Copy[];
  readonly buffers?: readonly StackBuffer[];
  /**
   * Bits that lie at the tops of the chains while the stack runs, by memory: weights of the whole network, and maps between stacks that
   * somebody still reads. Absent under published rules, which do not count them.
   */
  readonly outside?: Readonly<Record<string, number>>;
  readonly search?: HomeSearchNote;
  /** Work of each layer that anybody needs, each part once. */
  readonly needed: ReadonlyMap<LayerId, Work>;
}
/** Least energy in pJ of all homes of the whole network, those of maps between stacks included; of the exact model. */
export const HOMES_BOUND = defineFact<number>("homes-bound");
/** What was searched before the pipeline ran; present from its start, and every pass keeps it. */
export interface SearchedSpace {
  /** What was open, in words. */
  readonly space: string;
  /** Stacks with a tiling that were looked at. */
  readonly evaluated: number;
  /** No schedule of the space costs less, in pJ. */
  readonly bound: number;
  /** Whether every choice was looked at: the bound is that of the search then, else one of the network alone. */
  readonly isExhaustive: boolean;
}
export const SEARCHED = defineFact<SearchedSpace>("searched");

/** Maps between stacks whose homes were searched: all that could stay on chip; but for those that live longest; none. */
export type SearchedBetween = "all" | "some" | "none";
export const HOMES_BETWEEN = defineFact<SearchedBetween>("homes-between");
export const PLACEMENT = defineFact<readonly StackPlacement[]>("placement");

/** Mapping of one layer on one tile type. */
export interface LayerMapping {
  readonly layer: LayerId;
  readonly problem: MappingProblem;
  readonly result: Extract<MappingResult, { feasible: true }>;
}
/** Per stack, per tile type: the mapped layers in topological order. */
export const MAPPINGS = defineFact<readonly (readonly (readonly LayerMapping[])[])[]>("mappings");

/** Copy phase around one node of one tile type. */
export interface NodeCopies {
  readonly node: string;
  readonly when: "before" | "after";
  readonly cost: CopyPhaseCost;
}

/** Energy in pJ by what it is spent on; adds up to the total. */
export interface EnergyByKind {
  readonly mac: number;
  readonly memory: number;
  readonly copy: number;
  /** What the machine draws in every cycle; absent where it states none, and under published rules. */
  readonly static?: number;
}

/** Cost of one tile type, once. */
export interface TileTypeCost {
  /** One per phase, in order. */
  readonly copies: readonly NodeCopies[];
  readonly energy: EnergyByKind;
  /** Cycles: layers with initial loading, plus copy phases, less what is hidden. */
  readonly latency: number;
  /** Cycles of copies that run beside layers of the tile. */
  readonly hidden?: number;
}

/** Totals of a stack or of the network; energies in pJ, times in cycles. */
export interface Totals {
  readonly energy: number;
  readonly energyByKind: EnergyByKind;
  readonly latency: number;
  readonly copyLatency: number;
  /** With the final off-loading of every layer; DF-Q1 says how copies count. */
  readonly offloadedLatency: number;
  /** Operations executed, recomputation included. */
  readonly operations: number;
  /** Energy by memory and layer operand: adds up to `memory + copy`. */
  readonly energyByMemory: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Accesses of the full port width by memory. */
  readonly accesses: ReadonlyMap<string, { readonly read: number; readonly write: number }>;
  /** Largest footprint in one instance, bits: of one layer's operands, and under exact rules of all that lies there meanwhile. */
  readonly peak: ReadonlyMap<string, number>;
}

/** Per layer over all tiles of all stacks; energies in pJ, times in cycles. */
export interface LayerTotals {
  readonly layer: LayerId;
  readonly energy: number;
  readonly latency: number;
  /** Executed, recomputation included; and needed, each part once. */
  readonly executed: Work;
  readonly needed: Work;
}

export interface StackCost {
  readonly totals: Totals;
  readonly tileTypes: readonly TileTypeCost[];
  /** Copies before the first tile. */
  readonly loads?: CopyPhaseCost;
  /** Cycles of copies that run beside a layer of the tile before. */
  readonly hiddenBetweenTiles?: number;
  /** Memories in which weights stay from one inference to the next, so that they are not loaded. */
  readonly residentWeights?: readonly string[];
}

export interface ScheduleCost {
  readonly totals: Totals;
  /** In the order of `STACKS`. */
  readonly stacks: readonly StackCost[];
  readonly layers: readonly LayerTotals[];
  /** Costs of one inference of many, though homes were searched for one from nothing. */
  readonly isSteady?: true;
}
export const COSTS = defineFact<ScheduleCost>("costs");
