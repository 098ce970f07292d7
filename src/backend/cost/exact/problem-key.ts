/** Content keys of mapping problems with the room that is left (SL §11.7). */
import type { MappingProblem } from "../../../ir/cost-model.js";
import { problemKeys } from "../mapper/problem-key.js";

/** Makes keys that are equal exactly when problems are. */
export function exactProblemKeys(): (problem: MappingProblem) => string {
  const keyOf = problemKeys();
  return (problem) => {
    const room = problem.hierarchy.memories.map(({ id }) => problem.available?.[id] ?? "");
    return `${keyOf(problem)} ${room.join(" ")}`;
  };
}
