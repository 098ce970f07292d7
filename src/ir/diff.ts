/** Two schedules of one model beside each other, and the way from one rule set to another: plain data for every output format. */
import type { Diagnostic } from "./diagnostics.js";
import type { StackTiling, Totals } from "./facts.js";
import type { Quirk, RuleSet } from "./rules.js";

/** A field of a rule set. */
export type Policy = Exclude<keyof RuleSet, "name">;

/** What a schedule costs. */
export interface Figures {
  readonly totals: Totals;
  /** Multiply-accumulates that were executed, recomputation included. */
  readonly computedMacs: number;
}

/** A stack of one of the two schedules. */
export interface DiffStack extends Pick<StackTiling, "tile" | "overlap" | "order"> {
  readonly layers: readonly string[];
}

/** One of the two schedules. */
export interface DiffEnd extends Figures {
  readonly accelerator: string;
  readonly costModel: string;
  readonly loopLimit: RuleSet["loopLimit"];
  /** Ids, in the order of the accelerator. */
  readonly memories: readonly string[];
  readonly stacks: readonly DiffStack[];
}

/** One policy that takes another behaviour; everything before it stays changed. */
export interface DiffStep {
  readonly policy: Policy;
  readonly from: string | number;
  readonly to: string | number;
  /** Quirks that the first behaviour reproduces and the second does not, and the other way round. */
  readonly mends: readonly Quirk[];
  readonly restores: readonly Quirk[];
  /** `infeasible`: the rules up to here give no schedule, for these reasons. */
  readonly outcome: Figures | { readonly infeasible: readonly Diagnostic[] };
}

export interface ScheduleDiff {
  readonly model: string;
  readonly ends: readonly [DiffEnd, DiffEnd];
  /** Between two rule sets: one step for every policy in which they differ. The last one is the second schedule. */
  readonly path?: readonly DiffStep[];
}
