import { describe, expect, it } from "vitest";
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import { evaluatePoint, prepare, sweep } from "../../src/explore/evaluate-point.js";
import { FULL_MAP, gridPoints, printPoint } from "../../src/explore/grid.js";
import { stackTraffic } from "../../src/explore/traffic.js";
import { COSTS, TILING } from "../../src/ir/facts.js";
import { DEFINES } from "../../src/ir/rules.js";
import { schedule } from "../../src/kerf.js";
import { builtIn, conv, network, residual } from "../support/networks.js";

const costModel = createCostModel(DEFINES);
const machine = builtIn();
const small = network(conv("a", { K: 8, C: 4, OX: 18, F: 3 }), conv("b", { K: 4, C: 8, OX: 16, F: 3, from: "a" }));
const prepared = prepare(small, machine, "auto", costModel);
const grid = { widths: [4, 16], heights: [8], overlaps: ["recompute", "fully-cached"] } as const;

describe("a point", () => {
  it.each(gridPoints(grid))("$tile $overlap costs what a schedule with these choices costs", (point) => {
    const { module } = schedule(small, machine, { ...point, costModel: "defines", stacks: "auto" });
    expect(evaluatePoint(prepared, point, costModel).get(COSTS)).toEqual(module.get(COSTS));
  });

  it("is named by its tile and mode", () => {
    expect([...gridPoints(grid), FULL_MAP].map(printPoint)).toEqual([
      "4x8 recompute",
      "16x8 recompute",
      "4x8 fully-cached",
      "16x8 fully-cached",
      "uncut",
    ]);
  });
});

describe("a sweep", () => {
  it("gives one result per point, and evaluates equal tilings once", () => {
    const wide = [16, 32, 64].map((width) => ({ tile: { width, height: 8 }, overlap: "h-cached" }) as const);
    let evaluations = 0;
    const widths = sweep(prepared, wide, costModel, (module) => {
      evaluations++;
      return module.get(TILING)[0]?.tile.width;
    });
    expect(widths).toEqual([16, 16, 16]);
    expect(evaluations).toBe(1);
  });
});

describe("traffic", () => {
  const branched = prepare(residual(), machine, "auto", costModel);
  it.each([
    {
      name: "a chain",
      module: evaluatePoint(prepared, { tile: { width: 4, height: 4 }, overlap: "fully-cached" }, costModel),
    },
    {
      name: "a branch",
      module: evaluatePoint(branched, { tile: { width: 4, height: 4 }, overlap: "h-cached" }, costModel),
    },
  ])("of $name adds up to the accesses of every memory", ({ module }) => {
    const rows = stackTraffic(module).flat();
    for (const [memory, { read, write }] of module.get(COSTS).totals.accesses) {
      const own = rows.filter((row) => row.memory === memory);
      expect(own.reduce((sum, row) => sum + row.read, 0)).toBeCloseTo(read, 6);
      expect(own.reduce((sum, row) => sum + row.write, 0)).toBeCloseTo(write, 6);
    }
    expect(new Set(rows.map(({ group }) => group))).toEqual(new Set(["activations", "weights", "copies"]));
  });
});
