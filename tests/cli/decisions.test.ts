import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import type { ScheduleDocument } from "../../src/kerf.js";
import { kerf, scratchFolder } from "../support/cli.js";

const folder = scratchFolder();
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const schedule = (...args: readonly string[]) =>
  kerf([
    "schedule",
    "models/fsrcnn.onnx",
    "--arch",
    "meta-prototype-df",
    "--cost-model",
    "defines",
    "--no-color",
    ...args,
  ]);
const out = join(folder, "schedule.json");

it("reads back what it wrote, and says the same", () => {
  const first = schedule("--tile", "60x72", "--out", out);
  const again = schedule("--decisions", out, "--out", join(folder, "again.json"));
  expect(again.status).toBe(0);
  expect(again.stdout).toBe(first.stdout);
  const read = (path: string): ScheduleDocument => JSON.parse(readFileSync(path, "utf8"));
  const [before, after] = [read(out), read(join(folder, "again.json"))];
  expect(after.totals).toEqual(before.totals);
  expect(after.stacks).toEqual(before.stacks);
  expect(after.options).toMatchObject({ decisions: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
});

test.each([
  [2, "no such file", join(folder, "absent.yaml"), /file-not-found/],
  [
    2,
    "a misspelt field",
    file("field.yaml", "stacks:\n- tiles: 4x4\n"),
    /field\.yaml:2:3: stacks\.0\.tiles: error\[unknown-key\].*\n.*'tile'/,
  ],
  [
    2,
    "a schedule of another version",
    file("version.json", '{"format": "kerf/schedule",\n "version": 2, "stacks": []}'),
    /version\.json:2:13: version: error\[wrong-value\]/,
  ],
  [
    2,
    "an unknown layer",
    file("layer.yaml", "stacks:\n- layers: [conv11]\n"),
    /layer\.yaml:2:3.*'conv11'.*\n.*'conv1'/,
  ],
  [
    3,
    "stacks that cannot be",
    file("stack.yaml", "stacks:\n- layers: [conv1, conv3]\n"),
    /stack\.yaml:2:3.*error\[stack-conflict\]/,
  ],
  [
    3,
    "loops that leave out iterations",
    file(
      "loops.yaml",
      "stacks:\n- tile: 60x72\n  tileTypes:\n  - id: '0'\n    layers:\n    - layer: conv3\n      loops: [{dim: OX, size: 12}]\n",
    ),
    /loops\.yaml:6:7.*layer 'conv3' on tile type 0: the loops of dim OX multiply to 12, the tile needs 17/,
  ],
])("exits with %i for %s", (status, _what, decisions, text) => {
  const result = schedule("--decisions", decisions);
  expect(result.stderr).toMatch(text);
  expect(result.status).toBe(status);
  expect(result.stdout).toBe("");
});
