import { describe, expect, it } from "vitest";
import { diffDocument } from "../../../src/backend/emit/diff-json.js";
import { diffTerms } from "../../../src/backend/emit/diff-terms.js";
import { printDiff } from "../../../src/backend/emit/diff-text.js";
import type { DiffEnd, DiffStep, Figures, ScheduleDiff } from "../../../src/ir/diff.js";

const figures = (mac: number, dram: number, latency = 100): Figures => ({
  totals: {
    energy: mac + dram,
    energyByKind: { mac, memory: dram, copy: 0 },
    latency,
    copyLatency: 0,
    offloadedLatency: latency,
    operations: 40,
    energyByMemory: new Map([["dram", new Map([["I", dram]])]]),
    accesses: new Map([["dram", { read: dram / 10, write: 0 }]]),
    peak: new Map([["dram", 64]]),
  },
  computedMacs: 32,
});
const end = (costModel: string, part: Figures): DiffEnd => ({
  ...part,
  accelerator: "chip",
  costModel,
  loopLimit: 6,
  memories: ["dram"],
  stacks: [{ layers: ["a"], tile: { width: 4, height: 4 }, overlap: "recompute", order: "x-first" }],
});
const step = (policy: DiffStep["policy"], outcome: DiffStep["outcome"]): DiffStep => ({
  policy,
  from: "published",
  to: "corrected",
  mends: ["SL-Q9", "SL-Q10", "SL-Q11", "DF-Q3", "SL-Q13", "SL-Q16", "SL-Q14"],
  restores: ["DF-Q2"],
  outcome,
});
const reason = {
  code: "no-room",
  severity: "error",
  message: "no room",
  where: { file: "/a/b/net.onnx", node: "a" },
  hint: "make some",
} as const;

const diff: ScheduleDiff = {
  model: "net",
  ends: [end("defines", figures(100, 900)), end("exact", figures(100, 700, 150))],
  path: [
    step("cuts", figures(100, 900)),
    step("regions", figures(100, 800)),
    step("levels", { infeasible: [reason] }),
    step("geometry", figures(100, 700, 150)),
  ],
};

describe("a path as text", () => {
  const lines = printDiff(diff).split("\n");

  it("has a row per step that changes something, with what it mends and brings back", () => {
    expect(lines[0]).toBe("net on chip, from cost model defines to exact, policy by policy");
    const regions = lines.find((line) => line.includes("regions: corrected "));
    expect(regions).toMatch(/DF-Q3 SL-Q9–11, 13, 14, 16 \+DF-Q2 +900\.000 +−100\.000 +−10\.00 % +100 +0 +32 +0$/);
    const geometry = lines.find((line) => line.includes("geometry: corrected "));
    expect(geometry).toMatch(/800\.000 +−100\.000 +−11\.11 % +150 +\+50 +\+50\.00 %/);
    expect(lines.find((line) => line.includes("exact in all"))).toMatch(/800\.000 +−200\.000 +−20\.00 %/);
  });

  it("names steps that change nothing in one line", () => expect(lines).toContain("  no change (1): cuts: corrected"));

  it("says why a step has no schedule", () => {
    expect(lines.find((line) => line.includes("levels: corrected "))).toMatch(/infeasible$/);
    expect(lines.some((line) => /^ {2}levels: corrected: .*'a'.*no-room/.test(line))).toBe(true);
  });
});

describe("terms", () => {
  it("add up to the energy at both ends, static energy included where an end has it", () => {
    const drawing = (part: Figures, drawn: number): Figures => {
      const { totals } = part;
      const energyByKind = { ...totals.energyByKind, static: drawn };
      return { ...part, totals: { ...totals, energy: totals.energy + drawn, energyByKind } };
    };
    const drawn: ScheduleDiff = {
      ...diff,
      ends: [end("defines", figures(100, 900)), end("exact", drawing(figures(100, 700), 250))],
    };
    const terms = diffTerms(drawn);
    const [energy] = terms.filter(({ path }) => path[0] === "energyPj");
    const kinds = terms.filter(({ path }) => path[0] === "energyByKindPj");
    const added = (value: "first" | "second") => kinds.reduce((sum, kind) => sum + (kind[value] ?? 0), 0);
    expect([added("first"), added("second")]).toEqual([energy!.first, energy!.second]);
    expect(kinds.at(-1)).toEqual({ path: ["energyByKindPj", "static"], unit: "pJ", second: 250 });
    expect(printDiff(drawn)).toMatch(/static .*250\.000/);
  });

  it("have both values and their change", () => {
    const terms = new Map(diffDocument(diff).terms.map((term) => [term.term.join("."), term]));
    expect(terms.get("energyByMemoryPj.dram.I")).toMatchObject({ first: 900, second: 700, change: -200 });
    expect(terms.get("accesses.dram.read")).toMatchObject({ first: 90, second: 70, change: -20 });
    expect(terms.get("latencyCycles")).toMatchObject({ change: 50 });
  });

  it("lack the value of a memory that one machine does not have, and keep groups together", () => {
    const { totals } = figures(100, 700);
    const other: DiffEnd = {
      ...end("defines", figures(100, 700)),
      accelerator: "other",
      memories: ["sram", "dram"],
      totals: {
        ...totals,
        accesses: new Map([["sram", { read: 5, write: 6 }]]),
        peak: new Map([["sram", 8]]),
      },
    };
    const terms = diffTerms({ model: "net", ends: [diff.ends[0], other] });
    const of = (...path: readonly string[]) => terms.find((term) => term.path.join() === path.join());
    expect(of("accesses", "sram", "write")).toEqual({ path: ["accesses", "sram", "write"], unit: "access", second: 6 });
    expect(of("peakBits", "dram")).toEqual({ path: ["peakBits", "dram"], unit: "bit", first: 64 });
    const groups = terms.map(({ path }) => path[0]);
    expect(groups.filter((group, index) => group !== groups[index - 1])).toEqual([...new Set(groups)]);
    const text = printDiff({ model: "net", ends: [diff.ends[0], other] });
    expect(text).toMatch(/^net under cost model defines, on chip and on other\n/);
    expect(text).toMatch(/sram write accesses +words +– +6 +\+6 +–/);
    expect(text).not.toContain("policy by policy");
  });
});

describe("a path as JSON", () => {
  const { path } = diffDocument(diff);

  it("has changes against the last step with a schedule", () => {
    const changes = path!.map((entry) => ("change" in entry ? entry.change.energyPj : undefined));
    expect(changes).toEqual([0, -100, undefined, -100]);
  });

  it("has reasons without folders, and no number that is none", () => {
    expect(path![2]).toMatchObject({ diagnostics: [{ code: "no-room", where: { file: "net.onnx", node: "a" } }] });
    expect(JSON.stringify(diffDocument(diff))).not.toMatch(/null|NaN/);
  });
});
