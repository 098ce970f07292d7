import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { kerf, REPOSITORY, scratchFolder } from "../support/cli.js";
import { model, node } from "../support/onnx-builder.js";

const folder = scratchFolder();
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const architecture = readFileSync(join(REPOSITORY, "architectures/meta-prototype-df.yaml"), "utf8");
const fsrcnn = "models/fsrcnn.onnx";
const bytes = readFileSync(join(REPOSITORY, fsrcnn));
const inputs = { x: [1, 1, 8, 8] };
const cyclic = model({ inputs, nodes: [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])] });
const symbolic = model({
  inputs: { x: [1, 1, "H", 8], z: [1, 8] },
  nodes: [node("Relu", ["x"], ["y"]), node("Tanh", ["z"], ["t"])],
});
const dangling = model({ inputs, nodes: [node("Conv", ["x", "w"], ["y"], {}, "conv")] });

/** `<arch>` stands for a valid accelerator. */
const CASES: readonly (readonly [why: string, args: readonly string[], code: string, text: RegExp])[] = [
  ["missing file", ["schedule", "models/fsrcn.onnx", "<arch>"], "file-not-found", /fsrcn\.onnx.*\n.*'fsrcnn\.onnx'/],
  ["a folder", ["schedule", "models", "<arch>"], "not-a-file", /models: /],
  ["empty file", ["schedule", file("empty.onnx", ""), "<arch>"], "empty-file", /empty\.onnx/],
  ["text", ["schedule", file("text.onnx", "layer: conv\n"), "<arch>"], "not-onnx", /text file/],
  [
    "PNG",
    ["schedule", file("png.onnx", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0)), "<arch>"],
    "not-onnx",
    /PNG/,
  ],
  [
    "git-lfs pointer",
    ["schedule", file("lfs.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "<arch>"],
    "not-onnx",
    /git lfs pull/,
  ],
  [
    "truncated file",
    ["schedule", file("cut.onnx", bytes.subarray(0, bytes.length >> 1)), "<arch>"],
    "truncated-file",
    /byte 8/,
  ],
  ["cyclic graph", ["schedule", file("cycle.onnx", cyclic), "<arch>"], "cyclic-graph", /a.*b|b.*a/],
  ["missing initializer", ["schedule", file("dangling.onnx", dangling), "<arch>"], "undefined-value", /conv.*'w'/],
  [
    "a dimension without a number",
    ["schedule", file("symbolic.onnx", symbolic), "<arch>"],
    "unknown-dimension",
    /'H' is not known.*\n.*--bind 'H=/,
  ],
  ["no accelerator", ["schedule", fsrcnn], "missing-option", /--arch.*\n.*meta-prototype-df/],
  [
    "unknown accelerator",
    ["schedule", fsrcnn, "--arch", "meta-protoype"],
    "unknown-accelerator",
    /did you mean 'meta-prototype'/,
  ],
  [
    "wrong field",
    ["schedule", fsrcnn, "--arch", file("field.yaml", architecture.replace("r_cost:", "r_cots:"))],
    "unknown-key",
    /field\.yaml:\d+:\d+: .*'r_cots'/,
  ],
  ["unknown option", ["schedule", fsrcnn, "<arch>", "--tiles", "4x4"], "bad-command-line", /--tiles/],
  ["unknown command", ["shedule", fsrcnn], "bad-command-line", /schedule/],
  [
    "unknown overlap",
    ["schedule", fsrcnn, "<arch>", "--overlap", "h-cache"],
    "bad-option-value",
    /did you mean 'h-cached'/,
  ],
  ["tile 0", ["schedule", fsrcnn, "<arch>", "--tile", "0x72"], "bad-option-value", /--tile.*'0x72'.*<W>x<H>/],
  ["malformed tile", ["schedule", fsrcnn, "<arch>", "--tile", "60*72"], "bad-option-value", /'60\*72'/],
  ["unknown layer", ["schedule", fsrcnn, "<arch>", "--stacks", "conv9"], "unknown-layer", /'conv9'/],
  ["unknown pass", ["schedule", fsrcnn, "<arch>", "--pipeline", "canonicalise"], "unknown-pass", /'canonicalize'/],
  [
    "pipeline without facts",
    ["schedule", fsrcnn, "<arch>", "--pipeline", "tile-stacks"],
    "missing-fact",
    /partition-stacks/,
  ],
  [
    "two ways to say it",
    ["schedule", fsrcnn, "<arch>", "--pipeline", "canonicalize", "--tile", "4x4"],
    "conflicting-options",
    /--tile/,
  ],
  [
    "no such folder",
    ["schedule", fsrcnn, "<arch>", "--out", join(folder, "none", "x.json")],
    "unwritable-file",
    /x\.json/,
  ],
  ["no layers to cut after", ["schedule", fsrcnn, "<arch>", "--stacks", ""], "bad-option-value", /--stacks/],
  [
    "mapping of another array",
    [
      "schedule",
      fsrcnn,
      "<arch>",
      "--mapping",
      file("mapping.yaml", "- {name: default, spatial_mapping: {D9: ['K, 32']}}\n"),
    ],
    "unknown-array-dim",
    /mapping\.yaml:1:\d+.*D9/,
  ],
  ["a name after list", ["arch", "list", "tpu-like"], "bad-option-value", /tpu-like/],
  ["bad binding", ["import", fsrcnn, "--bind", "N=0"], "bad-option-value", /N=1,H=224/],
  ["bad message form", ["import", fsrcnn, "--diagnostics", "xml"], "bad-option-value", /text, json/],
];

describe("bad input", () => {
  test.each(CASES)("%s", (_why, args, code, text) => {
    const words = args.flatMap((word) => (word === "<arch>" ? ["--arch", "meta-prototype-df"] : [word]));
    const { status, stdout, stderr } = kerf(words);
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toMatch(text);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("is reported as JSON where asked", () => {
    const { status, stderr } = kerf(["import", "models/none.onnx", "--diagnostics", "json"]);
    expect(status).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: "file-not-found", severity: "error" });
  });

  it("clamps a tile that is larger than the map, and says so", () => {
    const { status, stderr } = kerf([
      "schedule",
      fsrcnn,
      "--arch",
      "meta-prototype-df",
      "--tile",
      "2000x540",
      "--cost-model",
      "defines",
    ]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/info\[tile-clamped\].*2000x540.*960x540/);
  });

  it("is infeasible, with the facts that conflict, when a layer fits no memory", () => {
    const small = file("small.yaml", architecture.replace(/10_?000_?000_?000/, "1000"));
    const { status, stdout, stderr } = kerf([
      "schedule",
      fsrcnn,
      "--arch",
      small,
      "--overlap",
      "recompute",
      "--cost-model",
      "defines",
    ]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toMatch(/conv\d/);
    expect(stderr).toMatch(/hint: /);
  });

  it("shows the help for an empty command line", () => {
    const { status, stderr } = kerf([]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/Usage: kerf/);
  });
});
