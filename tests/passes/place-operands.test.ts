import { describe, expect, it, test } from "vitest";
import { cutAbove, type Hierarchy } from "../../src/ir/accelerator.js";
import type { CostModel, MappingProblem } from "../../src/ir/cost-model.js";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import { PLACEMENT, type PlacedTileType } from "../../src/ir/facts.js";
import { tensorId } from "../../src/ir/network.js";
import { alwaysFeasible, compile } from "../support/compile.js";
import { add, conv, fsrcnn, moduleOf, network, residual, whole } from "../support/networks.js";

const place = (layers: ReturnType<typeof network>, tiles: object = {}, costModel: CostModel = alwaysFeasible) =>
  compile(moduleOf(layers), {
    stacks: { rule: "single" },
    tiles: { ...tiles },
    upTo: "place-operands",
    costModel,
  }).module.get(PLACEMENT);

const SHORT: Readonly<Record<string, string>> = { sram_64KB: "s", sram_1MB_A: "A", dram: "d" };
const short = (memory: string | undefined): string => (memory === undefined ? "-" : (SHORT[memory] ?? memory));

// DF §13.3 and §13.5: highest memories of inputs and outputs, and copies of the worked example, tile 60×72, fully cached.
describe("FSRCNN in tiles of 60×72", () => {
  const [stack] = place(fsrcnn(), { tile: { width: 60, height: 72 } });
  const type = (index: number): PlacedTileType => stack!.tileTypes[index]!;

  test.each`
    index | expected                                                           | why
    ${0}  | ${["-/s", "s/A", "A/s", "s/A", "s/A", "s/s", "s/s", "s/A", "A/d"]} | ${"first tile: 36 high with the whole halo"}
    ${1}  | ${["-/s", "s/A", "A/s", "s/A", "s/s", "s/s", "s/s", "s/A", "A/d"]} | ${"first row: 36 high"}
    ${4}  | ${["-/s", "s/A", "A/s", "s/A", "s/A", "s/A", "s/A", "s/A", "A/d"]} | ${"regular tile"}
  `("$why", ({ index, expected }) => {
    expect(type(index).nodes.map(({ topInput, topOutput }) => `${short(topInput)}/${short(topOutput)}`)).toEqual(
      expected,
    );
  });

  it("moves on a regular tile what the worked example moves", () => {
    const rows = type(4).nodes.map(({ id, copies }) => {
      const moved = copies.map(
        ({ kind, bits, from, to }) => `${kind} ${bits} ${short(from.memory)}${short(to.memory)}`,
      );
      return `${id}: ${moved.join(", ")}`;
    });
    const later = "output-to-input 414720 As, cache-read 14208 As, cache-read 11520 As";
    expect(rows).toEqual([
      "-1: stack-input 34560 ds",
      "0: cache-read 2432 As, cache-read 1920 As",
      "1: ",
      "2: cache-write 11520 sA, cache-write 13440 sA, cache-read 14208 As, cache-read 11520 As",
      `3: ${later}`,
      `4: ${later}`,
      `5: ${later}`,
      "6: output-to-input 414720 As",
      "7: ",
    ]);
  });

  it("keeps its weights next to the array", () => {
    expect(stack).toMatchObject({ weightMemory: "sram_32KB", weightBits: 127_936 });
  });
});

describe("a layer that the mapper cannot place", () => {
  /** Feasible once the layer's chains are as long as asked. */
  const needs = (input: number, output: number, asked: string[]): CostModel => ({
    ...alwaysFeasible,
    mapLayer(problem: MappingProblem) {
      const levels = (operand: string) =>
        problem.hierarchy.memories.filter((m) => m.operands.some((o) => o.operand === operand)).length;
      asked.push(`${levels("O")}/${levels("I1")}`);
      const feasible = levels("I1") >= input && levels("O") >= output;
      return feasible ? alwaysFeasible.mapLayer(problem) : { feasible, memory: "sram_64KB" };
    },
  });
  const layers = () =>
    network(conv("a", { K: 4, C: 4, OX: 10, F: 3 }), conv("b", { K: 4, C: 4, OX: 8, F: 3, from: "a" }));

  // Chains of the first layer: inputs of one memory, outputs of two, at first.
  test.each`
    input | output | expected                                      | lifted
    ${1}  | ${2}   | ${["2/1"]}                                    | ${{ output: 0, input: 0 }}
    ${1}  | ${3}   | ${["2/1", "3/1"]}                             | ${{ output: 1, input: 0 }}
    ${2}  | ${2}   | ${["2/1", "3/1", "2/2"]}                      | ${{ output: 0, input: 1 }}
    ${3}  | ${3}   | ${["2/1", "3/1", "2/2", "3/2", "4/2", "3/3"]} | ${{ output: 1, input: 2 }}
  `("gets more memories until $output and $input of them do (DF §8.6)", ({ input, output, expected, lifted }) => {
    const asked: string[] = [];
    const [stack] = place(layers(), {}, needs(input, output, asked));
    expect(asked.slice(0, expected.length)).toEqual(expected);
    expect(stack?.tileTypes[0]?.nodes.find(({ id }) => id === "a")?.lifted).toEqual(lifted);
  });

  it("is refused with its sizes when every memory has been tried (DF-Q14)", () => {
    const refused = () => place(layers(), {}, needs(9, 9, []));
    expect(refused).toThrow(DiagnosticError);
    expect(refused).toThrow(/layer 'a'.*8x8.*'sram_64KB'.*inputs 4608 bit, outputs 3200 bit, weights 1152 bit/);
    try {
      refused();
    } catch (error) {
      expect(error).toMatchObject({ failure: "infeasible" });
    }
  });
});

