/** ZigZag's ResNet-18 on its own machine: its total beside ours, and the difference rule by rule (docs/zigzag-differences.md). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createCostModel } from "../../../../src/backend/cost/cost-model.js";
import { importOnnx } from "../../../../src/frontend/onnx/import.js";
import { readAccelerator } from "../../../../src/frontend/zigzag/accelerator.js";
import { readMapping } from "../../../../src/frontend/zigzag/mapping.js";
import type { LayerCost } from "../../../../src/ir/cost-model.js";
import { DEFINES, EXACT } from "../../../../src/ir/rules.js";
import { type Scheduled, scheduleExactly } from "../../../passes/exact/scheduling.js";
import { hasShared, readShared, readSharedBytes } from "../../../support/shared.js";
import { replayOf, sourceOf, type ZigZagRun } from "../mapper/zigzag.js";
import { differences, EXACT_RULES, exactCost, exactProblem } from "./zigzag.js";

const FOLDER = ["golden", "zigzag"] as const;
const read = (name: string) => readShared(...FOLDER, name);
const DOCUMENT = readFileSync(new URL("../../../../docs/zigzag-differences.md", import.meta.url), "utf8");

interface TimedRun {
  readonly total: { readonly energy: number; readonly latency_total2: number };
  readonly layers: readonly {
    readonly latency_total0: number;
    readonly latency_total1: number;
    readonly latency_total2: number;
    readonly ideal_temporal_cycle: number;
  }[];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** `| what | 1 234 567 |`, with a sign for what is added. */
const row = (what: string, amount: number, isStep = false): string => {
  const digits = Math.abs(Math.round(amount)).toLocaleString("en").replaceAll(",", " ");
  return `| ${what} | ${isStep ? (Math.round(amount) < 0 ? "−" : "+") : ""}${digits} |`;
};

const documented = (rows: readonly string[]) => expect(rows.filter((text) => !DOCUMENT.includes(text))).toEqual([]);

