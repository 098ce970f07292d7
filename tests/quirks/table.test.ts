/** `docs/quirks.md` against the behaviours that the engine has, and the tests that show them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COST_BEHAVIOURS } from "../../src/backend/cost/behaviours.js";
import { type Behaviour, DEFINES } from "../../src/ir/rules.js";
import { DEPTH_FIRST_BEHAVIOURS } from "../../src/passes/depth-first/behaviours.js";
import { REPOSITORY } from "../support/cli.js";
import type { Policy } from "./rules.js";

/** What the exact geometry and mapper mend beyond the policies is told by their own table. */
const { geometry: _geometry, mapper: _mapper, ...POLICIES } = { ...DEPTH_FIRST_BEHAVIOURS, ...COST_BEHAVIOURS };
const BEHAVIOURS: Readonly<Record<Policy, Readonly<Record<string, Behaviour<unknown>>>>> = POLICIES;

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
