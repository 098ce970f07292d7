/** What comes first of all that was pushed; of what is equal, the latest. */
export class MinHeap<T> {
  readonly #items: Entry<T>[] = [];
  #pushed = 0;

  /** Least key that is left; infinite where nothing is. */
  get leastKey(): number {
    return this.#items[0]?.key ?? Number.POSITIVE_INFINITY;
  }

  push(key: number, item: T): void {
    const items = this.#items;
    const entry = { key, number: this.#pushed++, item };
    let at = items.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = entry;
  }

  pop(): T | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (first === undefined || last === undefined) return undefined;
    if (items.length > 0) this.#sink(last);
    return first.item;
  }

  #sink(entry: Entry<T>): void {
    const items = this.#items;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++;
      if (!isBefore(items[child]!, entry)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = entry;
  }
}

interface Entry<T> {
  readonly key: number;
  readonly number: number;
  readonly item: T;
}

const isBefore = (a: Entry<unknown>, b: Entry<unknown>): boolean =>
  a.key !== b.key ? a.key < b.key : a.number > b.number;
