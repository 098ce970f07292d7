/** Choices by the decisions that leave them, so that equal ones are the same lists (see `HomeChoices`). */
import type { WeightHome } from "./node-options.js";
import type { PartHome } from "./stack-costs.js";
import type { Rings } from "./storage.js";

/** Lists that follow from what a decision leaves of a list. */
class Followers<T> {
  readonly #known = new Map<string, readonly T[]>();

  /**
   * @param index - of the decision
   * @param all - what may be decided; `left` is out of it
   */
  of<D>(index: number, all: readonly D[], left: readonly D[], make: () => readonly T[]): readonly T[] {
    const key = `${index}: ${left.length === all.length ? "all" : left.map((each) => all.indexOf(each)).join(" ")}`;
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }
}

class ChoiceMemo {
  readonly parts = new Followers<PartHome>();
  readonly rings = new Followers<Rings>();
  readonly #weights = new Map<string, Followers<WeightHome>>();

  /** @param prices - per bit, by memory */
  weights(prices: ReadonlyMap<string, number>): Followers<WeightHome> {
    const key = [...prices].map(([memory, price]) => `${memory} ${price}`).join("\n");
    const known = this.#weights.get(key) ?? new Followers<WeightHome>();
    this.#weights.set(key, known);
    return known;
  }
}

const MEMOS = new WeakMap<object, ChoiceMemo>();

/** @param problem - whose decisions they are */
export function choiceMemo(problem: object): ChoiceMemo {
  const known = MEMOS.get(problem) ?? new ChoiceMemo();
  MEMOS.set(problem, known);
  return known;
}
