import { describe, expect, it } from "vitest";
import { createCostModel } from "../../../../src/backend/cost/cost-model.js";
import { importOnnx } from "../../../../src/frontend/onnx/import.js";
import { readAccelerator } from "../../../../src/frontend/zigzag/accelerator.js";
import type { Accelerator } from "../../../../src/ir/accelerator.js";
import type { LayerCost } from "../../../../src/ir/cost-model.js";
import type { Network } from "../../../../src/ir/network.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import { hasShared, readShared, readSharedBytes, sharedFiles } from "../../../support/shared.js";
import { DIRECTION_NAMES, type Replay, replayOf, sourceOf, type ZigZagLayer, type ZigZagRun } from "./zigzag.js";
import {
  countsUnder,
  fitsUnderZigZag,
  RULE_NAMES,
  type Site,
  sitesOf,
  ZIGZAG_RULES,
  type ZigZagRule,
} from "./zigzag-rules.js";

const FOLDER = ["golden", "zigzag"] as const;
const FILES = sharedFiles(".json", ...FOLDER);
const model = createCostModel(DEFINES);

interface Case {
  readonly name: string;
  readonly theirs: ZigZagLayer;
  readonly replay: Replay;
}

const networks = new Map<string, Network>();
const accelerators = new Map<string, Accelerator>();

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

function casesOf(file: string): readonly Case[] {
  const run: ZigZagRun = JSON.parse(readShared(...FOLDER, file));
  const [workload, hardware] = [run.inputs.workload, run.inputs.accelerator].map((path) => path.split("/").at(-1)!);
  const network = remembered(networks, workload!, () => {
    const bytes = readSharedBytes(...FOLDER, "inputs", workload!);
    return importOnnx(bytes, { file: workload!, bind: new Map() }).network;
  });
  const accelerator = remembered(
    accelerators,
    hardware!,
    () => readAccelerator(readShared(...FOLDER, "inputs", hardware!), hardware!).accelerator,
  );
  return run.layers.map((theirs, index) => ({
    name: theirs.name,
    theirs,
    replay: replayOf(theirs, accelerator, sourceOf(network, theirs, index)),
  }));
}

const wordsOf = ({ outputs }: ZigZagLayer, { operand, level, direction }: Site): number =>
  outputs.memory.word_accesses[operand.name]![level]![DIRECTION_NAMES[direction]];

const without = (rule: ZigZagRule): ReadonlySet<ZigZagRule> => new Set(RULE_NAMES.filter((name) => name !== rule));

interface Comparison {
  readonly entry: Case;
  readonly site: Site;
  readonly theirs: number;
  readonly underTheirRules: number;
  /** Rules without which the counts would differ. */
  readonly because: readonly ZigZagRule[];
}

function compare(entry: Case): readonly Comparison[] {
  const { theirs, replay } = entry;
  const all = countsUnder(replay, new Set(RULE_NAMES));
  const each = RULE_NAMES.map((rule) => [rule, countsUnder(replay, without(rule))] as const);
  const names = replay.problem.operands.map(({ name }) => name);
  return sitesOf(replay).map((site) => {
    const at = (counts: typeof all) => counts[names.indexOf(site.operand.name)]![site.level]![site.direction];
    const count = wordsOf(theirs, site);
    const because = each.filter(([, counts]) => at(counts) !== count).map(([rule]) => rule);
    return { entry, site, theirs: count, underTheirRules: at(all), because };
  });
}

const isEqual = ({ site, theirs }: Comparison): boolean => site.published === theirs;

/** Published cost where the mapping fits, else nothing. */
function publishedCost({ replay: { problem, loops, boundaries } }: Case): LayerCost | undefined {
  const result = model.evaluateMapping(problem, { loops, boundaries });
  if (result.feasible) return result.cost;
  expect(result.conflicts.map(({ kind }) => kind)).toEqual(["capacity"]);
  return undefined;
}

/** Ours beside theirs: of the operations, of every level whose counts are equal, and of the layer where all are. */
function comparableEnergies(
  { theirs }: Case,
  cost: LayerCost,
  comparisons: readonly Comparison[],
): readonly (readonly [what: string, ours: number, theirs: number])[] {
  const levels = Object.entries(theirs.outputs.energy.memory_energy_breakdown_per_level).flatMap(
    ([operand, energies]) =>
      energies.flatMap((energy, level) => {
        const own = comparisons.filter(({ site }) => site.operand.name === operand && site.level === level);
        return own.every(isEqual)
          ? [[`${operand} ${level}`, cost.energyByLevel[operand]![level]!, energy] as const]
          : [];
      }),
  );
  const layer = comparisons.every(isEqual) ? [["layer", cost.energy, theirs.energy_total] as const] : [];
  return [["operations", cost.macEnergy, theirs.mac_energy], ...levels, ...layer];
}

const seen: Comparison[] = [];

describe.skipIf(!hasShared)("ZigZag's mappings, replayed (skipped without the shared folder)", () => {
  it("finds runs", () => expect(FILES.length).toBeGreaterThan(0));

  describe.each(FILES)("%s", (file) => {
    const cases = casesOf(file);
    const comparisons = cases.flatMap(compare);
    seen.push(...comparisons);

    it("has ZigZag's counts under its rules, and the published ones wherever these make no difference", () => {
      for (const comparison of comparisons) {
        const { entry, site, theirs, underTheirRules, because } = comparison;
        const where = `${entry.name} ${site.operand.name} level ${site.level} ${site.direction}`;
        expect(underTheirRules, where).toBe(theirs);
        expect(isEqual(comparison) || because.length > 0, where).toBe(true);
        const misplaced = because.filter((rule) => !ZIGZAG_RULES[rule](site));
        expect(misplaced, where).toEqual([]);
      }
    });

    it("has ZigZag's energies at every level whose counts are equal, and for the operations", () => {
      for (const entry of cases) {
        const cost = publishedCost(entry);
        if (cost === undefined) continue;
        const own = comparisons.filter((comparison) => comparison.entry === entry);
        for (const [what, ours, theirs] of comparableEnergies(entry, cost, own))
          expect(Math.abs(ours - theirs), `${entry.name} ${what}`).toBeLessThanOrEqual(1e-9 * theirs);
      }
    });

    it("refuses for lack of room only what fits when padding takes none", () => {
      for (const entry of cases) {
        expect(fitsUnderZigZag(entry.replay), entry.name).toBe(true);
        if (publishedCost(entry) !== undefined) continue;
        expect(
          entry.replay.problem.operands.some(({ windows }) => windows.length > 0),
          entry.name,
        ).toBe(true);
      }
    });
  });

  // a few runs need not meet every rule
  it.skipIf(FILES.length < 12)("needs every rule somewhere", async ({ annotate }) => {
    const differing = seen.filter((comparison) => !isEqual(comparison));
    const hits = (rule: ZigZagRule) => differing.filter(({ because }) => because.includes(rule)).length;
    const counts = RULE_NAMES.map((rule) => `${rule} ${hits(rule)}`);
    const equal = seen.length - differing.length;
    await annotate(`of ${seen.length} counts ${equal} are equal; the others by rule: ${counts.join(", ")}`);
    expect(RULE_NAMES.filter((rule) => hits(rule) === 0)).toEqual([]);
  });
});
