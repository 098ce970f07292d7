/** Every pass of the house, sorted by name: what pipelines may name and `kerf passes` lists. */
import { assignDataflow } from "./assign-dataflow.js";
import { canonicalize } from "./canonicalize.js";
import { evaluate } from "./evaluate.js";
import { mapLoops } from "./map-loops.js";
import { partitionStacks } from "./partition-stacks.js";
import type { Pass } from "./pass.js";
import { placeOperands } from "./place-operands.js";
import { setPrecision } from "./set-precision.js";
import { tileStacks } from "./tile-stacks.js";

export const PASSES: readonly Pass[] = [
  assignDataflow,
  canonicalize,
  evaluate,
  mapLoops,
  partitionStacks,
  placeOperands,
  setPrecision,
  tileStacks,
];

/** The passes of a schedule, in the order in which they run by default (design §2). */
export const DEFAULT_ORDER: readonly Pass[] = [
  canonicalize,
  setPrecision,
  assignDataflow,
  partitionStacks,
  tileStacks,
  placeOperands,
  mapLoops,
  evaluate,
];
