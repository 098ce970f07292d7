/** Lists that take two bytes of a file and hundreds of memory per entry: too many are refused before one is made. */
import protobuf from "protobufjs/minimal.js";
import { describe, expect, it, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { encodeModel, int64, model, modelProto, node } from "../../support/onnx-builder.js";
import { codesOf, diagnosticsOf, importModel } from "../../support/onnx-import.js";

const varint = (value: number): Uint8Array => protobuf.Writer.create().uint32(value).finish();
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const field = (number: number, content: Uint8Array): Uint8Array =>
  concat(varint((number << 3) | 2), varint(content.length), content);

/** An empty message, again and again. */
const empties = (number: number, count: number): Uint8Array => {
  const one = field(number, new Uint8Array());
  return Uint8Array.from({ length: one.length * count }, (_, i) => one[i % one.length] ?? 0);
};

const good = model({ inputs: { x: [1, 2] }, nodes: [node("Relu", ["x"], ["y"])] });
const header = encodeModel({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }] });
const withGraph = (...parts: readonly Uint8Array[]): Uint8Array => concat(header, field(7, concat(...parts)));
const inNode = (...parts: readonly Uint8Array[]): Uint8Array => withGraph(field(1, concat(...parts)));

const MANY = 3_000_000;

describe("a file of millions of", () => {
  test.each<[what: string, bytes: Uint8Array, found: RegExp]>([
    ["nodes", withGraph(empties(1, MANY)), /more than 150000 nodes/],
    ["nodes of a function", concat(good, field(25, empties(7, MANY))), /more than 150000 nodes/],
    ["initializers", withGraph(empties(5, MANY)), /more than 150000 tensors/],
    ["sparse initializers", withGraph(empties(15, MANY)), /more than 150000 tensors/],
    ["declared values", withGraph(empties(13, MANY)), /more than 300000 values/],
    ["functions", concat(good, empties(25, MANY)), /more than 50000 functions/],
    ["operator sets", concat(good, empties(8, MANY)), /more than 10000 operator sets/],
    ["inputs of a node", inNode(empties(1, MANY)), /more than 600000 names/],
    ["attributes of a node", inNode(empties(5, MANY)), /more than 300000 attributes/],
    ["bodies of control flow", inNode(field(5, empties(11, MANY))), /more than 20000 bodies/],
    ["entries of external data", withGraph(field(5, empties(13, MANY))), /more than 200000 entries/],
  ])("%s is refused before they are read", (_, bytes, found) => {
    const before = process.memoryUsage().rss;
    const [problem] = diagnosticsOf(() => importOnnx(bytes, { file: "test.onnx" }));
    expect(problem).toMatchObject({ code: "too-many-items", severity: "error" });
    expect(problem?.message).toMatch(found);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200);
  });

  test.each<[what: string, bytes: Uint8Array]>([
    ["extents of an initializer, packed", withGraph(field(5, field(1, new Uint8Array(MANY).fill(1))))],
    ["extents of an input", withGraph(field(11, field(2, field(1, field(2, empties(1, MANY))))))],
  ])("%s is refused, too", (_, bytes) => {
    expect(codesOf(() => importOnnx(bytes, { file: "test.onnx" }))).toEqual(["too-many-axes"]);
  });

  test.each<[what: string, bytes: Uint8Array]>([
    ["entries of metadata", concat(good, empties(14, MANY))],
    [
      "empty texts of a tensor",
      concat(good, field(7, field(5, concat(field(8, new Uint8Array([0x77])), empties(6, MANY))))),
    ],
  ])("%s is read without them", (_, bytes) => {
    const before = process.memoryUsage().rss;
    expect(codesOf(() => importOnnx(bytes, { file: "test.onnx" }))).toEqual([]);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200);
  });
});

it("short messages count like long ones", () => {
  const attributes = field(1, concat(field(2, new Uint8Array([0x79])), empties(5, 300)));
  const nodes = Uint8Array.from(Buffer.concat(Array.from({ length: 2000 }, () => attributes)));
  const [problem] = diagnosticsOf(() => importOnnx(withGraph(nodes), { file: "test.onnx" }));
  expect(problem?.message).toMatch(/more than 300000 attributes/);
});

it("as many as real models have are none too many", () => {
  const count = 30_000;
  const nodes = Array.from({ length: count }, (_, i) =>
    node("Concat", ["x", "s"], [`y${i}`], { axis: 0, a: 1, b: [1, 2, 3] }),
  );
  const spec = { inputs: { x: [2] }, initializers: { s: int64([1, 2]) }, nodes };
  expect(importModel(spec).network.layers).toHaveLength(count);
  expect(modelProto(spec).graph?.node).toHaveLength(count);
});
