import { describe, expect, it, test } from "vitest";
import { createCostModel } from "../../../src/backend/cost/cost-model.js";
import { studyCsv } from "../../../src/backend/emit/study-csv.js";
import { printStudy } from "../../../src/backend/emit/study-text.js";
import { evaluatePoint, prepare } from "../../../src/explore/evaluate-point.js";
import type { TileGrid } from "../../../src/explore/grid.js";
import { runCase1 } from "../../../src/explore/studies/defines-case1.js";
import { runCase2 } from "../../../src/explore/studies/defines-case2.js";
import { runCase3 } from "../../../src/explore/studies/defines-case3.js";
import { runSota } from "../../../src/explore/studies/defines-sota.js";
import { runDepfin } from "../../../src/explore/studies/depfin.js";
import { STUDIES } from "../../../src/explore/studies/registry.js";
import type { StudyContext } from "../../../src/explore/studies/study.js";
import type { Memory } from "../../../src/ir/accelerator.js";
import { COSTS, OVERLAP_MODES } from "../../../src/ir/facts.js";
import type { Network } from "../../../src/ir/network.js";
import { DEFINES, EXACT } from "../../../src/ir/rules.js";
import type { StudyResult } from "../../../src/ir/study.js";
import { studyAccelerator, studyNetwork } from "../../../src/node/studies.js";
import { builtIn, conv, network, residual } from "../../support/networks.js";

const GRID: TileGrid = { widths: [4, 16], heights: [4, 16], overlaps: OVERLAP_MODES };
const NETS: Readonly<Record<string, Network>> = {
  fsrcnn: network(conv("a", { K: 8, C: 4, OX: 66, F: 3 }), conv("b", { K: 4, C: 8, OX: 64, F: 3, from: "a" })),
  residual: residual(),
};

const context: StudyContext = {
  costModel: createCostModel(DEFINES),
  exactModel: createCostModel(EXACT),
  network: (name) => NETS[name]!,
  model: (name) => NETS[name]!,
  accelerator: (name) => builtIn(name),
};
const published: StudyContext = { ...context, network: studyNetwork, accelerator: studyAccelerator };

/** A memory that holds no outputs. */
const unused = (memory: Memory): Memory => ({
  ...memory,
  id: "weight-dram",
  operands: memory.operands.filter(({ operand }) => operand === "I2"),
  ports: memory.ports.map((port) => ({
    ...port,
    services: port.services.filter(({ operand }) => operand === "I2"),
  })),
});

const column = ({ blocks }: StudyResult, id: string, title: string): readonly (number | string)[] => {
  const table = blocks.find((block) => block.id === id);
  if (table?.kind !== "table") throw new Error(`no table '${id}'`);
  const index = table.columns.findIndex((found) => found.title === title);
  return table.rows.map((row) => row[index]!);
};

test.each([
  ["case1", () => runCase1(context, "meta-prototype-df", GRID)],
  ["case2", () => runCase2(context, "meta-prototype-df", Object.keys(NETS), GRID)],
  ["case3", () => runCase3(context, ["meta-prototype", "meta-prototype-df"], ["residual"], GRID)],
  ["sota", () => runSota(context, "meta-prototype-df", Object.keys(NETS), GRID)],
  ["depfin", () => runDepfin(published, "depfin")],
])("%s of small networks reads as expected", async (name, run) => {
  await expect(printStudy(run())).toMatchFileSnapshot(`../../golden/studies/${name}.txt`);
});

describe("a study", () => {
  it("has a name of its own", () => {
    const names = STUDIES.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
  });

  it("gives every block a name of its own, so that files do not overwrite each other", () => {
    const { blocks } = runCase1(context, "meta-prototype-df", GRID);
    expect(new Set(blocks.map(({ id }) => id)).size).toBe(blocks.length);
    for (const block of blocks) expect(studyCsv(block)).toMatch(/\r\n$/);
  });
});

describe("defines-case1", () => {
  // Four of the reference's points; the golden tests compare all that there are.
  it("shows the reference beside ours where it is known, and says where it is not", () => {
    const grid: TileGrid = { widths: [4, 5], heights: [18, 72], overlaps: ["fully-cached"] };
    const result = runCase1(published, "meta-prototype-df", grid);
    const known = column(result, "points", "energy, reference");
    expect(known).toEqual([1_822_791_820.69, 1_813_734_143.3799996, "not available", "not available"]);
    const deviations = column(result, "points", "deviation");
    for (const deviation of deviations.slice(0, 2)) expect(Number(deviation)).toBeLessThan(1e-9);
    expect(column(result, "points", "cycles, reference").slice(0, 2)).toEqual(
      column(result, "points", "cycles, ours").slice(0, 2),
    );
  });

  it("has no reference under another loop limit", () => {
    const other = { ...published, costModel: createCostModel({ ...DEFINES, loopLimit: 5 }) };
    const grid: TileGrid = { widths: [4], heights: [72], overlaps: ["fully-cached"] };
    expect(column(runCase1(other, "meta-prototype-df", grid), "points", "energy, reference")).toEqual([
      "not available",
    ]);
  });
});

