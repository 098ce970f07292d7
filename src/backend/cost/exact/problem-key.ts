/** Content keys of mapping problems, without and with the room that is left (SL §11.7). */
import { chain, type Hierarchy, type Memory } from "../../../ir/accelerator.js";
import type { MappingProblem } from "../../../ir/cost-model.js";
import { problemKeys } from "../mapper/problem-key.js";

/** Keys that are equal exactly when problems are. */
export interface ExactKeys {
  /** Whatever room is left. */
  readonly shape: string;
  readonly whole: string;
}

export function exactProblemKeys(): (problem: MappingProblem) => ExactKeys {
  const keyOf = problemKeys();
  return (problem) => {
    const { energy, share, perCycle } = problem.operation ?? {};
    const shape = `${keyOf(problem)} ${[energy, share, perCycle, problem.staticEnergy, problem.finishesBelowHome].join(" ")}`;
    return { shape, whole: `${shape} ${roomForBlocks(problem).join(" ")}` };
  };
}

/** Memories in which some operand has a level below its home, by hierarchy and chains. */
const HELD = new WeakMap<Hierarchy, Map<string, readonly Memory[]>>();

function heldMemories({ hierarchy, operands }: MappingProblem): readonly Memory[] {
  const byChains = HELD.get(hierarchy) ?? new Map<string, readonly Memory[]>();
  HELD.set(hierarchy, byChains);
  const key = operands.map(({ memoryOperand }) => memoryOperand).join(" ");
  const known = byChains.get(key);
  if (known !== undefined) return known;
  const held = new Set(operands.flatMap(({ memoryOperand }) => chain(hierarchy, memoryOperand).slice(0, -1)));
  const memories = hierarchy.memories.filter((memory) => held.has(memory));
  byChains.set(key, memories);
  return memories;
}

/** No other room matters. */
const roomForBlocks = (problem: MappingProblem): readonly number[] =>
  heldMemories(problem).map(({ id, size }) => problem.available?.[id] ?? size);
