/** Least cost of what is still to come at a node of the search. */
import type { CostToGo } from "./cost-to-go.js";
import { levelAt, type Nodes } from "./nodes.js";
import type { StateSpace } from "./space.js";

/** Per operand and held level, per state. */
export type CutCosts = readonly (readonly Float64Array[])[];

export interface Bound {
  /** @param levels - cuts made at the node, per operand */
  toGo(node: number, state: number, levels: Int32Array): number;
}

/** Every operand as if it were alone: cheap to work out, far off where operands want different orders. */
export class ApartBound implements Bound {
  private readonly rows: readonly CostToGo[];

  constructor(rows: readonly CostToGo[]) {
    this.rows = rows;
  }

  toGo(_node: number, state: number, levels: Int32Array): number {
    let sum = 0;
    for (let o = 0; o < this.rows.length; o++) sum += this.rows[o]![levels[o]!]![state]!;
    return sum;
  }
}

/** All operands in one order: exact but for contested room. */
export class JointBound implements Bound {
  readonly values: Float64Array;

  constructor(values: Float64Array) {
    this.values = values;
  }

  toGo(node: number): number {
    return this.values[node]!;
  }
}

/** Per node: operands whose next cut may be made there, as bits. */
export type CutSets = Int32Array;

/** Least cost from every node to the last one, over permitted cuts; absent: all. */
export const jointToGo = (space: StateSpace, nodes: Nodes, costs: CutCosts, permitted?: CutSets): Float64Array =>
  new JointPass(space, nodes, costs).toGo(permitted);

/**
 * The cuts that occur on a way of at most `limit`.
 *
 * @param toGo - of the same costs
 */
export const affordableCuts = (
  space: StateSpace,
  nodes: Nodes,
  costs: CutCosts,
  toGo: Float64Array,
  limit: number,
): CutSets => new JointPass(space, nodes, costs).affordable(toGo, limit);

/** Passes over all nodes, in their order or against it. */
class JointPass {
  private readonly space: StateSpace;
  private readonly nodes: Nodes;
  private readonly costs: CutCosts;
  /** Cuts made per operand, for every code of a node within its state. */
  private readonly levels: Int32Array;

  constructor(space: StateSpace, nodes: Nodes, costs: CutCosts) {
    this.space = space;
    this.nodes = nodes;
    this.costs = costs;
    const { perState, held } = nodes;
    this.levels = Int32Array.from({ length: perState * held.length }, (_, i) =>
      levelAt(nodes, Math.floor(i / held.length), i % held.length),
    );
  }

  toGo(permitted: CutSets | undefined): Float64Array {
    const { perState, count } = this.nodes;
    const values = new Float64Array(count);
    for (let node = count - 2; node >= 0; node--) {
      const code = node % perState;
      const state = (node - code) / perState;
      const cuts = permitted === undefined ? -1 : permitted[node]!;
      values[node] = Math.min(this.leastOnward(values, state, code), this.leastAfterCut(values, state, code, cuts));
    }
    return values;
  }

  /** After placing one more loop. */
  private leastOnward(values: Float64Array, state: number, code: number): number {
    const { factors, next } = this.space;
    let least = Number.POSITIVE_INFINITY;
    const end = (state + 1) * factors.length;
    for (let i = state * factors.length; i < end; i++) {
      if (next[i]! >= 0) least = Math.min(least, values[next[i]! * this.nodes.perState + code]!);
    }
    return least;
  }

  /** With the next cut of one operand out of a set. */
  private leastAfterCut(values: Float64Array, state: number, code: number, cuts: number): number {
    const { held, radix, perState } = this.nodes;
    const node = state * perState + code;
    let least = Number.POSITIVE_INFINITY;
    for (let o = 0; o < held.length; o++) {
      const level = this.levels[code * held.length + o]!;
      if (level === held[o]! || ((cuts >> o) & 1) === 0) continue;
      least = Math.min(least, this.costs[o]![level]![state]! + values[node + radix[o]!]!);
    }
    return least;
  }

  affordable(toGo: Float64Array, limit: number): CutSets {
    const { perState, count } = this.nodes;
    const soFar = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    soFar[0] = 0;
    const sets = new Int32Array(count);
    for (let node = 0; node < count; node++) {
      if (soFar[node]! + toGo[node]! > limit) continue;
      const code = node % perState;
      const state = (node - code) / perState;
      this.placeOne(soFar, state, code);
      sets[node] = this.cutOne(soFar, toGo, limit, state, code);
    }
    return sets;
  }

  /** Placing one more loop costs nothing. */
  private placeOne(soFar: Float64Array, state: number, code: number): void {
    const { factors, next } = this.space;
    const { perState } = this.nodes;
    const here = soFar[state * perState + code]!;
    const end = (state + 1) * factors.length;
    for (let i = state * factors.length; i < end; i++) {
      if (next[i]! < 0) continue;
      const reached = next[i]! * perState + code;
      soFar[reached] = Math.min(soFar[reached]!, here);
    }
  }

  /** @returns the cuts that may be afforded here */
  private cutOne(soFar: Float64Array, toGo: Float64Array, limit: number, state: number, code: number): number {
    const { held, radix, perState } = this.nodes;
    const node = state * perState + code;
    let cuts = 0;
    for (let o = 0; o < held.length; o++) {
      const level = this.levels[code * held.length + o]!;
      if (level === held[o]!) continue;
      const after = soFar[node]! + this.costs[o]![level]![state]!;
      const reached = node + radix[o]!;
      if (after + toGo[reached]! <= limit) cuts |= 1 << o;
      soFar[reached] = Math.min(soFar[reached]!, after);
    }
    return cuts;
  }
}
