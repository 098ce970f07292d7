/**
 * Best-first search over (loops placed, cuts made per operand). A loop is placed above the cuts that are made before it; of an operand
 * that it does not index none is, since that cut would move above it (EM §3, Cut). Of two partial mappings at one place the one that
 * has used no less of anything is dropped.
 */
import { relevanceOf } from "../mapper/layer-model.js";
import type { Bound } from "./bounds.js";
import { type Criterion, hasPairs, type TimeCriteria } from "./criteria.js";
import type { Copies } from "./figures.js";
import { LabelQueue, Labels } from "./labels.js";
import { levelAt, type Nodes, nodesOf } from "./nodes.js";
import type { Room } from "./room.js";
import type { RoomPrices } from "./room-prices.js";
import type { Tables } from "./tables.js";

export interface SearchGoal {
  readonly minimise: "energy" | "latency";
  /** Mappings above these are not looked at; pJ and cycles. */
  readonly energyLimit: number;
  readonly latencyLimit: number;
}

export interface SearchSetting {
  readonly tables: Tables;
  readonly room: Room;
  readonly energy: Pick<Criterion, "start" | "costs">;
  /** Of the energy. */
  readonly bound: Bound;
  /** For a second bound of the energy, where room is contested. */
  readonly prices: RoomPrices | undefined;
  /** No criteria where time does not matter. */
  readonly times: TimeCriteria;
  /** Of each criterion of time. */
  readonly timeBounds: readonly Bound[];
  readonly goal: SearchGoal;
  /** Partial mappings after which the search settles for what it has, or for the first that it gets by diving. */
  readonly limit: number;
  /** Differences of energy that are rounding, pJ. */
  readonly rounding: number;
}

/** A mapping as the search finds it: factors by index into the space's, innermost first. */
export interface FoundOrder {
  readonly factors: readonly number[];
  readonly positions: readonly (readonly number[])[];
  readonly copies: readonly (readonly Copies[])[];
}

export interface SearchOutcome {
  readonly best: FoundOrder | undefined;
  /** Value of what was minimised. */
  readonly value: number;
  readonly expanded: number;
  readonly isComplete: boolean;
}

const ENERGY = 0;
/** 1 where the level that an output's next cut closes holds partial sums. */
const PARTIAL = 1;
/** Minus what one replica that starts anew above saves below, pJ. */
const SAVED = 2;
const BITS = 3;

export class LabelSearch {
  private readonly setting: SearchSetting;
  private readonly operandCount: number;
  private readonly isOutput: readonly boolean[];
  private readonly nodes: Nodes;
  private readonly held: readonly number[];
  /** Per operand: place of its first cut among all. */
  private readonly offsets: readonly number[];
  private readonly timesAt: number;
  /** Per factor: operands that it indexes. */
  private readonly indexes: readonly number[];
  private readonly countsEnergy: boolean;
  private readonly pairs: boolean;
  private readonly times: readonly Criterion[];
  private readonly labels: Labels;
  private readonly queue: LabelQueue;
  /** The children of one label, cut by cut: vectors, and the number of cuts made per operand. */
  private readonly stack: readonly Float64Array[];
  private readonly levels: Int32Array;
  private readonly kept: Float64Array;
  private readonly goalNode: number;
  /** Best complete mapping so far, and its value in the unit of the bounds. */
  private incumbent = -1;
  private ceiling = Number.POSITIVE_INFINITY;
  private doubled = 0;
  private parent = -1;
  private state = 0;
  private factor = -1;
  private reached = 0;

