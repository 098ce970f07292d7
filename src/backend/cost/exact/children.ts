/**
 * What may follow a partial mapping: one more loop, above any cuts of the operands that it indexes. Of an operand that it does not index
 * no cut is made below it, since that cut would move above it (EM §3, Cut).
 */
import { relevanceOf } from "../mapper/layer-model.js";
import { hasPairs } from "./criteria.js";
import type { Copies } from "./figures.js";
import { levelAt, type Nodes } from "./nodes.js";
import {
  BITS,
  countsEnergy,
  ENERGY,
  PARTIAL,
  SAVED,
  type SearchSetting,
  timesAt,
  vectorWidth,
} from "./search-setting.js";

/** @param depth - cuts made since the parent */
export type VisitChild = (vector: Float64Array, depth: number) => void;

export class Children {
  /** Of the child that is visited: cuts made per operand, cuts below which two blocks are reserved (as bits), factor and state. */
  readonly levels: Int32Array;
  doubled = 0;
  /** −1: none. */
  factor = -1;
  reached = 0;
  private readonly setting: SearchSetting;
  private readonly nodes: Nodes;
  private readonly operandCount: number;
  /** Per operand: place of its first cut among all. */
  private readonly offsets: readonly number[];
  /** Per factor: operands that it indexes, as bits. */
  private readonly indexes: readonly number[];
  private readonly isOutput: readonly boolean[];
  private readonly countsEnergy: boolean;
  private readonly pairs: boolean;
  private readonly timesAt: number;
  /** Vectors of the parent and, cut by cut, of its children. */
  private readonly stack: readonly Float64Array[];
  private readonly visit: VisitChild;
  private state = 0;

  constructor(setting: SearchSetting, nodes: Nodes, visit: VisitChild) {
    const { operands, space } = setting.tables;
    this.setting = setting;
    this.nodes = nodes;
    this.visit = visit;
    this.operandCount = operands.length;
    this.levels = new Int32Array(operands.length);
    this.offsets = cutOffsets(nodes);
    this.indexes = space.factors.map(({ dim, size }) =>
      operands.reduce(
        (set, { operand }, o) => (size > 1 && relevanceOf(operand.model, dim) !== "irrelevant" ? set | (1 << o) : set),
        0,
      ),
    );
    this.isOutput = operands.map(({ operand }) => operand.model.isOutput);
    this.countsEnergy = countsEnergy(setting.goal);
    this.pairs = this.countsEnergy && operands.some(({ cuts }) => hasPairs(cuts));
    this.timesAt = timesAt(setting);
    const cutCount = nodes.held.reduce((sum, held) => sum + held, 0);
    if (cutCount > 31) throw new Error("more than 31 levels below the homes of a layer's operands");
    this.stack = Array.from({ length: cutCount + 1 }, () => new Float64Array(vectorWidth(setting)));
  }

  /** Visits every child of a partial mapping. */
  of(node: number, vector: Float64Array, doubled: number): void {
    const { space } = this.setting.tables;
    this.state = Math.floor(node / this.nodes.perState);
    this.doubled = doubled;
    for (let o = 0; o < this.operandCount; o++) this.levels[o] = levelAt(this.nodes, node % this.nodes.perState, o);
    this.stack[0]!.set(vector);
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
      this.visit(this.stack[depth]!, depth);
      return;
    }
    this.cutFrom(o + 1, depth);
    if (((this.indexes[this.factor]! >> o) & 1) === 1) this.cutOperand(o, depth);
  }

  private cutOperand(o: number, depth: number): void {
    const level = this.levels[o]!;
    if (level === this.nodes.held[o]) return;
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
      this.visit(this.stack[depth]!, depth);
      return;
    }
    const level = this.levels[o]!;
    if (level === this.nodes.held[o]) {
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
    if (times.criteria.length === 0) return 1;
    const { memory } = tables.operands[o]!.cuts[level]!;
    const serial = times.serial[o]![level]!;
    if (serial[0][this.state]! === serial[1][this.state]!) return 1;
    if (room.contestedIndex[memory]! >= 0) return 1 | 2;
    return 2 * this.bitsOf(o, level, vector) <= room.available[memory]! ? 2 : 1;
  }

  /** Bits of one block of the level that is cut now. */
  private bitsOf(o: number, level: number, vector: Float64Array): number {
    const { bits, partialBits } = this.setting.tables.operands[o]!.cuts[level]!;
    return this.isOutput[o]! && vector[PARTIAL] === 1 ? partialBits[this.state]! : bits[this.state]!;
  }

  /** @returns whether the block fits; then `stack[depth + 1]` has what is used with it */
  private cut(o: number, level: number, copies: Copies, depth: number): boolean {
    const { tables, room, energy } = this.setting;
    const table = tables.operands[o]!.cuts[level]!;
    const { state } = this;
    const cost = energy.costs[o]![level]![state]!;
    if (cost === Number.POSITIVE_INFINITY) return false;
    const from = this.stack[depth]!;
    const bits = copies * this.bitsOf(o, level, from);
    const contested = room.contestedIndex[table.memory]!;
    const taken = contested < 0 ? 0 : from[BITS + contested]!;
    if (taken + bits > room.available[table.memory]!) return false;
    const to = this.stack[depth + 1]!;
    to.set(from);
    if (contested >= 0) to[BITS + contested] = taken + bits;
    if (this.countsEnergy) to[ENERGY]! += cost;
    this.addTimes(to, o, level, copies);
    if (this.isOutput[o]!) this.addSums(from, to, o, level);
    this.levels[o] = level + 1;
    if (copies === 2) this.doubled |= 1 << (this.offsets[o]! + level);
    return true;
  }

  private addTimes(to: Float64Array, o: number, level: number, copies: Copies): void {
    const { criteria, serial } = this.setting.times;
    for (let k = 0; k < criteria.length; k++) {
      const cycles = k === 0 ? serial[o]![level]![copies - 1]! : criteria[k]!.costs[o]![level]!;
      to[this.timesAt + k]! += cycles[this.state]!;
    }
  }

  private addSums(from: Float64Array, to: Float64Array, o: number, level: number): void {
    const { replicas, oldEnergy, leavesPartial } = this.setting.tables.operands[o]!.cuts[level]!;
    if (this.pairs) {
      if (replicas !== undefined) to[ENERGY]! += replicas[this.state]! * from[SAVED]!;
      to[SAVED]! -= oldEnergy[this.state]!;
    }
    to[PARTIAL] = leavesPartial[this.state]!;
  }
}

/** Per operand: place of its first cut among those of all operands. */
export const cutOffsets = ({ held }: Nodes): readonly number[] =>
  held.map((_, o) => held.slice(0, o).reduce((sum, each) => sum + each, 0));
