import { describe, expect, it, test } from "vitest";
import { float, int64, type ModelSpec, node, type TensorSpec } from "../../../support/onnx-builder.js";
import { codesOf, importModel, layerOf, printLayer, shapeOf, tensorOf } from "../../../support/onnx-import.js";

const UINT8 = 2;
const INT8 = 3;
const bytes = (type: number, dims: readonly number[] = []): TensorSpec => ({ dims, type });
const scale = float(0.5);

describe("quantised forms have the loops of the plain operator, and scales beside them", () => {
  const conv = { xs: scale, xz: bytes(UINT8), w: bytes(INT8, [4, 3, 3, 3]), ws: scale, wz: bytes(INT8) };
  const result = { ys: scale, yz: bytes(INT8) };
  const product = { xs: scale, xz: bytes(UINT8), w: bytes(INT8, [8, 4]), ws: scale, wz: bytes(INT8), ...result };
  test.each`
    op                 | domain | x               | constants                           | loops                         | macs              | bits
    ${"QLinearConv"}   | ${""}  | ${[1, 3, 8, 8]} | ${{ ...conv, ...result }}           | ${"B1 K4 C3 OY6 OX6 FY3 FX3"} | ${4 * 3 * 9 * 36} | ${8}
    ${"ConvInteger"}   | ${""}  | ${[1, 3, 8, 8]} | ${{ w: bytes(INT8, [4, 3, 3, 3]) }} | ${"B1 K4 C3 OY6 OX6 FY3 FX3"} | ${4 * 3 * 9 * 36} | ${undefined}
    ${"QLinearMatMul"} | ${""}  | ${[5, 8]}       | ${product}                          | ${"B1 K4 C8 OY1 OX5"}         | ${5 * 8 * 4}      | ${8}
    ${"MatMulInteger"} | ${""}  | ${[5, 8]}       | ${{ w: bytes(INT8, [8, 4]) }}       | ${"B1 K4 C8 OY1 OX5"}         | ${5 * 8 * 4}      | ${undefined}
  `("$op", ({ op, x, constants, loops, macs, bits }) => {
    const spec = single(op, x, constants);
    const imported = importModel(spec);
    const layer = layerOf(imported, "n");
    expect(printLayer(layer)[0]).toBe(loops);
    expect(imported.totals).toMatchObject({ macs, byOp: { [op]: { nodes: 1, macs } } });
    expect(imported.totals.weightElements).toBe((constants.w as TensorSpec).dims.reduce((a, b) => a * b, 1));
    expect([tensorOf(imported, "w").bits, tensorOf(imported, "y").bits]).toEqual([8, bits]);
  });

  it("a fused form is counted apart", () => {
    const { totals } = importModel(single("FusedConv", [1, 3, 8, 8], { w: float([1], [4, 3, 1, 1]) }, "com.microsoft"));
    expect(totals).toMatchObject({ macs: 0, weightElements: 0, other: { macs: 4 * 3 * 64 } });
  });

  it("element-wise forms read their operands only", () => {
    const constants = { xs: scale, xz: bytes(UINT8), z: bytes(UINT8, [3, 1, 1]), zs: scale, zz: bytes(UINT8) };
    const layer = layerOf(importModel(single("QLinearAdd", [1, 3, 4, 4], constants, "com.microsoft")), "n");
    expect(printLayer(layer)[1]).toBe("O[B, G, OY, OX] X[B, G, OY, OX] W[G, 0, 0]");
    expect(layer.parameters.map(({ tensor }) => tensor)).toEqual(["xs", "xz", "zs", "zz"]);
  });

  it("parts of a concatenation stand at every third input", () => {
    const nodes = [
      node("QLinearConcat", ["s", "z", "a", "s", "z", "b", "s", "z"], ["y"], { axis: 1 }, "n", "com.microsoft"),
    ];
    const spec = { inputs: { a: [1, 2, 4], b: [1, 3, 4] }, initializers: { s: scale, z: bytes(UINT8) }, nodes };
    expect(shapeOf({ ...spec, domains: { "com.microsoft": 1 } }, "y")).toEqual([1, 5, 4]);
  });
});