  constructor(setting: SearchSetting) {
    const { tables, room, goal } = setting;
    const times = setting.times.criteria;
    this.setting = setting;
    this.times = times;
    this.operandCount = tables.operands.length;
    this.isOutput = tables.operands.map(({ operand }) => operand.model.isOutput);
    this.nodes = nodesOf(tables);
    this.held = this.nodes.held;
    this.offsets = this.held.map((_, o) => this.held.slice(0, o).reduce((sum, held) => sum + held, 0));
    const cutCount = this.held.reduce((sum, held) => sum + held, 0);
    if (cutCount > 31) throw new Error("more than 31 levels below the homes of a layer's operands");
    this.timesAt = BITS + room.contested.length;
    this.indexes = tables.space.factors.map(({ dim, size }) =>
      tables.operands.reduce(
        (set, { operand }, o) => (size > 1 && relevanceOf(operand.model, dim) !== "irrelevant" ? set | (1 << o) : set),
        0,
      ),
    );
    this.countsEnergy = goal.minimise === "energy" || goal.energyLimit < Number.POSITIVE_INFINITY;
    this.pairs = this.countsEnergy && tables.operands.some(({ cuts }) => hasPairs(cuts));
    const width = this.timesAt + times.length;
    this.labels = new Labels(width);
    this.queue = new LabelQueue((label) => this.labels.depths[label]!);
    this.stack = Array.from({ length: cutCount + 1 }, () => new Float64Array(width));
    this.levels = new Int32Array(this.operandCount);
    this.kept = new Float64Array(width);
    this.goalNode = this.nodes.count - 1;
  }

  run(): SearchOutcome {
    const { limit } = this.setting;
    this.start();
    let expanded = 0;
    for (; this.queue.size > 0; expanded++) {
      const label = this.queue.pop();
      if (this.labels.dead[label] === 1) continue;
      if (this.labels.nodes[label] === this.goalNode) return this.outcome(label, expanded, expanded <= limit);
      if (expanded === limit) this.queue.divesNow();
      if (expanded >= limit && (this.incumbent !== -1 || expanded >= 2 * limit)) {
        return this.outcome(this.incumbent, expanded, false);
      }
      this.expand(label);
    }
    return this.outcome(-1, expanded, true);
  }

  /** @param label - complete mapping; −1: none was found */
  private outcome(label: number, expanded: number, isComplete: boolean): SearchOutcome {
    if (label === -1) return { best: undefined, value: Number.POSITIVE_INFINITY, expanded, isComplete };
    return { best: this.orderOf(label), value: this.valueOf(label), expanded, isComplete };
  }

  private start(): void {
    const { tables, energy } = this.setting;
    const vector = this.stack[0]!;
    vector.fill(0);
    vector[ENERGY] = this.countsEnergy ? energy.start : 0;
    tables.operands.forEach(({ operand, array, cuts }) => {
      if (operand.model.isOutput && cuts.length > 0) vector[PARTIAL] = array.leavesPartial ? 1 : 0;
    });
    this.times.forEach(({ start }, k) => {
      vector[this.timesAt + k] = start;
    });
    this.emit(0, 0);
  }

  private expand(label: number): void {
    const { space } = this.setting.tables;
    const { nodes, vectors, width, doubled } = this.labels;
    const node = nodes[label]!;
    this.parent = label;
    this.state = Math.floor(node / this.nodes.perState);
    this.doubled = doubled[label]!;
    for (let o = 0; o < this.operandCount; o++) {
      this.levels[o] = levelAt(this.nodes, node % this.nodes.perState, o);
    }
    this.stack[0]!.set(vectors.subarray(label * width, (label + 1) * width));
    if (this.state === space.stateCount - 1) {
      this.factor = -1;
      this.reached = this.state;
      this.cutAll(0, 0);
      return;
    }
    for (let f = 0; f < space.factors.length; f++) {
      const reached = space.next[this.state * space.factors.length + f]!;
      if (reached < 0) continue;
      this.factor = f;
      this.reached = reached;
      this.cutFrom(0, 0);
    }
  }

  /** All choices of cuts of operand `o` and the later ones, below the factor that is placed next. */
  private cutFrom(o: number, depth: number): void {
    if (o === this.operandCount) {
      this.emit(depth, this.reached);
      return;
    }
    this.cutFrom(o + 1, depth);
    if (((this.indexes[this.factor]! >> o) & 1) === 1) this.cutOperand(o, depth);
  }

  private cutOperand(o: number, depth: number): void {
    const level = this.levels[o]!;
    if (level === this.held[o]) return;
    const choices = this.copiesToTry(o, level, this.stack[depth]!);
    for (let copies = 2; copies >= 1; copies--) {
      if ((choices & copies) === 0 || !this.cut(o, level, copies as Copies, depth)) continue;
      this.cutFrom(o + 1, depth + 1);
      this.cutOperand(o, depth + 1);
      this.undo(o, level);
    }
  }

