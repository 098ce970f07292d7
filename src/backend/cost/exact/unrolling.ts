/** Loops that run side by side, as whole numbers in mixed radix (EM §3, Steps). */
import type { OperationalArray, Unroll } from "../../../ir/accelerator.js";
import type { Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";

/** Steps of a dim that lie below a cut. */
export type BlockOf = (dim: Dim) => number;

/** One digit of a unit's place along a dim. */
export interface Radix {
  readonly arrayDim: string;
  readonly size: number;
  /** Indices between neighbours along this digit. */
  readonly stride: number;
}

/** A dim of `size` indices in `steps` steps: unit `p` of step `τ` works on index `τ · unrolled + p` and idles beyond the size. */
export interface DimSteps {
  readonly dim: Dim;
  readonly size: number;
  /** Indices per step: product of the radices. */
  readonly unrolled: number;
  readonly steps: number;
  /** Innermost first: array dims in declared order. */
  readonly radices: readonly Radix[];
}

export interface ArrayUse {
  readonly dims: ReadonlyMap<Dim, DimSteps>;
  /** The unrolling as used, in the order of the array's dims. */
  readonly unrolling: readonly Unroll[];
}

/**
 * @param requested - entries over dims that the layer lacks leave their part of the array dim unused
 * @throws Error when an entry names an array dim that the array does not have
 */
export function arrayUse(loops: readonly Loop[], array: OperationalArray, requested: readonly Unroll[]): ArrayUse {
  const known = new Set(array.dims.map(({ name }) => name));
  const stranger = requested.find(({ arrayDim }) => !known.has(arrayDim));
  if (stranger !== undefined) throw new Error(`the array has no dim '${stranger.arrayDim}'`);
  const dims = new Map(loops.map(({ dim, size }): [Dim, DimSteps] => [dim, wholeDim(dim, size)]));
  const unrolling = array.dims.flatMap(({ name, size }) => {
    let room = size;
    return requested.flatMap((entry) => {
      const before = dims.get(entry.dim);
      if (entry.arrayDim !== name || before === undefined) return [];
      const width = Math.max(1, Math.min(room, Math.floor(entry.size), before.steps));
      room = Math.floor(room / width);
      dims.set(entry.dim, withRadix(before, name, width));
      return [{ ...entry, size: width }];
    });
  });
  return { dims, unrolling };
}

/** A dim of which one index is worked on at a time. */
export const wholeDim = (dim: Dim, size: number): DimSteps => ({ dim, size, unrolled: 1, steps: size, radices: [] });

function withRadix({ dim, size, unrolled, radices }: DimSteps, arrayDim: string, width: number): DimSteps {
  const product = unrolled * width;
  return {
    dim,
    size,
    unrolled: product,
    steps: Math.ceil(size / product),
    radices: [...radices, { arrayDim, size: width, stride: unrolled }],
  };
}

/** How the units of a step spread over a cut between two levels: each digit is below, between or above (EM §3, Block sums). */
export class Fan {
  /** Equal for fans that are equal but for the names of their dims. */
  readonly key: string;
  readonly steps: DimSteps;
  readonly #places: readonly Place[];
  readonly #offsets = new Map<Place, readonly number[]>();

  /** @param places - of each radix of the dim */
  constructor(steps: DimSteps, places: readonly Place[]) {
    this.key = [steps.size, ...steps.radices.map(({ size }, i) => `${size} ${places[i]}`)].join(", ");
    this.steps = steps;
    this.#places = places;
  }

  /** Offsets that one lower instance serves, ascending. */
  get below(): readonly number[] {
    return this.#offsetsAt("below");
  }

  /** Offsets of the lower instances under one upper instance; it starts with 0. */
  get between(): readonly number[] {
    return this.#offsetsAt("between");
  }

  /** Offsets of the upper instances; it starts with 0. */
  get above(): readonly number[] {
    return this.#offsetsAt("above");
  }

  /** Number of offsets at a place. */
  count(at: Place): number {
    return this.#radicesAt(at).reduce((product, { size }) => product * size, 1);
  }

  #radicesAt(at: Place): readonly Radix[] {
    return this.steps.radices.filter((_, i) => this.#places[i] === at);
  }

  #offsetsAt(at: Place): readonly number[] {
    const known = this.#offsets.get(at) ?? offsets(this.#radicesAt(at));
    this.#offsets.set(at, known);
    return known;
  }
}

/** Where a digit is, seen from a cut. */
type Place = "below" | "between" | "above";

/**
 * @param lower - array dims that one instance of the lower level serves
 * @param upper - those that the upper level serves, or a level under it
 */
export const fanOut = (steps: DimSteps, lower: ReadonlySet<string>, upper: ReadonlySet<string>): Fan =>
  new Fan(
    steps,
    steps.radices.map(({ arrayDim }) => (lower.has(arrayDim) ? "below" : upper.has(arrayDim) ? "between" : "above")),
  );

/** All sums of one digit per radix, ascending: a radix is inside the stride of the next one. */
function offsets(radices: readonly Radix[]): readonly number[] {
  return radices.reduce<readonly number[]>(
    (sums, { size, stride }) =>
      Array.from({ length: size }, (_, digit) => sums.map((sum) => sum + digit * stride)).flat(),
    [0],
  );
}

/** All sums of two sets of offsets, in order of the second, then the first. */
export const sumOffsets = (inner: readonly number[], outer: readonly number[]): readonly number[] =>
  outer.flatMap((o) => inner.map((i) => o + i));
