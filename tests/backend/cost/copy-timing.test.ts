/** Copies that start together, beside a clock that ticks cycle by cycle (EM §4). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runTogether, type TimedCopy } from "../../../src/backend/cost/copy-timing.js";
import { createCostModel } from "../../../src/backend/cost/cost-model.js";
import type { Copy } from "../../../src/ir/cost-model.js";
import { EXACT } from "../../../src/ir/rules.js";
import { smallMachine } from "../../exact/machine.js";
import "../../support/seed.js";

const PORTS = ["a", "b", "c", "d"];

const randomCopies: fc.Arbitrary<readonly TimedCopy[]> = fc
  .array(
    fc.record({
      hops: fc.array(
        fc.record({
          ports: fc.subarray(PORTS, { minLength: 1, maxLength: 2 }),
          cycles: fc.integer({ min: 1, max: 6 }),
        }),
        { maxLength: 4 },
      ),
      after: fc.option(fc.nat(4), { nil: undefined }),
    }),
    { maxLength: 6 },
  )
  .map((copies) => copies.map(({ hops, after }, i) => ({ hops, ...(after !== undefined && after < i && { after }) })));

/** In every cycle, copy by copy: the next hop starts if the one before is over and its ports are idle. */
function ticking(copies: readonly TimedCopy[]): Readonly<Record<string, number>> {
  const left = copies.map(({ hops }) => hops.map(({ cycles }) => cycles));
  const running = copies.map(() => false);
  const busy = new Map<string, number>();
  for (let cycle = 0; left.some((hops) => hops.length > 0); cycle++) {
    const taken = new Set<string>();
    const portsOf = (copy: number) => copies[copy]!.hops.at(-left[copy]!.length)!.ports;
    copies.forEach((_, i) => {
      if (running[i]) for (const port of portsOf(i)) taken.add(port);
    });
    copies.forEach(({ after }, i) => {
      if (running[i] || left[i]!.length === 0 || (after !== undefined && left[after]!.length > 0)) return;
      if (portsOf(i).some((port) => taken.has(port))) return;
      running[i] = true;
      for (const port of portsOf(i)) taken.add(port);
    });
    for (const port of taken) busy.set(port, cycle + 1);
    copies.forEach((_, i) => {
      if (!running[i] || --left[i]![0]! > 0) return;
      left[i]!.shift();
      running[i] = false;
    });
  }
  return Object.fromEntries(busy);
}

describe("copies that start together", () => {
  it("take the cycles that a clock counts", () => {
    fc.assert(
      fc.property(randomCopies, (copies) => {
        expect(Object.fromEntries(runTogether(copies))).toEqual(ticking(copies));
      }),
      { numRuns: 3000 },
    );
  });

  it("wait for the port at the end of a path, hop by hop", () => {
    // both use p last: the second one can have it from 2 on, the first one from 5
    const copies = [
      {
        hops: [
          { ports: ["x"], cycles: 5 },
          { ports: ["p"], cycles: 4 },
        ],
      },
      {
        hops: [
          { ports: ["y"], cycles: 2 },
          { ports: ["p"], cycles: 6 },
        ],
      },
    ];
    expect(Object.fromEntries(runTogether(copies))).toEqual({ x: 5, y: 2, p: 2 + 6 + 4 });
  });
});

describe("under the exact model", () => {
  const model = createCostModel(EXACT);
  const copy = (kind: Copy["kind"], layer: string, from: string, to: string): Copy => ({
    kind,
    layer,
    operand: "I",
    bits: 80,
    from: { operand: "O", memory: from },
    to: { operand: "O", memory: to },
  });

  it("a ring gives its rows away before they are overwritten", () => {
    const [corner, rows] = [copy("cache-write", "a", "chip", "chip"), copy("cache-write", "a", "dram", "chip")];
    // the corner reads and writes on chip at once; rows from DRAM come after
    expect(model.copyPhase([corner, rows], smallMachine()).cycles).toBe(10 + 10);
    // of another map they would still share the write port
    const other = copy("cache-write", "b", "chip", "dram");
    expect(model.copyPhase([rows, other], smallMachine()).cycles).toBe(10);
    expect(model.copyPhase([rows, { ...other, layer: "a" }], smallMachine()).cycles).toBe(20);
  });

  it("a port that reads and writes moves data inside its memory in twice the time", () => {
    const machine = smallMachine();
    const memories = machine.memories.map((memory) => {
      const [read, write] = memory.ports;
      const both = {
        ...read!,
        name: "rw",
        type: "read-write" as const,
        services: [...read!.services, ...write!.services],
      };
      return { ...memory, ports: [both] };
    });
    const inside = copy("cache-write", "a", "chip", "chip");
    expect(model.copyPhase([inside], { ...machine, memories }).cycles).toBe(20);
    expect(model.copyPhase([inside], machine).cycles).toBe(10);
  });
});
