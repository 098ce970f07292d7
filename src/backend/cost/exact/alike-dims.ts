/**
 * Dims that no count can tell apart are searched as one: each operand is indexed by both or by neither, directly, and neither is unrolled.
 * Block sums and visits are products over such dims, so that only the product of their loops below a cut matters (EM §3).
 */
import type { Dim } from "../../../ir/axis-map.js";
import type { Mapping, MappingProblem } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import { primeFactors } from "../mapper/loop-factors.js";

export interface AlikeDims {
  /** The problem with one loop for all dims of a class, of the name of the first. */
  readonly problem: MappingProblem;
  /** A mapping of that problem in the dims of the original one: at the same cost. */
  readonly expand: (mapping: Mapping) => Mapping;
}

export function mergeAlikeDims(problem: MappingProblem): AlikeDims {
  if (problem.operands.some(({ layout }) => layout !== undefined)) return { problem, expand: (mapping) => mapping }; // axes differ
  const classes = [...classesOf(problem).values()].filter((loops) => loops.length > 1);
  if (classes.length === 0) return { problem, expand: (mapping) => mapping };
  const products = new Map(
    classes.map((loops) => [loops[0]!.dim, loops.reduce((product, { size }) => product * size, 1)] as const),
  );
  const merged = new Set(classes.flatMap((loops) => loops.slice(1).map(({ dim }) => dim)));
  return {
    problem: {
      ...problem,
      loops: problem.loops
        .filter(({ dim }) => !merged.has(dim))
        .map(({ dim, size }) => ({ dim, size: products.get(dim) ?? size })),
      operands: problem.operands.map((operand) => ({
        ...operand,
        relevant: operand.relevant.filter((dim) => !merged.has(dim)),
      })),
    },
    expand: (mapping) => expandLoops(mapping, new Map(classes.map((loops) => [loops[0]!.dim, loops]))),
  };
}

function classesOf({ loops, operands, unrolling }: MappingProblem): ReadonlyMap<string, readonly Loop[]> {
  const special = new Set<Dim>([
    ...unrolling.filter(({ size }) => size > 1).map(({ dim }) => dim),
    ...operands.flatMap(({ windows }) => windows.flatMap(({ out, tap }) => [out, tap])),
  ]);
  const classes = new Map<string, readonly Loop[]>();
  for (const loop of loops) {
    if (loop.size === 1 || special.has(loop.dim)) continue;
    const key = operands.map(({ relevant }) => (relevant.includes(loop.dim) ? "r" : "-")).join("");
    classes.set(key, [...(classes.get(key) ?? []), loop]);
  }
  return classes;
}

/** Prime by prime, a loop over a class becomes loops over its dims. */
function expandLoops(mapping: Mapping, classes: ReadonlyMap<Dim, readonly Loop[]>): Mapping {
  const left = new Map(
    [...classes].map(([name, loops]) => [
      name,
      loops.map(({ dim, size }) => ({ dim, primes: [...primeFactors(size)] })),
    ]),
  );
  const expanded: Loop[] = [];
  const placeOf = [0]; // number of expanded loops at or below each old position
  for (const loop of mapping.loops) {
    const dims = left.get(loop.dim);
    const parts = dims === undefined ? [loop] : primeFactors(loop.size).map((prime) => takePrime(dims, prime));
    expanded.push(...inRuns(parts));
    placeOf.push(expanded.length);
  }
  const boundaries = Object.entries(mapping.boundaries).map(
    ([operand, cuts]) => [operand, cuts.map((cut) => placeOf[cut]!)] as const, // cuts lie between loops
  );
  return { ...mapping, loops: expanded, boundaries: Object.fromEntries(boundaries) };
}

/** Out of the first dim that still has the factor. */
function takePrime(dims: readonly { readonly dim: Dim; readonly primes: number[] }[], prime: number): Loop {
  const found = dims.find(({ primes }) => primes.includes(prime));
  if (found === undefined) throw new Error(`no dim has a factor ${prime} left`);
  found.primes.splice(found.primes.indexOf(prime), 1);
  return { dim: found.dim, size: prime };
}

/** Neighbours over one dim are one loop. */
function inRuns(parts: readonly Loop[]): readonly Loop[] {
  const runs: Loop[] = [];
  for (const { dim, size } of parts) {
    const last = runs.at(-1);
    if (last?.dim === dim) runs[runs.length - 1] = { dim, size: last.size * size };
    else runs.push({ dim, size });
  }
  return runs;
}