describe("maps whose channels come last", () => {
  const scales = { xs: scale, xz: bytes(UINT8) };
  const ys = { ys: scale, yz: bytes(UINT8) };
  const weights = { w: bytes(INT8, [4, 3, 3, 3]), ws: scale, wz: bytes(INT8) };
  test.each`
    op                            | constants                           | attributes                                   | y               | operands
    ${"QLinearConv"}              | ${{ ...scales, ...weights, ...ys }} | ${{}}                                        | ${[1, 4, 6, 4]} | ${"O[B, OY, OX, K] W[K, C, FY, FX] I[B, 1·OY+1·FY, 1·OX+1·FX, C]"}
    ${"QLinearAveragePool"}       | ${{ ...scales, ...ys }}             | ${{ kernel_shape: [2, 2], strides: [2, 2] }} | ${[1, 3, 4, 3]} | ${"O[B, OY, OX, G] W[FX, FY] I[B, 2·OY+1·FY, 2·OX+1·FX, G]"}
    ${"QLinearGlobalAveragePool"} | ${{ ...scales, ...ys }}             | ${{}}                                        | ${[1, 1, 1, 3]} | ${"O[B, OY, OX, G] W[FX, FY] I[B, 1·OY+1·FY, 1·OX+1·FX, G]"}
  `("$op", ({ op, constants, attributes, y, operands }) => {
    const spec = single(op, [1, 6, 8, 3], constants, "com.microsoft");
    const last = { ...attributes, channels_last: 1 };
    const nodes = spec.nodes.map((entry) => ({ ...entry, attributes: last }));
    expect(shapeOf({ ...spec, nodes }, "y")).toEqual(y);
    const imported = importModel({ ...spec, nodes });
    expect(printLayer(layerOf(imported, "n"))[1]).toBe(operands);
    expect(imported.totals.macs).toBe(op === "QLinearConv" ? 4 * 3 * 9 * 24 : 0);
  });
});

const single = (
  op: string,
  x: readonly number[],
  constants: Readonly<Record<string, TensorSpec>>,
  domain = "",
): ModelSpec => ({
  inputs: { x },
  types: { x: domain === "" ? UINT8 : 1 },
  initializers: constants,
  domains: { "com.microsoft": 1 },
  nodes: [node(op, ["x", ...Object.keys(constants)], ["y"], {}, "n", domain)],
});

