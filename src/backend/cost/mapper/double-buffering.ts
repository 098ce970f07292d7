/** Which levels are double-buffered (SL §8.1; Q18, Q19). */
import type { RuleSet } from "../../../ir/rules.js";
import type { Utilisation } from "./analysis.js";
import type { LayerModel } from "./layer-model.js";

/**
 * @param effective - effective utilisation (SL §5.5) under the fractional mapping
 * @returns per operand and array level (0: the arithmetic array) whether its data is double-buffered
 */
export type DoubleBufferingPolicy = (layer: LayerModel, effective: Utilisation) => readonly (readonly boolean[])[];

export const DOUBLE_BUFFERING: Readonly<Record<RuleSet["doubleBuffering"], DoubleBufferingPolicy>> = {
  published: firstComeFirstServed,
};

/** What one operand takes is gone for the next (Q18); the array never has a second buffer (Q19). */
function firstComeFirstServed(layer: LayerModel, effective: Utilisation): readonly (readonly boolean[])[] {
  const shared = [...effective.shared];
  return layer.operands.map(({ levels }, o) => [
    false,
    ...levels.map(({ memoryIndex }, m) => {
      if (shared[memoryIndex]! <= 0.5) return true;
      const own = effective.individual[o]![m]!;
      if (own > 1 - shared[memoryIndex]!) return false;
      shared[memoryIndex]! += own;
      return true;
    }),
  ]);
}
