/** The exact rule beside every quirk of the published depth-first model (DF §12), in numbers worked out by hand (EM §1–2, §4). */
import { describe, expect, it } from "vitest";
import { STACKS } from "../../src/ir/facts.js";
import type { Layer, Network } from "../../src/ir/network.js";
import { compile } from "../support/compile.js";
import { add, builtIn, conv, fsrcnn, moduleOf, network, pool, residual } from "../support/networks.js";
import { bitsOf, copiesOf, exact, nodeOf, scheduleOf, smallMachine, twoLevelMachine } from "./machine.js";

/** 10×10 → 8×8, one channel: EM §2, the example. */
const one3x3 = () => network(conv("a", { OX: 8, F: 3 }));

/** 12×12 → 10×10 → 8×8, one channel. */
const two3x3 = () => network(conv("a", { OX: 10, F: 3 }), conv("b", { OX: 8, F: 3, from: "a" }));

/** Both read every other column of x: 33×33 → 16×16, of 4 channels. */
const strided = () =>
  network(
    conv("b", { K: 4, C: 4, OX: 16, F: 3, stride: 2 }),
    conv("p", { K: 4, C: 4, OX: 16, stride: 2 }),
    add("d", ["b", "p"], { K: 4, OX: 16 }),
  );

const changed = (layers: Network, change: (layer: Layer) => Partial<Layer>): Network => ({
  ...layers,
  layers: layers.layers.map((layer) => ({ ...layer, ...change(layer) })),
});

const buffersOf = ({ placements }: ReturnType<typeof scheduleOf>, stack = 0) =>
  (placements[stack]!.buffers ?? []).map(({ node, role, bits }) => [node, role, bits]);

const executed = ({ costs }: ReturnType<typeof scheduleOf>) =>
  costs.layers.map(({ executed: { operations } }) => operations);

describe("stacks", () => {
  const stacksOf = (layers: Network, cuts?: readonly string[], arch?: string) =>
    compile(moduleOf(layers, builtIn(arch)), {
      ...(cuts && { stacks: { cuts } }),
      upTo: "partition-stacks",
      costModel: exact,
    })
      .module.get(STACKS)
      .map((stack) => stack.layers.join(" "));

  it("DF-Q2: the id 0 is an id", () => {
    expect(stacksOf(fsrcnn(), ["0", "3"])).toEqual(["0", "1 2 3", "4 5 6 7"]);
  });

  it("DF-Q3: all instances of a replicated memory hold weights", () => {
    expect(stacksOf(fsrcnn(), undefined, "tpu-like").length).toBe(1); // 127 936 bit in 32×32 registers of 1024
  });

  it("DF-Q4: what fits of a unit that is too large stays together", () => {
    const layers = network(
      conv("a", { K: 1200, C: 4, OX: 4 }),
      conv("b", { K: 1200, C: 1200, OX: 4, from: "a" }), // 11 520 000 bit of weights, the budget is 8 388 608
      pool("c", { K: 1200, OX: 4, F: 1, from: "b" }),
      add("d", ["a", "c"], { K: 1200, OX: 4 }),
    );
    expect(stacksOf(layers)).toEqual(["a", "b", "c d"]);
  });

  it("DF-Q5: a cut inside a branch makes every map from outside an input", () => {
    const found = scheduleOf(residual(8), { cuts: ["b"] });
    expect(found.stacks.map(({ layers, inputs }) => [layers, inputs.map(({ tensor }) => tensor)])).toEqual([
      [["a", "b"], ["x"]],
      [
        ["c", "d"],
        ["b", "a"],
      ],
    ]);
    // b and d read a, which stays on chip for them: 12×12 of 4 channels, and until d
    const [first, second] = [0, 1].map((stack) => buffersOf(found, stack).filter(([, role]) => role === "map"));
    expect(first).toContainEqual(["a", "map", 12 * 12 * 4 * 8]);
    expect(second).toEqual(first);
  });

  it("DF-Q26: a map between stacks stays on chip where it fits", () => {
    // 10×10 inputs, 9 weights for each layer, 6×6 outputs; between them 8×8, whose sums take twice the room of the results
    const layers = network(conv("a", { OX: 8, F: 3 }), conv("b", { OX: 6, F: 3, from: "a" }));
    const dramOf = (chip: number) => {
      const found = scheduleOf(layers, { cuts: ["a"], accelerator: smallMachine(chip) });
      return {
        held: buffersOf(found).filter(([, role]) => role === "map"),
        ...found.costs.totals.accesses.get("dram"),
      };
    };
    expect(dramOf(2 * 8 * 64 + 1000)).toEqual({ held: [["a", "map", 8 * 64]], read: 100 + 9 + 9, write: 36 });
    const tight = dramOf(8 * 64 - 1);
    expect(tight.held).toEqual([]);
    expect(tight.write).toBe(64 + 36);
  });

  it("DF-Q31: inputs of a stack stand in the order in which its layers read them", () => {
    const layers = (first: string, second: string) =>
      network(conv("c", { OX: 4, F: 3, from: first }), add("d", ["c", second], { OX: 4 }));
    const inputs = (of: Network) => scheduleOf(of).stacks[0]!.inputs.map(({ tensor }) => tensor);
    expect([inputs(layers("m", "n")), inputs(layers("n", "m"))]).toEqual([
      ["m", "n"],
      ["n", "m"],
    ]);
  });

  it("DF-Q30: every output of a stack is computed whole, in any tiles", () => {
    const layers = network(
      conv("a", { OX: 10, F: 3 }),
      conv("b", { OX: 8, F: 3, from: "a" }), // leaves the network
      conv("c", { OX: 8, F: 3, from: "a" }),
    );
    const found = scheduleOf(layers, { tile: "3x5" });
    expect(found.stacks.length).toBe(1);
    expect(executed(found)).toEqual([10 * 10 * 9, 8 * 8 * 9, 8 * 8 * 9]);
    const left = found.placements[0]!.tileTypes.reduce((sum, { nodes, count }) => {
      const b = nodes.find(({ id }) => id === "b");
      return sum + count * (b?.topOutput === "dram" ? b.outputBits : b ? bitsOf(copiesOf(b, "stack-output")) : 0);
    }, 0);
    expect(left).toBe(8 * 8 * 8);
  });
});

