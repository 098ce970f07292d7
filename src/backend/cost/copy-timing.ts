/** When the hops of copies that start together run (EM §4): each takes the ports at both of its ends for all of its cycles. */

export interface TimedHop {
  /** `memory.port` at either end; one port that does both is listed once. */
  readonly ports: readonly string[];
  /** At least 1. */
  readonly cycles: number;
}

export interface TimedCopy {
  /** One after the other. */
  readonly hops: readonly TimedHop[];
  /** Position of an earlier copy that must be over first. */
  readonly after?: number;
}

/**
 * Whatever can start starts: the hop that can do so first, of several the one of the copy that stands first.
 *
 * @returns per port the cycle in which it falls idle for good
 */
export function runTogether(copies: readonly TimedCopy[]): ReadonlyMap<string, number> {
  const idleFrom = new Map<string, number>();
  const done = copies.map(() => 0); // hops
  const readyAt = copies.map(() => 0);
  const isOver = (copy: number): boolean => done[copy] === copies[copy]!.hops.length;
  for (;;) {
    let next: { readonly copy: number; readonly start: number } | undefined;
    for (const [copy, { hops, after }] of copies.entries()) {
      if (isOver(copy) || (after !== undefined && !isOver(after))) continue;
      const earliest = after === undefined ? readyAt[copy]! : Math.max(readyAt[copy]!, readyAt[after]!);
      const start = Math.max(earliest, ...hops[done[copy]!]!.ports.map((port) => idleFrom.get(port) ?? 0));
      if (next === undefined || start < next.start) next = { copy, start };
    }
    if (next === undefined) return idleFrom;
    const { ports, cycles } = copies[next.copy]!.hops[done[next.copy]!]!;
    const end = next.start + cycles;
    for (const port of ports) idleFrom.set(port, end);
    readyAt[next.copy] = end;
    done[next.copy]!++;
  }
}
