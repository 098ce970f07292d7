/** What a user can do wrong, by code; and that one message carries everything that was found. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { verifyNetwork } from "../../../src/ir/verify.js";
import { modelBytes, modelNames } from "../../support/models.js";
import { encodeModel, int64, type ModelSpec, model, modelProto, node, typed } from "../../support/onnx-builder.js";
import { codesOf, diagnosticsOf, importModel } from "../../support/onnx-import.js";

const ascii = (text: string) => new TextEncoder().encode(text);
const read = (bytes: Uint8Array) => diagnosticsOf(() => importOnnx(bytes, { file: "net.onnx" }));

describe("a file that is no ONNX model", () => {
  const tensorOnly = model({ nodes: [] }).subarray(0, 2);
  test.each`
    bytes                                                         | code                | message
    ${new Uint8Array()}                                           | ${"empty-file"}     | ${/empty/}
    ${ascii("version https://git-lfs.github.com/spec/v1\noid s")} | ${"not-onnx"}       | ${/Git LFS pointer/}
    ${Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)}          | ${"not-onnx"}       | ${/PNG/}
    ${ascii("PK\u0003\u0004\u0014\u0000")}                        | ${"not-onnx"}       | ${/zip/}
    ${Uint8Array.of(0x1f, 0x8b, 8, 0)}                            | ${"not-onnx"}       | ${/gzip/}
    ${ascii("\u001c\u0000\u0000\u0000TFL3")}                      | ${"not-onnx"}       | ${/TensorFlow Lite/}
    ${ascii("<!DOCTYPE html><html>")}                             | ${"not-onnx"}       | ${/web page/}
    ${ascii('{"model": 1}')}                                      | ${"not-onnx"}       | ${/JSON/}
    ${ascii("ir_version: 8\ngraph {}")}                           | ${"not-onnx"}       | ${/text form/}
    ${ascii("hello, this is a readme")}                           | ${"not-onnx"}       | ${/text file/}
    ${tensorOnly}                                                 | ${"no-graph"}       | ${/no graph/}
    ${Uint8Array.of(0x0b, 0xff)}                                  | ${"malformed-file"} | ${/offset 0/}
    ${Uint8Array.of(0x0a, 0x05, 0x01)}                            | ${"truncated-file"} | ${/ends early/}
  `("$code: $message", ({ bytes, code, message }) => {
    const found = read(bytes);
    expect(found.map((d) => d.code)).toEqual([code]);
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.where.file).toBe("net.onnx");
  });

  it("notices that a model was cut short, wherever", () => {
    const bytes = model({ inputs: { x: [1, 2] }, nodes: [node("Relu", ["x"], ["y"])] });
    for (let length = 1; length < bytes.length; length++)
      expect(["truncated-file", "no-graph", "missing-opset"]).toContain(read(bytes.subarray(0, length))[0]?.code);
  });
});

const x = { x: [1, 4, 8, 8] };
const conv = (attributes: Parameters<typeof node>[3], w: readonly number[] = [4, 4, 3, 3], input = x): ModelSpec => ({
  inputs: input,
  initializers: { w },
  nodes: [node("Conv", ["x", "w"], ["y"], attributes, "c")],
});
const unary = (opType: string, attributes: Parameters<typeof node>[3], opset = 17): ModelSpec => ({
  inputs: x,
  opset,
  nodes: [node(opType, ["x"], ["y"], attributes, "n")],
});

describe("a graph or node that is wrong", () => {
  test.each<[code: string, message: RegExp, spec: ModelSpec]>([
    ["missing-opset", /IR version 8/, { ...unary("Relu", {}), opset: undefined }],
    ["undefined-value", /input 'zz' is nowhere/, { inputs: x, nodes: [node("Relu", ["zz"], ["y"])] }],
    ["undefined-output", /output 'q'/, { ...unary("Relu", {}), outputs: { q: [1] } }],
    [
      "duplicate-value",
      /'y' is defined twice/,
      { inputs: x, nodes: [node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])] },
    ],
    ["duplicate-value", /'x' is defined twice/, { inputs: x, nodes: [node("Relu", ["x"], ["x"])], outputs: {} }],
    ["node-without-output", /no output/, { inputs: x, nodes: [node("Relu", ["x"], [], {}, "n")] }],
    [
      "cyclic-graph",
      /'a' → 'b' → 'a'|'b' → 'a' → 'b'/,
      { inputs: x, nodes: [node("Add", ["x", "q"], ["p"], {}, "a"), node("Relu", ["p"], ["q"], {}, "b")] },
    ],
    ["bad-dimension", /axis 1 of 'x' has -5/, { inputs: { x: [1, -5] }, nodes: [node("Relu", ["x"], ["y"])] }],
    [
      "bad-dimension",
      /axis 0 of 'w' has 9999999999/,
      { inputs: x, initializers: { w: [9999999999] }, nodes: [node("Add", ["x", "w"], ["y"])] },
    ],
    ["tensor-too-large", /'x'|'y'/, { inputs: { x: [2 ** 30, 2 ** 30, 4] }, nodes: [node("Relu", ["x"], ["y"])] }],
    ["attribute-value", /'strides' is \[0, 1\]/, conv({ strides: [0, 1] })],
    ["attribute-value", /'dilations'/, conv({ dilations: [1, 0] })],
    ["attribute-value", /'pads'/, conv({ pads: [0, 0, -1, 0] })],
    ["attribute-value", /'group' is 0/, conv({ group: 0 })],
    ["attribute-value", /'kernel_shape' is \[5, 5\]/, conv({ kernel_shape: [5, 5] })],
    ["attribute-value", /'auto_pad' is 'MAYBE'; expected one of NOTSET/, conv({ auto_pad: "MAYBE" })],
    ["attribute-value", /'kernel_shape' is left out/, unary("MaxPool", {})],
    ["attribute-value", /'axis' is 4/, { inputs: x, nodes: [node("Concat", ["x", "x"], ["y"], { axis: 4 })] }],
    ["attribute-value", /'perm'/, unary("Transpose", { perm: [0, 1, 1, 2] })],
    ["attribute-value", /'blocksize' is 0/, unary("DepthToSpace", { blocksize: 0 })],
    ["attribute-type", /'strides' is float; expected a list of integers/, conv({ strides: typed("FLOAT", 1) })],
    ["attribute-type", /'axis' is string; expected an integer/, unary("Softmax", { axis: "1" })],
    ["shape-mismatch", /4 channels, .* 2 groups take 8/, conv({ group: 2 })],
    ["shape-mismatch", /3 output channels in 2 groups/, conv({ group: 2 }, [3, 2, 3, 3])],
    ["shape-mismatch", /'strides' has 1 entries/, conv({ strides: [2] })],
    [
      "shape-mismatch",
      /extents that are equal or 1/,
      { inputs: { ...x, z: [3] }, nodes: [node("Add", ["x", "z"], ["y"])] },
    ],
    [
      "shape-mismatch",
      /columns, the second 5 rows/,
      { inputs: { x: [2, 4] }, initializers: { w: [5, 3] }, nodes: [node("MatMul", ["x", "w"], ["y"])] },
    ],
    [
      "shape-mismatch",
      /does not fill/,
      { inputs: x, initializers: { s: int64([3, -1]) }, nodes: [node("Reshape", ["x", "s"], ["y"])] },
    ],
    ["shape-mismatch", /axis 1 of .* is squeezed/, unary("Squeeze", { axes: [1] }, 11)],
    ["shape-mismatch", /4 channels; expected a multiple of 9/, unary("DepthToSpace", { blocksize: 3 })],
    ["window-too-large", /covers 9 rows, the padded input has 8/, conv({}, [4, 4, 9, 3])],
    [
      "operand-value",
      /an index is 9; expected -4 to 3/,
      { inputs: x, initializers: { i: int64([0, 9]) }, nodes: [node("Gather", ["x", "i"], ["y"], { axis: 1 })] },
    ],
    [
      "wrong-rank",
      /'s' has 0 axes; expected 3/,
      { inputs: { s: [] }, opset: 23, nodes: [node("RotaryEmbedding", ["s"], ["y"])] },
    ],
    ["wrong-rank", /'w' has 3 axes; expected 4/, conv({}, [4, 4, 3])],
    ["wrong-rank", /'x' has 2 axes/, { ...unary("GlobalAveragePool", {}), inputs: { x: [1, 4] } }],
    ["missing-operand", /Conv has no input 1/, { inputs: x, nodes: [node("Conv", ["x"], ["y"])] }],
  ])("%s: %s", (code, message, spec) => {
    const found = diagnosticsOf(() => importModel(spec));
    expect(found.map((d) => d.code)).toContain(code);
    expect(found.find((d) => d.code === code)?.message).toMatch(message);
  });

  it("is reported at its node, with everything else that is wrong", () => {
    const found = diagnosticsOf(() =>
      importModel({
        inputs: x,
        initializers: { w: [4, 4, 3, 3] },
        nodes: [
          node("Conv", ["x", "w"], ["y"], { strides: [0, 0] }, "first"),
          node("Relu", ["y"], ["r"], {}, "behind"),
          node("Conv", ["x", "w"], ["z"], { group: 3 }, "second"),
        ],
      }),
    );
    expect(found.map(({ code, where }) => [code, where.node])).toEqual([
      ["attribute-value", "first"],
      ["shape-mismatch", "second"],
    ]);
    expect(found.every(({ hint, where }) => hint !== "" && where.file === "test.onnx")).toBe(true);
  });

  it("suggests the name that was meant", () => {
    const [found] = diagnosticsOf(() =>
      importModel({ inputs: { image: [1, 2] }, nodes: [node("Relu", ["imag"], ["y"])] }),
    );
    expect(found?.hint).toBe("did you mean 'image'?");
  });

  it("is a wrong binding, too", () => {
    const spec = { inputs: { x: ["N", "H"] }, nodes: [node("Relu", ["x"], ["y"])] };
    expect(codesOf(() => importModel(spec, { W: 3 }))).toEqual(["unknown-symbol"]);
    expect(codesOf(() => importModel(spec, { H: 0 }))).toEqual(["bad-binding"]);
    expect(codesOf(() => importModel(spec, { H: 1.5 }))).toEqual(["bad-binding"]);
  });
});

describe("a model of the first IR versions", () => {
  it("implies operator set 1 and leaves attribute types out", () => {
    const proto = modelProto({
      inputs: { x: [1, 4, 8, 8] },
      initializers: { b: [4] },
      nodes: [node("Add", ["x", "b"], ["y"], { broadcast: 1, axis: 1 }, "add")],
      opset: undefined,
      irVersion: 1,
    });
    for (const { attribute } of proto.graph?.node ?? []) for (const entry of attribute ?? []) delete entry.type;
    const { network } = importOnnx(encodeModel(proto), { file: "old.onnx" });
    expect(network.layers[0]?.operands[2]?.axes).toEqual([{ kind: "pointwise", loops: ["G"] }]);
  });
});

describe("a spoilt file", () => {
  const small = modelNames.map((name) => modelBytes(name)).filter(({ length }) => length < 12_000);
  const spoilt = fc
    .tuple(
      fc.constantFrom(...small),
      fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    )
    .map(([bytes, changes]) => {
      const copy = Uint8Array.from(bytes);
      for (const [place, value] of changes) copy[Math.floor(place * copy.length)] = value;
      return copy;
    });

  it("is refused with diagnostics or gives a valid network, but never breaks the importer", () => {
    fc.assert(
      fc.property(spoilt, (bytes) => {
        const found = diagnosticsOf(() => {
          const { network } = importOnnx(bytes, { file: "spoilt.onnx" });
          expect(verifyNetwork(network)).toEqual([]);
        });
        expect(found.every(({ message }) => message !== "")).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
