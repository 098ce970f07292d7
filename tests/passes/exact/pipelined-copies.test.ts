/** Copies beside layers (EM §4), worked out by hand: what hides them is the layer, what limits them ports and room. */
import { describe, expect, it } from "vitest";
import type { Copy, CopyKind, CopyPhaseCost, LayerCost } from "../../../src/ir/cost-model.js";
import type {
  LayerMapping,
  NodeCopies,
  PlacedNode,
  PlacedTileType,
  StackPlacement,
  TileOrder,
} from "../../../src/ir/facts.js";
import type { CostedType } from "../../../src/passes/depth-first/totals.js";
import { hiddenCopies } from "../../../src/passes/exact/pipelined-copies.js";

/** A copy phase of one copy between DRAM and the chip. */
interface Moving {
  readonly kind: CopyKind;
  readonly bits: number;
  readonly cycles: number;
  /** Ports that it takes; absent: one of its own. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** A node: what it moves before and after its layer, and the layer, if it has one. */
interface Node {
  readonly id: string;
  readonly before?: Moving;
  readonly after?: Moving;
  readonly cycles?: number;
  readonly ports?: Readonly<Record<string, number>>;
  /** Bits that live on chip while it runs, and that its blocks take. */
  readonly live?: number;
  readonly blocks?: number;
}

const CHIP = new Map([["chip", 100]]);

function copyOf(layer: string, { kind, bits }: Moving, isBefore: boolean): Copy {
  const [dram, chip] = [
    { operand: "I1", memory: "dram" },
    { operand: "I1", memory: "chip" },
  ];
  return { kind, layer, operand: "I", bits, from: isBefore ? dram : chip, to: isBefore ? chip : dram };
}

const costOf = ({ cycles, ports = { "dram.r": cycles } }: Moving): CopyPhaseCost => ({
  energy: 0,
  cycles,
  copies: [],
  portBusy: ports,
});

const placed = ({ id, before, after, live = 0 }: Node): PlacedNode => ({
  id,
  kind: "layer",
  loops: [],
  inputBits: 0,
  outputBits: 0,
  topOutput: "chip",
  lifted: { input: 0, output: 0 },
  copies: before === undefined ? [] : [copyOf(id, before, true)],
  after: after === undefined ? [] : [copyOf(id, after, false)],
  reserved: { chip: live },
  problems: [],
  work: { operations: 0, macs: 0 },
});

/** A mapping of which nothing counts but its cycles, ports and blocks. */
function mapped({ id, cycles = 0, ports = {}, blocks = 0 }: Node): LayerMapping {
  const cost: Partial<LayerCost> = { latencyCycles: cycles, portCycles: ports, occupancy: { chip: blocks } };
  return { layer: id, problem: {}, result: { feasible: true, mapping: {}, cost } } as unknown as LayerMapping;
}

function typeOf(nodes: readonly Node[], column = 0, row = 0): CostedType {
  const type: PlacedTileType = {
    id: `${column} ${row}`,
    width: 1,
    height: 1,
    count: 1,
    column,
    row,
    firstAt: { x: 0, y: 0 },
    weightsFromTop: false,
    hCache: {},
    vCache: {},
    nodes: nodes.map(placed),
  };
  const copies = nodes.flatMap(({ id, before, after }): readonly NodeCopies[] => [
    ...(before === undefined ? [] : [{ node: id, when: "before" as const, cost: costOf(before) }]),
    ...(after === undefined ? [] : [{ node: id, when: "after" as const, cost: costOf(after) }]),
  ]);
  return { type, layers: nodes.filter(({ cycles }) => cycles !== undefined).map(mapped), copies };
}

const NO_LOADS = { copies: [], cost: { energy: 0, cycles: 0, copies: [], portBusy: {} } };

const placement = (columns: StackPlacement["columns"], rows: StackPlacement["rows"]): StackPlacement => ({
  stack: "0",
  weightBits: 0,
  tileTypes: [],
  columns: columns!,
  rows: rows!,
  needed: new Map(),
});

const ONE = [{ class: 0, from: 0, count: 1 }];

/** Cycles hidden on one tile with these nodes. */
const hiddenOn = (...nodes: readonly Node[]): number =>
  hiddenCopies({ types: [typeOf(nodes)], loads: NO_LOADS }, placement(ONE, ONE), "x-first", CHIP).perTile[0]!;

describe("on one tile", () => {
  const weights = { kind: "weights", bits: 8, cycles: 6 } as const;

  it("what the next layer needs comes while a layer runs, at most as long as it does", () => {
    expect(hiddenOn({ id: "a", cycles: 10 }, { id: "b", before: weights, cycles: 4 })).toBe(6);
    expect(hiddenOn({ id: "a", cycles: 5 }, { id: "b", before: weights, cycles: 4 })).toBe(5);
  });

  it("what a layer leaves goes while the next one runs", () => {
    const leaving = { kind: "stack-output", bits: 8, cycles: 3 } as const;
    expect(hiddenOn({ id: "a", cycles: 10, after: leaving }, { id: "b", cycles: 4 })).toBe(3);
    expect(hiddenOn({ id: "a", cycles: 10, after: leaving })).toBe(0);
  });

  it("what the layer before writes does not come while it runs", () => {
    const moved = { kind: "output-to-input", bits: 8, cycles: 6 } as const;
    expect(hiddenOn({ id: "a", cycles: 10 }, { id: "b", before: moved, cycles: 4 })).toBe(0);
  });

  it("a port that both use serialises them: 8 + 5 cycles of one, where 10 and 6 would take 10 side by side", () => {
    const busy = { ...weights, ports: { "chip.w": 5, "dram.r": 6 } };
    const nodes = [{ id: "b", before: busy, cycles: 4 }];
    expect(hiddenOn({ id: "a", cycles: 10, ports: { "chip.w": 8 } }, ...nodes)).toBe(16 - 13);
    expect(hiddenOn({ id: "a", cycles: 10, ports: { "chip.w": 10 } }, ...nodes)).toBe(16 - 15);
    expect(hiddenOn({ id: "a", cycles: 10, ports: { "chip.r": 10 } }, ...nodes)).toBe(6);
  });

  it("what comes early takes room beside what lives, and the blocks of the layer", () => {
    const next = (bits: number) => ({ id: "b", before: { ...weights, bits }, cycles: 4 });
    expect(hiddenOn({ id: "a", cycles: 10, live: 60, blocks: 20 }, next(20))).toBe(6);
    expect(hiddenOn({ id: "a", cycles: 10, live: 60, blocks: 20 }, next(21))).toBe(0);
  });

  it("what leaves late takes room until it has left", () => {
    const leaving = (bits: number): Node => ({
      id: "a",
      cycles: 10,
      after: { kind: "stack-output", bits, cycles: 3 },
    });
    expect(hiddenOn(leaving(40), { id: "b", cycles: 4, live: 60 })).toBe(3);
    expect(hiddenOn(leaving(41), { id: "b", cycles: 4, live: 60 })).toBe(0);
  });

  it("what has no room waits alone", () => {
    const leaving = { kind: "stack-output", bits: 41, cycles: 3 } as const;
    const nodes: readonly Node[] = [
      { id: "a", cycles: 10, after: leaving },
      { id: "b", cycles: 9, live: 60 },
      { id: "c", before: weights, cycles: 4 },
    ];
    expect(hiddenOn(...nodes)).toBe(6);
  });
});

describe("between tiles", () => {
  /** Three columns of two classes, two rows; per type the cycles of its layer and of its fetch. */
  const cycles: Readonly<Record<string, readonly [number, number]>> = {
    "0 0": [5, 1],
    "1 0": [50, 10],
    "0 1": [500, 100],
    "1 1": [5000, 1000],
  };
  const columns = [
    { class: 0, from: 0, count: 2 },
    { class: 1, from: 2, count: 1 },
  ];
  const rows = [
    { class: 0, from: 0, count: 1 },
    { class: 1, from: 1, count: 1 },
  ];
  const types = Object.entries(cycles).map(([name, [layer, fetch]]) => {
    const [column, row] = name.split(" ").map(Number);
    const nodes: readonly Node[] = [
      { id: "x", before: { kind: "stack-input", bits: 8, cycles: fetch } },
      { id: "a", cycles: layer },
    ];
    return typeOf(nodes, column, row);
  });
  const between = (order: TileOrder) =>
    hiddenCopies({ types, loads: NO_LOADS }, placement(columns, rows), order, CHIP).betweenTiles;

  it("a tile is fetched while the one to its left runs, the first of a row while the last of the row above does", () => {
    // 00→00, 00→10, 10→01, 01→01, 01→11: the shorter of layer and fetch each
    expect(between("x-first")).toBe(1 + 5 + 50 + 100 + 500);
  });

  it("a tile is fetched while the one above it runs, the first of a column while the last of the column before does", () => {
    // 00→01, 01→00, 00→01, 01→10, 10→11
    expect(between("y-first")).toBe(5 + 1 + 5 + 10 + 50);
  });

  it("overlap that the tile before keeps does not come before it is kept", () => {
    const nodes: readonly Node[] = [{ id: "a", before: { kind: "cache-read", bits: 8, cycles: 4 }, cycles: 9 }];
    const costed = { types: [typeOf(nodes)], loads: NO_LOADS };
    const two = [{ class: 0, from: 0, count: 2 }];
    expect(hiddenCopies(costed, placement(two, ONE), "x-first", CHIP).betweenTiles).toBe(0);
  });
});
