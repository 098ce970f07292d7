/** Results that were met lately, by a key of all that they depend on. */
export class Memo<T> {
  /** Oldest first. */
  private readonly kept = new Map<string, T>();
  private weight = 0;
  private readonly limit: number;
  private readonly weigh: (result: T) => number;

  /**
   * @param limit - weight of all results together from which on the oldest are forgotten
   * @param weigh - of one result; absent: 1
   */
  constructor(limit: number, weigh: (result: T) => number = () => 1) {
    this.limit = limit;
    this.weigh = weigh;
  }

  /** @param make - called where nothing is kept */
  of(key: string, make: () => T): T {
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const result = make();
    this.kept.set(key, result);
    this.weight += this.weigh(result);
    this.forget(key);
    return result;
  }

  private forget(newest: string): void {
    for (const [key, result] of this.kept) {
      if (this.weight <= this.limit || key === newest) return;
      this.kept.delete(key);
      this.weight -= this.weigh(result);
    }
  }
}