  /** The last cuts, above all loops: nothing is refilled, so one block is enough. */
  private cutAll(o: number, depth: number): void {
    if (o === this.operandCount) {
      this.emit(depth, this.reached);
      return;
    }
    const level = this.levels[o]!;
    if (level === this.held[o]) {
      this.cutAll(o + 1, depth);
    } else if (this.cut(o, level, 1, depth)) {
      this.cutAll(o, depth + 1);
      this.undo(o, level);
    }
  }

  private undo(o: number, level: number): void {
    this.levels[o] = level;
    this.doubled &= ~(1 << (this.offsets[o]! + level));
  }

  /** Set of numbers of blocks: two only where that saves time, one only where two take room from others or do not fit. */
  private copiesToTry(o: number, level: number, vector: Float64Array): number {
    const { tables, room, times } = this.setting;
    if (this.times.length === 0) return 1;
    const { memory } = tables.operands[o]!.cuts[level]!;
    const serial = times.serial[o]![level]!;
    if (serial[0][this.state]! === serial[1][this.state]!) return 1;
    if (room.contestedIndex[memory]! >= 0) return 3;
    return 2 * this.bitsOf(o, level, vector) <= room.available[memory]! ? 2 : 1;
  }

  /** Bits of one block of the level that is cut now. */
  private bitsOf(o: number, level: number, vector: Float64Array): number {
    const { operand, cuts } = this.setting.tables.operands[o]!;
    const { bits, partialBits } = cuts[level]!;
    return operand.model.isOutput && vector[PARTIAL] === 1 ? partialBits[this.state]! : bits[this.state]!;
  }

  /** @returns whether the block fits; then `stack[depth + 1]` has what is used with it */
  private cut(o: number, level: number, copies: Copies, depth: number): boolean {
    const { tables, room, energy } = this.setting;
    const { times } = this;
    const { operand, cuts } = tables.operands[o]!;
    const table = cuts[level]!;
    const { state } = this;
    if (energy.costs[o]![level]![state] === Number.POSITIVE_INFINITY) return false;
    const from = this.stack[depth]!;
    const bits = copies * this.bitsOf(o, level, from);
    const contested = room.contestedIndex[table.memory]!;
    const taken = contested < 0 ? 0 : from[BITS + contested]!;
    if (taken + bits > room.available[table.memory]!) return false;
    const to = this.stack[depth + 1]!;
    to.set(from);
    if (contested >= 0) to[BITS + contested] = taken + bits;
    if (this.countsEnergy) to[ENERGY]! += energy.costs[o]![level]![state]!;
    if (this.pairs && operand.model.isOutput) {
      if (table.replicas !== undefined) to[ENERGY]! += table.replicas[state]! * from[SAVED]!;
      to[SAVED]! -= table.oldEnergy[state]!;
    }
    for (let k = 0; k < times.length; k++) {
      to[this.timesAt + k]! +=
        k === 0 ? this.setting.times.serial[o]![level]![copies - 1]![state]! : times[k]!.costs[o]![level]![state]!;
    }
    if (operand.model.isOutput) to[PARTIAL] = table.leavesPartial[state]!;
    this.levels[o] = level + 1;
    if (copies === 2) this.doubled |= 1 << (this.offsets[o]! + level);
    return true;
  }

  /** Adds the label that `stack[depth]` and `levels` describe, if it can lead to a mapping within the limits and better than one known. */
  private emit(depth: number, state: number): void {
    const vector = this.stack[depth]!;
    let node = state * this.nodes.perState;
    for (let o = 0; o < this.operandCount; o++) node += this.levels[o]! * this.nodes.radix[o]!;
    const bound = this.boundOf(vector, node, state);
    if (bound > this.ceiling || bound === Number.POSITIVE_INFINITY || !this.isRoomAhead(vector, state)) return;
    const { kept } = this;
    kept.set(vector);
    this.forgetWhatIsDone(kept);
    const labelDepth = this.parent === -1 ? 0 : this.labels.depths[this.parent]! + 1 + depth;
    const slack = this.setting.rounding / 64;
    const label = this.labels.add(node, kept, slack, this.parent, this.factor, this.doubled, labelDepth);
    if (label === -1) return;
    this.queue.push(label, bound);
    if (node === this.goalNode && bound < this.ceiling) {
      this.ceiling = bound;
      this.incumbent = label;
    }
  }

