/** The price of one loop order from tables: capacity cuts (SL §4) and energy (SL §7), in the sums and orders of `evaluate.ts`. */
import type { EnergyTables } from "./tables.js";

/** A resident of a memory as the pricer scans it. */
interface ScannedResident {
  readonly operand: number;
  readonly isTop: boolean;
  readonly held: Float64Array;
  /** Bits per element by whether reduction loops are left. */
  readonly widths: readonly [final: number, partial: number];
  /** Scratch: bits and access estimate of each candidate, how many there are, and the first that may be taken. */
  readonly bits: Float64Array;
  readonly accesses: Float64Array;
  candidates: number;
  first: number;
  taken: number;
}

interface ScannedMemory {
  readonly capacity: number;
  readonly residents: readonly ScannedResident[];
}

/** Prices loop orders one after the other; holds scratch space and is therefore used by one search at a time. */
export class Pricer {
  private readonly n: number;
  private readonly tables: EnergyTables;
  private readonly memories: readonly ScannedMemory[];
  /** State after each number of loops of the order at hand. */
  private readonly states: Int32Array;
  /** Loops allocated so far, per operand. */
  private readonly position: Int32Array;
  /** Per operand and level: state of the cut. */
  private readonly cutStates: readonly Int32Array[];
  private readonly depth: Int32Array;
  private bestAccesses = 0;

  constructor(tables: EnergyTables) {
    const { layer, lattice } = tables;
    this.tables = tables;
    this.n = lattice.multiset.count;
    this.states = new Int32Array(this.n + 1);
    this.position = new Int32Array(layer.operands.length);
    this.depth = new Int32Array(layer.operands.length);
    this.cutStates = layer.operands.map(({ levels }) => new Int32Array(levels.length));
    this.memories = layer.memories.map(({ memory, residents }) => ({
      capacity: memory.size,
      residents: residents.map(({ operand, level, isTop }) => ({
        operand,
        isTop,
        held: tables.levels[operand]![level]!.held,
        widths: tables.widths[operand]!,
        bits: new Float64Array(this.n + 1),
        accesses: new Float64Array(this.n + 1),
        candidates: 0,
        first: 0,
        taken: 0,
      })),
    }));
  }

  /**
   * @param order - indices of distinct factors, innermost first, from `offset` on
   * @returns energy in pJ; `Infinity` when a memory is too small; `NaN` when only a direct evaluation can tell
   */
  price(order: Uint8Array, offset: number): number {
    const { strides } = this.tables.lattice;
    for (let i = 0; i < this.n; i++) this.states[i + 1] = this.states[i]! + strides[order[offset + i]!]!;
    this.position.fill(0);
    this.depth.fill(0);
    for (let memory = 0; memory < this.memories.length; memory++) {
      const verdict = this.allocate(this.memories[memory]!);
      if (verdict !== 0) return verdict;
    }
    return this.energy();
  }

  /** @returns 0, or the price of an order that cannot be allocated here */
  private allocate({ capacity, residents }: ScannedMemory): number {
    for (const resident of residents) {
      const verdict = this.scan(resident, capacity);
      if (verdict !== 0) return verdict;
    }
    const fits = this.choose(residents, capacity);
    let verdict = fits ? 0 : Number.NaN; // Q23: the direct evaluation decides whether the overflow is noticed
    for (const resident of residents) {
      const o = resident.operand;
      const cut = this.position[o]! + (fits ? resident.taken : 0);
      if (resident.isTop && cut < this.n) verdict = Number.POSITIVE_INFINITY;
      this.position[o] = cut;
      this.cutStates[o]![this.depth[o]!++] = this.states[cut]!;
    }
    return verdict;
  }

  /** Lists the prefixes of the unallocated loops that fit alone. */
  private scan(resident: ScannedResident, capacity: number): number {
    const { held, bits, accesses, isTop } = resident;
    const { remaining } = this.tables.lattice;
    const position = this.position[resident.operand]!;
    const width = resident.widths[this.tables.isReducing[this.states[position]!] as 0 | 1]; // a flag
    let count = 0;
    for (; position + count <= this.n; count++) {
      const state = this.states[position + count]!;
      const size = held[state]! * width;
      if (Number.isNaN(size)) return Number.NaN;
      if (size > capacity) break;
      bits[count] = size;
      accesses[count] = isTop ? 0 : size * remaining[state]!;
    }
    resident.candidates = count;
    resident.first = isTop ? count - 1 : 0;
    resident.taken = count - 1;
    return count === 0 ? Number.POSITIVE_INFINITY : 0;
  }

  /** Takes the combination with the smallest estimate, the last such one. @returns false when none fits */
  private choose(residents: readonly ScannedResident[], capacity: number): boolean {
    this.bestAccesses = Number.POSITIVE_INFINITY;
    this.combine(residents, 0, 0, 0, capacity);
    return this.bestAccesses < Number.POSITIVE_INFINITY;
  }

  /** Tries all candidates of the residents from `r` on. @returns whether one of them is the best so far */
  private combine(
    residents: readonly ScannedResident[],
    r: number,
    used: number,
    estimate: number,
    capacity: number,
  ): boolean {
    const resident = residents[r]!;
    const { bits, accesses, candidates, first } = resident;
    let improved = false;
    for (let i = first; i < candidates && used + bits[i]! <= capacity; i++) {
      const accessesSoFar = estimate + accesses[i]!;
      if (r + 1 < residents.length) {
        if (!this.combine(residents, r + 1, used + bits[i]!, accessesSoFar, capacity)) continue;
      } else {
        if (accessesSoFar > this.bestAccesses) continue;
        this.bestAccesses = accessesSoFar;
      }
      resident.taken = i;
      improved = true;
    }
    return improved;
  }

  private energy(): number {
    const { levels, macEnergy } = this.tables;
    let memoryEnergy = 0;
    for (let o = 0; o < levels.length; o++) {
      const cuts = this.cutStates[o]!;
      let below = 0;
      for (let m = 0; m < cuts.length; m++) {
        const { th, tl, fh, fl } = levels[o]![m]!;
        const cut = cuts[m]!;
        memoryEnergy += th[cut]! + tl[below]! + (fh[cut]! + fl[below]!);
        below = cut;
      }
    }
    return memoryEnergy + macEnergy;
  }
}
