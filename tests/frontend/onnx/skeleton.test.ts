import onnxProto from "onnx-proto";
import { describe, expect, it, test } from "vitest";
import { asByteSource, type ByteSource } from "../../../src/frontend/onnx/byte-source.js";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { PAYLOAD_LIMIT, readSkeleton } from "../../../src/frontend/onnx/skeleton.js";
import { ELEMENT_LIMIT } from "../../../src/frontend/onnx/tensor-elements.js";
import { encodeModel, filled, int64, model, modelProto, node } from "../../support/onnx-builder.js";
import { codesOf } from "../../support/onnx-import.js";

const large = model({
  inputs: { x: [1, 8, 16, 16] },
  initializers: { w: filled(1, [64, 8, 3, 3]), s: int64([1, -1]), e: filled(2, [2000]) },
  nodes: [
    node("Constant", [], ["c"], { value: filled(3, [1000]) }),
    node("Conv", ["x", "w"], ["y"]),
    node("Reshape", ["y", "s"], ["z"]),
  ],
});

/** What stands for the payload is its length. */
function leaveOut(tensor: onnxProto.onnx.ITensorProto): void {
  tensor.docString = `omitted data: ${4 * (tensor.floatData?.length ?? 0)}`;
  tensor.floatData = [];
}

describe("readSkeleton", () => {
  it("leaves large payloads out and everything else as it is", () => {
    const bytes = readSkeleton(asByteSource(large), {});
    expect(bytes.length).toBeLessThan(PAYLOAD_LIMIT);
    const full = onnxProto.onnx.ModelProto.decode(large);
    for (const tensor of full.graph?.initializer ?? []) if ((tensor.floatData?.length ?? 0) > 256) leaveOut(tensor);
    for (const attribute of full.graph?.node?.[0]?.attribute ?? []) if (attribute.t) leaveOut(attribute.t);
    expect(onnxProto.onnx.ModelProto.decode(bytes).toJSON()).toEqual(full.toJSON());
  });

  it("keeps as many elements of wide integers as shape arithmetic uses", () => {
    const numbers = Array.from({ length: ELEMENT_LIMIT + 1 }, (_, i) => i - 500);
    const initializers = {
      fits: int64(numbers.slice(1)),
      long: int64([...numbers, ...numbers]),
      f: filled(1, [ELEMENT_LIMIT]),
    };
    const bytes = model({ inputs: { x: [1] }, initializers, nodes: [node("Relu", ["x"], ["y"])] });
    const kept = onnxProto.onnx.ModelProto.decode(readSkeleton(asByteSource(bytes), {})).graph?.initializer;
    const sizes = (kept ?? []).map(({ name, int64Data, floatData }) => [name, int64Data?.length, floatData?.length]);
    expect(sizes).toEqual([
      ["fits", ELEMENT_LIMIT, 0],
      ["long", 0, 0],
      ["f", 0, 0],
    ]);
  });

  test.each<[what: string, attribute: onnxProto.onnx.IAttributeProto]>([
    ["a text", { name: "a", type: 3, s: new Uint8Array(40_000_000) }],
    ["texts", { name: "a", type: 8, strings: Array.from({ length: 40 }, () => new Uint8Array(1_000_000)) }],
    ["numbers", { name: "a", type: 6, floats: Array.from({ length: 100_000 }, () => 1) }],
    ["integers", { name: "a", type: 7, ints: Array.from({ length: 100_000 }, () => 1) }],
    ["documentation", { name: "a", docString: "x".repeat(1_000_000) }],
  ])("leaves %s of an attribute out where they are long", (_, attribute) => {
    const nodes = [{ opType: "EPContext", domain: "acme", input: ["x"], output: ["y"], attribute: [attribute] }];
    const proto = modelProto({
      inputs: { x: [1, 3] },
      nodes: [node("Relu", ["y"], ["z"])],
      valueInfo: { y: [1, 3] },
      domains: { acme: 1 },
    });
    const graph = { ...proto.graph, node: [...nodes, ...(proto.graph?.node ?? [])] };
    const bytes = encodeModel({ ...proto, graph });
    expect(readSkeleton(asByteSource(bytes), {}).length).toBeLessThan(20_000);
    const { network } = importOnnx(bytes, { file: "test.onnx" });
    expect(network.layers.map(({ op, attributes }) => [op, attributes])).toEqual([
      ["EPContext", {}],
      ["Relu", {}],
    ]);
  });

  it("leaves long fields out that it does not know, at every level", () => {
    const small = model({ inputs: { x: [1, 2] }, nodes: [node("Relu", ["x"], ["y"])] });
    // Field 200 of a model: 100 kB.
    const unknown = [0xc2, 0x0c, 0xa0, 0x8d, 0x06, ...new Uint8Array(100_000)];
    expect(readSkeleton(asByteSource(Uint8Array.from([...small, ...unknown])), {})).toEqual(new Uint8Array(small));
  });

  it("what is left out is not known, or a diagnostic where an operator needs it", () => {
    const long = Array.from({ length: 20_000 }, (_, i) => i);
    const constant = {
      inputs: { x: [1] },
      nodes: [node("Constant", [], ["c"], { value_ints: long }), node("Add", ["x", "c"], ["y"])],
    };
    const { network } = importOnnx(model(constant), { file: "test.onnx" });
    expect(network.coverage[1]).toMatchObject({
      status: "refused",
      reason: expect.stringMatching(/'value_ints' .* too long/),
    });
    const wrong = model({ opset: 11, inputs: { x: [1] }, nodes: [node("Unsqueeze", ["x"], ["y"], { axes: long })] });
    expect(codesOf(() => importOnnx(wrong, { file: "test.onnx" }))).toEqual(["attribute-type"]);
  });

  it("copies a model without large tensors byte for byte", () => {
    const small = model({ inputs: { x: [1, 2] }, nodes: [node("Relu", ["x"], ["y"])] });
    expect(readSkeleton(asByteSource(small), {})).toEqual(new Uint8Array(small));
  });

  it("reads a file piece by piece and skips what it does not need", () => {
    const raw = new Uint8Array(40_000_000);
    const proto = modelProto({ inputs: { x: [1, 2] }, nodes: [node("Relu", ["x"], ["y"])] });
    const big = encodeModel({
      ...proto,
      graph: { ...proto.graph, initializer: [{ name: "w", dims: [10_000_000], dataType: 1, rawData: raw }] },
    });
    let read = 0;
    const source: ByteSource = {
      size: big.length,
      read(offset, length) {
        read += length;
        expect(offset + length).toBeLessThanOrEqual(big.length);
        return big.subarray(offset, offset + length);
      },
    };
    expect(readSkeleton(source, {}).length).toBeLessThan(200);
    expect(read).toBeLessThan(300_000);
  });

  test.each`
    cut                    | why
    ${1}                   | ${"after the first tag"}
    ${large.length - 1}    | ${"one byte short"}
    ${large.length - 9000} | ${"inside a payload"}
    ${200}                 | ${"inside the graph"}
  `("notices that the file was cut $why", ({ cut }) => {
    expect(codesOf(() => readSkeleton(asByteSource(large.subarray(0, cut)), {}))).toEqual(["truncated-file"]);
  });

  it("refuses bytes that are no fields", () => {
    expect(codesOf(() => readSkeleton(asByteSource(Uint8Array.of(0x0f, 1, 2)), {}))).toEqual(["malformed-file"]);
  });
});