describe.skipIf(!hasShared)("ResNet-18 on ZigZag's TPU-like machine (skipped without the shared folder)", () => {
  if (!hasShared) return;
  const { network } = importOnnx(readSharedBytes(...FOLDER, "inputs", "resnet18.onnx"), { file: "resnet18", bind: {} });
  const { accelerator } = readAccelerator(read("inputs/tpu_like.yaml"), "tpu_like.yaml");
  const run: ZigZagRun & TimedRun = JSON.parse(read("resnet18__tpu_like__default__energy__lpf4.json"));
  const [exact, published] = [createCostModel(EXACT), createCostModel(DEFINES)];
  const cases = run.layers.map((theirs, index) => {
    const source = sourceOf(network, theirs, index);
    const replay = replayOf(theirs, accelerator, source);
    const problem = exactProblem(replay, source);
    const stated = { loops: replay.loops, boundaries: replay.boundaries };
    const costOf = (model: typeof exact, of: typeof problem): LayerCost => {
      const result = model.evaluateMapping(of, stated);
      if (!result.feasible) throw new Error(`${theirs.name}: ${JSON.stringify(result.conflicts)}`);
      return result.cost;
    };
    const best = exact.mapLayer(problem);
    if (!best.feasible || !best.search.optimal) throw new Error(`${theirs.name} has no proven mapping`);
    return {
      theirs,
      replay,
      problem,
      same: costOf(exact, problem),
      old: costOf(published, replay.problem),
      best: best.cost,
    };
  });
  const energyOf = (which: "same" | "best") => sum(cases.map((entry) => entry[which].energy));

  it("differs in energy by named rules and by nothing else", () => {
    const byRule = new Map<string, number>();
    for (const { theirs, replay, problem, same } of cases) {
      const found = differences(replay, problem);
      for (const { rule, where, energy } of found) {
        expect(rule, `${theirs.name} ${where}`).toBeDefined();
        byRule.set(rule!, (byRule.get(rule!) ?? 0) + energy);
      }
      const explained = theirs.energy_total + sum(found.map(({ energy }) => energy));
      expect(Math.abs(same.energy / explained - 1), theirs.name).toBeLessThanOrEqual(1e-12);
    }
    expect([...byRule.keys()].sort()).toEqual([...EXACT_RULES].sort());
    documented([
      row("ZigZag", run.total.energy),
      ...EXACT_RULES.map((rule) => row(rule, byRule.get(rule)!, true)),
      row("ours, ZigZag's mappings", energyOf("same")),
    ]);
  });

  it("finds mappings that are no worse, and proves them", () => {
    for (const { theirs, same, best } of cases)
      expect(best.energy, theirs.name).toBeLessThanOrEqual(same.energy * (1 + 1e-12));
    documented([
      row("other orders and levels of the loops", energyOf("best") - energyOf("same"), true),
      row("ours, our mappings", energyOf("best")),
    ]);
  });

  it("adds the layers that ZigZag leaves out in a schedule of one stack per layer", () => {
    const { dataflows } = readMapping(read("inputs/mapping_default.yaml"), "mapping", accelerator.array.dims);
    const machine = { ...accelerator, dataflows };
    const [found, near] = (["top", "searched"] as const).map(
      (between) => scheduleExactly(network, machine, { tile: "full", stacks: "per-layer", between })!,
    ) as [Scheduled, Scheduled];
    const { totals, layers } = found.costs;
    const multiplying = new Set(found.module.network.layers.filter(({ macs }) => macs > 0).map(({ id }) => id));
    const others = sum(layers.filter(({ layer }) => !multiplying.has(layer)).map(({ energy }) => energy));
    expect(multiplying.size).toBe(cases.length);
    expect(totals.energy - others).toBeCloseTo(energyOf("best"), 0);
    documented([row("pooling and additions", others, true), row("our schedule", totals.energy)]);
    const { energy } = near.costs.totals;
    documented([
      row("maps stay on chip between layers", energy - totals.energy, true),
      row("ours, with all defaults", energy),
    ]);
  });

  it("takes the documented times", () => {
    const theirs = run.layers;
    for (const [i, { old }] of cases.entries())
      if (theirs[i]!.ideal_temporal_cycle !== 512) expect(old.computationCycles).toBe(theirs[i]!.latency_total0);
    const total = (value: (entry: (typeof cases)[number], index: number) => number) => sum(cases.map(value));
    const loading = total(
      ({ old }, i) => old.loadedCycles - old.computationCycles - theirs[i]!.latency_total1 + theirs[i]!.latency_total0,
    );
    const draining = total(
      ({ old }, i) => old.offloadedCycles - old.loadedCycles - theirs[i]!.latency_total2 + theirs[i]!.latency_total1,
    );
    const stalls = total(({ old }, i) => old.computationCycles - theirs[i]!.latency_total0);
    const [ours, best] = [total(({ same }) => same.offloadedCycles), total((entry) => entry.best.offloadedCycles)];
    const doubled = total(({ problem, replay }) => exactCost(problem, replay, 2).offloadedCycles);
    const old = total((entry) => entry.old.offloadedCycles);
    expect(total((_, i) => theirs[i]!.latency_total2)).toBe(run.total.latency_total2);
    const rows = [
      row("ZigZag", run.total.latency_total2),
      row("loading before the first cycle, in full", loading, true),
      row("off-loading after the last cycle, in full", draining, true),
      row("stalls of the last layer", stalls, true),
      row("published rules, ZigZag's mappings", old),
      row("our times, as if all blocks were doubled", doubled - old, true),
      row("a second block takes room", ours - doubled, true),
      row("ours, ZigZag's mappings", ours),
      row("mappings of least energy", best - ours, true),
      row("ours, our mappings", best),
    ];
    documented(rows);
  });
});
