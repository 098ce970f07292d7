/** Text of equations and relations: `O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]`, `ix=2*ox+1*fx`. */
import type { Dim } from "../../ir/axis-map.js";

export interface Term {
  /** `O`, `W`, `I`, `X`, `Y`. */
  readonly operand: string;
  /** Loops, and left sides of relations, in capitals; none for `W[]`. */
  readonly indices: readonly Dim[];
}

export interface Equation {
  readonly output: Term;
  readonly inputs: readonly Term[];
  /** `+=` */
  readonly accumulates: boolean;
}

const TERM = /^([A-Z][A-Za-z0-9]*)((?:\[\w*\])+)$/;

/** @returns `undefined` for anything but an output and its inputs, each with its indices */
export function parseEquation(text: string): Equation | undefined {
  const [left, right, ...rest] = text.replaceAll(/\s+/g, "").split(/\+?=/);
  if (left === undefined || right === undefined || rest.length > 0) return undefined;
  const [output, ...inputs] = [left, ...right.split(/[*+-]/)].map(parseTerm);
  if (output === undefined || inputs.length === 0) return undefined;
  const terms = inputs.filter((term) => term !== undefined);
  return terms.length < inputs.length ? undefined : { output, inputs: terms, accumulates: text.includes("+=") };
}

function parseTerm(text: string): Term | undefined {
  const [, operand, brackets] = TERM.exec(text) ?? [];
  if (operand === undefined || brackets === undefined) return undefined;
  const indices = brackets.slice(1, -1).split("][");
  return {
    operand: operand.toUpperCase(),
    indices: indices.filter((index) => index !== "").map((i) => i.toUpperCase()),
  };
}

/** `index = first.factor·first.dim + second.factor·second.dim`. */
export interface Relation {
  readonly index: Dim;
  readonly terms: readonly [Factor, Factor];
}

export interface Factor {
  readonly factor: number;
  readonly dim: Dim;
}

const RELATION = /^([a-z]\w*)=(?:([1-9]\d{0,5})\*)?([a-z]\w*)\+(?:([1-9]\d{0,5})\*)?([a-z]\w*)$/i;

/** @returns `undefined` for anything but a sum of two different loops with whole factors (1 where none is written) */
export function parseRelation(text: string): Relation | undefined {
  const [, index, first = "1", a, second = "1", b] = RELATION.exec(text.replaceAll(/\s+/g, "")) ?? [];
  if (index === undefined || a === undefined || b === undefined || a === b) return undefined;
  const factor = (scale: string, dim: string): Factor => ({ factor: Number(scale), dim: dim.toUpperCase() });
  return { index: index.toUpperCase(), terms: [factor(first, a), factor(second, b)] };
}
