/** The sub-multisets of a layer's loop factors as states of a small lattice (SL §11.2). */
import type { Dim } from "../../../ir/axis-map.js";
import type { FactorMultiset } from "./orderings.js";

/** Sub-multisets numbered in mixed radix: adding a factor adds its stride. State 0 is empty, the last one full. */
export interface Lattice {
  readonly multiset: FactorMultiset;
  readonly strides: Int32Array;
  readonly stateCount: number;
  /** Per factor, per state: how often the factor occurs. */
  readonly digits: readonly Uint8Array[];
  /** Per state: product of its factors, and of the factors that are not in it. */
  readonly cycles: Float64Array;
  readonly remaining: Float64Array;
}

/** The part of the lattice that one dim's factors span. */
export interface DimLattice {
  /** Distinct factors of the dim and their strides among its own states. */
  readonly factors: readonly number[];
  readonly strides: readonly number[];
  readonly multiplicities: readonly number[];
  readonly stateCount: number;
  /** State of the dim in each state of the whole lattice. */
  readonly projection: Int32Array;
}

export function latticeOf(multiset: FactorMultiset): Lattice {
  const { factors, multiplicities } = multiset;
  const { strides, stateCount, digits } = radixOf(multiplicities);
  const cycles = new Float64Array(stateCount).fill(1);
  factors.forEach(({ size }, f) => {
    const powers = powersUpTo(size, multiplicities[f]!);
    const own = digits[f]!;
    for (let state = 0; state < stateCount; state++) cycles[state]! *= powers[own[state]!]!;
  });
  const total = cycles[stateCount - 1]!;
  return {
    multiset,
    strides: Int32Array.from(strides),
    stateCount,
    digits,
    cycles,
    remaining: cycles.map((c) => total / c),
  };
}

export function dimLattice({ multiset, stateCount, digits }: Lattice, dim: Dim): DimLattice {
  const own = [...multiset.factors.keys()].filter((f) => multiset.factors[f]!.dim === dim);
  const multiplicities = own.map((f) => multiset.multiplicities[f]!);
  const local = mixedRadix(multiplicities);
  const projection = new Int32Array(stateCount);
  own.forEach((f, i) => {
    const [stride, counts] = [local.strides[i]!, digits[f]!];
    for (let state = 0; state < stateCount; state++) projection[state]! += stride * counts[state]!;
  });
  return { factors: own.map((f) => multiset.factors[f]!.size), multiplicities, ...local, projection };
}

/** `size` to every power from 0 on. */
export const powersUpTo = (size: number, highest: number): readonly number[] =>
  Array.from({ length: highest + 1 }, (_, power) => size ** power);

/** How often a factor occurs in a state. */
export const digit = (state: number, stride: number, multiplicity: number): number =>
  Math.floor(state / stride) % (multiplicity + 1);

function mixedRadix(multiplicities: readonly number[]): { readonly strides: readonly number[]; stateCount: number } {
  const strides: number[] = [];
  let stateCount = 1;
  for (const multiplicity of multiplicities) {
    strides.push(stateCount);
    stateCount *= multiplicity + 1;
  }
  return { strides, stateCount };
}

/** Numbers in mixed radix with all their digits. */
interface Radix {
  readonly strides: readonly number[];
  readonly stateCount: number;
  readonly digits: readonly Uint8Array[];
}

/** By multiplicities, which are all that they depend on and of which networks have few. */
const KNOWN = new Map<string, Radix>();

/** States up to which digits are remembered. */
const KEPT_STATES = 2 ** 12;

function radixOf(multiplicities: readonly number[]): Radix {
  const key = multiplicities.join(" ");
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const { strides, stateCount } = mixedRadix(multiplicities);
  const digits = strides.map((stride, f) => digitsOf(stateCount, stride, multiplicities[f]! + 1));
  const radix = { strides, stateCount, digits };
  if (stateCount <= KEPT_STATES) KNOWN.set(key, radix);
  return radix;
}

function digitsOf(stateCount: number, stride: number, radix: number): Uint8Array {
  const digits = new Uint8Array(stateCount);
  for (let state = stride, value = 1 % radix; state < stateCount; state += stride, value = (value + 1) % radix) {
    digits.fill(value, state, state + stride);
  }
  return digits;
}
