/** Ways to place a node: for every choice of rings there is an option that costs no more and whose readers gather no more (EM §2). */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Accelerator, Memory } from "../../../src/ir/accelerator.js";
import { type OverlapMode, TILING, type TileOrder } from "../../../src/ir/facts.js";
import type { Module } from "../../../src/ir/module.js";
import { picojoules } from "../../../src/ir/units.js";
import { stackGeometry } from "../../../src/passes/exact/geometry.js";
import { partHomes, ringsOf } from "../../../src/passes/exact/home-decisions.js";
import { homeSpace } from "../../../src/passes/exact/home-space.js";
import { OptionMaker } from "../../../src/passes/exact/node-options.js";
import {
  fetchCopy,
  gathers,
  keepingCopies,
  owedCopies,
  type PartHome,
  StackCosts,
} from "../../../src/passes/exact/stack-costs.js";
import { exactViews, problemSource } from "../../../src/passes/exact/stack-view.js";
import type { Rings } from "../../../src/passes/exact/storage.js";
import { type PieceBits, type TileNode, tileNodes } from "../../../src/passes/exact/tile-nodes.js";
import { twoLevelMachine } from "../../exact/machine.js";
import { residual } from "../../support/networks.js";
import "../../support/seed.js";
import { exactModel, scheduleExactly } from "./scheduling.js";

const choices = fc.record({
  tile: fc.record({ width: fc.integer({ min: 2, max: 6 }), height: fc.integer({ min: 2, max: 6 }) }),
  overlap: fc.constant<OverlapMode>("fully-cached"),
  order: fc.constantFrom<TileOrder>("x-first", "y-first"),
});

const shares = fc.constantFrom(0.1, 0.5, 1);

interface Place {
  readonly node: TileNode;
  readonly nodes: readonly TileNode[];
  readonly costs: StackCosts;
}

/** Energy of the copies of a map in pJ, and bits that each of its readers brings beside its part. */
function priceOf(
  { node, nodes, costs }: Place,
  { memory }: Extract<PartHome, { kind: "kept" | "fetched-again" }>,
  rings: Rings,
) {
  const place = costs.placeOf(node.map);
  const gathered = nodes.flatMap(({ reads }) =>
    reads.filter(({ source }) => source === node.index).map((read) => gathers(read, memory, rings, "")),
  );
  const copies = [
    ...(node.map.node.layer === undefined ? fetchCopy(node, node.newBits, memory, place) : []),
    ...keepingCopies(node, memory, rings),
    ...gathered.flat(),
    ...owedCopies(node, memory, rings, place),
  ];
  const bits = gathered.map((own) => own.reduce((sum, copy) => sum + copy.bits, 0));
  return { energy: costs.copiesEnergy(copies), gathered: bits };
}

type Price = ReturnType<typeof priceOf>;

const isNoWorse = (a: Price, b: Price): boolean =>
  a.energy <= b.energy && a.gathered.every((bits, i) => bits <= b.gathered[i]!);

/** Readers that take only a share of what is kept, as on the last tiles before a border. */
const readingLess = (nodes: readonly TileNode[], share: number): readonly TileNode[] => {
  const less = ({ new: part, column, row }: PieceBits): PieceBits => ({
    ...{ new: part, column: Math.floor(share * column) },
    row: Math.floor(share * row),
  });
  return nodes.map((node) => ({
    ...node,
    reads: node.reads.map((read) => ({
      ...read,
      pieces: { narrow: less(read.pieces.narrow), wide: less(read.pieces.wide) },
    })),
  }));
};

/** Per node and home of its new part: prices of all rings, and of those that are options. */
function pricesOf(module: Module, share: number) {
  const [[view], source] = [exactViews(module), problemSource(module)];
  const { maps } = view!; // one stack
  const geometry = stackGeometry(maps, module.get(TILING)[0]!);
  const costs = new StackCosts(source, exactModel());
  const space = homeSpace(maps, geometry, source, costs);
  return tileNodes(maps, geometry, source.stored).flatMap((type) => {
    const nodes = readingLess(type.nodes, share);
    return nodes.flatMap((node) => {
      const allowed = space.storage[node.index]!;
      const parts = partHomes(allowed, node.map, costs.partMemories(node.map));
      const rings = ringsOf(allowed);
      const { all } = new OptionMaker(node, nodes, costs).of({ parts, rings, weights: [] });
      return parts.flatMap((part) => {
        if (part.kind !== "kept") return [];
        const own = all.filter((option) => option.part === part).map((option) => option.rings!);
        const price = (each: Rings) => priceOf({ node, nodes, costs }, part, each);
        return [{ every: rings.map(price), kept: own.map(price), live: all.map(({ live }) => live) }];
      });
    });
  });
}

/** A machine with two memories on chip, at any prices: writing may cost many times what reading does. */
const machines = fc
  .record({ near: fc.tuple(price(), price()), chip: fc.tuple(price(), price()) })
  .map((prices): Accelerator => {
    const machine = twoLevelMachine(1_000_000);
    const priced = (memory: Memory): Memory => {
      const [read, write] = (prices as Readonly<Record<string, readonly [number, number]>>)[memory.id] ?? [100, 100];
      return { ...memory, readEnergy: picojoules(read), writeEnergy: picojoules(write) };
    };
    return { ...machine, memories: machine.memories.map(priced) };
  });

function price() {
  return fc.integer({ min: 1, max: 40 });
}

it("leaves out rings only where others are no worse for anybody", () => {
  let several = 0;
  fc.assert(
    fc.property(machines, choices, shares, (accelerator, chosen, share) => {
      const { module } = scheduleExactly(residual(), accelerator, chosen)!; // it has room for everything
      for (const { every, kept, live } of pricesOf(module, share)) {
        const possible = every.filter(({ energy }) => energy < Number.POSITIVE_INFINITY);
        for (const price of possible) expect(kept.some((own) => isNoWorse(own, price))).toBe(true);
        expect(Math.min(...kept.map(({ energy }) => energy))).toBe(Math.min(...every.map(({ energy }) => energy)));
        expect(new Set(live).size).toBe(live.length); // nobody takes one for another
        if (kept.length > 1) several++;
      }
    }),
    { numRuns: 20 },
  );
  expect(several).toBeGreaterThan(10);
});