describe("defines-case1 under exact rules", () => {
  const exact: StudyContext = { ...published, costModel: createCostModel(EXACT) };
  const grid: TileGrid = { widths: [60, 61], heights: [72], overlaps: ["fully-cached"] };
  const result = runCase1(exact, "meta-prototype-df", grid);

  it("shows the published totals beside ours, and does not call them equal", () => {
    const prepared = prepare(
      studyNetwork("fsrcnn"),
      studyAccelerator("meta-prototype-df", "fsrcnn"),
      "auto",
      exact.costModel,
    );
    const module = evaluatePoint(
      prepared,
      { tile: { width: 60, height: 72 }, overlap: "fully-cached" },
      exact.costModel,
    );
    const { energy, latency } = module.get(COSTS).totals;
    expect(column(result, "points", "energy, ours")[0]).toBe(energy);
    expect(column(result, "points", "cycles, ours")[0]).toBe(latency);
    expect(column(result, "points", "energy, reference")).toEqual([2_154_699_943.145, "not available"]);
    expect(column(result, "points", "cycles, reference")[0]).toBe(20_187_977);
    expect(result.notes.join(" ")).toContain("equal numbers are not to be expected");
  });

  it("counts what a stack loads before its first tile among its copies", () => {
    const of = (title: string) => column(result, "accesses", title);
    const written = of("memory").flatMap((memory, row) =>
      memory === "sram_32KB" && of("what")[row] === "copies" ? [Number(of("written")[row])] : [],
    );
    expect(Math.min(...written)).toBeGreaterThan(0); // the weights live there
  });

  it("leaves out what only the published rules define", () => {
    const ids = result.blocks.map(({ id }) => id);
    expect(ids).toContain("levels-fully-cached");
    expect(ids.filter((id) => id.startsWith("live-data"))).toEqual([]);
    expect(column(result, "levels-fully-cached", "weights")).toContain("sram_32KB");
  });
});

describe("defines-case2", () => {
  const result = runCase2(context, "meta-prototype-df", Object.keys(NETS), GRID);
  const energies = column(result, "strategies", "energy").map(Number);
  const names = column(result, "strategies", "strategy");

  it("never finds a combination that is worse than the best single strategy", () => {
    names.forEach((name, index) => {
      if (name === "best per stack") expect(energies[index]).toBeLessThanOrEqual(energies[index - 1]!);
    });
  });

  it("breaks every strategy's energy down completely", () => {
    for (const net of Object.keys(NETS)) {
      const strategies = column(result, `breakdown-${net}`, "strategy");
      const parts = column(result, `breakdown-${net}`, "energy").map(Number);
      for (const name of new Set(strategies)) {
        const sum = parts.reduce((total, part, index) => (strategies[index] === name ? total + part : total), 0);
        const row = names.findIndex(
          (found, index) => found === name && column(result, "strategies", "network")[index] === net,
        );
        expect(sum / energies[row]!).toBeCloseTo(1, 9);
      }
    }
  });
});

describe("defines-case2, by operand", () => {
  it("breaks every strategy's memory energy down completely", () => {
    const result = runCase2(context, "meta-prototype-df", ["residual"], GRID);
    const of = (id: string, keep: (row: number) => boolean) =>
      column(result, id, "energy").reduce<number>((sum, cell, row) => sum + (keep(row) ? Number(cell) : 0), 0);
    const whats = column(result, "breakdown-residual", "what");
    const names = column(result, "breakdown-residual", "strategy");
    const owners = column(result, "operands-residual", "strategy");
    for (const name of new Set(names)) {
      const moved = of("breakdown-residual", (row) => names[row] === name && whats[row] !== "multiply-accumulate");
      expect(of("operands-residual", (row) => owners[row] === name) / moved).toBeCloseTo(1, 9);
    }
  });
});

describe("defines-case3", () => {
  it("compares the known points of the machines that ran", () => {
    const grid: TileGrid = { widths: [240], heights: [36], overlaps: ["fully-cached"] };
    const result = runCase3(published, ["ascend-like-df"], ["fsrcnn"], grid);
    expect(column(result, "points", "tile")).toEqual(["240x36 fully-cached"]);
    expect(Number(column(result, "points", "energy deviation")[0])).toBeLessThan(1e-9);
    expect(column(result, "points", "cycles, ours")).toEqual(column(result, "points", "cycles, reference"));
  });
});

describe("defines-sota", () => {
  it("names the top of the chain of outputs, wherever it is declared", () => {
    const machine = builtIn("meta-prototype-df");
    const reordered = { ...machine, memories: [...machine.memories, unused(machine.memories.at(-1)!)] };
    const result = runSota({ ...context, accelerator: () => reordered }, "meta-prototype-df", ["residual"], GRID);
    expect(column(result, "searches", "the search sees")).toContain("traffic of dram only");
  });

  it("finds no blinded search that beats the full one", () => {
    const result = runSota(context, "meta-prototype-df", Object.keys(NETS), GRID);
    const ratios = column(result, "searches", "energy to the full search").map(Number);
    const worst = column(result, "searches", "worst of equals").map(Number);
    ratios.forEach((ratio, index) => {
      expect(ratio).toBeGreaterThanOrEqual(1);
      expect(worst[index]).toBeGreaterThanOrEqual(ratio);
    });
    expect(Math.max(...ratios)).toBeGreaterThan(1);
  });
});

describe("depfin", () => {
  // Per row of 1024 columns in 8 steps: 5·5·4, 1·56, four times 9·12, 4·12 and 9·56 loop iterations; rows 550, 550, 548 … 540.
  it("unrolls the loops as the chip does", () => {
    const rows = [550, 550, 548, 546, 544, 542, 542, 540];
    const steps = [100, 56, 108, 108, 108, 108, 48, 504];
    const expected = rows.reduce((sum, count, index) => sum + 8 * count * steps[index]!, 0);
    const values = column(runDepfin(published, "depfin"), "cycles", "value");
    expect(values.at(-1)).toBe(expected);
  });
});
