/** A thousand spoilt models, the same on every machine; `npm run fuzz` goes on from there. */
import { spawnSync } from "node:child_process";
import { describe, expect, it, test } from "vitest";
import { REPOSITORY } from "../support/cli.js";

const fuzz = (...args: readonly string[]) =>
  spawnSync(process.execPath, ["scripts/fuzz.mjs", ...args], { cwd: REPOSITORY, encoding: "utf8" });

describe("spoilt models", () => {
  it("are refused or imported, in little time and memory", () => {
    const { status, stdout } = fuzz("--seed", "1", "--cases", "1000");
    expect(stdout).toMatch(/^1000 cases: \d+ imported, \d+ refused, 0 failed/);
    expect(status).toBe(0);
  }, 120_000);

  // A model that breaks the process itself is a failure, not the end of the run.
  test.each([["none.onnx"], ["package.json", "none.onnx"]])("that cannot even be read are failures: %s", (...files) => {
    const { status, stdout } = fuzz("--cases", "2", ...files);
    expect(stdout).toMatch(/2 cases: 0 imported, 0 refused, 2 failed/);
    expect(status).toBe(1);
  });
});