  /** Least value of what is minimised that a label may lead to; infinite beyond the limits. Energies are in units of their rounding. */
  private boundOf(vector: Float64Array, node: number, state: number): number {
    const { goal, rounding, timeBounds } = this.setting;
    const pj = this.countsEnergy ? this.energyBound(vector, node, state) : 0;
    if (pj > goal.energyLimit || pj === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    let cycles = 0;
    for (let k = 0; k < timeBounds.length; k++) {
      cycles = Math.max(cycles, vector[this.timesAt + k]! + timeBounds[k]!.toGo(node, state, this.levels));
    }
    if (cycles > goal.latencyLimit || cycles === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return goal.minimise === "energy" ? Math.round(pj / rounding) : cycles;
  }

  private energyBound(vector: Float64Array, node: number, state: number): number {
    const { bound, prices, room } = this.setting;
    const free = vector[ENERGY]! + bound.toGo(node, state, this.levels);
    if (prices === undefined) return free;
    let paid = vector[ENERGY]! + prices.toGo[node]!;
    for (let i = 0; i < room.contested.length; i++) {
      const { holds, memory } = room.contested[i]!;
      if (this.isNeeded(holds)) paid -= prices.perBit[i]! * (room.available[memory]! - vector[BITS + i]!);
    }
    return Math.max(free, paid);
  }

  /** Whether every contested memory has room for the blocks to come, which are no smaller than they would be here. */
  private isRoomAhead(vector: Float64Array, state: number): boolean {
    const { contested, available, leastBits } = this.setting.room;
    for (let i = 0; i < contested.length; i++) {
      let need = vector[BITS + i]!;
      for (const { operand, level, table } of contested[i]!.holds) {
        if (level < this.levels[operand]!) continue;
        const isPartial = level === this.levels[operand]! && vector[PARTIAL] === 1 && this.isOutput[operand]!;
        need += isPartial ? table.partialBits[state]! : leastBits[operand]![level]![state]!;
      }
      if (need > available[contested[i]!.memory]!) return false;
    }
    return true;
  }

  /** Entries that no later cut asks for are cleared, so that labels which differ in them alone are one. */
  private forgetWhatIsDone(vector: Float64Array): void {
    const { tables, room } = this.setting;
    for (let i = 0; i < room.contested.length; i++) {
      if (!this.isNeeded(room.contested[i]!.holds)) vector[BITS + i] = 0;
    }
    for (let o = 0; o < this.operandCount; o++) {
      if (!this.isOutput[o]!) continue;
      const { cuts } = tables.operands[o]!;
      let level = this.levels[o]!;
      if (level === cuts.length) vector[PARTIAL] = 0;
      while (level < cuts.length && cuts[level]!.replicas === undefined) level++;
      if (level === cuts.length) vector[SAVED] = 0;
    }
  }

  /** Whether a level is still to be cut. */
  private isNeeded(holds: Room["contested"][number]["holds"]): boolean {
    for (const { operand, level } of holds) if (level >= this.levels[operand]!) return true;
    return false;
  }

  private valueOf(label: number): number {
    const at = label * this.labels.width;
    if (this.setting.goal.minimise === "energy") return this.labels.vectors[at + ENERGY]!;
    return this.times.reduce((most, _, k) => Math.max(most, this.labels.vectors[at + this.timesAt + k]!), 0);
  }

  private orderOf(goal: number): FoundOrder {
    const path: number[] = [];
    for (let label = goal; label !== -1; label = this.labels.parents[label]!) path.unshift(label);
    const factors: number[] = [];
    const positions: number[][] = this.held.map(() => []);
    path.forEach((label) => {
      const code = this.labels.nodes[label]! % this.nodes.perState;
      this.held.forEach((_, o) => {
        const level = levelAt(this.nodes, code, o);
        while (positions[o]!.length < level) positions[o]!.push(factors.length);
      });
      if (this.labels.factors[label]! >= 0) factors.push(this.labels.factors[label]!);
    });
    const doubled = this.labels.doubled[goal]!;
    const copies = this.held.map((held, o) =>
      Array.from({ length: held }, (_, m): Copies => (((doubled >> (this.offsets[o]! + m)) & 1) === 1 ? 2 : 1)),
    );
    return { factors, positions, copies };
  }
}
