/** When partial sums travel, and how wide they are (SL §5.4, §6; Q1, Q2, Q36). */
import type { RuleSet } from "../../../ir/rules.js";
import type { OperandModel } from "./layer-model.js";

export interface PartialSumsPolicy {
  /** Bits per element held at, and moved across, a level; `incomplete`: the output is still being summed above it. */
  width(operand: OperandModel, incomplete: boolean): number;
  /** Transfers that bring sums back down, of `count` periods. */
  readBacks(count: number, incomplete: boolean): number;
}

export const PARTIAL_SUMS: Readonly<Record<RuleSet["partialSums"], PartialSumsPolicy>> = {
  // A level that performs the last accumulation counts as final (Q2); every period reads back, also the first one (Q1).
  published: {
    width: (operand, incomplete) => (incomplete ? operand.bits : operand.finalBits),
    readBacks: (count, incomplete) => (incomplete ? count : 0),
  },
};
