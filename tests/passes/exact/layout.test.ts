/** Copies to and from maps that lie whole in a memory with a layout, beside an enumeration of all addresses (EM §2, Layout). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLayout } from "../../../src/frontend/zigzag/accelerator-layout.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import type { Copy } from "../../../src/ir/cost-model.js";
import { type LayerMapping, MAPPINGS, OVERLAP_MODES, PLACEMENT, TILE_ORDERS, TILING } from "../../../src/ir/facts.js";
import type { Layout } from "../../../src/ir/layout.js";
import { bits } from "../../../src/ir/units.js";
import { stackGeometry, turned } from "../../../src/passes/exact/geometry.js";
import { fetchCopy, owedCopies } from "../../../src/passes/exact/stack-costs.js";
import { exactViews, problemSource } from "../../../src/passes/exact/stack-view.js";
import { type TileNode, tileNodes } from "../../../src/passes/exact/tile-nodes.js";
import { newPart, owedPart } from "../../../src/passes/regions/pieces.js";
import { type Box, type TensorTile, tensorTile } from "../../../src/passes/regions/stack-regions.js";
import { exact, smallMachine } from "../../exact/machine.js";
import { compile } from "../../support/compile.js";
import { conv, moduleOf, network, residual } from "../../support/networks.js";
import "../../support/seed.js";

/** The small machine with a layout and bursts in DRAM. */
function laidOut(text: string, burst: number, chip?: number): Accelerator {
  const machine = smallMachine(chip);
  const layout = parseLayout(text).layout!;
  return {
    ...machine,
    memories: machine.memories.map((memory) =>
      memory.id === "dram" ? { ...memory, layout, burst: bits(burst) } : memory,
    ),
  };
}

type Cell = Readonly<Record<string, number>>;

/** Digit by digit, outermost first; every tensor here has all the axes that its layout names. */
function addressOf(layout: Layout, dims: Cell, cell: Cell): number {
  return layout.reduce((address, term) => {
    const [size, index] = [dims[term.axis]!, cell[term.axis]!];
    if (term.part === "whole") return address * size + index;
    if (term.part === "blocks") return address * Math.ceil(size / term.block) + Math.floor(index / term.block);
    return address * term.block + (index % term.block);
  }, 0);
}

