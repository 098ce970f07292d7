/** `docs/quirks.md` against the behaviours that the engine has, and the tests that show them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COPY_PHASES } from "../../src/backend/cost/copies.js";
import { CAPACITY_CUTS } from "../../src/backend/cost/mapper/allocation.js";
import { DOUBLE_BUFFERING } from "../../src/backend/cost/mapper/double-buffering.js";
import { LOADING } from "../../src/backend/cost/mapper/loading.js";
import { PARTIAL_SUMS } from "../../src/backend/cost/mapper/partial-sums.js";
import { SIZES } from "../../src/backend/cost/mapper/sizes.js";
import { STALLS } from "../../src/backend/cost/mapper/stalls.js";
import { TIES } from "../../src/backend/cost/mapper/ties.js";
import { WORDS } from "../../src/backend/cost/mapper/words.js";
import { type Behaviour, DEFINES } from "../../src/ir/rules.js";
import { CUTS } from "../../src/passes/depth-first/cuts.js";
import { KEPT_BUFFERS } from "../../src/passes/depth-first/kept-buffers.js";
import { LEVELS } from "../../src/passes/depth-first/levels.js";
import { COPIES } from "../../src/passes/depth-first/node-copies.js";
import { LEFTOVER } from "../../src/passes/depth-first/tile-types.js";
import { TOTALS } from "../../src/passes/depth-first/totals.js";
import { REGIONS } from "../../src/passes/depth-first/trace.js";
import { WEIGHTS } from "../../src/passes/depth-first/weights.js";
import { REPOSITORY } from "../support/cli.js";
import type { Policy } from "./rules.js";

const BEHAVIOURS: Readonly<Record<Policy, Readonly<Record<string, Behaviour<unknown>>>>> = {
  cuts: CUTS,
  leftover: LEFTOVER,
  regions: REGIONS,
  keptBuffers: KEPT_BUFFERS,
  levels: LEVELS,
  weights: WEIGHTS,
  copies: COPIES,
  copyPhases: COPY_PHASES,
  totals: TOTALS,
  sizes: SIZES,
  capacityCuts: CAPACITY_CUTS,
  partialSums: PARTIAL_SUMS,
  words: WORDS,
  doubleBuffering: DOUBLE_BUFFERING,
  stalls: STALLS,
  loading: LOADING,
  ties: TIES,
};

const STATUSES = ["policy", "exact model", "not reproduced", "not reachable"];

const rows = [
  ...readFileSync(join(REPOSITORY, "docs/quirks.md"), "utf8").matchAll(/^\| ((?:DF|SL)-Q\d+) \|(.*)\|$/gm),
].map(([, quirk, rest]) => {
  const [published, corrected, status, behaviours, test] = rest!.split("|").map((cell) => cell.trim());
  return {
    quirk: quirk!,
    published: published!,
    corrected: corrected!,
    status: status!,
    behaviours: [...behaviours!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
    test: test!,
  };
});

/** `policy: behaviour` → quirks that it stands for. */
const listed = Object.entries(BEHAVIOURS).flatMap(([policy, table]) =>
  Object.entries(table).map(([name, { quirks }]) => ({ policy, name, quirks: quirks as readonly string[] })),
);
const numbered = (part: string, count: number) => Array.from({ length: count }, (_, i) => `${part}-Q${i + 1}`);

describe("the table of quirks", () => {
  it("has every number once, in order", () => {
    expect(rows.map(({ quirk }) => quirk)).toEqual([...numbered("DF", 32), ...numbered("SL", 36)]);
  });

  it("covers every policy of a rule set", () => {
    const policies = Object.keys(DEFINES).filter((key) => !["name", "geometry", "mapper", "loopLimit"].includes(key));
    expect(Object.keys(BEHAVIOURS).sort()).toEqual(policies.sort());
  });

  it.each(rows)("$quirk is $status", ({ quirk, published, corrected, status, behaviours }) => {
    expect(STATUSES).toContain(status);
    expect(published.length * corrected.length).toBeGreaterThan(0);
    const of = listed.filter(({ quirks }) => quirks.includes(quirk));
    expect(of.filter(({ name }) => name !== "published").map(({ policy, name }) => `${policy}: ${name}`)).toEqual(
      behaviours,
    );
    expect(behaviours.length > 0).toBe(status === "policy");
    const isReproduced = of.some(({ name }) => name === "published");
    expect(isReproduced).toBe(status === "policy" || status === "exact model");
  });

  it.each(rows.filter(({ test }) => test !== ""))("$quirk is shown by tests/$test", ({ quirk, test, status }) => {
    const path = join(REPOSITORY, `tests/${test}.test.ts`);
    expect(existsSync(path)).toBe(true);
    const source = readFileSync(path, "utf8");
    expect(source).toContain(status === "policy" ? `"${quirk}: ` : quirk);
  });

  it("tests every quirk that has a policy", () => {
    expect(rows.filter(({ status, test }) => status === "policy" && !test.startsWith("quirks/"))).toEqual([]);
  });
});
