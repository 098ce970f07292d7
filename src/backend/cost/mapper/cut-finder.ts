/**
 * The published capacity cuts (SL §4) from tables, of loop orders of which only the innermost loops may be known: a cut that further
 * loops could change stays open.
 */
import type { MemoryModel, Resident } from "./layer-model.js";
import type { EnergyTables } from "./tables.js";

/** A resident of a memory and scratch space for what it could keep there. */
interface ScannedResident {
  readonly operand: number;
  readonly isTop: boolean;
  /** Whether it has the memory to itself and takes the longest prefix that fits. */
  readonly isGreedy: boolean;
  readonly held: Float64Array;
  /** Bits per element by whether reduction loops are left. */
  readonly widths: readonly [final: number, partial: number];
  /** Bits and access estimate per number of loops. */
  readonly bits: Float64Array;
  readonly accesses: Float64Array;
  /** Candidates are `first` … `candidates − 1` loops; more are possible when the known loops ran out. */
  first: number;
  candidates: number;
  ranOut: boolean;
  taken: number;
}

interface ScannedMemory {
  readonly capacity: number;
  readonly residents: readonly ScannedResident[];
}

export type CutVerdict = "cut" | "infeasible" | "ambiguous";

/** Cuts one order after the other in the same scratch space; used by one search at a time. */
export class CutFinder {
  /** State of the lattice after each number of loops; the caller writes it up to the known number. */
  readonly states: Int32Array;
  /** Per operand and level below `decided`: state of the cut. */
  readonly cutStates: readonly Int32Array[];
  /** Per operand: number of decided cuts. */
  readonly decided: Int32Array;
  /** The same in numbers of loops. */
  readonly cutPositions: readonly Int32Array[];
  /** Whether some memory gives its residents nothing although not even that fits (Q23); told of whole orders alone. */
  isOverfull = false;
  /** Per operand whose next cut is open: fewest loops below it; -1 when no cut is open. */
  readonly openFrom: Int32Array;
  private readonly tables: EnergyTables;
  private readonly memories: readonly ScannedMemory[];
  /** Per operand: loops allocated so far. */
  private readonly position: Int32Array;
  private fewestAccesses = 0;
  private isWhole = false;

  constructor(tables: EnergyTables) {
    const { operands, memories } = tables.layer;
    this.tables = tables;
    this.states = new Int32Array(tables.lattice.multiset.count + 1);
    this.cutStates = operands.map(({ levels }) => new Int32Array(levels.length));
    this.cutPositions = operands.map(({ levels }) => new Int32Array(levels.length));
    this.decided = new Int32Array(operands.length);
    this.openFrom = new Int32Array(operands.length);
    this.position = new Int32Array(operands.length);
    this.memories = memories
      .filter(({ residents }) => residents.length > 0)
      .map((model) => ({
        capacity: model.memory.size,
        residents: model.residents.map((resident) => scannedResident(tables, model, resident)),
      }));
  }

  /** Cuts an order whose states are all written; nothing stays open. */
  findWhole(): CutVerdict {
    return this.find(this.states.length - 1, true);
  }

  /**
   * Cuts all orders that start alike, as far as they are cut alike.
   *
   * @param known - number of innermost loops whose states are written
   */
  findPrefix(known: number): "cut" | "infeasible" {
    return this.find(known, false) === "infeasible" ? "infeasible" : "cut";
  }

  private find(known: number, isWhole: boolean): CutVerdict {
    this.isWhole = isWhole;
    this.isOverfull = false;
    for (let o = 0; o < this.position.length; o++) {
      this.position[o] = 0;
      this.decided[o] = 0;
      this.openFrom[o] = -1;
    }
    for (let i = 0; i < this.memories.length; i++) {
      const { residents, capacity } = this.memories[i]!;
      if (this.hasOpen(residents)) {
        this.leaveOpen(residents, known);
        continue;
      }
      const verdict = this.cutAt(residents, capacity, known);
      if (verdict === "ambiguous" && !isWhole) this.leaveOpenAnywhere(residents);
      else if (verdict !== "cut") return verdict;
    }
    return "cut";
  }

  private hasOpen(residents: readonly ScannedResident[]): boolean {
    for (let r = 0; r < residents.length; r++) if (this.openFrom[residents[r]!.operand]! >= 0) return true;
    return false;
  }

  /** A greedy resident that fits so far is cut beyond the known loops, any other one anywhere after its last cut. */
  private leaveOpen(residents: readonly ScannedResident[], known: number): void {
    for (let r = 0; r < residents.length; r++) {
      const { operand, isGreedy } = residents[r]!;
      if (this.openFrom[operand]! < 0) this.openFrom[operand] = isGreedy ? known : this.position[operand]!;
    }
  }

