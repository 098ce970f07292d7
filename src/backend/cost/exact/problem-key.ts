/** Content keys of mapping problems, without and with the room that is left (SL §11.7). */
import { chain } from "../../../ir/accelerator.js";
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

/** Room of the memories in which some operand has a level below its home: no other room matters. */
function roomForBlocks({ hierarchy, operands, available }: MappingProblem): readonly number[] {
  const held = new Set(operands.flatMap(({ memoryOperand }) => chain(hierarchy, memoryOperand).slice(0, -1)));
  return hierarchy.memories.filter((memory) => held.has(memory)).map(({ id, size }) => available?.[id] ?? size);
}
