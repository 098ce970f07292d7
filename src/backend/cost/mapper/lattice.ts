/** The sub-multisets of a layer's loop factors as states of a small lattice (SL §11.2). */
import type { Dim } from "../../../ir/axis-map.js";
import type { FactorMultiset } from "./orderings.js";

/** Sub-multisets numbered in mixed radix: adding a factor adds its stride. State 0 is empty, the last one full. */
export interface Lattice {
  readonly multiset: FactorMultiset;
  readonly strides: Int32Array;
  readonly stateCount: number;
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
  const { strides, stateCount } = mixedRadix(multiplicities);
  const cycles = new Float64Array(stateCount).fill(1);
  for (let state = 0; state < stateCount; state++) {
    for (let f = 0; f < factors.length; f++) {
      cycles[state]! *= factors[f]!.size ** digit(state, strides[f]!, multiplicities[f]!);
    }
  }
  const total = cycles[stateCount - 1]!;
  return { multiset, strides: Int32Array.from(strides), stateCount, cycles, remaining: cycles.map((c) => total / c) };
}

export function dimLattice({ multiset, strides, stateCount }: Lattice, dim: Dim): DimLattice {
  const own = [...multiset.factors.keys()].filter((f) => multiset.factors[f]!.dim === dim);
  const multiplicities = own.map((f) => multiset.multiplicities[f]!);
  const local = mixedRadix(multiplicities);
  const projection = Int32Array.from({ length: stateCount }, (_, state) =>
    own.reduce((sum, f, i) => sum + local.strides[i]! * digit(state, strides[f]!, multiplicities[i]!), 0),
  );
  return { factors: own.map((f) => multiset.factors[f]!.size), multiplicities, ...local, projection };
}

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
