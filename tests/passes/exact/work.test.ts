/** What schedules of random networks compute (EM §1): all that outputs need, nothing twice where overlap is kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OverlapMode, StackPlacement, TileOrder } from "../../../src/ir/facts.js";
import { add, conv, network } from "../../support/networks.js";
import "../../support/seed.js";
import { ONE_MEMORY } from "./random-accelerator.js";
import { ALL_KINDS, SYMMETRIC_KINDS } from "./random-layers.js";
import { imported, neededOperations, randomNetwork } from "./random-network.js";
import { type Choices, exactModel, placeOnly, scheduleExactly } from "./scheduling.js";

const side = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.integer({ min: 1, max: 12 }));
const tile = fc.record({ width: side, height: side });
const order = fc.constantFrom<TileOrder>("x-first", "y-first");
const stacks = fc.constantFrom<"single" | "per-layer">("single", "single", "per-layer");

/** Operations of every layer over all tiles of all stacks. */
function executed(placements: readonly StackPlacement[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { count, nodes } of placements.flatMap(({ tileTypes }) => tileTypes))
    for (const { id, kind, work } of nodes)
      if (kind === "layer") sums.set(id, (sums.get(id) ?? 0) + count * work.operations);
  return sums;
}

function needed(placements: readonly StackPlacement[]): ReadonlyMap<string, number> {
  const entries = placements.flatMap((placement) =>
    [...placement.needed].map(([id, { operations }]) => [id, operations] as const),
  );
  return new Map<string, number>(entries);
}

describe("work of random networks", () => {
  it("is what outputs need, whatever the tile, where all overlap is kept", () => {
    fc.assert(
      fc.property(randomNetwork(6, SYMMETRIC_KINDS), tile, order, (random, tile, order) => {
        const placements = placeOnly(imported(random), ONE_MEMORY, { tile, order });
        const [done, asked] = [executed(placements), needed(placements)];
        for (const [layer, operations] of neededOperations(random)) {
          if (!asked.has(layer)) continue; // folded into the layer before
          expect(asked.get(layer), layer).toBe(operations);
          expect(done.get(layer) ?? 0, layer).toBe(operations);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is the same for all tiles where all overlap is kept, and never less where it is computed again", () => {
    const modes = fc.constantFrom<OverlapMode>("recompute", "h-cached");
    fc.assert(
      fc.property(
        randomNetwork(6, ALL_KINDS),
        fc.record({ tile, order, stacks }),
        modes,
        (random, choices, overlap) => {
          const network = imported(random);
          const place = (more: Partial<Choices>) => placeOnly(network, ONE_MEMORY, { ...choices, ...more });
          const whole = place({ tile: "full" });
          expect(executed(place({}))).toEqual(executed(whole));
          const again = place({ overlap });
          const done = executed(again);
          for (const [layer, operations] of needed(again)) {
            expect(done.get(layer) ?? 0, layer).toBeGreaterThanOrEqual(operations * (1 - 1e-12));
            expect(operations, layer).toBeLessThanOrEqual(needed(whole).get(layer)!);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("work", () => {
  const accelerator = ONE_MEMORY;

  it("of 53 of 54 rows that AlexNet's first pooling reaches is all that is run", () => {
    // 11×11 s4 makes 54 rows of 223; 3×3 s2 pooling floors and stops at row 53
    const layers = network(
      conv("a", { K: 4, C: 3, OX: 54, F: 11, stride: 4 }),
      conv("b", { K: 4, C: 4, OX: 26, F: 3, stride: 2, from: "a" }),
    );
    for (const size of [1, 5, 26]) {
      const { costs } = scheduleExactly(layers, accelerator, { tile: { width: size, height: size } }, model)!;
      const macs = 4 * 3 * 11 * 11;
      expect(costs.layers[0]).toMatchObject({ needed: { macs: 53 * 53 * macs }, executed: { macs: 53 * 53 * macs } });
      expect(layers.layers[0]!.macs - costs.layers[0]!.needed.macs).toBe((54 * 54 - 53 * 53) * macs);
    }
  });

  it("leaves holes out that no tile asks for where overlap is computed again", () => {
    // a 1×1 window in steps of three: tiles of one column see every third column, larger ones what lies between too
    const layers = network(
      conv("a", { K: 2, C: 2, OX: 10, F: 3 }),
      conv("b", { K: 2, C: 2, OX: 4, stride: 3, from: "a" }),
    );
    const columns = (width: number, overlap: OverlapMode) => {
      const { costs } = scheduleExactly(layers, accelerator, { tile: { width, height: 4 }, overlap }, model)!;
      expect(costs.layers[0]!.executed).toEqual(costs.layers[0]!.needed);
      return costs.layers[0]!.executed.macs / (2 * 2 * 3 * 3 * 10);
    };
    expect([1, 2, 4].map((width) => columns(width, "recompute"))).toEqual([4, 8, 10]);
    expect([1, 2, 4].map((width) => columns(width, "fully-cached"))).toEqual([10, 10, 10]);
  });

  it("counts a map that two layers read once where it is kept, in each tile where it is not", () => {
    const layers = network(
      conv("a", { K: 2, C: 2, OX: 12, F: 3 }),
      conv("b", { K: 2, C: 2, OX: 12, from: "a" }),
      add("c", ["a", "b"], { K: 2, OX: 12 }),
      conv("d", { K: 2, C: 2, OX: 10, F: 3, from: "c" }),
    );
    const macs = (overlap: OverlapMode) =>
      scheduleExactly(layers, accelerator, { tile: { width: 5, height: 10 }, overlap }, model)!.costs.layers[0]!
        .executed.macs;
    expect(macs("fully-cached")).toBe(2 * 2 * 3 * 3 * 12 * 12);
    expect(macs("recompute")).toBe(2 * 2 * 3 * 3 * 12 * 14);
  });

  const model = exactModel();
});
