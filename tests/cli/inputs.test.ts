/** What a command reads is never what it writes, and has a name. */
import { copyFileSync, linkSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { kerf, REPOSITORY, scratchFolder } from "../support/cli.js";
import { node, model as onnxModel } from "../support/onnx-builder.js";

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const copy = (from: string, name: string): string => {
  copyFileSync(join(REPOSITORY, from), place(name));
  return place(name);
};
const model = copy("models/fsrcnn.onnx", "model.onnx");
const arch = copy("architectures/meta-prototype-df.yaml", "arch.yaml");
const mapping = place("mapping.yaml");
const decisions = place("decisions.yaml");
writeFileSync(mapping, "- {name: default, spatial_mapping: {D1: ['K, 32']}}\n");
writeFileSync(decisions, "stacks:\n- tile: 60x72\n");
const weights = place("w.bin");
writeFileSync(weights, Buffer.alloc(16));
writeFileSync(
  place("external.onnx"),
  onnxModel({
    inputs: { x: [1, 4] },
    initializers: { w: { dims: [4], type: 1, external: "w.bin" } },
    nodes: [node("Mul", ["x", "w"], ["y"])],
  }),
);
symlinkSync("model.onnx", place("soft.onnx"));
linkSync(model, place("hard.onnx"));

describe("--out", () => {
  test.each([
    ["the model", model, ["import", model]],
    ["a link to the model", place("soft.onnx"), ["import", model]],
    ["the model behind a link", model, ["import", place("soft.onnx")]],
    ["another name of the model", place("hard.onnx"), ["import", model]],
    ["data beside the model", weights, ["import", place("external.onnx")]],
    ["data beside the model of a schedule", weights, ["schedule", place("external.onnx"), "--arch", arch]],
    ["data beside a model that is compared", weights, ["diff", place("external.onnx"), "--arch", arch]],
    ["the model of a schedule", model, ["schedule", model, "--arch", arch]],
    ["the accelerator", arch, ["schedule", model, "--arch", arch]],
    ["the mapping", mapping, ["schedule", model, "--arch", arch, "--mapping", mapping]],
    ["the decisions", decisions, ["schedule", model, "--arch", arch, "--decisions", decisions]],
    ["the checked accelerator", arch, ["arch", "check", arch]],
    ["a built-in accelerator", join(REPOSITORY, "architectures/tpu-like.yaml"), ["arch", "show", "tpu_like"]],
  ])("does not replace %s", (_what, out, args) => {
    const before = readFileSync(out);
    const { status, stdout, stderr } = kerf([...args, "--out", out]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("--out: error[output-is-input]");
    expect(readFileSync(out).equals(before)).toBe(true);
  });

  it("needs a name", () => expect(kerf(["import", model, "--out", ""]).stderr).toContain("error[bad-option-value]"));
});

describe("a file that is named by nothing or by -", () => {
  test.each([
    ["import", "-"],
    ["import", ""],
    ["schedule", "-", "--arch", arch],
    ["schedule", model, "--arch", arch, "--mapping", "-"],
    ["schedule", model, "--arch", arch, "--decisions", ""],
  ])("is asked for: %s '%s'", (...args) => {
    const { status, stderr } = kerf(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/error\[file-not-found\]: found '-?', expected the name of a file.*\n {2}hint: /);
  });
});

test.each([
  ["arch", "check", "n".repeat(300)],
  ["schedule", model, "--arch", "n".repeat(300)],
  ["import", "n".repeat(300)],
  ["import", model, "--out", place("n".repeat(300))],
])("no name is too long for a message: %s", (...args) => expect(kerf(args).status).toBe(2));
