/** The joint search against the schedules of all choices, one by one (EM §6.2, design §5). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkFloor } from "../../../src/explore/search/network-floor.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import type { StackDecision } from "../../../src/ir/decisions.js";
import { COSTS, OVERLAP_MODES, SEARCHED, STACKS, TILE_ORDERS } from "../../../src/ir/facts.js";
import type { Network } from "../../../src/ir/network.js";
import {
  createCostModel,
  EXACT,
  emitSchedule,
  PLAIN_CHOICES,
  readDecisions,
  type ScheduleOptions,
  schedule,
} from "../../../src/kerf.js";
import { twoLevelMachine } from "../../exact/machine.js";
import { conv, network, residual } from "../../support/networks.js";
import "../../support/seed.js";

const EVERYTHING = { stacks: "optimal", tile: "all", overlap: "search", order: "search" } as const;

const energyOf = (layers: Network, machine: Accelerator, options: ScheduleOptions): number =>
  schedule(layers, machine, { ...PLAIN_CHOICES, ...options }).module.get(COSTS).totals.energy;

/** Two layers; one row, so that few tiles are possible. */
const toys = fc
  .record({
    width: fc.integer({ min: 2, max: 3 }),
    F: fc.constantFrom(1, 2),
    C: fc.integer({ min: 1, max: 3 }),
    K: fc.integer({ min: 1, max: 3 }),
    near: fc.integer({ min: 8, max: 60 }),
  })
  .map(({ width, F, C, K, near }) => ({
    layers: network(
      conv("a", { K: C, C: 2, OX: width + F - 1, OY: F }),
      conv("b", { K, C, OX: width, OY: 1, F, from: "a" }),
    ),
    machine: twoLevelMachine(8 * near),
  }));

/** Every tiling of a map of one row, whichever mode names it. */
function tilingsOf(width: number): readonly Pick<StackDecision, "tile" | "overlap" | "order">[] {
  const widths = Array.from({ length: width }, (_, i) => i + 1);
  return widths.flatMap((w) =>
    OVERLAP_MODES.flatMap((overlap) => TILE_ORDERS.map((order) => ({ tile: { width: w, height: 1 }, overlap, order }))),
  );
}

const stack = (members: readonly string[], tiling: Partial<StackDecision>): StackDecision => ({
  members,
  ...tiling,
  tileTypes: [],
  where: {},
});

/** Energies of all schedules of a toy. */
function* energiesOf(layers: Network, machine: Accelerator): Generator<number> {
  const width = layers.layers[1]!.loops.find(({ dim }) => dim === "OX")!.size;
  const first = layers.layers[0]!.loops;
  const [x, y] = ["OX", "OY"].map((dim) => first.find((loop) => loop.dim === dim)!.size) as [number, number];
  for (const one of tilingsOf(width)) {
    yield energyOf(layers, machine, { decisions: { stacks: [stack(["a", "b"], one)] } });
    for (const before of y === 1 ? tilingsOf(x) : allTilings(x, y))
      yield energyOf(layers, machine, { decisions: { stacks: [stack(["a"], before), stack(["b"], one)] } });
  }
}

const allTilings = (x: number, y: number) =>
  Array.from({ length: y }, (_, i) => i + 1).flatMap((height) =>
    tilingsOf(x).map((tiling) => ({ ...tiling, tile: { width: (tiling.tile as { width: number }).width, height } })),
  );