describe("quantisers", () => {
  /** x → Q → DQ → Conv with quantised weights → Q → DQ. */
  const chain: ModelSpec = {
    inputs: { x: [1, 3, 4, 4] },
    initializers: { s: scale, z: bytes(UINT8), w: bytes(INT8, [2, 3, 1, 1]), wz: bytes(INT8) },
    nodes: [
      node("QuantizeLinear", ["x", "s", "z"], ["xq"], {}, "q1"),
      node("DequantizeLinear", ["xq", "s", "z"], ["xd"], {}, "d1"),
      node("DequantizeLinear", ["w", "s", "wz"], ["wd"], {}, "dw"),
      node("Conv", ["xd", "wd"], ["c"], {}, "conv"),
      node("QuantizeLinear", ["c", "s", "z"], ["cq"], {}, "q2"),
      node("DequantizeLinear", ["cq", "s", "z"], ["y"], {}, "d2"),
    ],
  };

  it("are views where the integers are read, and operations where the network ends", () => {
    const imported = importModel(chain);
    expect(imported.network.coverage.map(({ node: id, status }) => `${id} ${status}`)).toEqual([
      "q1 lowered",
      "d1 view",
      "dw folded",
      "conv lowered",
      "q2 lowered",
      "d2 lowered",
    ]);
    const [, weights, input] = layerOf(imported, "conv").operands;
    expect([weights?.tensor, input?.tensor]).toEqual(["wd", "xq"]);
    expect(["wd", "xq", "cq"].map((name) => tensorOf(imported, name).bits)).toEqual([8, 8, 8]);
    expect(imported.totals).toMatchObject({ macs: 2 * 3 * 16, weightElements: 6 });
  });

  test.each`
    op                  | domain                       | constants                                              | attributes                  | bits
    ${"Quant"}          | ${"onnx.brevitas"}           | ${{ s: scale, z: float(0), b: float(4) }}              | ${{ signed: 1 }}            | ${4}
    ${"Quant"}          | ${"qonnx.custom_op.general"} | ${{ s: scale, z: float(0), b: float(2.5) }}            | ${{}}                       | ${3}
    ${"BipolarQuant"}   | ${"qonnx.custom_op.general"} | ${{ s: scale }}                                        | ${{}}                       | ${1}
    ${"Trunc"}          | ${"qonnx.custom_op.general"} | ${{ s: scale, z: float(0), i: float(8), o: float(4) }} | ${{}}                       | ${4}
    ${"MultiThreshold"} | ${"finn.custom_op.general"}  | ${{ t: float([1, 2, 3], [1, 3]) }}                     | ${{ out_dtype: "UINT2" }}   | ${2}
    ${"MultiThreshold"} | ${"finn.custom_op.general"}  | ${{ t: float([1], [1, 1]) }}                           | ${{ out_dtype: "BIPOLAR" }} | ${1}
  `("$op of $domain says $bits bits", ({ op, domain, constants, attributes, bits }) => {
    const imported = importModel({
      inputs: { x: [1, 3, 4, 4] },
      initializers: constants,
      domains: { [domain]: 1 },
      nodes: [node(op, ["x", ...Object.keys(constants)], ["y"], attributes, "n", domain)],
    });
    expect(layerOf(imported, "n")).toMatchObject({ kind: "elementwise", macs: 0 });
    expect(tensorOf(imported, "y").bits).toBe(bits);
  });

  it("bits of constants survive what is folded", () => {
    const imported = importModel({
      inputs: { x: [1, 3] },
      initializers: { w: float([1, 2, 3, 4, 5, 6], [2, 3]), s: scale, z: float(0), b: float(3) },
      domains: { "onnx.brevitas": 1 },
      nodes: [
        node("Quant", ["w", "s", "z", "b"], ["wq"], {}, "q", "onnx.brevitas"),
        node("Transpose", ["wq"], ["wt"], {}, "t"),
        node("MatMul", ["x", "wt"], ["y"], {}, "n"),
      ],
    });
    expect(tensorOf(imported, "wt")).toMatchObject({ kind: "weight", bits: 3 });
  });

  test.each([[Number.POSITIVE_INFINITY], [1e30], [0], [65]])("refuse %d bits", (bits) => {
    const constants = { s: scale, z: float(0), b: float(bits) };
    const nodes = [node("Quant", ["x", "s", "z", "b"], ["y"], {}, "n", "onnx.brevitas")];
    const spec = { inputs: { x: [1, 3] }, initializers: constants, domains: { "onnx.brevitas": 1 }, nodes };
    expect(codesOf(() => importModel(spec))).toEqual(["operand-value"]);
  });

  test.each([["UINT0"], ["INT99"]])("refuse %s", (out_dtype) => {
    const nodes = [node("MultiThreshold", ["x", "t"], ["y"], { out_dtype }, "n", "finn.custom_op.general")];
    const spec = {
      inputs: { x: [1, 3] },
      initializers: { t: [3, 2] },
      domains: { "finn.custom_op.general": 1 },
      nodes,
    };
    expect(codesOf(() => importModel(spec))).toEqual(["operand-value"]);
  });

  it("what is cast has the bits of its new type", () => {
    const nodes = [
      node("Cast", ["x"], ["xf"], { to: 1 }, "cast"),
      node("Cast", ["w"], ["wf"], { to: 1 }),
      node("Conv", ["xf", "wf"], ["y"], {}, "n"),
    ];
    const imported = importModel({
      inputs: { x: [1, 3, 4, 4] },
      types: { x: UINT8 },
      initializers: { w: bytes(INT8, [2, 3, 1, 1]) },
      nodes,
    });
    expect(["x", "xf", "wf", "y"].map((name) => tensorOf(imported, name).bits)).toEqual([
      8,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("a dynamic one finds its scale first", () => {
    const imported = importModel({
      inputs: { x: [2, 3] },
      nodes: [node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"], {}, "n")],
    });
    expect(imported.network.layers.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      "n elementwise",
      "n#1 reduction",
      "n#2 reduction",
    ]);
  });

  it("reshaped indices are no quantised numbers", () => {
    const spec = { inputs: { x: [2] }, initializers: { i: int64([1, 0]) }, nodes: [node("Gather", ["x", "i"], ["y"])] };
    expect(tensorOf(importModel(spec), "y").bits).toBeUndefined();
  });
});
