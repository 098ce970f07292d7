/** Cycles that each transfer takes, and those in which it may happen (SL §8.2). */
import type { Direction } from "../../../ir/accelerator.js";
import { type LayerModel, type OperandLevel, portOf } from "./layer-model.js";
import type { Movement, Transfer } from "./movement.js";

export interface TransferTime {
  /** Cycles per period that the port is busy. */
  readonly real: number;
  /** Cycles per period in which it may be without a stall. */
  readonly allowed: number;
  readonly period: number;
  readonly count: number;
}

/** Time of a transfer at one end of a link, given that at the other end; the array has none. */
export type Pace = (own: TransferTime, partner: TransferTime | undefined) => TransferTime;

export type MovementTimes = Readonly<Record<Direction, TransferTime>>;

/**
 * @param movements - per operand and memory level, under the integer spatial mapping
 * @param doubleBuffered - per operand and array level
 */
export function transferTimes(
  layer: LayerModel,
  movements: readonly (readonly Movement[])[],
  doubleBuffered: readonly (readonly boolean[])[],
  pace: Pace,
): readonly (readonly MovementTimes[])[] {
  const ownTimes = layer.operands.map(({ levels }, o) =>
    levels.map((level, m): MovementTimes => {
      const { tl, fl, th, fh } = movements[o]![m]!;
      // the lower end of the link decides whether the whole period may be used
      const [below, here] = [doubleBuffered[o]![m]!, doubleBuffered[o]![m + 1]!];
      return {
        tl: transferTime(level, "tl", tl, below),
        fl: transferTime(level, "fl", fl, below),
        th: transferTime(level, "th", th, here),
        fh: transferTime(level, "fh", fh, here),
      };
    }),
  );
  return ownTimes.map((levels) => levels.map((_, m) => pacedByPartners(levels, m, pace)));
}

/** Each movement at level `m` beside the one at the other end of its link. */
function pacedByPartners(levels: readonly MovementTimes[], m: number, pace: Pace): MovementTimes {
  const { tl, fl, th, fh } = levels[m]!;
  const [below, above] = [levels[m - 1], levels[m + 1]];
  return { tl: pace(tl, below?.fh), fl: pace(fl, below?.th), th: pace(th, above?.fl), fh: pace(fh, above?.tl) };
}

function transferTime(level: OperandLevel, direction: Direction, transfer: Transfer, buffered: boolean): TransferTime {
  const { amount, width, period, count, window } = transfer;
  const real = count === 0 ? 0 : Math.ceil((amount * width) / portOf(level, direction).bandwidth);
  return { real, allowed: buffered ? period : window, period, count };
}
