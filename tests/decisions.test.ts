/** Decisions through the library: a schedule fed back reproduces itself, and a changed one is costed as it is. */
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import type { MappingDecision } from "../src/ir/decisions.js";
import { COSTS, MAPPINGS, TILING } from "../src/ir/facts.js";
import {
  type Decisions,
  DiagnosticError,
  emitSchedule,
  importOnnx,
  type Network,
  PLAIN_CHOICES,
  readDecisions,
  type ScheduleOptions,
  type ScheduleResult,
  schedule,
} from "../src/kerf.js";
import { modelBytes } from "./support/models.js";
import { builtIn } from "./support/networks.js";

const load = (model: string): Network =>
  importOnnx(modelBytes(model), { file: `${model}.onnx`, bind: new Map() }).network;

/** What a user reads back from the file that was written. */
function decisionsOf(result: ScheduleResult, source: Network): Decisions {
  return readDecisions(JSON.stringify(emitSchedule(result, source)), "schedule.json").decisions;
}

/** The published rules: quick enough for many schedules. Exact ones have a case of their own. */
const PUBLISHED = { costModel: "defines" } as const;

const costs = ({ module }: ScheduleResult) => module.get(COSTS);

type Case = readonly [model: string, arch: string, options: ScheduleOptions];
const CASES: readonly Case[] = [
  ["fsrcnn", "meta-prototype-df", { tile: { width: 60, height: 72 } }],
  ["fsrcnn", "tpu-like-df", { tile: { width: 100, height: 60 }, overlap: "h-cached" }],
  ["fsrcnn-valid", "edge-tpu-like-df", { tile: { width: 64, height: 270 }, overlap: "recompute" }],
  ["mc-cnn", "ascend-like-df", { tile: { width: 128, height: 32 }, overlap: "h-cached", stacks: "single" }],
  ["mobilenet-v1", "meta-prototype-df", { tile: { width: 28, height: 28 }, overlap: "recompute" }],
  ["mobilenet-v2", "tesla-npu-like-df", { tile: { width: 14, height: 7 } }],
  ["resnet18", "meta-prototype", { stacks: "per-layer" }],
  ["resnet18", "meta-prototype-df", { ...PLAIN_CHOICES, costModel: "exact" }],
  ["resnet18", "tpu-like", { tile: { width: 20, height: 13 }, overlap: "h-cached" }],
];

describe("a schedule fed back as decisions", () => {
  test.each(CASES)("reproduces %s on %s to the digit", (model, arch, options) => {
    const [network, accelerator] = [load(model), builtIn(arch)];
    const first = schedule(network, accelerator, { ...PUBLISHED, ...options });
    const { costModel } = first.options;
    const again = schedule(network, accelerator, { costModel, decisions: decisionsOf(first, network) });
    expect(costs(again)).toEqual(costs(first));
    expect(emitSchedule(again, network).stacks).toEqual(emitSchedule(first, network).stacks);
  });

  it("overrides the other options, which decide what is not stated", () => {
    const network = load("fsrcnn");
    const first = schedule(network, builtIn(), { ...PUBLISHED, tile: { width: 60, height: 72 } });
    const decisions = decisionsOf(first, network);
    const other = { stacks: "per-layer", tile: { width: 7, height: 7 }, overlap: "recompute" } as const;
    expect(costs(schedule(network, builtIn(), { ...PUBLISHED, ...other, decisions }))).toEqual(costs(first));
    const withoutTiles = decisions.stacks.map(({ members, where }) => ({ members: members!, where, tileTypes: [] }));
    const rest = schedule(network, builtIn(), { ...PUBLISHED, ...other, decisions: { stacks: withoutTiles } });
    expect(rest.module.get(TILING)).toMatchObject([{ tile: { width: 7, height: 7 }, overlap: "recompute" }]);
  });
});

