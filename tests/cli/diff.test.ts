import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { kerf, PLAIN, REPOSITORY, scratchFolder } from "../support/cli.js";
import { model, node } from "../support/onnx-builder.js";

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Two padded 3×3 convolutions on 12×12, the second of stride 2. */
const small = join(folder, "small.onnx");
writeFileSync(
  small,
  model({
    inputs: { x: [1, 4, 12, 12] },
    initializers: { w: [8, 4, 3, 3], v: [8, 8, 3, 3] },
    nodes: [
      node("Conv", ["x", "w"], ["y"], { pads: [1, 1, 1, 1] }, "a"),
      node("Conv", ["y", "v"], ["z"], { pads: [1, 1, 1, 1], strides: [2, 2] }, "b"),
    ],
  }),
);
const ARCH = ["--arch", "meta-prototype-df"];
const TILES = ["--tile", "4x5", "--overlap", "h-cached"];

interface Totals {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly operations: number;
}
const scheduled = (costModel: string, arch = ARCH): Totals =>
  JSON.parse(
    kerf(["schedule", small, ...arch, ...PLAIN, ...TILES, "--cost-model", costModel, "--json", "--quiet"]).stdout,
  ).totals;

describe("kerf diff", () => {
  it("prints the way from published to exact, and every term", async () => {
    const { status, stdout } = kerf(["diff", small, ...ARCH, ...TILES, "--quiet"]);
    expect(status).toBe(0);
    await expect(stdout).toMatchFileSnapshot("../golden/diff.txt");
  });

  it("has ends that plain schedules have, on stdout as JSON or in a file", () => {
    const out = join(folder, "diff.json");
    const { status, stdout } = kerf(["diff", small, ...ARCH, ...TILES, "--quiet", "--json", "--out", out]);
    expect(status).toBe(0);
    expect(readFileSync(out, "utf8")).toBe(stdout);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ format: "kerf/diff", version: 1 });
    for (const [index, costModel] of ["defines", "exact"].entries()) {
      const { energyPj, latencyCycles, operations } = scheduled(costModel);
      expect(document.ends[index]).toMatchObject({ costModel, totals: { energyPj, latencyCycles, operations } });
    }
    expect(document.path.at(-1).totals).toEqual(document.ends[1].totals);
  });

  it("compares two machines, by default under exact rules", () => {
    const arch = ["--arch", "meta-prototype-df,tpu-like-df"];
    const { status, stdout } = kerf(["diff", small, ...arch, ...TILES, "--quiet", "--json"]);
    expect(status).toBe(0);
    const { ends, path } = JSON.parse(stdout);
    expect(path).toBeUndefined();
    expect(ends.map((end: { totals: Totals }) => end.totals.energyPj)).toEqual([
      scheduled("exact").energyPj,
      scheduled("exact", ["--arch", "tpu-like-df"]).energyPj,
    ]);
  });

  it("tells each note of both schedules once", () => {
    const { stderr } = kerf(["diff", small, ...ARCH, ...TILES]);
    const lines = stderr.trimEnd().split("\n");
    expect(lines.some((line) => line.startsWith("info[padding-dropped]"))).toBe(true);
    expect(new Set(lines).size).toBe(lines.length);
  });

  it("is infeasible where one of the two has no schedule", () => {
    const text = readFileSync(join(REPOSITORY, "architectures/meta-prototype-df.yaml"), "utf8");
    const tiny = join(folder, "tiny.yaml");
    writeFileSync(tiny, text.replace(/10_?000_?000_?000/, "1000"));
    const { status, stdout } = kerf(["diff", small, "--arch", tiny, ...TILES]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
  });

  test.each`
    args                                                                                         | code                     | why
    ${["models/fsrcnn.onnx", "b.json", ...ARCH]}                                                 | ${"two-schedules"}       | ${"two files"}
    ${["models/fsrcnn.onnx"]}                                                                    | ${"missing-option"}      | ${"no accelerator"}
    ${["models/none.onnx", ...ARCH]}                                                             | ${"file-not-found"}      | ${"a missing file"}
    ${["models/fsrcnn.onnx", "--arch", "meta-protoype"]}                                         | ${"unknown-accelerator"} | ${"an unknown accelerator"}
    ${["models/fsrcnn.onnx", "--arch", "tpu-like,ascend-like,meta-prototype"]}                   | ${"bad-option-value"}    | ${"three accelerators"}
    ${["models/fsrcnn.onnx", ...ARCH, "--cost-model", "defines,best"]}                           | ${"bad-option-value"}    | ${"an unknown rule set"}
    ${["models/fsrcnn.onnx", ...ARCH, "--cost-model", ""]}                                       | ${"bad-option-value"}    | ${"no rule set"}
    ${["models/fsrcnn.onnx", ...ARCH, "--cost-model", "exact"]}                                  | ${"nothing-to-compare"}  | ${"one rule set and one machine"}
    ${["models/fsrcnn.onnx", "--arch", "tpu-like,tpu-like"]}                                     | ${"nothing-to-compare"}  | ${"the same machine twice"}
    ${["models/fsrcnn.onnx", "--arch", "tpu-like,ascend-like", "--cost-model", "defines,exact"]} | ${"conflicting-options"} | ${"two machines under two rule sets"}
    ${["models/fsrcnn.onnx", ...ARCH, "--tile", "0x4"]}                                          | ${"bad-option-value"}    | ${"a tile of nothing"}
    ${["models/fsrcnn.onnx", ...ARCH, "--order", "y-first"]}                                     | ${"order-unsupported"}   | ${"an order that one of the two does not know"}
    ${["models/fsrcnn.onnx", ...ARCH, "--out", "models/fsrcnn.onnx"]}                            | ${"output-is-input"}     | ${"a result over its input"}
    ${["models/fsrcnn.onnx", ...ARCH, "--loop-limit", "4"]}                                      | ${"bad-command-line"}    | ${"an option of schedule alone"}
  `("refuses $why", ({ args, code }) => {
    const { status, stdout, stderr } = kerf(["diff", ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
