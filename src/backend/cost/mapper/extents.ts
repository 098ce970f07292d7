/**
 * Extents per state of the lattice. The published model multiplies doubles in loop order and rounds the product, so the same loops in
 * another order may give another size (Q11). An entry that the multiset of loops does not determine is either marked as NaN, which
 * every sum hands on, so that whoever meets one evaluates the order itself; or resolved to the value of one of the orders, or to the least of
 * them all.
 */
import type { Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";
import { type DimLattice, digit, dimLattice, type Lattice } from "./lattice.js";
import type { OperandModel } from "./layer-model.js";
import type { SizesPolicy } from "./sizes.js";

/** Elements of an operand's tile per state. */
export interface TileTable {
  /** As the capacity cuts round them. */
  readonly held: Float64Array;
  /** As data movement rounds them. */
  readonly moved: Float64Array;
}

/** What stands in the tables where the order of loops matters: NaN, the value of one order, or the least of all orders. */
export type Ambiguity = "mark" | "resolve" | "least";

/** Tile tables of one layer; what several operands and levels need of a dim is made once. */
export class ExtentTables {
  /** Whether some entry so far depended on the order of loops. */
  hasAmbiguity = false;
  private readonly dims = new Map<Dim, DimLattice>();
  private readonly products = new Map<string, readonly Products[]>();
  private readonly lattice: Lattice;
  private readonly sizes: SizesPolicy;
  private readonly ambiguity: Ambiguity;

  constructor(lattice: Lattice, sizes: SizesPolicy, ambiguity: Ambiguity) {
    this.lattice = lattice;
    this.sizes = sizes;
    this.ambiguity = ambiguity;
  }

  /** @param spatial - loops along the array at and below the level */
  tileTable(operand: OperandModel, spatial: readonly Loop[]): TileTable {
    const held = new Float64Array(this.lattice.stateCount).fill(1);
    const moved = new Float64Array(this.lattice.stateCount).fill(1);
    for (const [dim, relevance] of operand.relevance) {
      if (relevance === "relevant") this.multiplyDim(dim, spatial, held, moved);
    }
    for (let x = 0; x < operand.windows.length; x++) this.multiplyWindow(operand, x, spatial, held, moved);
    this.roundMoved(operand, spatial, moved);
    return { held, moved };
  }

  private multiplyDim(dim: Dim, spatial: readonly Loop[], held: Float64Array, moved: Float64Array): void {
    const products = this.productsOf(dim, spatial);
    if (products.length === 1 && products[0]!.values[0] === 1) return;
    const { projection } = this.dim(dim);
    for (let state = 0; state < held.length; state++) {
      const { ceiling, values } = products[projection[state]!]!;
      held[state]! *= ceiling;
      moved[state]! *= values[0]!;
    }
  }

  private multiplyWindow(
    operand: OperandModel,
    x: number,
    spatial: readonly Loop[],
    held: Float64Array,
    moved: Float64Array,
  ): void {
    const window = operand.windows[x]!;
    const [outs, taps] = [this.productsOf(window.out, spatial), this.productsOf(window.tap, spatial)];
    const [outState, tapState] = [this.dim(window.out).projection, this.dim(window.tap).projection];
    const heldExtents = new Float64Array(outs.length * taps.length);
    const movedExtents = new Float64Array(outs.length * taps.length);
    for (const [o, out] of outs.entries()) {
      for (const [t, tap] of taps.entries()) {
        const extents = out.values.flatMap((a) => tap.values.map((b) => this.sizes.windowExtent(window, a, b)));
        heldExtents[o * taps.length + t] = this.sizes.windowExtent(window, out.ceiling, tap.ceiling);
        movedExtents[o * taps.length + t] = this.settle(extents);
      }
    }
    for (let state = 0; state < held.length; state++) {
      const pair = outState[state]! * taps.length + tapState[state]!;
      held[state]! *= heldExtents[pair]!;
      moved[state]! *= movedExtents[pair]!;
    }
  }

  /** Products of whole or dyadic sizes are exact; others, and the quotients behind a window, carry rounding noise. */
  private roundMoved(operand: OperandModel, spatial: readonly Loop[], moved: Float64Array): void {
    const isExact = operand.windows.length === 0 && spatial.every(({ size }) => isDyadic(size));
    for (let state = 0; state < moved.length; state++) {
      const size = moved[state]!;
      const whole = this.sizes.elements(size);
      if (isExact && !Number.isNaN(whole)) {
        moved[state] = whole;
        continue;
      }
      const [low, high] = [this.sizes.elements(size * (1 - NOISE)), this.sizes.elements(size * (1 + NOISE))];
      moved[state] = low === whole && high === whole ? whole : this.settle([whole, low, high]);
    }
  }

  private settle(values: readonly number[]): number {
    const [first] = values;
    if (values.every((value) => value === first)) return first!;
    this.hasAmbiguity = true;
    if (this.ambiguity === "mark") return Number.NaN;
    return this.ambiguity === "least" ? Math.min(...values) : first!;
  }

  private dim(dim: Dim): DimLattice {
    const known = this.dims.get(dim) ?? dimLattice(this.lattice, dim);
    this.dims.set(dim, known);
    return known;
  }

  private productsOf(dim: Dim, spatial: readonly Loop[]): readonly Products[] {
    const sizes = spatial.filter((loop) => loop.dim === dim).map(({ size }) => size);
    const key = `${dim} ${sizes.join(" ")}`;
    const known = this.products.get(key) ?? this.productsPerState(this.dim(dim), sizes);
    this.products.set(key, known);
    return known;
  }

  private productsPerState(dim: DimLattice, spatial: readonly number[]): readonly Products[] {
    const reachable = spatial.every(isDyadic) ? exactProducts(dim, spatial) : reachableProducts(dim, spatial);
    return reachable.map((values) => ({ values, ceiling: this.settle(values.map(Math.ceil)) }));
  }
}

/** Relative noise allowed for a chain of products and quotients of doubles: dozens of roundings of 2^-53 stay far below it. */
const NOISE = 1e-12;

/** What a product of one dim's loops may come to, over all orders of multiplication. */
interface Products {
  readonly values: readonly number[];
  /** Rounded up. */
  readonly ceiling: number;
}

function exactProducts(dim: DimLattice, spatial: readonly number[]): readonly (readonly number[])[] {
  const unrolled = spatial.reduce((product, size) => product * size, 1);
  return Array.from({ length: dim.stateCount }, (_, state) => [
    dim.factors.reduce(
      (product, factor, f) => product * factor ** digit(state, dim.strides[f]!, dim.multiplicities[f]!),
      unrolled,
    ),
  ]);
}

/** Every value that some order of the state's factors and all the spatial sizes multiplies to. */
function reachableProducts(dim: DimLattice, spatial: readonly number[]): readonly (readonly number[])[] {
  // spatial sizes are further factors, with the largest strides: the last states are those that contain them all
  const factors = [...dim.factors, ...spatial];
  const strides = [...dim.strides, ...spatial.map((_, s) => dim.stateCount * 2 ** s)];
  const multiplicities = [...dim.multiplicities, ...spatial.map(() => 1)];
  const reachable: (readonly number[])[] = [[1]];
  for (let state = 1; state < dim.stateCount * 2 ** spatial.length; state++) {
    const lastFactors = [...factors.keys()].filter((f) => digit(state, strides[f]!, multiplicities[f]!) > 0);
    const values = lastFactors.flatMap((f) => reachable[state - strides[f]!]!.map((value) => value * factors[f]!));
    reachable.push([...new Set(values)]);
  }
  return reachable.slice(-dim.stateCount);
}

/** Whole multiples of 2^-20: products of them that matter here fit a double without rounding. */
const isDyadic = (size: number): boolean => Number.isInteger(size * 2 ** 20);
