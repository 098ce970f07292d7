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
export function jointToGo(space: StateSpace, nodes: Nodes, costs: CutCosts, permitted?: CutSets): Float64Array {
  const { perState, count } = nodes;
  const values = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  values[count - 1] = 0;
  const levels = nodeLevels(nodes);
  for (let node = count - 2; node >= 0; node--) {
    const code = node % perState;
    const state = (node - code) / perState;
    const set = permitted === undefined ? -1 : permitted[node]!;
    const onward = leastOnward(space, perState, values, state, code);
    values[node] = Math.min(onward, leastAfterCut(nodes, levels, costs, values, node, state, code, set));
  }
  return values;
}

/** Least cost after placing one more loop. */
function leastOnward(
  { factors, next }: StateSpace,
  perState: number,
  values: Float64Array,
  state: number,
  code: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  const end = (state + 1) * factors.length;
  for (let i = state * factors.length; i < end; i++) {
    const reached = next[i]!;
    if (reached >= 0) least = Math.min(least, values[reached * perState + code]!);
  }
  return least;
}

/** Least cost with the next cut of one operand out of a set. */
function leastAfterCut(
  { held, radix }: Nodes,
  levels: Int32Array,
  costs: CutCosts,
  values: Float64Array,
  node: number,
  state: number,
  code: number,
  set: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (let o = 0; o < held.length; o++) {
    const level = levels[code * held.length + o]!;
    if (level === held[o]! || ((set >> o) & 1) === 0) continue;
    least = Math.min(least, costs[o]![level]![state]! + values[node + radix[o]!]!);
  }
  return least;
}

/**
 * The cuts that occur on a way of at most `limit`.
 *
 * @param toGo - of the same costs
 */
export function affordableCuts(
  space: StateSpace,
  nodes: Nodes,
  costs: CutCosts,
  toGo: Float64Array,
  limit: number,
): CutSets {
  const { perState, radix, held, count } = nodes;
  const soFar = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  soFar[0] = 0;
  const sets = new Int32Array(count);
  const levels = nodeLevels(nodes);
  for (let node = 0; node < count; node++) {
    const here = soFar[node]!;
    if (here + toGo[node]! > limit) continue;
    const code = node % perState;
    const state = (node - code) / perState;
    placeOne(space, perState, soFar, state, code);
    for (let o = 0; o < held.length; o++) {
      const level = levels[code * held.length + o]!;
      if (level === held[o]!) continue;
      const after = here + costs[o]![level]![state]!;
      const reached = node + radix[o]!;
      if (after + toGo[reached]! <= limit) sets[node]! |= 1 << o;
      soFar[reached] = Math.min(soFar[reached]!, after);
    }
  }
  return sets;
}

/** Cost so far after placing one more loop, which costs nothing. */
function placeOne(
  { factors, next }: StateSpace,
  perState: number,
  soFar: Float64Array,
  state: number,
  code: number,
): void {
  const here = soFar[state * perState + code]!;
  const end = (state + 1) * factors.length;
  for (let i = state * factors.length; i < end; i++) {
    const reached = next[i]! * perState + code;
    if (reached >= 0) soFar[reached] = Math.min(soFar[reached]!, here);
  }
}

/** Cuts made per operand, for every code of a node within its state. */
function nodeLevels(nodes: Nodes): Int32Array {
  const { perState, held } = nodes;
  return Int32Array.from({ length: perState * held.length }, (_, i) =>
    levelAt(nodes, Math.floor(i / held.length), i % held.length),
  );
}
