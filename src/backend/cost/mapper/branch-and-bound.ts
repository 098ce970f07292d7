/**
 * The best loop orders without visiting all of them: depth first over prefixes, innermost loop first, with a lower bound of the energy
 * of every order that starts with a prefix (SL §11.3).
 */
import { boundTables, type CutTable } from "./bound-tables.js";
import { CutFinder } from "./cut-finder.js";
import type { EnergyTables } from "./tables.js";

/** Energy of a complete order (indices of distinct factors, innermost first) in pJ; `Infinity` when it is not feasible. */
export type PriceOrder = (order: Uint8Array) => number;

export interface BoundedSearch {
  /** Indices of distinct factors, innermost first; `undefined` when no order is feasible. */
  readonly order: Uint8Array | undefined;
  /** Complete orders that were priced. */
  readonly visited: number;
  /** Whether the whole space was searched or bounded away. */
  readonly isComplete: boolean;
}

/**
 * One best order, exact up to the noise of summation: the first that is found.
 *
 * @param nodeLimit - prefixes after which the best order so far is returned; the search goes on as long as there is none
 */
export function branchAndBound(tables: EnergyTables, price: PriceOrder, nodeLimit: number): BoundedSearch {
  const search = new PrefixSearch(tables, tables, price, 1 - NOISE, nodeLimit);
  search.run();
  const { best, visited, isComplete } = search;
  return { order: best[0], visited, isComplete };
}

/**
 * All orders of exactly the least energy, in any order.
 *
 * @param tables - entries that the order of loops changes are marked
 * @param least - the same tables with the least of what these entries may be
 */
export function allBest(tables: EnergyTables, least: EnergyTables, price: PriceOrder) {
  const search = new PrefixSearch(tables, least, price, 1 + NOISE, Number.POSITIVE_INFINITY);
  search.run();
  const { best, visited } = search;
  return { tied: best, visited };
}

/** Relative difference of energies that may come from sums in another order. */
const NOISE = 1e-12;

class PrefixSearch {
  private readonly tables: EnergyTables;
  private readonly price: PriceOrder;
  /** Orders whose bound is no less than this share of the best energy are left out. */
  private readonly share: number;
  private readonly nodeLimit: number;
  private readonly cuts: readonly CutTable[][];
  private readonly constant: number;
  private readonly order: Uint8Array;
  /** Per depth: factors that may come next, and the bounds of what follows. */
  private readonly factors: readonly Uint8Array[];
  private readonly bounds: readonly Float64Array[];
  private readonly finder: CutFinder;
  private least = Number.POSITIVE_INFINITY;
  /** Orders of the least energy that were met. */
  best: Uint8Array[] = [];
  private nodes = 0;
  /** Orders that were priced. */
  visited = 0;

  constructor(tables: EnergyTables, bounds: EnergyTables, price: PriceOrder, share: number, nodeLimit: number) {
    this.tables = tables;
    this.price = price;
    this.share = share;
    this.nodeLimit = nodeLimit;
    const { cuts, constant } = boundTables(bounds);
    this.cuts = cuts;
    this.constant = constant;
    const { count, factors } = tables.lattice.multiset;
    this.order = new Uint8Array(count);
    this.factors = Array.from({ length: count }, () => new Uint8Array(factors.length));
    this.bounds = Array.from({ length: count }, () => new Float64Array(factors.length));
    this.finder = new CutFinder(tables);
  }

  run(): void {
    if (this.bound(0) < Number.POSITIVE_INFINITY) this.extend(0);
  }

  /** Whether the whole space was searched or bounded away. */
  get isComplete(): boolean {
    return this.nodes <= this.nodeLimit || this.best.length === 0;
  }

  /** Searches all orders that start with the first `depth` loops. */
  private extend(depth: number): void {
    if (depth === this.order.length) {
      this.leaf();
      return;
    }
    if (depth === this.order.length - 1) {
      this.place(depth, this.onlyFactor(depth)); // the price tells more than a bound, for as little
      this.leaf();
      return;
    }
    const [factors, bounds] = [this.factors[depth]!, this.bounds[depth]!];
    const count = this.listChildren(depth, factors, bounds);
    for (let i = 0; i < count; i++) {
      if (bounds[i]! >= this.least * this.share || !this.isComplete) return; // ascending: the others are no better
      this.place(depth, factors[i]!);
      this.extend(depth + 1);
    }
  }

  private leaf(): void {
    this.visited++;
    const price = this.price(this.order);
    if (!(price <= this.least) || price === Number.POSITIVE_INFINITY) return;
    if (price < this.least) this.best = [];
    this.least = price;
    this.best.push(this.order.slice());
  }

  /** The factor that is left for the outermost loop. */
  private onlyFactor(depth: number): number {
    const { digits, multiset } = this.tables.lattice;
    const state = this.finder.states[depth]!;
    return multiset.multiplicities.findIndex((times, f) => digits[f]![state]! < times);
  }

  private place(depth: number, factor: number): void {
    this.order[depth] = factor;
    const { states } = this.finder;
    states[depth + 1] = states[depth]! + this.tables.lattice.strides[factor]!;
  }

  /**
   * Lists the factors that may come next, the most promising first.
   *
   * @returns how many there are
   */
  private listChildren(depth: number, factors: Uint8Array, bounds: Float64Array): number {
    const { digits, multiset } = this.tables.lattice;
    const { multiplicities } = multiset;
    const state = this.finder.states[depth]!;
    let count = 0;
    for (let factor = 0; factor < multiplicities.length; factor++) {
      if (digits[factor]![state] === multiplicities[factor]) continue;
      this.place(depth, factor);
      this.nodes++;
      const bound = this.bound(depth + 1);
      if (!(bound < this.least * this.share)) continue;
      let at = count++;
      for (; at > 0 && bounds[at - 1]! > bound; at--) {
        factors[at] = factors[at - 1]!;
        bounds[at] = bounds[at - 1]!;
      }
      factors[at] = factor;
      bounds[at] = bound;
    }
    return count;
  }

  /** Lower bound of the energy of every order that starts with the first `depth` loops. */
  private bound(depth: number): number {
    if (this.finder.findPrefix(depth) === "infeasible") return Number.POSITIVE_INFINITY;
    let sum = this.constant;
    for (let o = 0; o < this.cuts.length; o++) sum += this.operandBound(o, depth);
    return sum;
  }

  /** Decided cuts at their price; open ones at the least price that they can come to. */
  private operandBound(o: number, depth: number): number {
    const cuts = this.cuts[o]!;
    const { cutStates, decided, openFrom, states } = this.finder;
    let sum = 0;
    for (let m = 0; m < cuts.length; m++) {
      const { energy, reachable } = cuts[m]!;
      if (m < decided[o]!) {
        sum += energy[cutStates[o]![m]!]!;
        continue;
      }
      let least = reachable[states[depth]!]!;
      for (let i = openFrom[o]!; i < depth; i++) least = Math.min(least, energy[states[i]!]!);
      sum += least;
    }
    return sum;
  }
}