describe("tiles", () => {
  it("DF-Q28: the tile that is left over is the last", () => {
    const { tileTypes, columns } = scheduleOf(network(conv("a", { OX: 10, OY: 1 })), { tile: "4x1" }).placements[0]!;
    expect(tileTypes.map(({ width, count, firstAt }) => [width, count, firstAt.x])).toEqual([
      [4, 2, 0],
      [2, 1, 8],
    ]);
    expect(columns?.map(({ count }) => count)).toEqual([2, 1]);
  });

  it("DF-Q29: a map of one column has one, however far its reader's window reaches", () => {
    expect(executed(scheduleOf(network(conv("a", { OX: 1 }), conv("b", { OX: 1, F: 3, from: "a" }))))).toEqual([1, 9]);
  });

  it.each(["4x4", "3x5", "8x1"])("DF-Q32: in tiles of %s every element upstream of a fork is computed once", (tile) => {
    const [a, b, c] = [12 * 12, 10 * 10, 8 * 8].map((elements) => elements * 4 * 4 * 9);
    expect(executed(scheduleOf(residual(8), { tile }))).toEqual([a, b, c, 8 * 8 * 4]);
  });
});

describe("kept overlap", () => {
  it("DF-Q6: rings take their room from the first tile on", () => {
    // tiles 4 wide and whole columns: 2 of x over 12 rows and 2 of a over 10 rows, and 9 weights each
    const found = scheduleOf(two3x3(), { tile: "4x8" });
    const rings = [2 * 12 * 8, 2 * 10 * 8];
    expect(buffersOf(found)).toEqual([
      ["x", "column", rings[0]],
      ["a", "weights", 72],
      ["a", "column", rings[1]],
      ["b", "weights", 72],
    ]);
    const throughout = rings[0]! + rings[1]! + 2 * 72;
    const [x, a] = [8 * 12 * 8, 6 * 10 * 8]; // new parts of the first tile; sums of a are twice as wide
    const [first] = found.placements[0]!.tileTypes;
    const reserved = ["x", "a", "b"].map((id) => nodeOf(first!, id).reserved?.chip);
    expect(reserved).toEqual([throughout + x, throughout + x + 2 * a, throughout + a]);
  });

  it("DF-Q7: columns are kept over the rows that are computed again, and rows not at all", () => {
    // h-cached, tiles 4×4: a tile needs 6 rows of a and 8 of x
    const found = scheduleOf(two3x3(), { tile: "4x4", overlap: "h-cached" });
    expect(buffersOf(found).filter(([, role]) => role !== "weights")).toEqual([
      ["x", "column", 2 * 8 * 8],
      ["a", "column", 2 * 6 * 8],
    ]);
  });

  it("DF-Q8, DF-Q9: a ring has one home, whatever tiles write and read it", () => {
    const { buffers = [], tileTypes } = scheduleOf(residual(8), {
      tile: "4x4",
      accelerator: twoLevelMachine(3000),
    }).placements[0]!;
    const homes = new Set(
      buffers.filter(({ role }) => role !== "weights").map(({ node, memory }) => `${node} ${memory}`),
    );
    const writes = tileTypes.flatMap(({ nodes }) => nodes.flatMap((node) => copiesOf(node, "cache-write")));
    const reads = tileTypes.flatMap(({ nodes }) => nodes.flatMap((node) => copiesOf(node, "cache-read")));
    expect(new Set(writes.map(({ layer, to }) => `${layer} ${to.memory}`))).toEqual(homes);
    expect(reads.length).toBeGreaterThan(0);
    const kept = new Set(buffers.filter(({ role }) => role !== "weights").map(({ memory }) => memory));
    for (const { from } of reads) expect(kept).toContain(from.memory);
  });

  it("DF-Q10: the overlap of a stack's input is written once and fetched once", () => {
    // 10×10 elements come from DRAM. Wide rings: 20 columns' and 80 rows' elements are read and written on chip. 9 weights are loaded.
    const found = scheduleOf(one3x3(), { tile: "4x1" });
    const bits = (kind: "stack-input" | "cache-write") =>
      found.placements[0]!.tileTypes.reduce(
        (sum, type) => sum + type.count * bitsOf(copiesOf(nodeOf(type, "x"), kind)),
        0,
      );
    expect([bits("stack-input"), bits("cache-write")]).toEqual([100 * 8, (20 + 80) * 8]);
    expect(found.costs.totals.energyByKind.copy).toBe(100 * (100 + 1) + 100 * (1 + 1) + 9 * (100 + 1));
  });

  it("DF-Q11: what a lagging branch reads later is kept, and read", () => {
    // a is 12×12; b, two windows ahead of the addition d, asks for [0, 8) of it, d for [0, 4): 4 columns and 4 rows remain
    const found = scheduleOf(residual(8), { tile: "4x4" });
    const ofA = buffersOf(found).filter(([node, role]) => node === "a" && role !== "weights");
    expect(ofA).toEqual([
      ["a", "column", 4 * 8 * 4 * 8],
      ["a", "row", 4 * 12 * 4 * 8],
    ]);
    // the last tile makes 4×4 of a, which d does not touch: d reads 4×4 that lie in the rings
    const last = found.placements[0]!.tileTypes.at(-1)!;
    expect([nodeOf(last, "a").outputBits, nodeOf(last, "d").inputBits]).toEqual([512, 2 * 512]);
  });

  it("DF-Q12: overlap is kept where its readers have a way to it", () => {
    // the near memory has room for rings, not for parts; inputs cannot climb out of it
    const accelerator = twoLevelMachine(700);
    const { buffers = [], tileTypes } = scheduleOf(two3x3(), { tile: "4x8", accelerator }).placements[0]!;
    expect(buffers.some(({ role }) => role === "column")).toBe(true);
    const up = { operand: "I1", memory: "near" };
    const copy = {
      kind: "cache-read",
      layer: "b",
      operand: "I",
      bits: 8,
      from: up,
      to: { ...up, memory: "chip" },
    } as const;
    expect(exact.copyCost(copy, accelerator)).toBeUndefined();
    const copies = tileTypes.flatMap(({ nodes }) => nodes.flatMap(({ copies, after = [] }) => [...copies, ...after]));
    for (const each of copies) expect(exact.copyCost(each, accelerator)).toBeDefined();
  });

  it("DF-Q13: the mapper gets what rings, weights and live maps leave", () => {
    const found = scheduleOf(residual(8), { tile: "4x4", accelerator: smallMachine(12_000) });
    let most = 0;
    for (const [t, { nodes }] of found.placements[0]!.tileTypes.entries()) {
      for (const { id, problems, reserved = {} } of nodes) {
        for (const problem of problems) expect(problem.available?.chip).toBe(12_000 - reserved.chip!);
        for (const { result } of found.mappings[0]![t]!.filter(({ layer }) => layer === id)) {
          expect(result.cost.occupancy.chip! + reserved.chip!).toBeLessThanOrEqual(12_000);
          most = Math.max(most, result.cost.occupancy.chip! + reserved.chip!);
        }
      }
    }
    expect(found.costs.totals.peak.get("chip")).toBe(most);
    expect(most).toBeGreaterThan(9000);
  });

  it.each([4, 8])("DF-Q17: a 1×1 window of stride 2 lags by nothing in tiles of %d columns", (width) => {
    // x is 33 wide; the 3×3 window needs one column of it again, over 33 rows and 4 channels
    const column = buffersOf(scheduleOf(strided(), { tile: `${width}x16` })).filter(([, role]) => role === "column");
    expect(column).toEqual([["x", "column", 33 * 4 * 8]]);
  });

  it("DF-Q22: kept overlap is as wide as the map, whatever its reader makes of it", () => {
    const wide = changed(two3x3(), ({ id }) =>
      id === "b" ? { declaredPrecision: { operands: { O: 32, W: 8, I: 8 }, finalOutput: 32 } } : {},
    );
    const column = buffersOf(scheduleOf(wide, { tile: "4x8" })).find(
      ([node, role]) => node === "a" && role === "column",
    );
    expect(column?.[2]).toBe(2 * 10 * 8);
  });

  it("DF-Q23: a map is brought once for all of its readers, and not moved again", () => {
    const { tileTypes } = scheduleOf(strided(), { tile: "4x4" }).placements[0]!;
    const total = (kind: "stack-input" | "output-to-input") =>
      tileTypes.reduce(
        (sum, { nodes, count }) => sum + count * nodes.reduce((bits, node) => bits + bitsOf(copiesOf(node, kind)), 0),
        0,
      );
    expect([total("stack-input"), total("output-to-input")]).toEqual([33 * 33 * 4 * 8, 0]);
  });

  it("DF-Q24: narrow rings are written after the last reader has run, in a phase of their own", () => {
    const found = scheduleOf(residual(8), { tile: "4x4", accelerator: smallMachine(10_250) });
    const [first] = found.placements[0]!.tileTypes;
    const ringOf = (id: string) =>
      found.placements[0]!.buffers?.find(({ node, role }) => node === id && role === "row")?.ring;
    expect([ringOf("a"), ringOf("b")]).toEqual(["narrow", "wide"]);
    const writtenAfter = (id: string) => nodeOf(first!, id).after!.map(({ kind, layer, bits }) => [kind, layer, bits]);
    expect(writtenAfter("a")).toEqual([]);
    // b is wide: 2 columns of 6 rows and 2 rows of 6 columns, 4 channels
    expect(writtenAfter("b")).toEqual(Array(2).fill(["cache-write", "b", 2 * 6 * 4 * 8]));
    // d reads a last: 4 columns of 8 rows and 4 rows of 8 columns
    expect(writtenAfter("d")).toEqual(Array(2).fill(["cache-write", "a", 4 * 8 * 4 * 8]));
    const phase = found.costs.stacks[0]!.tileTypes[0]!.copies.find(
      ({ node, when }) => node === "d" && when === "after",
    );
    expect(phase?.cost.cycles).toBe(2 * 128); // an element a cycle
  });
});

