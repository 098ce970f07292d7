import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { kerf, REPOSITORY, scratchFolder } from "../support/cli.js";

const builtIn = readFileSync(join(REPOSITORY, "architectures/tpu-like-df.yaml"), "utf8");
const file = join(scratchFolder(), "stated.yaml");
writeFileSync(
  file,
  builtIn
    .replace(
      "name: tpu-like-df\n",
      "name: mine\nclock: 700\nvector_unit: {lanes: 32, operations_per_cycle: 1, unit_energy: 0.1}\n",
    )
    .replace(
      "    size: 10000000000\n",
      "    size: 10000000000\n    burst: 512\n    layout: C/32 H W C%32\n    static_energy: 40\n",
    )
    .replace("  rf_64B:\n", "  rf_64B:\n    static_energy: 0.01\n"),
);

describe("kerf arch", () => {
  it.each(["show", "check"])("%s says what a built-in accelerator leaves to be assumed", (action) => {
    const { status, stdout } = kerf(["arch", action, "tpu-like-df"]);
    expect(status).toBe(0);
    const [line, ...more] = stdout.split("\n").filter((text) => text.includes("assumed none"));
    expect(line).toBe(
      "  assumed none: vector unit; static energy; clock; area; skipping of padded MACs; burst; layout (dense)",
    );
    expect(more).toEqual([]);
    expect(stdout).not.toContain("stated:");
  });

  it.each(["show", "check"])("%s says what a file states", (action) => {
    const { status, stdout, stderr } = kerf(["arch", action, file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^ {2}one instance +burst \[bit\] +layout +static \[pJ\/cycle\] +area \[mm²\]$/m);
    expect(stdout).toMatch(/^ {2}rf_64B +– +– +0\.01 +–$/m);
    expect(stdout).toMatch(/^ {2}dram +512 +C\/32 H W C%32 +40 +–$/m);
    expect(stdout).toContain(
      "  stated: vector unit 32 lanes × 1 op/cycle, 0.1 pJ/op; static energy 50.24 pJ/cycle in all; clock 700 MHz\n",
    );
    expect(stdout).toContain("assumed none: static energy of array, rf_1KB, sram_64KB_A");
  });

  it("shows the same as JSON", () => {
    const document = JSON.parse(kerf(["arch", "show", file, "--json"]).stdout);
    expect(document).toMatchObject({
      clock: 700,
      vectorUnit: { lanes: 32, operationsPerCycle: 1, operationEnergy: 0.1 },
    });
    expect(document.assumedNone).toContain("area");
    expect(document.memories.at(-1)).toMatchObject({ burst: 512, staticEnergy: 40 });
  });

  it("refuses a wrong field with its line and column", () => {
    const wrong = join(scratchFolder(), "wrong.yaml");
    writeFileSync(wrong, builtIn.replace("name: tpu-like-df\n", "name: mine\nclock: 0\n"));
    const { status, stdout, stderr } = kerf(["arch", "check", wrong]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/wrong\.yaml:\d+:8: .*found 0; expected at least 0\.000001/);
  });
});
