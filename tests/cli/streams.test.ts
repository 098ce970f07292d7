/** Readers that go away and devices that are full: what a command did decides its exit code, not who listens. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { REPOSITORY } from "../support/cli.js";

const SCHEDULE = "schedule models/fsrcnn.onnx --arch meta-prototype-df --tile 60x72 --timing --cost-model defines";
const MISSING = "import models/none.onnx";
const LONG = "import models/fsrcnn.onnx --json";

/** Exit code of the command behind a redirection or a pipe. */
function exitCode(args: string, streams: string): number | null {
  const command = `"${process.execPath}" dist/cli/main.js ${args} ${streams}; exit "\${PIPESTATUS[0]}"`;
  return spawnSync("bash", ["-c", command], { cwd: REPOSITORY, stdio: "ignore" }).status;
}

describe("a reader of stderr that is gone", () => {
  test.each([
    [0, SCHEDULE, "2>&1 >/dev/null | true"],
    [0, SCHEDULE, "2>&1 | true"],
    [0, SCHEDULE, "2>&1 | head -n 1"],
    [0, SCHEDULE, "2>&-"],
    [2, MISSING, "2>&1 | true"],
    [2, MISSING, "2>&-"],
    [2, "", "2>&1 | true"], // the help
  ])("leaves exit code %i of '%s %s'", (status, args, streams) => expect(exitCode(args, streams)).toBe(status));
});

describe.runIf(existsSync("/dev/full"))("a full device", () => {
  test.each([
    [0, SCHEDULE, "2>/dev/full"],
    [2, MISSING, "2>/dev/full"],
    [2, LONG, ">/dev/full"],
    [2, LONG, ">/dev/full 2>/dev/full"],
  ])("gives exit code %i for '%s %s'", (status, args, streams) => expect(exitCode(args, streams)).toBe(status));
});

describe("a reader of stdout that is gone", () => {
  test.each([
    [0, LONG, "| true"],
    [0, LONG, "| head -n 1"],
    [0, LONG, ">&-"],
  ])("gives exit code %i for '%s %s'", (status, args, streams) => expect(exitCode(args, streams)).toBe(status));
});