describe("the joint search", () => {
  it("finds the least energy of all cuts, tiles, modes and orders of small networks, and proves it", () => {
    fc.assert(
      fc.property(toys, ({ layers, machine }) => {
        const { module } = schedule(layers, machine, EVERYTHING);
        const { energy } = module.get(COSTS).totals;
        let least = Number.POSITIVE_INFINITY;
        for (const other of energiesOf(layers, machine)) least = Math.min(least, other);
        expect(energy / least).toBeCloseTo(1, 10);
        expect(module.get(SEARCHED).bound / least).toBeCloseTo(1, 10);
      }),
      { numRuns: 5 },
    );
  });

  it("is never worse than a rule at any tile, and states what nothing goes below", () => {
    const machine = twoLevelMachine(8 * 300);
    const { module } = schedule(residual(), machine, { ...EVERYTHING, tile: "search" });
    const { energy } = module.get(COSTS).totals;
    expect(module.get(SEARCHED).bound).toBeLessThanOrEqual(energy);
    for (const stacks of ["auto", "single", "per-layer"] as const)
      for (const tile of [1, 2, 4, 8].map((size) => ({ width: size, height: size })))
        for (const overlap of OVERLAP_MODES)
          expect(energy).toBeLessThanOrEqual(energyOf(residual(), machine, { stacks, tile, overlap }) * (1 + 1e-12));
  });

  it("keeps what is stated", () => {
    const options = { ...PLAIN_CHOICES, stacks: "optimal", tile: "search" } as const;
    const tiled = schedule(residual(), twoLevelMachine(8 * 300), {
      ...options,
      decisions: { stacks: [{ ...stack([], { tile: { width: 2, height: 8 } }), members: ["a", "b"] }] },
    });
    const [first] = tiled.module.get(STACKS);
    expect(first!.layers).toEqual(["a", "b"]);
    const single = schedule(residual(), twoLevelMachine(8 * 300), { ...options, stacks: "single" });
    expect(single.module.get(STACKS)).toHaveLength(1);
  });

  it("is what a schedule is made with where nothing is said", () => {
    const machine = twoLevelMachine(8 * 300);
    const usual = schedule(residual(), machine);
    expect(usual.module.get(COSTS)).toEqual(
      schedule(residual(), machine, { ...EVERYTHING, tile: "search" }).module.get(COSTS),
    );
  });

  it("has nothing to do where decisions state everything", () => {
    const machine = twoLevelMachine(8 * 300);
    const first = schedule(residual(), machine);
    const { decisions } = readDecisions(JSON.stringify(emitSchedule(first, residual())), "schedule.json");
    const again = schedule(residual(), machine, { decisions });
    expect(again.module.has(SEARCHED)).toBe(false);
    expect(again.module.get(COSTS)).toEqual(first.module.get(COSTS));
  });

  it("ends where it is told to, with the best so far", () => {
    let seen = 0;
    const { module } = schedule(residual(), twoLevelMachine(8 * 300), {
      ...EVERYTHING,
      search: { progress: () => void seen++, isOver: () => true },
    });
    expect(seen).toBeGreaterThan(0);
    expect(module.get(COSTS).totals.energy).toBeGreaterThanOrEqual(module.get(SEARCHED).bound);
  });

  it("leaves maps between stacks at the top where they shall be", () => {
    const machine = twoLevelMachine(8 * 300);
    const options = { ...PLAIN_CHOICES, stacks: "optimal", tile: { width: 8, height: 8 }, between: "top" } as const;
    const { module } = schedule(residual(), machine, options);
    const { energy } = module.get(COSTS).totals;
    for (const stacks of ["single", "per-layer"] as const)
      expect(energy).toBeLessThanOrEqual(energyOf(residual(), machine, { ...options, stacks }) * (1 + 1e-12));
  });

  it("proves nothing from a floor, and no schedule goes below it", () => {
    const sizes = fc.record({ F: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 4 }) });
    const tiles = fc.record({ width: fc.integer({ min: 1, max: 5 }), height: fc.integer({ min: 1, max: 5 }) });
    const cases = fc.record({ one: sizes, two: sizes, tile: tiles, near: fc.integer({ min: 20, max: 300 }) });
    fc.assert(
      fc.property(cases, fc.constantFrom(...OVERLAP_MODES), ({ one, two, tile, near }, overlap) => {
        const between = 2 + two.F + two.stride;
        const layers = network(
          conv("a", { K: 2, C: 2, OX: between, ...one }),
          conv("b", { K: 2, C: 2, OX: Math.floor((between - two.F) / two.stride) + 1, ...two, from: "a" }),
        );
        const { module } = schedule(layers, twoLevelMachine(8 * near), {
          ...PLAIN_CHOICES,
          stacks: "single",
          tile,
          overlap,
        });
        expect(networkFloor(module, createCostModel(EXACT))).toBeLessThanOrEqual(
          module.get(COSTS).totals.energy * (1 + 1e-9),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("is refused under rules that know of none", () => {
    expect(() => schedule(residual(), twoLevelMachine(8 * 300), { ...EVERYTHING, costModel: "defines" })).toThrow(
      /know nothing of a search/,
    );
  });
});
