/** The price of one loop order from tables: the same sums in the same order as the direct evaluation (SL §7). */
import { CutFinder } from "./cut-finder.js";
import { relevanceOf } from "./layer-model.js";
import type { EnergyTables } from "./tables.js";

/** Prices loop orders one after the other; holds scratch space and is therefore used by one search at a time. */
export class Pricer {
  private readonly tables: EnergyTables;
  private readonly finder: CutFinder;
  /** Per operand and factor: whether the operand stays while loops over it run. */
  private readonly isStationary: readonly (readonly boolean[])[];

  constructor(tables: EnergyTables) {
    const { layer, lattice } = tables;
    this.tables = tables;
    this.finder = new CutFinder(tables);
    this.isStationary = layer.operands.map((operand) =>
      lattice.multiset.factors.map(({ dim }) => relevanceOf(operand, dim) === "irrelevant"),
    );
  }

  /**
   * @param order - indices of distinct factors, innermost first, from `offset` on
   * @returns energy in pJ; `Infinity` when a memory is too small; `NaN` when only a direct evaluation can tell
   */
  price(order: Uint8Array, offset: number): number {
    const { strides, multiset } = this.tables.lattice;
    const { states } = this.finder;
    for (let i = 0; i < multiset.count; i++) states[i + 1] = states[i]! + strides[order[offset + i]!]!;
    const verdict = this.finder.findWhole();
    if (verdict === "infeasible") return Number.POSITIVE_INFINITY;
    if (verdict === "ambiguous") return Number.NaN;
    if (!this.finder.isOverfull) return this.energy();
    this.moveUp(order, offset);
    const isOverflowing = this.overflows();
    if (isOverflowing === undefined) return Number.NaN;
    return isOverflowing ? Number.POSITIVE_INFINITY : this.energy();
  }

  /** Cuts above loops that do not index the operand (SL §5.1); those that capacity chose among several lie there already. */
  private moveUp(order: Uint8Array, offset: number): void {
    const { cutPositions, cutStates, states } = this.finder;
    const { count } = this.tables.lattice.multiset;
    for (let o = 0; o < cutStates.length; o++) {
      const stays = this.isStationary[o]!;
      for (let m = 0; m < cutStates[o]!.length; m++) {
        let cut = cutPositions[o]![m]!;
        while (cut < count && stays[order[offset + cut]!]!) cut++;
        cutStates[o]![m] = states[cut]!;
      }
    }
  }

  /** Whether a memory holds more than it can (Q23, Q25); `undefined` where only a direct evaluation can tell. */
  private overflows(): boolean | undefined {
    const { layer, policies } = this.tables;
    let isOverflowing = false;
    for (const { memory, residents } of layer.memories) {
      let shared = 0;
      for (const { operand, level } of residents) {
        const share = this.heldBits(operand, level) / memory.size;
        if (Number.isNaN(share)) return undefined;
        shared += share;
        isOverflowing ||= share > 1;
      }
      isOverflowing ||= shared > 1 && policies.capacityCuts.checksSum(memory);
    }
    return isOverflowing;
  }

  private heldBits(o: number, m: number): number {
    const { layer, levels, policies } = this.tables;
    const cuts = this.finder.cutStates[o]!;
    const above = this.isIncomplete(o, m, cuts[m]!);
    const below = this.isIncomplete(o, m - 1, m === 0 ? 0 : cuts[m - 1]!);
    return levels[o]![m]!.moved[cuts[m]!]! * policies.partialSums.heldWidth(layer.operands[o]!, above, below);
  }

  /** Whether sums are incomplete above a level (−1: the array) whose cut lies at a state (SL §5.4). */
  private isIncomplete(o: number, m: number, state: number): boolean {
    const { layer, levels, isReducing, arrayReduces } = this.tables;
    if (!layer.operands[o]!.isOutput) return false;
    return isReducing[state] === 1 || (m < 0 ? arrayReduces : levels[o]![m]!.reducesAbove);
  }

  private energy(): number {
    const { levels, macEnergy } = this.tables;
    let memoryEnergy = 0;
    for (let o = 0; o < levels.length; o++) {
      const cuts = this.finder.cutStates[o]!;
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
