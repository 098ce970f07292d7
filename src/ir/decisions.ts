/** Decisions that a user states instead of leaving them to the passes; whatever is absent is decided as usual. */
import type { StatedMapping } from "./cost-model.js";
import { defineFact, type OverlapMode, type TileOrder } from "./facts.js";
import type { Location } from "./location.js";

/** Mapping of one layer on the tile types that it is stated for. */
export interface MappingDecision extends StatedMapping {
  readonly layer: string;
  readonly where: Location;
}

/** Which tile types of a stack are meant: those that agree with every part that is present. */
export interface TileTypeMatch {
  readonly id?: string;
  readonly width?: number;
  readonly height?: number;
  /** First element of the stack's output that a tile of the type computes. */
  readonly firstAt?: { readonly x: number; readonly y: number };
}

export interface TileTypeDecision {
  readonly match: TileTypeMatch;
  readonly layers: readonly MappingDecision[];
  readonly where: Location;
}

/** Layers of a stack by id, in any order (a stack of an input alone: the input), or the ends of a run in the order of the network. */
export type StackMembers = readonly string[] | { readonly first: string; readonly last: string };

export interface StackDecision {
  /** Absent: every stack that no other decision names. */
  readonly members?: StackMembers;
  /** Tile of the stack's output, elements. */
  readonly tile?: "full" | { readonly width: number; readonly height: number };
  readonly overlap?: OverlapMode;
  readonly order?: TileOrder;
  readonly tileTypes: readonly TileTypeDecision[];
  readonly where: Location;
}

export interface Decisions {
  readonly stacks: readonly StackDecision[];
}

/** What a schedule was made with beside its decisions, so that the same comes out again. */
export interface RecordedChoices {
  readonly costModel?: "exact" | "defines";
  readonly loopLimit?: number | "none";
  readonly seed?: number;
  /** Values of symbolic dimensions, as text. */
  readonly bind?: string;
  readonly between?: "searched" | "top";
  readonly pipelineCopies?: boolean;
  readonly steadyState?: boolean;
}

/** Present from the start of the pipeline where a user states decisions; every pass keeps it. */
export const DECISIONS = defineFact<Decisions>("decisions");
