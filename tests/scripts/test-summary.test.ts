import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/test-summary.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "kerf-summary-"));
afterAll(() => rmSync(folder, { recursive: true }));

const passing = { status: "passed", assertionResults: [{ status: "passed" }, { status: "passed" }] };
const failing = { status: "failed", assertionResults: [{ status: "passed" }, { status: "failed" }] };
const unloadable = { status: "failed", assertionResults: [] };

describe("test-summary", () => {
  test.each`
    runs                       | line                      | status | why
    ${[[passing], [passing]]}  | ${"4 passed, 0 failed\n"} | ${0}   | ${"runs add up"}
    ${[[passing, failing]]}    | ${"3 passed, 1 failed\n"} | ${1}   | ${"a test fails"}
    ${[[passing, unloadable]]} | ${"2 passed, 1 failed\n"} | ${1}   | ${"a file that cannot be loaded counts as a failure"}
    ${[[]]}                    | ${"0 passed, 0 failed\n"} | ${1}   | ${"nothing ran"}
  `("$why", ({ runs, line, status }) => {
    const result = spawnSync(process.execPath, [script, ...runs.map(writeReport)], { encoding: "utf8" });
    expect(result).toMatchObject({ stdout: line, status });
  });
});

function writeReport(testResults: readonly (typeof passing)[], index: number): string {
  const statuses = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const count = (wanted: string) => statuses.filter((status) => status === wanted).length;
  const path = join(folder, `${index}.json`);
  const report = { testResults, numPassedTests: count("passed"), numFailedTests: count("failed") };
  writeFileSync(path, JSON.stringify(report));
  return path;
}
