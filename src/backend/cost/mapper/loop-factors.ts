/** The temporal loops of a layer as a list of factors to be ordered (SL §3.1–3.2). */
import type { Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";
import type { SizesPolicy } from "./sizes.js";

/** Factors of one loop, ascending. */
interface DimFactors {
  readonly dim: Dim;
  factors: readonly number[];
}

/**
 * @param loops - the layer's loops in declared order
 * @param spatial - loops that run side by side; one of a dim that is already used up changes nothing (Q26)
 * @param limit - largest number of factors; not reached where merging cannot proceed (Q26)
 * @returns factors in generation order: by dim in declared order, ascending
 */
export function loopFactors(
  loops: readonly Loop[],
  spatial: readonly Loop[],
  limit: number | "none",
  sizes: SizesPolicy,
): readonly Loop[] {
  const factored = [...temporalSizes(loops, spatial, sizes)].map(
    ([dim, size]): DimFactors => ({ dim, factors: primeFactors(size) }),
  );
  if (limit !== "none") mergeFactors(factored, limit);
  return factored.flatMap(({ dim, factors }) => factors.map((size) => ({ dim, size })));
}

/** Iterations of each loop that are left in time, in declared order (SL §3.1). */
export function temporalSizes(
  loops: readonly Loop[],
  spatial: readonly Loop[],
  sizes: SizesPolicy,
): ReadonlyMap<Dim, number> {
  const left = new Map(loops.map(({ dim, size }) => [dim, size]));
  for (const { dim, size } of spatial) left.set(dim, sizes.temporal(left.get(dim) ?? 1, size));
  return left;
}

/** Prime factors of a positive whole number, ascending; none of 1. */
export function primeFactors(n: number): readonly number[] {
  const factors: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p++) {
    for (; rest % p === 0; rest /= p) factors.push(p);
  }
  if (rest > 1) factors.push(rest);
  return factors;
}

/** Merges the two smallest factors of the dim that has most of them, the first on ties. */
function mergeFactors(dims: readonly DimFactors[], limit: number): void {
  let count = dims.reduce((sum, { factors }) => sum + factors.length, 0);
  for (; count > limit; count--) {
    const most = dims.reduce((best, dim) => (dim.factors.length > best.factors.length ? dim : best));
    const [smallest, second, ...others] = most.factors;
    if (smallest === undefined || second === undefined) return;
    most.factors = [smallest * second, ...others].sort((a, b) => a - b);
  }
}
