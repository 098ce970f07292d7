/** What one operation of a layer costs where it is no plain multiply-accumulate of the array (EM §1, §3). */
import type { Accelerator } from "../../ir/accelerator.js";
import type { OperandShape, OperationCost, WindowShape } from "../../ir/cost-model.js";
import { type Layer, type Loop, loopSize } from "../../ir/network.js";

/** Parts of an accelerator that say so. */
type Operations = Pick<Accelerator, "array" | "vectorUnit" | "paddedMacs">;

/**
 * A vector unit does what multiplies nothing: pooling, element-wise work, reductions. Hardware that skips padded multiply-accumulates runs
 * those whose windows meet stored elements alone; they are skipped in energy, not in time.
 *
 * @returns nothing where the array does all the work at its own price
 */
export function operationCost(
  { macs }: Pick<Layer, "macs">,
  loops: readonly Loop[],
  operands: readonly OperandShape[],
  { array, vectorUnit, paddedMacs }: Operations,
): OperationCost | undefined {
  if (macs === 0 && vectorUnit !== undefined) {
    const { lanes, operationsPerCycle, operationEnergy } = vectorUnit;
    return { energy: operationEnergy, share: 1, perCycle: lanes * operationsPerCycle };
  }
  if (macs === 0 || paddedMacs !== "skip") return undefined;
  const share = operands.flatMap(({ windows }) => windows).reduce((part, window) => part * meeting(window, loops), 1);
  return { energy: array.macEnergy, share };
}

/** Share of the pairs of output and tap that meet a stored element. */
function meeting({ out, tap, stride, dilation, clip }: WindowShape, loops: readonly Loop[]): number {
  if (clip === undefined) return 1;
  const [outs, taps] = [loopSize(loops, out, 1), loopSize(loops, tap, 1)];
  let met = 0;
  for (let f = 0; f < taps; f++) {
    const offset = dilation * f + clip.shift; // outputs x with 0 <= stride * x + offset < extent
    const first = Math.max(0, Math.ceil(-offset / stride));
    const last = Math.min(outs - 1, Math.floor((clip.extent - 1 - offset) / stride));
    met += Math.max(0, last - first + 1);
  }
  return met / (outs * taps);
}