interface Rectangle {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** Bursts for a rectangle of a map of `C` channels: its addresses in order, run by run. */
function burstsOf(layout: Layout, dims: Cell, { x, y }: Rectangle, burst: number): number {
  const addresses: number[] = [];
  for (let C = 0; C < dims.C!; C++)
    for (let H = y[0]; H < y[1]; H++)
      for (let W = x[0]; W < x[1]; W++) addresses.push(addressOf(layout, dims, { B: 0, C, H, W }));
  addresses.sort((a, b) => a - b);
  let [bursts, length] = [0, 0];
  addresses.forEach((address, i) => {
    length++;
    if (addresses[i + 1] === address + 1) return;
    bursts += Math.ceil((length * 8) / burst);
    length = 0;
  });
  return bursts;
}

const LAYOUTS = ["C H W", "H W C", "C/4 H W C%4", "H C W", "H/4 W/4 C H%4 W%4", "W/3 H C W%3", "H/2 C W H%2"];

const choices = fc.record({
  layout: fc.constantFrom(...LAYOUTS),
  burst: fc.constantFrom(16, 64, 128),
  channels: fc.integer({ min: 1, max: 9 }),
  extent: fc.integer({ min: 4, max: 12 }),
  width: fc.integer({ min: 1, max: 6 }),
  height: fc.integer({ min: 1, max: 6 }),
  overlap: fc.constantFrom(...OVERLAP_MODES),
  order: fc.constantFrom(...TILE_ORDERS),
});

/** 3×3 windows; the first map leaves the stack as well. */
function stackOf({
  layout,
  burst,
  channels,
  extent,
  width,
  height,
  overlap,
  order,
}: typeof choices extends fc.Arbitrary<infer T> ? T : never) {
  const layers = network(
    conv("a", { K: channels, C: channels, OX: extent + 2, F: 3 }),
    conv("b", { K: channels, C: channels, OX: extent, F: 3, from: "a" }),
    conv("c", { K: channels, C: channels, OX: extent, F: 3, from: "a" }),
  );
  const accelerator = laidOut(layout, burst);
  const { module } = compile(moduleOf(layers, accelerator), {
    stacks: { rule: "single" },
    tiles: { tile: { width, height }, overlap, order },
    upTo: "tile-stacks",
    costModel: exact,
  });
  const [[view], source, [tiling]] = [exactViews(module), problemSource(module), module.get(TILING)];
  const geometry = stackGeometry(view!.maps, tiling!);
  const types = tileNodes(view!.maps, geometry, source.stored);
  const [chip, dram] = source.hierarchy.memories;
  const costOf = (copies: readonly Copy[], end: "sent" | "received") =>
    copies.reduce((sum, copy) => sum + exact.copyCost(copy, source.hierarchy)!.hops[0]![end], 0) / (burst / 8);
  const total = (id: string, value: (node: TileNode) => number) =>
    types.reduce((sum, { shape, nodes }) => sum + shape.count * value(nodes.find(({ map }) => map.node.id === id)!), 0);
  return { maps: view!.maps.maps, geometry, chip: chip!, dram: dram!, costOf, total };
}

/** Bursts of a region of every single tile. */
function expected(
  { maps, geometry }: ReturnType<typeof stackOf>,
  id: string,
  regionOf: (tile: TensorTile) => Box | undefined,
  layout: Layout,
  burst: number,
) {
  const map = maps.find(({ node }) => node.id === id)!;
  const regions = geometry.regions.get(id)!;
  const dims = { B: 1, C: map.cellBits / 8, H: map.extents.y, W: map.extents.x };
  let sum = 0;
  for (let j = 0; j < regions.y.need.lo.length; j++) {
    for (let i = 0; i < regions.x.need.lo.length; i++) {
      const box = regionOf(tensorTile(regions, i, j));
      const { x, y } = box === undefined ? EMPTY : turned(box, geometry.order);
      sum += burstsOf(layout, dims, { x: [x.lo, x.hi], y: [y.lo, y.hi] }, burst);
    }
  }
  return sum;
}

const EMPTY = { x: { lo: 0, hi: 0 }, y: { lo: 0, hi: 0 } };

describe("a map that lies whole in a memory with a layout", () => {
  it("is fetched in the bursts that an enumeration of addresses counts", () => {
    let uneven = 0;
    fc.assert(
      fc.property(choices, (chosen) => {
        const stack = stackOf(chosen);
        const { chip, dram, costOf, total } = stack;
        const layout = parseLayout(chosen.layout).layout!;
        const kept = total("x", (node) => costOf(fetchCopy(node, node.newBits, chip, dram), "sent"));
        const dense = total("x", ({ newBits }) => Math.ceil(newBits / chosen.burst));
        expect(kept).toBe(expected(stack, "x", newPart, layout, chosen.burst));
        if (kept > dense) uneven++;
      }),
      { numRuns: 150 },
    );
    expect(uneven).toBeGreaterThan(50);
  });

  it("is delivered in the bursts that an enumeration of addresses counts", () => {
    fc.assert(
      fc.property(choices, fc.constantFrom("narrow", "wide"), (chosen, kind) => {
        const stack = stackOf(chosen);
        const { chip, dram, costOf, total } = stack;
        const layout = parseLayout(chosen.layout).layout!;
        const written = total("b", (node) => costOf(owedCopies(node, chip, { kind }, dram), "received"));
        expect(written).toBe(expected(stack, "b", owedPart, layout, chosen.burst)); // nobody reads b: all of it is new
      }),
      { numRuns: 100 },
    );
  });

  it("is read in place by the mapper where a tile begins, as weights are that are streamed", () => {
    // 9000 bit on chip: the input of 14×14 stays whole in DRAM
    const placed = (accelerator: Accelerator) =>
      compile(moduleOf(residual(8), accelerator), {
        stacks: { rule: "single" },
        tiles: { tile: { width: 4, height: 4 }, overlap: "fully-cached" },
        upTo: "place-operands",
        costModel: exact,
      })
        .module.get(PLACEMENT)[0]!
        .tileTypes.flatMap(({ nodes }) => nodes)
        .filter(({ id }) => id === "a")
        .map(({ problems }) => problems[0]!.operands.map(({ name, layout }) => [name, layout?.axes] as const));
    const [first, second] = placed(laidOut("H W C", 64, 9000)).map((operands) => new Map(operands));
    const axes = (x: number, y: number) => [
      { name: "B", extent: 1, offset: 0, index: ["B"] },
      { name: "C", extent: 4, offset: 0, index: ["C"] },
      { name: "H", extent: 14, offset: y, index: 0 },
      { name: "W", extent: 14, offset: x, index: 1 },
    ];
    expect(first!.get("I")).toEqual(axes(0, 0));
    expect(second!.get("I")).toEqual(axes(8, 0)); // beyond the 8 columns of a that the first tile has computed
    expect(first!.get("O")).toBeUndefined(); // a part on chip
    expect(first!.get("W")).toBeUndefined(); // a layout of maps says nothing about weights
    expect(
      placed(smallMachine(9000))
        .flat()
        .every(([, layout]) => layout === undefined),
    ).toBe(true);
  });

  it("says nothing about weights; K C FY FX does, and nothing about maps", () => {
    const layers = network(conv("a", { K: 4, C: 4, OX: 4, F: 3 }));
    const layouts = ["H W C", "K C FY FX"].map((text) => {
      const machine = laidOut(text, 64, 200); // too little room for the weights on chip
      const { module } = compile(moduleOf(layers, machine), { stacks: { rule: "single" }, costModel: exact });
      const [{ problem }] = module.get(MAPPINGS)[0]![0]! as readonly [LayerMapping];
      return problem.operands.map(({ name, layout }) => `${name} ${layout?.axes.map((axis) => axis.name).join(" ")}`);
    });
    expect(layouts).toEqual([
      ["O B C H W", "W undefined", "I B C H W"],
      ["O undefined", "W K C FY FX", "I undefined"],
    ]);
  });

  it("is dense where the memory states no layout", () => {
    const { chip, dram, total, costOf } = stackOf({
      layout: "H W C",
      burst: 64,
      channels: 3,
      extent: 6,
      width: 3,
      height: 2,
      overlap: "fully-cached",
      order: "x-first",
    });
    const { layout: _, ...plain } = dram;
    const copies = (memory: typeof dram) => (node: TileNode) => fetchCopy(node, node.newBits, chip, memory);
    expect(total("x", (node) => copies(plain)(node).filter(({ runs }) => runs !== undefined).length)).toBe(0);
    expect(total("x", (node) => costOf(copies(dram)(node), "sent"))).toBeGreaterThan(
      total("x", (node) => costOf(copies(plain)(node), "sent")),
    );
  });
});
