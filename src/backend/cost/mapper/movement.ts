/** Data movement at every memory, per instance and period (SL §6). */
import type { Direction } from "../../../ir/accelerator.js";
import type { OperandCycles, OperandData } from "./analysis.js";
import type { OperandModel } from "./layer-model.js";
import type { PartialSumsPolicy } from "./partial-sums.js";
import type { OperandSpatial } from "./spatial.js";

/** One direction at one memory; all zero where nothing moves. */
export interface Transfer {
  /** Elements per period. */
  readonly amount: number;
  /** Bits per element. */
  readonly width: number;
  /** Cycles. */
  readonly period: number;
  /** Periods in the whole layer, and those of them in which data moves. */
  readonly count: number;
  readonly visits: number;
  /** Cycles of a period in which the transfer may happen without double buffering. */
  readonly window: number;
}

export type Movement = Readonly<Record<Direction, Transfer>>;

const IDLE: Transfer = { amount: 0, width: 0, period: 0, count: 0, visits: 0, window: 0 };

/** Movements of one operand per memory level under one spatial mapping. */
export function operandMovements(
  operand: OperandModel,
  data: OperandData,
  cycles: OperandCycles,
  { boost }: OperandSpatial,
  partialSums: PartialSumsPolicy,
): readonly Movement[] {
  const total = cycles.cycles.at(-1)!;
  const top = operand.levels.length - 1;
  /** Across the boundary above array level `a`, whose data is moved `copies` times at once. */
  const across = (a: number, copies: number): Transfer => {
    const period = cycles.cycles[a]!;
    const count = Math.floor(total / period);
    return {
      amount: data.elements[a]! * copies,
      width: data.widths[a]!,
      period,
      count,
      visits: count,
      window: Math.floor(period / cycles.topIrrelevant[a]!),
    };
  };
  return operand.levels.map((_, m): Movement => {
    const low = across(m, boost[m]!);
    const high = m < top ? across(m + 1, 1) : IDLE;
    if (!operand.isOutput) return { tl: low, fl: IDLE, th: IDLE, fh: high };
    const readBack = (transfer: Transfer, a: number): Transfer => {
      const visits = partialSums.readBacks(transfer.count, cycles.distinctTiles[a]!, data.incomplete[a]!);
      return visits > 0 ? { ...transfer, visits } : IDLE;
    };
    return { tl: readBack(low, m), fl: low, th: high, fh: m < top ? readBack(high, m + 1) : IDLE };
  });
}
