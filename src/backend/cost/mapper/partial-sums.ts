/** When partial sums travel, and how wide they are (SL §5.4, §6; Q1, Q2). */
import type { Behaviours, RuleSet } from "../../../ir/rules.js";
import type { OperandModel } from "./layer-model.js";

export interface PartialSumsPolicy {
  /** Bits per element that moves across the upper side of a level; `incomplete`: the output is still being summed above it. */
  width(operand: OperandModel, incomplete: boolean): number;
  /** Bits per element held at a level whose upper (lower) side moves incomplete sums. */
  heldWidth(operand: OperandModel, incompleteAbove: boolean, incompleteBelow: boolean): number;
  /** Transfers that bring sums back down, of `count` periods in which `tiles` different tiles come by. */
  readBacks(count: number, tiles: number, incomplete: boolean): number;
}

/** A level that performs the last accumulation counts as final (Q2); every period reads back, also the first one (Q1). */
const published: PartialSumsPolicy = {
  width: (operand, incomplete) => (incomplete ? operand.bits : operand.finalBits),
  heldWidth: (operand, incompleteAbove) => published.width(operand, incompleteAbove),
  readBacks: (count, _tiles, incomplete) => (incomplete ? count : 0),
};

/** Nothing is read before it was written, and a level is as wide as the widest sum that passes it. */
const corrected: PartialSumsPolicy = {
  ...published,
  heldWidth: (operand, incompleteAbove, incompleteBelow) =>
    published.width(operand, incompleteAbove || incompleteBelow),
  readBacks: (count, tiles, incomplete) => (incomplete ? count - tiles : 0),
};

export const PARTIAL_SUMS: Behaviours<RuleSet["partialSums"], PartialSumsPolicy> = {
  published: { quirks: ["SL-Q1", "SL-Q2"], rule: published },
  corrected: { quirks: ["SL-Q1", "SL-Q2"], rule: corrected },
};
