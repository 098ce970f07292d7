import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { COSTS, MAPPINGS, PLACEMENT, type ScheduleCost, type Totals } from "../../src/ir/facts.js";
import type { Network } from "../../src/ir/network.js";
import { compile } from "../support/compile.js";
import { add, conv, fsrcnn, moduleOf, network, pool, residual, whole } from "../support/networks.js";

const costOf = (layers: Network, tiles: object = {}, stacks: object = {}): ScheduleCost =>
  compile(moduleOf(layers), { tiles: { ...tiles }, stacks: { ...stacks } }).module.get(COSTS);

// DF §13.4 and §13.6: FSRCNN on Meta_prototype_DF, tile 60×72, at most six loop factors.
describe("FSRCNN in tiles of 60×72", () => {
  const costs = (overlap: string) => costOf(fsrcnn(), { tile: { width: 60, height: 72 }, overlap });
  test.each`
    overlap           | energy               | copies            | latency       | copyLatency
    ${"recompute"}    | ${2_361_363_150.545} | ${114_034_938.08} | ${22_776_595} | ${432_752}
    ${"h-cached"}     | ${2_220_992_385.935} | ${113_001_723.17} | ${21_345_958} | ${495_485}
    ${"fully-cached"} | ${2_154_699_943.145} | ${103_493_948.18} | ${20_187_977} | ${474_584}
  `("$overlap: totals", ({ overlap, energy, copies, latency, copyLatency }) => {
    const { totals } = costs(overlap);
    expect(totals.energy / energy).toBeCloseTo(1, 9);
    expect(totals.energyByKind.copy / copies).toBeCloseTo(1, 9);
    expect(totals).toMatchObject({ latency, copyLatency });
  });

  test.each`
    index | layers            | copies         | latency    | copyLatency | why
    ${0}  | ${10_762_460.665} | ${492_921.13}  | ${98_292}  | ${1_685}    | ${"first tile, weights from DRAM"}
    ${1}  | ${8_837_266.14}   | ${362_840.725} | ${89_112}  | ${1_054}    | ${"first row"}
    ${3}  | ${17_578_082.6}   | ${979_125.235} | ${173_913} | ${4_394}    | ${"first column"}
    ${4}  | ${16_998_456.8}   | ${864_524.33}  | ${162_486} | ${4_061}    | ${"regular tile"}
    ${8}  | ${16_998_456.8}   | ${858_617.78}  | ${162_486} | ${4_061}    | ${"last tile"}
  `("fully-cached: $why", ({ index, layers, copies, latency, copyLatency }) => {
    const type = costs("fully-cached").stacks[0]!.tileTypes[index]!;
    expect((type.energy.mac + type.energy.memory) / layers).toBeCloseTo(1, 9);
    expect(type.energy.copy / copies).toBeCloseTo(1, 9);
    expect(type.latency).toBe(latency + copyLatency);
  });
});

const sumOf = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);

function expectToAddUp({ totals, stacks, layers }: ScheduleCost): void {
  const near = (found: number, expected: number) =>
    expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * expected);
  const { mac, memory, copy } = totals.energyByKind;
  near(mac + memory + copy, totals.energy);
  near(sumOf([...totals.energyByMemory.values()].map((operands) => sumOf(operands.values()))), memory + copy);
  near(sumOf(layers.map(({ energy }) => energy)) + copy, totals.energy);
  near(sumOf(stacks.map((stack) => stack.totals.energy)), totals.energy);
  const add = (key: "latency" | "operations") => sumOf(stacks.map((stack) => stack.totals[key]));
  expect([add("latency"), add("operations")]).toEqual([totals.latency, totals.operations]);
  expect(sumOf(layers.map(({ latency }) => latency)) + totals.copyLatency).toBe(totals.latency);
}

describe("evaluate", () => {
  const mixed = () =>
    network(
      conv("a", { K: 4, C: 4, OX: 14, F: 3 }),
      pool("p", { K: 4, OX: 7, from: "a" }),
      whole("move", "movement", { K: 4, OX: 7, from: "p" }),
      whole("soft", "reduction", { K: 4, OX: 7, from: "move" }),
      conv("b", { K: 4, C: 4, OX: 7, from: "soft" }),
      add("c", ["b", "move"], { K: 4, OX: 7 }),
    );

  it("has breakdowns that add up, whatever the tiles", () => {
    const size = fc.integer({ min: 1, max: 9 });
    const overlap = fc.constantFrom("recompute", "h-cached", "fully-cached");
    const rule = fc.constantFrom("single", "per-layer", "auto");
    fc.assert(
      fc.property(size, size, overlap, rule, fc.boolean(), (width, height, mode, stacks, isMixed) => {
        expectToAddUp(
          costOf(isMixed ? mixed() : residual(), { tile: { width, height }, overlap: mode }, { rule: stacks }),
        );
      }),
      { numRuns: 25 },
    );
  });

  it("costs the same in all modes when a tile is the whole map", () => {
    const [a, b, c] = ["recompute", "h-cached", "fully-cached"].map(
      (overlap) => costOf(residual(), { overlap }).totals,
    );
    expect(b).toEqual(a);
    expect(c).toEqual(a);
  });

  it("costs, for one layer in one tile, the layer and the copy of what it reads", () => {
    const { module } = compile(moduleOf(network(conv("a", { K: 8, C: 8, OX: 16, F: 3 }))));
    const { totals } = module.get(COSTS);
    const { cost } = module.get(MAPPINGS)[0]![0]![0]!.result;
    expect(totals.energy).toBe(cost.energy + totals.energyByKind.copy);
    expect(totals.latency).toBe(cost.loadedCycles + totals.copyLatency);
    expect(totals.operations).toBe(8 * 8 * 16 * 16 * 9);
    expect(module.get(PLACEMENT)[0]?.tileTypes[0]?.nodes[0]?.copies[0]?.bits).toBe(8 * 18 * 18 * 8);
  });

  it("counts operations that are needed once, and those of recomputed overlap besides", () => {
    const needed = (overlap: string) =>
      costOf(residual(), { tile: { width: 4, height: 4 }, overlap }).layers.map((layer) => [
        layer.executed.operations,
        layer.needed.operations,
      ]);
    expect(needed("fully-cached").every(([executed, once]) => executed === once)).toBe(true);
    expect(needed("recompute")[0]?.[0]).toBeGreaterThan(needed("recompute")[0]![1]!);
  });

  it("charges data that is moved without computing, and no operation for it", () => {
    const { totals, layers } = costOf(network(whole("m", "movement", { K: 4, OX: 8 })));
    const perWord = 2048 / 64; // DRAM words of the map
    expect(totals.accesses.get("dram")).toEqual({ read: perWord, write: perWord });
    expect(totals).toMatchObject({ operations: 0, energy: totals.energyByKind.copy } satisfies Partial<Totals>);
    const none = { operations: 0, macs: 0 };
    expect(layers).toEqual([{ layer: "m", energy: 0, latency: 0, executed: none, needed: none }]);
  });
});
