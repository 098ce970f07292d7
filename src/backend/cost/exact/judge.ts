/** What a partial mapping may still lead to. */
import type { Room } from "./room.js";
import { BITS, countsEnergy, ENERGY, PARTIAL, SAVED, type SearchSetting, timesAt } from "./search-setting.js";

export class Judge {
  private readonly setting: SearchSetting;
  private readonly isOutput: readonly boolean[];
  private readonly countsEnergy: boolean;
  private readonly timesAt: number;

  constructor(setting: SearchSetting) {
    this.setting = setting;
    this.isOutput = setting.tables.operands.map(({ operand }) => operand.model.isOutput);
    this.countsEnergy = countsEnergy(setting.goal);
    this.timesAt = timesAt(setting);
  }

  /**
   * Least value of what is minimised that a label may lead to; infinite beyond the limits. Energies are in units of their rounding.
   *
   * @param levels - cuts made, per operand
   */
  boundOf(vector: Float64Array, node: number, state: number, levels: Int32Array): number {
    const { goal, rounding, timeBounds } = this.setting;
    const pj = this.countsEnergy ? this.energyBound(vector, node, state, levels) : 0;
    let cycles = 0;
    for (let k = 0; k < timeBounds.length; k++) {
      cycles = Math.max(cycles, vector[this.timesAt + k]! + timeBounds[k]!.toGo(node, state, levels));
    }
    if (cycles > goal.latencyLimit || cycles === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const all = pj + goal.perCycle * cycles; // each of the two bounds holds, and so does their sum
    if (all > goal.energyLimit || all === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return goal.minimise === "energy" ? Math.round(all / rounding) : cycles;
  }

  private energyBound(vector: Float64Array, node: number, state: number, levels: Int32Array): number {
    const { bound, prices, room } = this.setting;
    const free = vector[ENERGY]! + bound.toGo(node, state, levels);
    if (prices === undefined) return free;
    let paid = vector[ENERGY]! + prices.toGo[node]!;
    for (let i = 0; i < room.contested.length; i++) {
      const { holds, memory } = room.contested[i]!;
      if (isNeeded(holds, levels)) paid -= prices.perBit[i]! * (room.available[memory]! - vector[BITS + i]!);
    }
    return Math.max(free, paid);
  }

  /** Whether every contested memory has room for the blocks to come, which are no smaller than they would be here. */
  isRoomAhead(vector: Float64Array, state: number, levels: Int32Array): boolean {
    const { contested, available, leastBits } = this.setting.room;
    for (let i = 0; i < contested.length; i++) {
      let need = vector[BITS + i]!;
      for (const { operand, level, table } of contested[i]!.holds) {
        if (level < levels[operand]!) continue;
        const isPartial = level === levels[operand]! && vector[PARTIAL] === 1 && this.isOutput[operand]!;
        need += isPartial ? table.partialBits[state]! : leastBits[operand]![level]![state]!;
      }
      if (need > available[contested[i]!.memory]!) return false;
    }
    return true;
  }

  /** Entries that no later cut asks for are cleared, so that labels which differ in them alone are one. */
  forgetWhatIsDone(vector: Float64Array, levels: Int32Array): void {
    const { tables, room } = this.setting;
    for (let i = 0; i < room.contested.length; i++) {
      if (!isNeeded(room.contested[i]!.holds, levels)) vector[BITS + i] = 0;
    }
    for (let o = 0; o < levels.length; o++) {
      if (!this.isOutput[o]!) continue;
      const { cuts } = tables.operands[o]!;
      let level = levels[o]!;
      if (level === cuts.length) vector[PARTIAL] = 0;
      while (level < cuts.length && cuts[level]!.replicas === undefined) level++;
      if (level === cuts.length) vector[SAVED] = 0;
    }
  }

  /** Of a complete mapping: what is minimised, pJ or cycles. */
  valueOf(vector: Float64Array): number {
    const { minimise, perCycle } = this.setting.goal;
    const cycles = vector.subarray(this.timesAt).reduce((most, each) => Math.max(most, each), 0);
    return minimise === "energy" ? vector[ENERGY]! + perCycle * cycles : cycles;
  }
}

/** Whether a level is still to be cut. */
function isNeeded(holds: Room["contested"][number]["holds"], levels: Int32Array): boolean {
  for (const { operand, level } of holds) if (level >= levels[operand]!) return true;
  return false;
}
