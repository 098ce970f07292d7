/** What the help says is what happens. */
import { expect, test } from "vitest";
import { DEFINES, EXACT } from "../../src/ir/rules.js";
import { kerf } from "../support/cli.js";

const help = (command: string): string => kerf([command, "--help"]).stdout.replaceAll(/\s+/g, " ");

test("the loop limit of each cost model", () => {
  expect([EXACT.loopLimit, DEFINES.loopLimit]).toEqual(["none", 6]);
  expect(help("schedule")).toContain("loop factors of a layer (default none with exact, 6 with defines)");
  expect(help("study")).toContain("loop factors of a layer under the published rules (default 6)");
});