describe("weights and inputs", () => {
  it("DF-Q27: weights are loaded once per stack, whatever the number of tiles", () => {
    const found = scheduleOf(one3x3(), { tile: "4x1" });
    expect(found.placements[0]!.loads?.map(({ bits, to }) => [bits, to.memory])).toEqual([[72, "chip"]]);
    expect(found.costs.totals.energyByMemory.get("dram")?.get("W")).toBe(9 * 100);
  });

  it("DF-Q15: a layer reads its inputs where they lie", () => {
    // new parts and rings fit on chip, or they do not: then the map is read in DRAM
    const homes = [1_000_000, 300].map((chip) => {
      const found = scheduleOf(one3x3(), { tile: "4x1", accelerator: smallMachine(chip) });
      const [type] = found.placements[0]!.tileTypes;
      const brought = copiesOf(nodeOf(type!, "x"), "stack-input").map(({ to }) => to.memory);
      const [layer] = found.mappings[0]![0]!;
      return [brought, layer!.result.mapping.levels.I!.at(-1)];
    });
    expect(homes).toEqual([
      [["chip"], "chip"],
      [[], "dram"],
    ]);
  });

  it("DF-Q14: a layer whose blocks fit nowhere is refused, with the memory", () => {
    expect(() => scheduleOf(one3x3(), { accelerator: smallMachine(16) })).toThrow(/'chip'/);
  });

  it("DF-Q20: rows that a file states by a column's tap are rows, where there is one tap", () => {
    const proper = strided();
    const slipped = changed(proper, ({ id, operands }) => ({
      operands: operands.map((operand) => ({
        ...operand,
        axes: operand.axes.map((map) =>
          id === "p" && map.kind === "window" && map.out === "OY" ? { ...map, tap: "FX" } : map,
        ),
      })),
    }));
    expect(slipped).not.toEqual(proper);
    const [found, expected] = [slipped, proper].map((layers) => scheduleOf(layers, { tile: "4x4" }));
    expect(found!.costs).toEqual(expected!.costs);
    expect(executed(found!)[1]).toBe(16 * 16 * 4 * 4);
  });

  it("DF-Q21: a dilated window touches its taps, not what lies between", () => {
    const dilated = changed(network(conv("a", { F: 3 })), ({ operands }) => ({
      operands: operands.map((operand) => ({
        ...operand,
        axes: operand.axes.map((map) => (map.kind === "window" ? { ...map, dilation: 3 } : map)),
      })),
    }));
    const { tensors } = dilated;
    const x = [...tensors.values()].find(({ id }) => id === "x")!;
    const layers = { ...dilated, tensors: new Map(tensors).set(x.id, { ...x, dims: [1, 1, 7, 7] }) };
    const { totals } = scheduleOf(layers).costs;
    expect(totals.energyByMemory.get("dram")?.get("I")).toBe(9 * 100); // of 49
  });
});

