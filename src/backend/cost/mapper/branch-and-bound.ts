/**
 * The best loop order without visiting all of them: depth first over prefixes, innermost loop first, with a lower bound of the energy
 * of every order that starts with a prefix (SL §11.3). Exact up to the noise of summation; ties go to the order found first.
 */
import { boundTables, type CutTable } from "./bound-tables.js";
import { CutFinder } from "./cut-finder.js";
import { digit } from "./lattice.js";
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

/** @param nodeLimit - prefixes after which the best order so far is returned; the search goes on as long as there is none */
export function branchAndBound(tables: EnergyTables, price: PriceOrder, nodeLimit: number): BoundedSearch {
  return new PrefixSearch(tables, price, nodeLimit).run();
}

/** Bounds above this share of the best energy are taken as equal to it: sums differ in their order. */
const SLACK = 1 - 1e-12;

class PrefixSearch {
  private readonly tables: EnergyTables;
  private readonly price: PriceOrder;
  private readonly nodeLimit: number;
  private readonly cuts: readonly CutTable[][];
  private readonly constant: number;
  private readonly order: Uint8Array;
  private readonly finder: CutFinder;
  private best = Number.POSITIVE_INFINITY;
  private bestOrder: Uint8Array | undefined;
  private nodes = 0;
  private visited = 0;

  constructor(tables: EnergyTables, price: PriceOrder, nodeLimit: number) {
    this.tables = tables;
    this.price = price;
    this.nodeLimit = nodeLimit;
    const { cuts, constant } = boundTables(tables);
    this.cuts = cuts;
    this.constant = constant;
    this.order = new Uint8Array(tables.lattice.multiset.count);
    this.finder = new CutFinder(tables);
  }

  run(): BoundedSearch {
    if (this.bound(0) < Number.POSITIVE_INFINITY) this.extend(0);
    return { order: this.bestOrder, visited: this.visited, isComplete: !this.isOutOfNodes() };
  }

  private isOutOfNodes(): boolean {
    return this.nodes > this.nodeLimit && this.bestOrder !== undefined;
  }

  /** Searches all orders that start with the first `depth` loops. */
  private extend(depth: number): void {
    if (depth === this.order.length) {
      this.leaf();
      return;
    }
    for (const { factor, bound } of this.children(depth)) {
      if (bound >= this.best * SLACK || this.isOutOfNodes()) return; // ascending: the others are no better
      this.place(depth, factor);
      this.extend(depth + 1);
    }
  }

  private leaf(): void {
    this.visited++;
    const price = this.price(this.order);
    if (!(price < this.best)) return;
    this.best = price;
    this.bestOrder = this.order.slice();
  }

  private place(depth: number, factor: number): void {
    this.order[depth] = factor;
    const { states } = this.finder;
    states[depth + 1] = states[depth]! + this.tables.lattice.strides[factor]!;
  }

  /** Factors that may come next, the most promising first. */
  private children(depth: number): readonly { readonly factor: number; readonly bound: number }[] {
    const { strides, multiset } = this.tables.lattice;
    const children: { readonly factor: number; readonly bound: number }[] = [];
    for (const [factor, multiplicity] of multiset.multiplicities.entries()) {
      if (digit(this.finder.states[depth]!, strides[factor]!, multiplicity) === multiplicity) continue;
      this.place(depth, factor);
      this.nodes++;
      children.push({ factor, bound: this.bound(depth + 1) });
    }
    return children.sort((a, b) => a.bound - b.bound || a.factor - b.factor);
  }

  /** Lower bound of the energy of every order that starts with the first `depth` loops. */
  private bound(depth: number): number {
    if (this.finder.find(depth) === "infeasible") return Number.POSITIVE_INFINITY;
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
