/** Copies beside layers, and weights that stay between inferences (EM §4), in numbers worked out by hand. */
import { describe, expect, it } from "vitest";
import { COSTS } from "../../../src/ir/facts.js";
import type { Network } from "../../../src/ir/network.js";
import { PLAIN_CHOICES, type ScheduleOptions, schedule } from "../../../src/kerf.js";
import { smallMachine } from "../../exact/machine.js";
import { add, builtIn, conv, fsrcnn, network } from "../../support/networks.js";

const costsOf = (layers: Network, options: ScheduleOptions, accelerator = smallMachine()) =>
  schedule(layers, accelerator, { ...PLAIN_CHOICES, stacks: "single", ...options }).module.get(COSTS);

describe("copies beside layers", () => {
  /** 1×1 over one channel of 8×4, in tiles of 2×4: the inputs of a tile are 8 elements, as are its outputs. */
  const pointwise = () => network(conv("a", { OX: 8, OY: 4 }));
  const tiles = { tile: { width: 2, height: 4 } } as const;

  it("hide no more than they take, and no more than the layers take", () => {
    for (const mode of ["recompute", "h-cached", "fully-cached"] as const) {
      const options = { tile: { width: 60, height: 72 }, overlap: mode } as const;
      const [alone, beside] = [false, true].map((pipelineCopies) =>
        costsOf(fsrcnn(), { ...options, pipelineCopies }, builtIn()),
      );
      expect(beside!.totals.energy).toBe(alone!.totals.energy);
      const hidden = alone!.totals.latency - beside!.totals.latency;
      if (mode === "fully-cached") expect(hidden).toBeGreaterThan(0);
      expect(hidden).toBeGreaterThanOrEqual(0);
      expect(beside!.totals.copyLatency).toBe(alone!.totals.copyLatency - hidden);
      expect(hidden).toBeLessThanOrEqual(alone!.totals.copyLatency);
    }
  });

  it("wait for room", () => {
    const tight = costsOf(pointwise(), { ...tiles, pipelineCopies: true }, smallMachine(8 * 16));
    const alone = costsOf(pointwise(), { ...tiles }, smallMachine(8 * 16));
    expect(tight.totals.latency).toBe(alone.totals.latency);
  });
});

describe("steady state", () => {
  const two = () => network(conv("a", { OX: 8, F: 3 }), conv("b", { OX: 6, F: 3, from: "a" }));

  it("does not load weights again that fit beside everything else", () => {
    const [once, steady] = [false, true].map((steadyState) => costsOf(two(), { steadyState }));
    const loads = once!.stacks[0]!.loads!;
    expect(loads.energy).toBe(18 * (100 + 1));
    expect(once!.totals.energy - steady!.totals.energy).toBeCloseTo(loads.energy, 6);
    expect(once!.totals.latency - steady!.totals.latency).toBe(loads.cycles);
    expect(steady!.stacks[0]!.residentWeights).toEqual(["chip"]);
  });

  it("leaves copies beside layers no room that weights of another stack take", () => {
    // a and b in tiles of two columns; the 18 weights of a stay while b runs, and the 72 of b while a does
    const wide = () =>
      network(conv("a", { OX: 16, OY: 4, K: 2, F: 3 }), conv("b", { OX: 14, OY: 2, C: 2, K: 4, F: 3, from: "a" }));
    const hiddenWith = (elements: number, options: ScheduleOptions) =>
      costsOf(
        wide(),
        { stacks: { cuts: ["a"] }, tile: { width: 2, height: 4 }, pipelineCopies: true, ...options },
        smallMachine(8 * elements),
      ).stacks.map(({ hiddenBetweenTiles }) => hiddenBetweenTiles);
    const alone = [178 - 18, 178].map((elements) => hiddenWith(elements, {})[1]);
    expect(alone).toEqual([80, 96]);
    expect(hiddenWith(178, { steadyState: true })[1]).toBe(80);
    expect(hiddenWith(178 + 18, { steadyState: true })[1]).toBe(96);
  });

  it("says when nothing stays", () => {
    const notesOf = (layers: Network, options: ScheduleOptions, accelerator = smallMachine()) =>
      schedule(layers, accelerator, { ...PLAIN_CHOICES, stacks: "single", ...options })
        .diagnostics.filter(({ code }) => code === "nothing-resident")
        .map(({ severity, message }) => [severity, message]);
    expect(notesOf(two(), { steadyState: true })).toEqual([]);
    expect(notesOf(network(add("a", ["x", "y"], { OX: 4 })), {})).toEqual([]);
    expect(notesOf(network(add("a", ["x", "y"], { OX: 4 })), { steadyState: true })).toEqual([
      ["info", expect.stringMatching(/^--steady-state changes nothing: no stack keeps weights on chip/)],
    ]);
    expect(notesOf(two(), { steadyState: true, stacks: { cuts: ["a"] } }, smallMachine(8 * 12))).toEqual([
      ["info", expect.stringMatching(/^--steady-state changes nothing: no memory on chip holds the weights of all/)],
    ]);
  });

  it("loads them again where the stacks together need more room", () => {
    // a: 100 inputs in place from DRAM, 9 weights; b: 9 weights; the map between them has 64 elements
    const machine = smallMachine(8 * 12);
    const [once, steady] = [false, true].map((steadyState) =>
      costsOf(two(), { steadyState, stacks: { cuts: ["a"] } }, machine),
    );
    expect(steady!.totals).toEqual(once!.totals);
    expect(steady!.stacks.map(({ residentWeights }) => residentWeights)).toEqual([undefined, undefined]);
  });
});