describe("layers outside the published domain", () => {
  it("are moved through the memory below the top: one read and one write of DRAM", () => {
    const [, moved] = place(
      network(conv("a", { K: 4, C: 4, OX: 8, F: 3 }), whole("m", "movement", { K: 4, OX: 8, from: "a" })),
    );
    const copies = moved!.tileTypes[0]!.nodes.flatMap((node) => node.copies);
    expect(copies.map(({ kind, bits, from, to }) => [kind, bits, from.memory, to.memory])).toEqual([
      ["stack-input", 2048, "dram", "sram_1MB_A"],
      ["stack-output", 2048, "sram_1MB_A", "dram"],
    ]);
  });

  it("take no more out of a table than they write", () => {
    const gather = whole("g", "movement", { K: 4, OX: 8 });
    const table = { name: "W", role: "weight", tensor: tensorId("g.W"), axes: [{ kind: "whole", loops: [] }] } as const;
    const layer = { ...gather.layer, operands: [...gather.layer.operands, table] };
    const [moved] = place(network({ ...gather, layer, read: { ...gather.read, "g.W": [9999] } }));
    const copies = moved!.tileTypes[0]!.nodes[1]!.copies;
    expect(copies.map(({ kind, bits, to }) => [kind, bits, to.memory])).toEqual([
      ["weights", 2048, "sram_1MB_W"],
      ["stack-output", 2048, "dram"],
    ]);
  });

  it("run in one tile, with maps of the size that is stored", () => {
    const [alone] = place(network(whole("soft", "reduction", { K: 4, OX: 8 })), { tile: { width: 2, height: 2 } });
    expect(alone?.tileTypes).toHaveLength(1);
    expect(alone?.tileTypes[0]).toMatchObject({ width: 8, height: 8, count: 1 });
    expect(alone?.tileTypes[0]?.nodes[1]).toMatchObject({ inputBits: 2048, outputBits: 2048 });
  });
});

it("leaves the second matrix of a product to the mapper, which fetches it along the weight chain", () => {
  const product = conv("m", { K: 16, C: 32, OX: 8, OY: 1 });
  const operands = product.layer.operands.map((o) => (o.name === "W" ? { ...o, role: "input" as const } : o));
  const [alone] = place(network({ ...product, layer: { ...product.layer, operands } }));
  const moved = alone!.tileTypes[0]!.nodes.flatMap(({ copies }) => copies);
  expect(moved.map(({ layer, from, to }) => [layer, from.memory, to.memory])).toEqual([
    ["m.W", "dram", "dram"],
    ["x", "dram", "sram_64KB"],
  ]);
});

describe("what the mapper is asked", () => {
  const problems: MappingProblem[] = [];
  const listening: CostModel = {
    ...alwaysFeasible,
    mapLayer(problem) {
      problems.push(problem);
      return alwaysFeasible.mapLayer(problem);
    },
  };
  const chains = ({ memories }: Hierarchy, operand: string) =>
    memories.filter((memory) => memory.operands.some((held) => held.operand === operand)).map(({ id }) => id);

  it("gives the second input of an addition a chain of its own beside the first (DF §8.3)", () => {
    problems.length = 0;
    place(network(add("d", ["x", "y"], { K: 4, OX: 8 })), {}, listening);
    const [{ operands, hierarchy }] = problems as [MappingProblem];
    expect(operands.map(({ name, memoryOperand }) => `${name}→${memoryOperand}`)).toEqual(["O→O", "X→I1", "Y→I2"]);
    expect(chains(hierarchy, "I2")).toEqual(chains(hierarchy, "I1"));
  });

  it("ends weights at the stack's weight memory on all tiles but the first", () => {
    problems.length = 0;
    place(residual(), { tile: { width: 4, height: 4 } }, listening);
    const lengths = problems
      .filter(({ operands }) => operands.some(({ name }) => name === "W"))
      .map(({ hierarchy }) => chains(hierarchy, "I2").at(-1));
    expect(lengths.slice(0, 3)).toEqual(["dram", "dram", "dram"]);
    expect(new Set(lengths.slice(3))).toEqual(new Set(["sram_32KB"]));
  });

  it("is under a hierarchy cut at the chosen memories", () => {
    problems.length = 0;
    const module = moduleOf(fsrcnn());
    compile(module, { tiles: { tile: { width: 60, height: 72 } }, upTo: "place-operands", costModel: listening });
    const regular = problems[4 * 8 + 2]!; // fifth type, third layer
    const sram = module.accelerator.memories.find(({ id }) => id === "sram_64KB")!;
    expect(chains(regular.hierarchy, "I1")).toEqual(chains(cutAbove(module.accelerator, "I1", sram), "I1"));
    expect(chains(regular.hierarchy, "O")).toEqual(["rf_2B", "sram_64KB", "sram_1MB_A"]);
    expect(chains(regular.hierarchy, "I2")).toEqual(["rf_1B", "sram_32KB"]);
  });
});
