/** Which levels are double-buffered (SL §8.1; Q18, Q19). */
import type { Behaviours, RuleSet } from "../../../ir/rules.js";
import type { Utilisation } from "./analysis.js";
import type { LayerModel, Resident } from "./layer-model.js";

/**
 * @param effective - effective utilisation (SL §5.5) under the fractional mapping
 * @returns per operand and array level (0: the arithmetic array) whether its data is double-buffered
 */
export type DoubleBufferingPolicy = (layer: LayerModel, effective: Utilisation) => readonly (readonly boolean[])[];

export const DOUBLE_BUFFERING: Behaviours<RuleSet["doubleBuffering"], DoubleBufferingPolicy> = {
  published: { quirks: ["SL-Q18", "SL-Q19"], rule: firstComeFirstServed },
  "smallest-first": { quirks: ["SL-Q18"], rule: smallestFirst },
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

/** As many residents of a memory as fit twice, whatever the order of the operands: the smallest ones. */
function smallestFirst(layer: LayerModel, { individual, shared }: Utilisation): readonly (readonly boolean[])[] {
  const buffered = layer.operands.map(({ levels }) => [false, ...levels.map(() => false)]);
  for (const [memory, { residents }] of layer.memories.entries()) {
    let filled = shared[memory]!;
    const sizeOf = ({ operand, level }: Resident): number => individual[operand]![level]!;
    for (const resident of [...residents].sort((a, b) => sizeOf(a) - sizeOf(b))) {
      filled += sizeOf(resident);
      buffered[resident.operand]![resident.level + 1] = filled <= 1;
    }
  }
  return buffered;
}
