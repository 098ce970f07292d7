/** What a user chooses for a schedule, and what is left open. */
import type { Decisions } from "../ir/decisions.js";
import type { OverlapMode, TileOrder } from "../ir/facts.js";
import { DEFINES, EXACT } from "../ir/rules.js";
import type { TileSize } from "../passes/options.js";
import type { PipelineObserver } from "../passes/pipeline.js";
import type { StackRule } from "./evaluate-point.js";
import type { JointLimits } from "./search/joint-search.js";

/** How stacks are formed: the published weight rule, one stack, one per layer, or cuts after the named layers. */
export type StackChoice = StackRule;

/** Rule sets by the name that users give them. */
export const COST_MODELS = { exact: EXACT, defines: DEFINES } as const;
export type CostModelName = keyof typeof COST_MODELS;

/** Choices of a schedule that are made. */
export interface StatedChoices {
  readonly stacks?: StackChoice;
  readonly tile?: TileSize;
  readonly overlap?: OverlapMode;
  readonly order?: TileOrder;
}

/** What is not stated, under exact rules: all of it is searched. */
export const OPEN_CHOICES = { stacks: "optimal", tile: "search", overlap: "search", order: "search" } as const;

/** The same under published rules, which know of no search. */
export const PLAIN_CHOICES = {
  stacks: "auto",
  tile: "full",
  overlap: "fully-cached",
  order: "x-first",
} as const satisfies StatedChoices;

/** Choices that are absent are those of `OPEN_CHOICES` or `PLAIN_CHOICES`. */
export interface ScheduleOptions {
  /** `exact` where it is absent. */
  readonly costModel?: CostModelName;
  /** `optimal`: searched, under exact rules. */
  readonly stacks?: StackChoice | "optimal";
  /** `search`: the uncut map, its parts, and multiples of the unrolling, for every stack; `all`: every size. Under exact rules. */
  readonly tile?: TileSize | "search" | "all";
  /** `search`, as `order`, for every stack; under exact rules. */
  readonly overlap?: OverlapMode | "search";
  readonly order?: TileOrder | "search";
  readonly search?: Partial<JointLimits>;
  /** Homes of feature maps between stacks: `searched`, or `top` for all in the outermost memory; under published rules that is all there is. */
  readonly between?: "searched" | "top";
  /** Copies may run beside layers, where ports and room allow; under exact rules. */
  readonly pipelineCopies?: boolean;
  /** Weights that can stay on chip are not loaded again for every inference; under exact rules. */
  readonly steadyState?: boolean;
  /** Largest number of loop factors of a layer; 6 with `defines`, as in the reference. */
  readonly loopLimit?: number | "none";
  /** Decisions that are taken as they are stated; the rest is decided as usual. */
  readonly decisions?: Decisions;
  /** Replaces the default pipeline; the choices above then do not apply. */
  readonly pipeline?: string;
  /** Of everything random. */
  readonly seed?: number;
  readonly observer?: PipelineObserver;
}

/** Choices of the last passes are there where they are not the usual ones. */
export interface EffectiveOptions extends Pick<ScheduleOptions, "between" | "pipelineCopies" | "steadyState"> {
  readonly costModel: CostModelName;
  readonly loopLimit: number | "none";
  readonly seed: number;
}
