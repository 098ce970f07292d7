/** Why the elements of a constant are not known: what needs them names the tensor and the cause. */
import { describe, expect, it, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import type { ReadExternal } from "../../../src/frontend/onnx/model.js";
import {
  encodeModel,
  int64,
  type ModelSpec,
  model,
  modelProto,
  node,
  type TensorSpec,
} from "../../support/onnx-builder.js";

const reshape = (s: TensorSpec): ModelSpec => ({
  inputs: { x: [4, 6] },
  initializers: { s },
  nodes: [node("Reshape", ["x", "s"], ["y"], {}, "n")],
});

const reasonOf = (bytes: Uint8Array, readExternal?: ReadExternal) =>
  importOnnx(bytes, { file: "a.onnx", ...(readExternal !== undefined && { readExternal }) }).network.coverage.at(-1)
    ?.reason;

describe("a shape that is not known", () => {
  test.each<[why: string, tensor: TensorSpec, reason: RegExp]>([
    [
      "its data is stripped",
      { dims: [2], type: 7 },
      /of node 'n' is not known: the file holds 0 elements of tensor 's', which has 2/,
    ],
    ["it has too few elements", { dims: [2], type: 7, values: [24] }, /holds 1 elements of tensor 's', which has 2/],
    ["it has too many", { dims: [5000], type: 7 }, /tensor 's' has 5000 elements; more than 1024 are not read/],
    ["it is not numbers", { dims: [2], type: 8 }, /the elements of tensor 's' are no numbers/],
    [
      "its data is outside, where nobody reads",
      { dims: [2], type: 7, external: "s.bin" },
      /data of tensor 's' is not there: 's.bin' is not read/,
    ],
  ])("%s", (_, tensor, reason) => expect(reasonOf(model(reshape(tensor)))).toMatch(reason));

  it("says what the reader of external data found", () => {
    const bytes = model(reshape({ dims: [2], type: 7, external: "s.bin" }));
    expect(reasonOf(bytes, () => ({ missing: "'s.bin' is a folder" }))).toMatch(/not there: 's.bin' is a folder$/);
  });

  it("external data without a place", () => {
    const proto = modelProto(reshape({ dims: [2], type: 7 }));
    Object.assign(proto.graph?.initializer?.[0] ?? {}, { dataLocation: 1 });
    expect(reasonOf(encodeModel(proto))).toMatch(/stands outside the file, which does not say where/);
  });

  it("the cause travels with what is computed from the tensor", () => {
    const spec = reshape({ dims: [1], type: 7 });
    const nodes = [node("Concat", ["s", "s"], ["t"], { axis: 0 }), node("Reshape", ["x", "t"], ["y"], {}, "n")];
    expect(reasonOf(model({ ...spec, nodes }))).toMatch(/of node 'n' is not known: .* of tensor 's'/);
  });

  test.each([
    ["Div", [6], [0], /node 'd' computes a division by 0/],
    ["Mod", [6], [0], /node 'd' computes a division by 0/],
    ["Mul", [2 ** 40], [2 ** 40], /node 'd' computes a number beyond 2\^53/],
  ])("%s of constants that has no result", (op, a, b, reason) => {
    const nodes = [node(op, ["a", "b"], ["t"], {}, "d"), node("Reshape", ["x", "t"], ["y"], {}, "n")];
    expect(reasonOf(model({ inputs: { x: [6] }, initializers: { a: int64(a), b: int64(b) }, nodes }))).toMatch(reason);
  });

  it("a value that is computed at run time is no constant", () => {
    const nodes = [node("Reshape", ["x", "t"], ["y"], {}, "n")];
    const bytes = model({ inputs: { x: [6], t: [1] }, types: { t: 7 }, nodes });
    expect(reasonOf(bytes)).toBe("the shape of node 'n' is computed at run time");
  });
});
