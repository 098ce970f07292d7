/** Where a partial mapping stands: what is placed, and how many cuts every operand has made. */
import type { Tables } from "./tables.js";

/** Nodes are numbered state by state; within a state, in mixed radix of the cuts made. A step leads to a node of a higher number. */
export interface Nodes {
  /** Per operand: cuts that it makes. */
  readonly held: readonly number[];
  /** Per operand: distance between a node and the one with a further cut of it. */
  readonly radix: readonly number[];
  readonly perState: number;
  readonly count: number;
}

export function nodesOf({ operands, space }: Tables): Nodes {
  const held = operands.map(({ cuts }) => cuts.length);
  const radix = held.map((_, o) => held.slice(0, o).reduce((product, each) => product * (each + 1), 1));
  const perState = held.reduce((product, each) => product * (each + 1), 1);
  return { held, radix, perState, count: perState * space.stateCount };
}

/** Cuts of an operand that are made at a node. */
export const levelAt = ({ held, radix }: Nodes, node: number, operand: number): number =>
  Math.floor(node / radix[operand]!) % (held[operand]! + 1);
