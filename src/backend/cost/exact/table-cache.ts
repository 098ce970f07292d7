/** Tables of problems that were met lately: searches for homes ask for one problem again and again, each time with other room. */
import type { Tables } from "./tables.js";

/** Most states of all tables together; a state takes one to two kilobytes. */
const STATES = 40_000;

export class TableCache<T extends { readonly tables: Tables }> {
  /** Least lately used first. */
  private readonly kept = new Map<string, T>();
  private states = 0;

  /**
   * @param shape - key of the problem without its room
   * @param make - called where nothing is kept
   */
  of(shape: string, make: () => T): T {
    const entry = this.kept.get(shape) ?? make();
    if (!this.kept.delete(shape)) this.states += entry.tables.space.stateCount;
    this.kept.set(shape, entry);
    for (const [oldest, { tables }] of this.kept) {
      if (this.states <= STATES || oldest === shape) break;
      this.kept.delete(oldest);
      this.states -= tables.space.stateCount;
    }
    return entry;
  }
}