  /** Where the order of loops decides what fits (Q11). */
  private leaveOpenAnywhere(residents: readonly ScannedResident[]): void {
    for (let r = 0; r < residents.length; r++) {
      const { operand } = residents[r]!;
      if (this.openFrom[operand]! < 0) this.openFrom[operand] = this.position[operand]!;
    }
  }

  private cutAt(residents: readonly ScannedResident[], capacity: number, known: number): CutVerdict {
    let isOpen = false;
    for (let r = 0; r < residents.length; r++) {
      const resident = residents[r]!;
      const verdict = this.scan(resident, capacity, known);
      if (verdict !== "cut") return verdict;
      isOpen ||= resident.ranOut;
    }
    if (!isOpen && !this.chooses(residents, capacity)) {
      if (this.isWhole && !this.tables.policies.capacityCuts.givesNothing) return "infeasible";
      if (this.isWhole) this.giveNothing(residents);
      isOpen = !this.isWhole;
    }
    if (isOpen) this.leaveOpen(residents, known);
    else if (!this.take(residents)) return "infeasible";
    return "cut";
  }

  /** @returns whether some combination of what the residents could keep fits */
  private chooses(residents: readonly ScannedResident[], capacity: number): boolean {
    this.fewestAccesses = Number.POSITIVE_INFINITY;
    return this.combine(residents, 0, 0, 0, capacity);
  }

  /** Q23: an overflow may go unnoticed later on. */
  private giveNothing(residents: readonly ScannedResident[]): void {
    for (let r = 0; r < residents.length; r++) residents[r]!.taken = 0;
    this.isOverfull = true;
  }

  /** Lists the prefixes of the unallocated loops that fit alone. */
  private scan(resident: ScannedResident, capacity: number, known: number): CutVerdict {
    const { held, bits, accesses, isTop } = resident;
    const { remaining } = this.tables.lattice;
    const position = this.position[resident.operand]!;
    const width = resident.widths[this.tables.isReducing[this.states[position]!] as 0 | 1]; // a flag
    let count = 0;
    for (; position + count <= known; count++) {
      const state = this.states[position + count]!;
      const size = held[state]! * width;
      if (Number.isNaN(size)) return "ambiguous";
      if (size > capacity) break;
      bits[count] = size;
      accesses[count] = isTop ? 0 : size * remaining[state]!;
    }
    const reachedEnd = position + count > known;
    if (count === 0 || (isTop && !reachedEnd)) return "infeasible";
    resident.candidates = count;
    resident.first = isTop ? count - 1 : 0;
    resident.ranOut = reachedEnd && known < this.states.length - 1;
    return "cut";
  }

  /**
   * Tries all candidates of the residents from `r` on, in published order; the last of equal combinations is taken.
   *
   * @returns whether one of them is the best so far
   */
  private combine(
    residents: readonly ScannedResident[],
    r: number,
    used: number,
    estimate: number,
    capacity: number,
  ): boolean {
    const resident = residents[r]!;
    const { bits, accesses, candidates, first } = resident;
    const isLast = r + 1 === residents.length;
    let improved = false;
    for (let i = first; i < candidates && used + bits[i]! <= capacity; i++) {
      const sum = estimate + accesses[i]!;
      if (isLast) {
        if (sum > this.fewestAccesses) continue;
        this.fewestAccesses = sum;
      } else if (!this.combine(residents, r + 1, used + bits[i]!, sum, capacity)) continue;
      resident.taken = i;
      improved = true;
    }
    return improved;
  }

  /** @returns whether no loop is left above a top level */
  private take(residents: readonly ScannedResident[]): boolean {
    for (let r = 0; r < residents.length; r++) {
      const { operand, isTop, taken } = residents[r]!;
      const cut = this.position[operand]! + taken;
      if (isTop && cut < this.states.length - 1) return false;
      this.position[operand] = cut;
      this.cutPositions[operand]![this.decided[operand]!] = cut;
      this.cutStates[operand]![this.decided[operand]!++] = this.states[cut]!;
    }
    return true;
  }
}

function scannedResident(
  tables: EnergyTables,
  model: MemoryModel,
  { operand, level, isTop }: Resident,
): ScannedResident {
  const loopCount = tables.lattice.multiset.count;
  const { windows } = tables.layer.operands[operand]!;
  return {
    operand,
    isTop,
    isGreedy: model.residents.length === 1 && windows.every(({ dilation }) => dilation === 1), // Q13 makes estimates rise
    held: tables.levels[operand]![level]!.held,
    widths: tables.widths[operand]!,
    bits: new Float64Array(loopCount + 1),
    accesses: new Float64Array(loopCount + 1),
    first: 0,
    candidates: 0,
    ranOut: false,
    taken: 0,
  };
}
