/** What each cut costs at every state, and what it costs at least from a state on (SL §11.3). */
import type { OperandModel } from "./layer-model.js";
import type { EnergyTables } from "./tables.js";

/** The cut between two levels of one operand; entries per state of the lattice. */
export interface CutTable {
  /** Energy of the link across the cut, both ends. */
  readonly energy: Float64Array;
  /** Least such energy over all states from this one on whose data fits below; `Infinity` when none does. */
  readonly reachable: Float64Array;
}

export interface BoundTables {
  /** Per operand, innermost cut first. */
  readonly cuts: readonly CutTable[][];
  /** Energy that no cut changes: operations and the array side; `Infinity` when what must stay on top does not fit. */
  readonly constant: number;
}

export function boundTables(tables: EnergyTables): BoundTables {
  const { layer, levels, macEnergy } = tables;
  const arraySide = levels.reduce((sum, [innermost]) => sum + innermost!.tl[0]! + innermost!.fl[0]!, 0);
  return {
    cuts: layer.operands.map((operand, o) => operand.levels.slice(1).map((_, m) => cutTable(tables, operand, o, m))),
    constant: topsFit(tables) ? macEnergy + arraySide : Number.POSITIVE_INFINITY,
  };
}

function cutTable(tables: EnergyTables, operand: OperandModel, o: number, m: number): CutTable {
  const [lower, upper] = [tables.levels[o]![m]!, tables.levels[o]![m + 1]!];
  const energy = lower.th.map((th, state) => th + lower.fh[state]! + upper.tl[state]! + upper.fl[state]!);
  return { energy, reachable: leastFrom(tables, o, energy, lower.held, operand.levels[m]!.memory.size) };
}

/** One sweep from the full state down: the best of a state itself and of every state with one factor more. */
function leastFrom(tables: EnergyTables, o: number, energy: Float64Array, held: Float64Array, capacity: number) {
  const { multiset, strides, digits, stateCount } = tables.lattice;
  const width = Math.min(...tables.widths[o]!);
  const least = new Float64Array(stateCount);
  for (let state = stateCount - 1; state >= 0; state--) {
    let value = held[state]! * width <= capacity ? energy[state]! : Number.POSITIVE_INFINITY;
    for (let f = 0; f < strides.length; f++) {
      if (digits[f]![state]! < multiset.multiplicities[f]!) value = Math.min(value, least[state + strides[f]!]!);
    }
    least[state] = value;
  }
  return least;
}

/** Operands that end in a memory must fit there with everything they have. */
function topsFit({ layer, levels, widths, lattice }: EnergyTables): boolean {
  return layer.memories.every(({ memory, residents }) => {
    const tops = residents.filter(({ isTop }) => isTop);
    const bits = tops.map(
      ({ operand, level }) => levels[operand]![level]!.held[lattice.stateCount - 1]! * Math.min(...widths[operand]!),
    );
    return bits.reduce((sum, size) => sum + size, 0) <= memory.size;
  });
}
