import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import type { ScheduleDocument } from "../../src/kerf.js";
import { kerf, PLAIN, scratchFolder } from "../support/cli.js";

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

describe("a schedule that was made with other options than the usual ones", () => {
  const run = (name: string, ...args: readonly string[]) => {
    const path = join(folder, `${name}.json`);
    const result = kerf([
      "schedule",
      "models/fsrcnn.onnx",
      "--arch",
      "meta-prototype-df",
      "--no-color",
      "--out",
      path,
      ...args,
    ]);
    expect(result.stderr).not.toContain("error");
    expect(result.status).toBe(0);
    const { options, pipeline, totals, stacks, search }: ScheduleDocument = JSON.parse(readFileSync(path, "utf8"));
    return { path, stdout: result.stdout, options, numbers: { pipeline, totals, stacks, search } };
  };
  const tile = [...PLAIN, "--tile", "480x270"];

  test.each`
    options                                    | recorded
    ${["--pipeline-copies", "--steady-state"]} | ${{ pipelineCopies: true, steadyState: true }}
    ${["--cost-model", "defines"]}             | ${{ costModel: "defines", loopLimit: 6 }}
    ${["--loop-limit", "3", "--seed", "7"]}    | ${{ costModel: "exact", loopLimit: 3, seed: 7 }}
  `("comes out again with $options left out", ({ options, recorded }) => {
    const first = run("first", ...tile, ...options);
    expect(first.options).toMatchObject(recorded);
    const again = run("second", "--decisions", first.path);
    expect(again.options).toMatchObject(recorded);
    expect(again.numbers.totals).toEqual(first.numbers.totals);
    expect(again.numbers.stacks).toEqual(first.numbers.stacks);
  });

  it("takes what is stated beside it", () => {
    const usual = run("usual", ...tile);
    const both = run("both", ...tile, "--pipeline-copies", "--steady-state");
    expect(both.numbers.totals.latencyCycles).toBeLessThan(usual.numbers.totals.latencyCycles);
    const back = run("back", "--decisions", both.path, "--no-pipeline-copies", "--no-steady-state");
    expect(back.numbers.totals).toEqual(usual.numbers.totals);
    const model = ["models/fsrcnn.onnx", "--arch", "meta-prototype-df"];
    const published = kerf(["schedule", ...model, "--decisions", both.path, "--cost-model", "defines"]);
    expect(published.status).toBe(3); // its mappings are not those of the published rules
    expect(published.stderr).toContain("mapping-conflict");
  });
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
