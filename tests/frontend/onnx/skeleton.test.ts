import onnxProto from "onnx-proto";
import { describe, expect, it, test } from "vitest";
import { asByteSource, type ByteSource } from "../../../src/frontend/onnx/byte-source.js";
import { PAYLOAD_LIMIT, readSkeleton } from "../../../src/frontend/onnx/skeleton.js";
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

describe("readSkeleton", () => {
  it("leaves large payloads out and everything else as it is", () => {
    const { bytes, payloads } = readSkeleton(asByteSource(large), {});
    expect(bytes.length).toBeLessThan(PAYLOAD_LIMIT);
    expect(payloads.map(({ tensor, length }) => [tensor, length])).toEqual([
      ["", 4000],
      ["w", 4 * 64 * 8 * 9],
      ["e", 8000],
    ]);
    const full = onnxProto.onnx.ModelProto.decode(large);
    for (const tensor of full.graph?.initializer ?? [])
      if ((tensor.floatData?.length ?? 0) > 256) tensor.floatData = [];
    for (const attribute of full.graph?.node?.[0]?.attribute ?? []) if (attribute.t) attribute.t.floatData = [];
    expect(onnxProto.onnx.ModelProto.decode(bytes).toJSON()).toEqual(full.toJSON());
  });

  it("says where in the file a payload stands", () => {
    const { payloads } = readSkeleton(asByteSource(large), {});
    const [constant] = payloads;
    const start = constant?.offset ?? 0;
    const view = new DataView(large.buffer, large.byteOffset, large.length);
    expect(view.getFloat32(start, true)).toBe(3);
  });

  it("copies a model without large tensors byte for byte", () => {
    const small = model({ inputs: { x: [1, 2] }, nodes: [node("Relu", ["x"], ["y"])] });
    expect(readSkeleton(asByteSource(small), {}).bytes).toEqual(new Uint8Array(small));
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
    expect(readSkeleton(source, {}).bytes.length).toBeLessThan(200);
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
