/** What a search of cut orders is given, and what it returns. */
import type { Bound } from "./bounds.js";
import type { Criterion, TimeCriteria } from "./criteria.js";
import type { Copies } from "./figures.js";
import type { Room } from "./room.js";
import type { RoomPrices } from "./room-prices.js";
import type { Tables } from "./tables.js";

export interface SearchGoal {
  readonly minimise: "energy" | "latency";
  /** What the machine draws in every cycle of the latency, pJ: part of the energy. */
  readonly perCycle: number;
  /** Mappings above these are not looked at; pJ and cycles. */
  readonly energyLimit: number;
  readonly latencyLimit: number;
}

export interface SearchSetting {
  readonly tables: Tables;
  readonly room: Room;
  readonly energy: Pick<Criterion, "start" | "costs">;
  /** Of the energy. */
  readonly bound: Bound;
  /** For a second bound of the energy, where room is contested. */
  readonly prices: RoomPrices | undefined;
  /** No criteria where time does not matter. */
  readonly times: TimeCriteria;
  /** Of each criterion of time. */
  readonly timeBounds: readonly Bound[];
  readonly goal: SearchGoal;
  /** Partial mappings after which the search settles for what it has, or for the first that it gets by diving. */
  readonly limit: number;
  /** Differences of energy that are rounding, pJ. */
  readonly rounding: number;
}

/** A mapping as the search finds it: factors by index into the space's, innermost first. */
export interface FoundOrder {
  readonly factors: readonly number[];
  readonly positions: readonly (readonly number[])[];
  readonly copies: readonly (readonly Copies[])[];
}

export interface SearchOutcome {
  readonly best: FoundOrder | undefined;
  /** Value of what was minimised. */
  readonly value: number;
  readonly expanded: number;
  readonly isComplete: boolean;
}

/** Whether energy counts at all: where it does not, no label is kept for having less of it. */
export const countsEnergy = ({ minimise, energyLimit }: SearchGoal): boolean =>
  minimise === "energy" || energyLimit < Number.POSITIVE_INFINITY;

/**
 * A label's vector: energy in pJ; 1 where the level that the output's next cut closes holds partial sums; minus the pJ that one replica
 * which starts anew above saves below; bits in every contested memory; cycles by every criterion of time. Less is better throughout.
 */
export const ENERGY = 0;
export const PARTIAL = 1;
export const SAVED = 2;
export const BITS = 3;

/** Place of the first criterion of time. */
export const timesAt = ({ room }: SearchSetting): number => BITS + room.contested.length;

export const vectorWidth = (setting: SearchSetting): number => timesAt(setting) + setting.times.criteria.length;
