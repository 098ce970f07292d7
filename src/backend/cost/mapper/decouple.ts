/** Splits loops behind a window into a relevant and an irrelevant factor (SL §2.2). */
import type { Loop } from "../../../ir/network.js";
import { type OperandModel, relevanceOf } from "./layer-model.js";
import type { SizesPolicy } from "./sizes.js";

/** Products over the factors of each level. */
export interface LevelProducts {
  readonly all: readonly number[];
  readonly relevant: readonly number[];
}

/** Extents of one window so far, and the factors that were given out for them. */
interface WindowProgress {
  out: number;
  tap: number;
  relevant: number;
  irrelevant: number;
}

/**
 * Relevant factors of a window telescope to its extent over all loops so far. The order of multiplication is part of the
 * published numbers (end of SL §10).
 *
 * @param levels - loops per level, innermost level and loop first
 */
export function decouple(
  operand: OperandModel,
  levels: readonly (readonly Loop[])[],
  sizes: SizesPolicy,
): LevelProducts {
  const progress = operand.windows.map((): WindowProgress => ({ out: 1, tap: 1, relevant: 1, irrelevant: 1 }));
  const all: number[] = [];
  const relevant: number[] = [];
  for (const loops of levels) {
    const product = { all: 1, relevant: 1 };
    for (const loop of loops) multiply(product, operand, loop, progress, sizes);
    all.push(product.all);
    relevant.push(product.relevant);
  }
  return { all, relevant };
}

function multiply(
  product: { all: number; relevant: number },
  operand: OperandModel,
  { dim, size }: Loop,
  progress: readonly WindowProgress[],
  sizes: SizesPolicy,
): void {
  const relevance = relevanceOf(operand, dim);
  if (relevance !== "partial") {
    product.all *= size;
    if (relevance === "relevant") product.relevant *= size;
    return;
  }
  operand.windows.forEach((window, x) => {
    if (window.out !== dim && window.tap !== dim) return;
    const state = progress[x]!;
    if (window.out === dim) state.out *= size;
    if (window.tap === dim) state.tap *= size;
    const relevantSoFar = sizes.windowExtent(window, state.out, state.tap);
    const irrelevantSoFar = (state.out * state.tap) / relevantSoFar;
    product.all *= relevantSoFar / state.relevant;
    product.relevant *= relevantSoFar / state.relevant;
    product.all *= irrelevantSoFar / state.irrelevant;
    state.relevant = relevantSoFar;
    state.irrelevant = irrelevantSoFar;
  });
}
