/** Where the feature maps of a stack can live: whole where maps live between stacks, or on chip in parts, with rings for what is kept (EM §2). */
import { chain, type Hierarchy, levelOf, type Memory, type MemoryOperand, replicas } from "../../ir/accelerator.js";
import { chainTop } from "../depth-first/levels.js";
import type { RingKind } from "../regions/pieces.js";
import type { FeatureMap } from "./stack-maps.js";

/** Homes of what one tensor keeps for later tiles; absent where it keeps nothing that way. */
export interface Rings {
  readonly kind: RingKind;
  /** Ring along the direction in which neighbouring tiles follow each other first, and along the other one. */
  readonly column?: Memory;
  readonly row?: Memory;
}

/**
 * Storage of one tensor over the whole stack. `whole`: where it lives between stacks (of an inner map: at the top of its chain), where
 * readers find all of it in place. `parts`: the new
 * part of each tile on chip, in a memory that each tile type chooses; what later tiles need again is kept in rings, or, of a stack
 * input, fetched again.
 */
export type Storage =
  | { readonly kind: "whole" }
  | { readonly kind: "parts"; readonly overlap: "kept"; readonly rings: Rings }
  | { readonly kind: "parts"; readonly overlap: "fetched-again" };

/**
 * Memories that could hold a part of a tensor: single ones that its writer and all its readers reach, nearer to the array than where it
 * lives between stacks; nearest first.
 */
export function partMemories({ node, readers, place }: FeatureMap, hierarchy: Hierarchy): readonly Memory[] {
  const { memoryOperand } = node.output;
  const end = place ?? chainTop(hierarchy, memoryOperand);
  const memories = reachable(readingOperands(memoryOperand, readers), hierarchy);
  const height = levelOf(end, memoryOperand) ?? 0;
  return memories.filter((memory) => (levelOf(memory, memoryOperand) ?? 0) < height);
}

/** Memories that could hold a ring of a tensor: those of its parts, and the top. */
export const ringMemories = ({ node, readers }: FeatureMap, hierarchy: Hierarchy): readonly Memory[] =>
  reachable(readingOperands(node.output.memoryOperand, readers), hierarchy);

/** Memories that could hold the weights of a layer. */
export const weightMemories = (operand: MemoryOperand, hierarchy: Hierarchy): readonly Memory[] =>
  reachable([operand], hierarchy);

const readingOperands = (own: MemoryOperand, readers: FeatureMap["readers"]): readonly MemoryOperand[] => [
  ...new Set([own, ...readers.map(({ operand }) => operand.memoryOperand)]),
];

/** Memories with one instance that hold all the operands, in the order of the first one's chain. */
function reachable(operands: readonly MemoryOperand[], hierarchy: Hierarchy): readonly Memory[] {
  const [first] = operands;
  if (first === undefined) return [];
  return chain(hierarchy, first).filter(
    (memory) =>
      replicas(hierarchy.array, memory) === 1 && operands.every((operand) => levelOf(memory, operand) !== undefined),
  );
}
