import { describe, expect, it } from "vitest";
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import { diffDocument } from "../../src/backend/emit/diff-json.js";
import { figuresOf, walkRules } from "../../src/explore/diff.js";
import { evaluatePoint, prepare } from "../../src/explore/evaluate-point.js";
import { POLICIES, rulePath } from "../../src/explore/rule-path.js";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import { COSTS } from "../../src/ir/facts.js";
import { DEFINES, EXACT, type RuleSet } from "../../src/ir/rules.js";
import { diffMachines, diffRuleSets, PLAIN_CHOICES, schedule } from "../../src/kerf.js";
import { builtIn, conv, network, residual } from "../support/networks.js";

const small = network(conv("a", { K: 8, C: 4, OX: 18, F: 3 }), conv("b", { K: 4, C: 8, OX: 16, F: 3, from: "a" }));
const tiles = { tile: { width: 5, height: 7 }, overlap: "fully-cached" } as const;
const totals = (costModel: "defines" | "exact", net = small, machine = builtIn()) =>
  schedule(net, machine, { ...PLAIN_CHOICES, ...tiles, costModel }).module.get(COSTS).totals;

describe.each([
  ["two convolutions", small],
  ["a residual block", residual(12)],
])("%s from published to exact", (_name, net) => {
  const { diff } = diffRuleSets(net, builtIn(), ["defines", "exact"], tiles);
  const path = diff.path!;

  it("starts and ends where plain schedules are", () => {
    expect(diff.ends.map((end) => end.totals)).toEqual([totals("defines", net), totals("exact", net)]);
    expect(path.at(-1)?.outcome).toMatchObject({ totals: totals("exact", net) });
  });

  it("takes one step per policy", () => expect(path.map(({ policy }) => policy)).toEqual(POLICIES));

  it("has changes that add up", () => {
    const document = diffDocument(diff);
    const [first, second] = document.ends.map((end) => end.totals);
    for (const key of ["energyPj", "latencyCycles", "computedMacs", "operations"] as const) {
      const changes = document.path!.map((step) => ("change" in step ? step.change[key] : 0));
      const sum = changes.reduce((total, change) => total + change, first![key]);
      expect(Math.abs(sum - second![key])).toBeLessThanOrEqual(1e-9 * second![key]);
    }
  });

  it("is the same way back", () => {
    const { diff: back } = diffRuleSets(net, builtIn(), ["exact", "defines"], tiles);
    const figures = (steps: typeof path) =>
      steps.map(({ outcome }) => ("infeasible" in outcome ? "infeasible" : outcome.totals.energy));
    const there = [diff.ends[0].totals.energy, ...figures(path)];
    expect([back.ends[0].totals.energy, ...figures(back.path!)]).toEqual(there.toReversed());
  });
});

it("gives every step the figures of its rules, although mappers are shared", () => {
  const { diff } = diffRuleSets(small, builtIn(), ["defines", "exact"], tiles);
  const alone = rulePath(DEFINES, EXACT).map(({ rules }) => {
    const costModel = createCostModel(rules);
    return figuresOf(evaluatePoint(prepare(small, builtIn(), "auto", costModel), tiles, costModel));
  });
  const found = diff.path!.map(({ outcome }) => "totals" in outcome && [outcome.totals, outcome.computedMacs]);
  expect(found).toEqual(alone.map(({ totals, computedMacs }) => [totals, computedMacs]));
  expect(new Set(alone.map(({ totals }) => totals.energy)).size).toBeGreaterThan(4);
});

describe("a step without a schedule", () => {
  const reason = { code: "no", severity: "error", message: "no", where: {}, hint: "" } as const;
  const evaluated = schedule(small, builtIn(), { costModel: "defines" }).module;
  const last = { totals: totals("exact"), computedMacs: 1 };
  const walk = (failure: "infeasible" | "input") => {
    const seen: RuleSet[] = [];
    const run = (rules: RuleSet) => {
      seen.push(rules);
      if (rules.regions === "corrected" && rules.levels === "published") throw new DiagnosticError([reason], failure);
      return evaluated;
    };
    return { steps: walkRules(rulePath(DEFINES, EXACT), {}, run, last), seen };
  };

  it("is recorded, and the way goes on from there", () => {
    const { steps, seen } = walk("infeasible");
    const failed = steps.filter(({ outcome }) => "infeasible" in outcome).map(({ policy }) => policy);
    expect(failed).toEqual(["regions", "keptBuffers"]);
    expect(seen).toHaveLength(POLICIES.length - 1); // the last one is known
    expect(steps.at(-1)?.outcome).toBe(last);
  });

  it("is an error where the input is wrong", () => expect(() => walk("input")).toThrow(DiagnosticError));
});

describe("two machines", () => {
  it("are two plain schedules under one rule set", () => {
    const machines = [builtIn(), builtIn("tpu-like-df")] as const;
    const { diff } = diffMachines(small, machines, "defines", tiles);
    expect(diff.path).toBeUndefined();
    expect(diff.ends.map((end) => end.totals)).toEqual(machines.map((machine) => totals("defines", small, machine)));
    expect(diff.ends.map(({ accelerator }) => accelerator)).toEqual(machines.map(({ name }) => name));
  });

  it("say each note once", () => {
    const { diagnostics } = diffMachines(small, [builtIn(), builtIn()], "defines", tiles);
    const alone = schedule(small, builtIn(), { ...tiles, costModel: "defines" }).diagnostics;
    expect(alone.length).toBeGreaterThan(0);
    expect(diagnostics).toEqual(alone);
  });
});