it("takes the example of the documentation", () => {
  const page = readFileSync(new URL("../docs/stated-decisions.md", import.meta.url), "utf8");
  const example = /```yaml\n([^`]*)```/.exec(page)?.[1] ?? "";
  const { decisions } = readDecisions(example, "example.yaml");
  const { module } = schedule(load("fsrcnn"), builtIn(), { ...PLAIN_CHOICES, decisions });
  expect(module.get(TILING)).toMatchObject([
    { tile: { width: 60, height: 72 }, overlap: "h-cached" },
    { tile: { width: 960, height: 540 }, overlap: "recompute" },
  ]);
  const stated = module
    .get(MAPPINGS)[0]!
    .flat()
    .filter(({ result }) => result.search.orderings === 1);
  expect(stated.map(({ layer }) => layer)).toEqual(Array(6).fill("conv4"));
});

test.each([
  ["image", "conv8"],
  ["image", "conv4"],
  ["conv4", "image"],
])("a run from %s to %s is refused: an input is no layer", (first, last) => {
  const { decisions } = readDecisions(`stacks:\n- {first: ${first}, last: ${last}}\n`, "run.yaml");
  const refusal = expect.objectContaining({
    failure: "input",
    diagnostics: [
      expect.objectContaining({
        code: "unknown-layer",
        message: expect.stringContaining("'image' is an input of the network"),
        where: expect.objectContaining({ file: "run.yaml", line: 2 }),
      }),
    ],
  });
  expect(() => schedule(load("fsrcnn"), builtIn(), { ...PUBLISHED, decisions })).toThrow(refusal);
});

describe("a schedule changed by hand", () => {
  const network = load("fsrcnn");
  const first = schedule(network, builtIn(), { ...PUBLISHED, tile: { width: 120, height: 90 } });
  const decisions = decisionsOf(first, network);
  const places = decisions.stacks[0]!.tileTypes[0]!.layers.map(({ layer }, l) => [l, layer] as const);

  /** The decisions with another mapping of one layer on the first tile type. */
  function withMapping(l: number, change: (stated: MappingDecision) => MappingDecision): Decisions {
    const stacks = decisions.stacks.map((stack) => ({
      ...stack,
      tileTypes: stack.tileTypes.map((type, t) => ({
        ...type,
        layers: type.layers.map((stated, k) => (t === 0 && k === l ? change(stated) : stated)),
      })),
    }));
    return { stacks };
  }

  /** Energies, or the reason of a refusal. */
  function outcome(changed: Decisions) {
    try {
      return costs(schedule(network, builtIn(), { ...PUBLISHED, decisions: changed })).totals;
    } catch (refusal) {
      if (!(refusal instanceof DiagnosticError)) throw refusal;
      expect(refusal.failure).toBe("infeasible");
      expect(refusal.diagnostics.map(({ code }) => code)).toEqual(["mapping-conflict"]);
      return refusal.message;
    }
  }

  const { energy, energyByKind } = costs(first).totals;
  const reorder = (loops: NonNullable<MappingDecision["loops"]>) => [...loops.slice(1), loops[0]!];

  test.each(places)("layer %i (%s): another order costs no less, or has no room", (l) => {
    const result = outcome(
      withMapping(l, ({ boundaries: _, ...stated }) => ({ ...stated, loops: reorder(stated.loops!) })),
    );
    if (typeof result === "string") return expect(result).toMatch(/cannot hold what must stay in it/);
    expect(result.energy).toBeGreaterThanOrEqual(energy);
    expect(result.energyByKind).toMatchObject({ mac: energyByKind.mac, copy: energyByKind.copy });
  });

  test.each(places)("layer %i (%s): the old levels under another order are costed, or do not fit", (l) => {
    const result = outcome(withMapping(l, (stated) => ({ ...stated, loops: reorder(stated.loops!) })));
    if (typeof result === "string") return expect(result).toMatch(/need \d+ bit; it holds \d+ bit/);
    expect(result.energy).not.toBe(energy);
    expect(result.energyByKind).toMatchObject({ mac: energyByKind.mac, copy: energyByKind.copy });
  });
});
