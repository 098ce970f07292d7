import { describe, expect, it } from "vitest";
import { evaluatePoint, prepare } from "../../src/explore/evaluate-point.js";
import { COSTS } from "../../src/ir/facts.js";
import { EXACT } from "../../src/ir/rules.js";
import {
  createCostModel,
  type ExploreOptions,
  explore,
  type Machine,
  type Outcome,
  planExplore,
  type ResultCache,
  type SweepLine,
} from "../../src/kerf.js";
import { builtIn, conv, network } from "../support/networks.js";

const small = network(conv("a", { K: 4, C: 2, OX: 10, F: 3 }), conv("b", { K: 4, C: 4, OX: 8, F: 3, from: "a" }));
const machine = builtIn();
const machines: readonly Machine[] = [{ arch: "m", accelerator: machine }];

async function linesOf(options: ExploreOptions, run = {}): Promise<readonly SweepLine[]> {
  const lines: SweepLine[] = [];
  for await (const line of explore(small, [machine], options, run)) lines.push(line);
  return lines;
}

describe("explore()", () => {
  const grid: ExploreOptions = { widths: [3, 8], heights: [4], overlaps: ["h-cached"], orders: ["x-first", "y-first"] };

  it("gives what each point costs under the exact rules", async () => {
    const costModel = createCostModel(EXACT);
    const prepared = prepare(small, machine, "auto", costModel);
    const lines = await linesOf(grid);
    expect(lines.map(({ point }) => [point.tile.width, point.order])).toEqual([
      ...[
        [3, "x-first"],
        [8, "x-first"],
      ],
      ...[
        [3, "y-first"],
        [8, "y-first"],
      ],
    ]);
    for (const line of lines) {
      const { totals } = evaluatePoint(prepared, line.point, costModel).get(COSTS);
      expect(line).toMatchObject({ energyPj: totals.energy, latencyCycles: totals.latency });
    }
  });

  it("asks a cache first, and gives it what is new", async () => {
    const entries = new Map<string, Outcome>();
    const seen = { hits: 0, sets: 0 };
    const cache: ResultCache = {
      get(key) {
        if (entries.has(key)) seen.hits++;
        return entries.get(key);
      },
      set(key, outcome) {
        seen.sets++;
        entries.set(key, outcome);
        return true;
      },
    };
    const first = await linesOf(grid, { cache });
    expect(seen).toEqual({ hits: 0, sets: 4 });
    expect(await linesOf(grid, { cache })).toEqual(first);
    expect(seen).toEqual({ hits: 4, sets: 4 });
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const lines: SweepLine[] = [];
    for await (const line of explore(small, [machine], { ...grid, costModel: "defines", orders: ["x-first"] }, stop)) {
      lines.push(line);
      stop.abort();
    }
    expect(lines).toHaveLength(1);
  });
});

describe("a plan", () => {
  it("has each tile once, whatever was asked for beyond the outputs", () => {
    const { space, clamped } = planExplore(small, machines, { widths: [8, 9, 100, "full"], heights: [1, 8, 8] });
    expect(space.blocks).toMatchObject([{ widths: [8], heights: [1, 8] }]);
    expect(space.points).toBe(2 * 3);
    expect(clamped).toEqual([9, 100]);
  });

  it("has all sizes, or halves, of the largest output", () => {
    const { space } = planExplore(small, machines, { widths: "all", heights: "halves", stacks: ["single"] });
    expect(space.blocks).toMatchObject([{ widths: [1, 2, 3, 4, 5, 6, 7, 8], heights: [8, 4, 2, 1] }]);
    const apart = planExplore(small, machines, { widths: ["full"], heights: ["full"], stacks: ["per-layer"] });
    expect(apart.space.blocks).toMatchObject([{ widths: [10], heights: [10] }]);
  });

  it("lists ways to form stacks that come to the same once", () => {
    const { space, repeated } = planExplore(small, machines, { stacks: ["single", { cuts: ["b"] }, "per-layer"] });
    expect(space.blocks.map(({ stacks }) => stacks)).toEqual(["single", "per-layer"]);
    expect(repeated).toEqual([{ arch: "m", stacks: "b", as: "single" }]);
  });

  it("is another one for every input, and the same for the same", () => {
    const idOf = (options: ExploreOptions, model = small) => planExplore(model, machines, options).space.id;
    const other = network(conv("a", { K: 4, C: 2, OX: 10, F: 3 }), conv("b", { K: 5, C: 4, OX: 8, F: 3, from: "a" }));
    const options: readonly ExploreOptions[] = [
      ...[{}, { costModel: "defines" as const }, { costModel: "defines" as const, loopLimit: 5 }, { seed: 1 }],
      ...[{ steadyState: true }, { pipelineCopies: true }, { overlaps: ["recompute"] as const }, { widths: [3] }],
      ...[
        { build: "1" },
        { build: "2" },
        { orders: ["x-first", "y-first"] as const },
        { stacks: ["per-layer"] as const },
      ],
    ];
    const ids = [...options.map((chosen) => idOf(chosen)), idOf({}, other)];
    expect(new Set(ids).size).toBe(ids.length);
    expect(idOf({})).toBe(idOf({ stacks: ["auto"], orders: ["x-first"], seed: 0 }));
  });
});
