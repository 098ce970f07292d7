/** The price of one loop order from tables: the same sums in the same order as the direct evaluation (SL §7). */
import { CutFinder } from "./cut-finder.js";
import type { EnergyTables } from "./tables.js";

/** Prices loop orders one after the other; holds scratch space and is therefore used by one search at a time. */
export class Pricer {
  private readonly tables: EnergyTables;
  private readonly finder: CutFinder;

  constructor(tables: EnergyTables) {
    this.tables = tables;
    this.finder = new CutFinder(tables);
  }

  /**
   * @param order - indices of distinct factors, innermost first, from `offset` on
   * @returns energy in pJ; `Infinity` when a memory is too small; `NaN` when only a direct evaluation can tell
   */
  price(order: Uint8Array, offset: number): number {
    const { strides, multiset } = this.tables.lattice;
    const { states, openFrom } = this.finder;
    for (let i = 0; i < multiset.count; i++) states[i + 1] = states[i]! + strides[order[offset + i]!]!;
    const verdict = this.finder.find(multiset.count);
    if (verdict === "infeasible") return Number.POSITIVE_INFINITY;
    if (verdict === "ambiguous") return Number.NaN;
    for (let o = 0; o < openFrom.length; o++) if (openFrom[o]! >= 0) return Number.NaN;
    return this.energy();
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
