/** The room that an order takes, looked up in the tables it was found with: what `orderFigures` works out anew (EM §3). */
import type { FoundOrder } from "./search-setting.js";
import type { StateSpace } from "./space.js";
import type { OperandTables, Tables } from "./tables.js";

/** Bits in one instance of each memory with one block of every level, without homes. */
export function occupancyByTables(
  { layer, space, operands }: Tables,
  { factors, positions }: Pick<FoundOrder, "factors" | "positions">,
): Readonly<Record<string, number>> {
  const states = statesOf(space, factors);
  const used: Record<string, number> = {};
  for (const { memory, residents } of layer.model.memories) if (residents.length > 0) used[memory.id] = 0;
  operands.forEach((operand, o) => {
    const { levels } = operand.operand.model;
    operand.cuts.forEach((_, m) => {
      used[levels[m]!.memory.id]! += blockBits(operand, m, positions[o]!, states);
    });
  });
  return used;
}

/** Whether partial sums are ever in the home of the output. */
export function leavesSums(
  { space, operands }: Tables,
  { factors, positions }: Pick<FoundOrder, "factors" | "positions">,
): boolean {
  const states = statesOf(space, factors);
  return operands.some(({ operand, cuts, array }, o) => {
    if (!operand.model.isOutput) return false;
    const last = cuts.at(-1);
    return last === undefined ? array.leavesPartial : last.leavesPartial[states[positions[o]!.at(-1)!]!] === 1;
  });
}

/** State after none, one, … all of the factors. */
function statesOf(space: StateSpace, factors: readonly number[]): readonly number[] {
  const states = [0];
  for (const f of factors) states.push(space.next[states.at(-1)! * space.factors.length + f]!);
  return states;
}

/** A level that partial sums reach from below holds them at their width. */
function blockBits(
  { operand, cuts, array }: OperandTables,
  level: number,
  positions: readonly number[],
  states: readonly number[],
): number {
  const stateOf = (m: number): number => states[positions[m]!]!;
  const isPartial =
    operand.model.isOutput &&
    (level === 0 ? array.leavesPartial : cuts[level - 1]!.leavesPartial[stateOf(level - 1)] === 1);
  const { bits, partialBits } = cuts[level]!;
  return (isPartial ? partialBits : bits)[stateOf(level)]!;
}
