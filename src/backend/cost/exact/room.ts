/**
 * Room for blocks. Whatever is asked about a capacity here is whether something fits into it, so that more of it never makes the best
 * mapping worse.
 */
import type { CutTable, OperandTables, Tables } from "./tables.js";

/** A held level of an operand. */
interface Held {
  readonly operand: number;
  readonly level: number;
  readonly table: CutTable;
}

export interface Room {
  /** Bits that blocks may take, per memory of the hierarchy. */
  readonly available: readonly number[];
  /** Memories in which the blocks of one operand may leave too little for those of another. */
  readonly contested: readonly { readonly memory: number; readonly holds: readonly Held[] }[];
  /** Per memory: position in `contested`, −1 if it is not. */
  readonly contestedIndex: Int32Array;
  /** Per operand and held level: bits that a block takes at least, per state. */
  readonly leastBits: readonly (readonly Float64Array[])[];
}

export function roomOf({ layer, space, operands }: Tables): Room {
  const { available } = layer;
  const full = space.stateCount - 1;
  const contested = available.flatMap((bits, memory) => {
    const holds = heldIn(operands, memory);
    const most = holds.reduce((sum, { table }) => sum + 2 * table.partialBits[full]!, 0);
    return holds.length > 1 && most > bits ? [{ memory, holds }] : [];
  });
  const contestedIndex = new Int32Array(available.length).fill(-1);
  contested.forEach(({ memory }, i) => {
    contestedIndex[memory] = i;
  });
  return {
    available,
    contested,
    contestedIndex,
    leastBits: operands.map((each) => each.cuts.map((_, level) => leastBits(each, level))),
  };
}

function heldIn(operands: readonly OperandTables[], memory: number): readonly Held[] {
  return operands.flatMap(({ cuts }, operand) =>
    cuts.flatMap((table, level) => (table.memory === memory ? [{ operand, level, table }] : [])),
  );
}

/** A level that only ever gets partial sums needs their width. */
function leastBits({ operand, cuts, array }: OperandTables, level: number): Float64Array {
  const isPartial = level === 0 ? array.leavesPartial : operand.model.isOutput && !operand.cuts[level]!.isUpperComplete;
  return isPartial ? cuts[level]!.partialBits : cuts[level]!.bits;
}

/** A memory and the bits that the smallest blocks take of it, more than there are. */
export interface Overfull {
  readonly memory: string;
  readonly needs: number;
}

/**
 * A memory that cannot hold even the smallest blocks. Where all cuts are free, these fit together: with the reductions innermost
 * and every cut below everything else.
 *
 * @param lowest - state with the smallest block of a held level
 */
export function overfullMemory(
  { layer, operands }: Tables,
  { available, leastBits }: Room,
  lowest: (operand: number, level: number) => number = () => 0,
): Overfull | undefined {
  const needs = available.map((_, memory) =>
    heldIn(operands, memory).reduce(
      (sum, { operand, level }) => sum + leastBits[operand]![level]![lowest(operand, level)]!,
      0,
    ),
  );
  const index = available.findIndex((bits, memory) => needs[memory]! > bits);
  const memory = layer.problem.hierarchy.memories[index]?.id;
  return memory === undefined ? undefined : { memory, needs: needs[index]! };
}