describe("copies and totals", () => {
  it("DF-Q1: copies take their time on every tile", () => {
    // 16 tiles. Layer: the read port passes 36 inputs, 36 weights, 32 sums of 16 bit and 4 results. Copies: 9 weights, 100 inputs, 100
    // elements of overlap.
    const { latency, offloadedLatency, copyLatency } = scheduleOf(one3x3(), { tile: "4x1" }).costs.totals;
    expect(copyLatency).toBe(9 + 100 + 100);
    expect([latency, offloadedLatency]).toEqual([16 * 140 + 209, 16 * 140 + 209]);
  });

  it("DF-Q16: every access is booked at the memory where it happens", () => {
    const { accesses, energyByMemory, energy, energyByKind } = scheduleOf(residual(8), { tile: "4x4" }).costs.totals;
    const booked = (memory: string) => [...energyByMemory.get(memory)!.values()].reduce((sum, value) => sum + value, 0);
    for (const [memory, each] of [
      ["chip", 1],
      ["dram", 100],
    ] as const) {
      const { read, write } = accesses.get(memory)!;
      expect(booked(memory)).toBe((read + write) * each);
    }
    expect(booked("chip") + booked("dram") + energyByKind.mac).toBe(energy);
  });

  it("DF-Q18: every hop of a copy takes its time", () => {
    // 34 560 bit: 540 cycles over the 64-bit port of DRAM, 68 over the 512-bit port of the 64 KB memory
    const copy = (kind: "stack-input", from: string, to: string) =>
      ({
        kind,
        layer: "x",
        operand: "I",
        bits: 34_560,
        from: { operand: "I1", memory: from },
        to: { operand: "I1", memory: to },
      }) as const;
    const fetched = copy("stack-input", "dram", "sram_64KB");
    expect(exact.copyPhase([fetched], builtIn()).cycles).toBe(540 + 68);
    // the second one waits for DRAM; its last hop comes after its own first one
    expect(exact.copyPhase([fetched, fetched], builtIn()).cycles).toBe(540 + 540 + 68);
    // one from the memory between goes first down the last hop and delays nobody
    const short = copy("stack-input", "sram_1MB_A", "sram_64KB");
    expect(exact.copyPhase([fetched, fetched, short], builtIn()).cycles).toBe(540 + 540 + 68);
  });
});
