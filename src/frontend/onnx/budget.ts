/** How many nodes others may stand for: a few functions that call each other can stand for any number. */
import type { OnnxModel, OnnxNode } from "./model.js";
import type { Cause } from "./values.js";
import { weigh } from "./weight.js";

/** Parts that may be made. */
export interface Budget {
  readonly limit: number;
  left: number;
  /** Nodes that are not told as their parts, as these would be too many. */
  readonly refused: string[];
}

/** Graphs inside graphs are followed to this depth. */
export const MAX_DEPTH = 64;

/** Parts for the smallest file; per node of the file, until there are many; and per node of any file. */
const PARTS = { least: 20_000, perNode: 20, many: 150_000, always: 4 };

export function createBudget({ graph, functions }: Pick<OnnxModel, "graph" | "functions">): Budget {
  const written = [graph, ...functions.values()].reduce((sum, { nodes }) => sum + weigh(nodes, functions).nodes, 0);
  const limit = Math.max(PARTS.least, Math.min(PARTS.many, PARTS.perNode * written), PARTS.always * written);
  return { limit, left: limit, refused: [] };
}

/** Whether the nodes, and all that they stand for, may still be made, and are not nested without measure. */
export function fitsBudget(
  lists: readonly (readonly OnnxNode[])[],
  functions: OnnxModel["functions"],
  { left }: Budget,
): boolean {
  const weights = lists.map((list) => weigh(list, functions));
  return (
    weights.reduce((sum, { copies }) => sum + copies, 0) <= left && weights.every(({ depth }) => depth <= MAX_DEPTH)
  );
}

export function tooLarge(id: string, { limit, refused }: Budget): Cause {
  refused.push(id);
  return { reason: `with its parts there are more than ${limit} nodes` };
}
