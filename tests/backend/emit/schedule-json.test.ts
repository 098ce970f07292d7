import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { scheduleJsonSchema } from "../../../src/backend/emit/schedule-schema.js";
import { kerf, PLAIN, REPOSITORY } from "../../support/cli.js";

const shipped = JSON.parse(readFileSync(join(REPOSITORY, "schema/schedule-v1.json"), "utf8"));
const scheduleText = (...args: readonly string[]): string =>
  kerf(["schedule", "--arch", "meta-prototype-df", "--json", ...args]).stdout;

/** Rules under which many schedules take little time. */
const PUBLISHED = ["--cost-model", "defines"] as const;

describe("schedule.json", () => {
  it("has the shape that the package ships", () => expect(scheduleJsonSchema()).toEqual(shipped));

  it.each([
    ["models/fsrcnn.onnx", "--tile", "60x72", "--cost-model", "defines"],
    ["models/resnet18.onnx", ...PLAIN],
    ["models/mobilenet-v2.onnx", "--tile", "14x14", "--cost-model", "defines"],
    ["models/resnet18.onnx", "--stacks", "per-layer", "--cost-model", "defines"],
  ])("of %s validates against the shipped schema", (...args) => {
    const validate = new Ajv2020({ strict: false }).compile(shipped);
    expect(validate(JSON.parse(scheduleText(...args))), JSON.stringify(validate.errors)).toBe(true);
  });

  it("is the same bytes for the same inputs", () => {
    const args = ["models/resnet18.onnx", ...PLAIN];
    expect(scheduleText(...args)).toBe(scheduleText(...args));
  });

  it("accounts for every multiply-accumulate", () => {
    const { layers } = JSON.parse(
      scheduleText("models/mobilenet-v1.onnx", "--tile", "14x14", "--overlap", "recompute", ...PUBLISHED),
    );
    for (const { id, macs, computedMacs, elidedMacs, recomputedMacs } of layers)
      expect({ id, computedMacs }).toEqual({ id, computedMacs: macs - elidedMacs + recomputedMacs });
  });

  it("claims no more than the searches proved", () => {
    const search = (...args: readonly string[]) =>
      JSON.parse(scheduleText("models/fsrcnn.onnx", ...args, ...PUBLISHED)).search;
    expect(search("--tile", "60x72")).toMatchObject({ optimal: true, gap: 0 });
    const { evaluated } = search("--tile", "full");
    expect(evaluated).toBeGreaterThan(100);
  });

  it.each([
    ["models/mobilenet-v1.onnx", "--tile", "14x14", ...PUBLISHED],
    ["models/resnet18.onnx", ...PLAIN],
  ])("of %s adds up, in total and per stack", (...args) => {
    const { totals, stacks } = JSON.parse(scheduleText(...args));
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    for (const t of [totals, ...stacks.map((stack: { totals: unknown }) => stack.totals)]) {
      const { mac, memory, copy } = t.energyByKindPj;
      expect(mac + memory + copy).toBeCloseTo(t.energyPj, 3);
      const byMemory = Object.values<Record<string, number>>(t.energyByMemoryPj).flatMap((row) => Object.values(row));
      expect(sum(byMemory) / (memory + copy)).toBeCloseTo(1, 12);
    }
    expect(sum(stacks.map((s: { totals: { energyPj: number } }) => s.totals.energyPj)) / totals.energyPj).toBeCloseTo(
      1,
      12,
    );
    expect(sum(stacks.map((s: { totals: { latencyCycles: number } }) => s.totals.latencyCycles))).toBe(
      totals.latencyCycles,
    );
    const types = stacks.flatMap((s: { tileTypes: { count: number; energyPj: number }[] }) => s.tileTypes);
    const loads = stacks.flatMap((s: { loads?: { energyPj: number }[] }) => s.loads ?? []);
    const once = sum(loads.map(({ energyPj }: { energyPj: number }) => energyPj));
    const perTile = sum(types.map((t: { count: number; energyPj: number }) => t.count * t.energyPj));
    expect((perTile + once) / totals.energyPj).toBeCloseTo(1, 12);
  });
});
