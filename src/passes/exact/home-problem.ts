/** What the search for homes is asked, and what it answers (EM §2). */
import type { Memory } from "../../ir/accelerator.js";
import type { StackGeometry } from "./geometry.js";
import type { Reserved, StackCosts } from "./stack-costs.js";
import type { StackMaps } from "./stack-maps.js";
import type { Storage } from "./storage.js";
import type { TileNodes } from "./tile-nodes.js";
import type { TypeHomes } from "./type-homes.js";

export interface StackHomes {
  /** Per map of the stack. */
  readonly storage: readonly Storage[];
  /** Per map: home of the weights of the layer that writes it. */
  readonly weights: readonly (Memory | undefined)[];
  /** Per tile type. */
  readonly types: readonly TypeHomes[];
  /** Over all tiles, in pJ: copies, layers, and loading of weights. */
  readonly energy: number;
  /** No homes cost less than this. */
  readonly bound: number;
  /** Partial decisions that were looked at. */
  readonly visited: number;
}

/** What may be decided about a stack: per map the storages that it can have, per layer the homes of its weights. */
export interface HomeSpace {
  readonly storage: readonly (readonly Storage[])[];
  readonly weights: readonly (readonly Memory[])[];
  /** Bits of each layer's weights, and the energy of bringing them to a memory once. */
  readonly weightBits: readonly number[];
  loading(layer: number, memory: Memory): number;
}

export interface HomeProblem {
  readonly stack: StackMaps;
  readonly geometry: StackGeometry;
  readonly types: readonly TileNodes[];
  readonly space: HomeSpace;
  /** Bits that maps between stacks take meanwhile. */
  readonly held: Reserved;
  readonly costs: StackCosts;
}
