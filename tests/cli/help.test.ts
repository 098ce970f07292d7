/** What the help says is what happens. */
import { describe, expect, it, test } from "vitest";
import { DEFINES, EXACT } from "../../src/ir/rules.js";
import { kerf } from "../support/cli.js";

const help = (command: string): string => kerf([command, "--help"]).stdout.replaceAll(/\s+/g, " ");

test("the loop limit of each cost model", () => {
  expect([EXACT.loopLimit, DEFINES.loopLimit]).toEqual(["none", 6]);
  expect(help("schedule")).toContain("loop factors of a layer (default none with exact, 6 with defines)");
  expect(help("study")).toContain("loop factors of a layer (default 6 with defines, none with exact)");
});

describe("the examples of kerf explore", () => {
  const examples = kerf(["explore", "--help"])
    .stdout.replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("kerf explore") && !line.includes("--merge"));

  it("are several", () => expect(examples.length).toBeGreaterThan(4));

  it.each(examples)("%s", (example) => {
    const [, ...words] = example.replaceAll("'", "").split(/\s+/);
    const planned = words.filter((word) => word !== "--frontier");
    const alreadyEmits = planned.includes("--emit");
    const out = planned.indexOf("--out");
    if (out >= 0) planned.splice(out, 2);
    const { status, stdout } = kerf([...planned, ...(alreadyEmits ? [] : ["--shards", "2", "--emit", "slurm"])]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("#SBATCH --array=1-") });
  });
});
