/** Weights that stay on chip from one inference to the next (EM §4): they are loaded once and for all. */
import type { StackPlacement } from "../../ir/facts.js";

/** What a stack needs of the memories on chip. */
export interface StackNeeds {
  readonly placement: StackPlacement;
  /** Most bits that it takes of each memory, its weights included. */
  readonly peak: ReadonlyMap<string, number>;
}

/**
 * Memories that hold the weights of all stacks at once, beside what each stack needs for the rest.
 *
 * @param capacity - bits of each memory
 */
export function residentMemories(
  stacks: readonly StackNeeds[],
  capacity: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const weights = stacks.map(({ placement }) => weightBits(placement));
  const memories = new Set(weights.flatMap((bits) => [...bits.keys()]));
  return new Set(
    [...memories].filter((memory) => {
      const all = weights.reduce((sum, bits) => sum + (bits.get(memory) ?? 0), 0);
      const rest = stacks.map(({ peak }, s) => (peak.get(memory) ?? 0) - (weights[s]!.get(memory) ?? 0));
      return all + Math.max(...rest) <= (capacity.get(memory) ?? 0);
    }),
  );
}

/**
 * What a stack finds of each memory: all of it but for weights of other stacks that stay there meanwhile.
 *
 * @param stack - index into the placements
 * @param resident - memories in which weights stay
 * @param capacity - bits of each memory
 */
export function roomBeside(
  placements: readonly StackPlacement[],
  stack: number,
  resident: ReadonlySet<string>,
  capacity: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const others = placements.filter((_, index) => index !== stack).map(weightBits);
  return new Map(
    [...capacity].map(([memory, bits]) => {
      const taken = resident.has(memory) ? others.reduce((sum, own) => sum + (own.get(memory) ?? 0), 0) : 0;
      return [memory, bits - taken];
    }),
  );
}

/** Bits of weights that a stack holds in each memory. */
function weightBits({ buffers = [] }: StackPlacement): ReadonlyMap<string, number> {
  const bits = new Map<string, number>();
  for (const { memory, role, bits: own } of buffers)
    if (role === "weights") bits.set(memory, (bits.get(memory) ?? 0) + own);
  return bits;
}
