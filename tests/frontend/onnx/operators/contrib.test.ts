import { describe, expect, it, test } from "vitest";
import {
  type Dims,
  float,
  int64,
  type ModelSpec,
  type NodeSpec,
  node,
  type TensorSpec,
} from "../../../support/onnx-builder.js";
import { importModel, shapeOf } from "../../../support/onnx-import.js";

const MS = "com.microsoft";

interface Case {
  readonly op: string;
  readonly x: Dims;
  /** Further inputs in their order: a list of extents is a constant without values, an empty name a gap. */
  readonly others?: Readonly<Record<string, readonly number[] | TensorSpec>>;
  readonly attributes?: NodeSpec["attributes"];
  readonly outputs?: readonly string[];
  readonly domain?: string;
}

const spec = ({ op, x, others = {}, attributes = {}, outputs = ["y"], domain = MS }: Case): ModelSpec => ({
  opset: 24,
  inputs: { x },
  initializers: others,
  domains: { [MS]: 1, "ai.onnx.ml": 3 },
  nodes: [node(op, ["x", ...Object.keys(others)], outputs, attributes, "n", domain)],
});

describe("shapes of", () => {
  test.each<[what: string, single: Case, shape: readonly number[]]>([
    [
      "NhwcConv",
      { op: "NhwcConv", x: [1, 8, 10, 3], others: { w: [4, 3, 3, 3] }, attributes: { strides: [2, 2] } },
      [1, 3, 4, 4],
    ],
    [
      "NhwcMaxPool",
      { op: "NhwcMaxPool", x: [1, 8, 10, 3], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      [1, 4, 5, 3],
    ],
    [
      "FusedGemm",
      { op: "FusedGemm", x: [2, 3], others: { w: [4, 3] }, attributes: { transB: 1, activation: "Relu" } },
      [2, 4],
    ],
    ["GemmFastGelu", { op: "GemmFastGelu", x: [2, 5, 3], others: { w: [3, 4], b: [4] } }, [2, 5, 4]],
    [
      "FusedMatMulActivation",
      {
        op: "FusedMatMulActivation",
        x: [2, 5, 3],
        others: { w: [4, 3] },
        attributes: { transB: 1, activation: "Relu" },
      },
      [2, 5, 4],
    ],
    [
      "BiasSoftmax",
      { op: "BiasSoftmax", x: [2, 4, 5, 5], others: { b: [2, 1, 1, 5] }, attributes: { axis: 3 } },
      [2, 4, 5, 5],
    ],
    ["BiasSplitGelu", { op: "BiasSplitGelu", x: [2, 5, 8], others: { b: [8] } }, [2, 5, 4]],
    [
      "GroupNorm",
      { op: "GroupNorm", x: [1, 4, 4, 8], others: { g: [8], b: [8] }, attributes: { groups: 2 } },
      [1, 4, 4, 8],
    ],
    [
      "SkipGroupNorm",
      { op: "SkipGroupNorm", x: [1, 4, 4, 8], others: { g: [8], b: [8], s: [1, 4, 4, 8] }, attributes: { groups: 2 } },
      [1, 4, 4, 8],
    ],
    [
      "QLinearWhere",
      { op: "QLinearWhere", x: [2, 1], others: { a: [2, 3], as: [], az: [], b: [3], bs: [], bz: [], ys: [], yz: [] } },
      [2, 3],
    ],
    ["Pad", { op: "Pad", x: [2, 3], others: { p: int64([0, 1, 0, 2]) } }, [2, 6]],
    ["ExpandDims", { op: "ExpandDims", x: [2, 3], others: { a: int64(1) } }, [2, 1, 3]],
    ["GatherND", { op: "GatherND", x: [2, 3, 4], others: { i: [5, 2] } }, [5, 4]],
    ["GatherBlockQuantized", { op: "GatherBlockQuantized", x: [9, 16], others: { i: [2, 5], s: [9, 1] } }, [2, 5, 16]],
    [
      "RelativePositionBias",
      { op: "RelativePositionBias", x: [32, 8], others: { q: int64(5), k: int64(7) } },
      [1, 8, 5, 7],
    ],
    [
      "CropAndResize",
      { op: "CropAndResize", x: [1, 3, 20, 20], others: { r: [6, 4], b: [6], c: int64([7, 9]) } },
      [6, 3, 7, 9],
    ],
    ["Rfft", { op: "Rfft", x: [2, 3, 8], attributes: { onesided: 1, signal_ndim: 1 } }, [2, 3, 5, 2]],
    ["Irfft", { op: "Irfft", x: [2, 3, 5, 2], attributes: { onesided: 1, signal_ndim: 1 } }, [2, 3, 8]],
    ["CDist", { op: "CDist", x: [4, 3], others: { b: [5, 3] } }, [4, 5]],
    [
      "BeamSearch",
      { op: "BeamSearch", x: [2, 4], others: { m: int64([20]), n: int64([1]), b: int64([4]), r: int64([3]) } },
      [2, 3, 20],
    ],
    ["GreedySearch", { op: "GreedySearch", x: [2, 4], others: { m: int64([20]) } }, [2, 20]],
    ["SwiGLU", { op: "SwiGLU", x: [2, 3], others: { b: [2, 3] }, domain: "" }, [2, 3]],
    ["BitCast", { op: "BitCast", x: [2, 3], attributes: { to: 6 }, domain: "" }, [2, 3]],
    [
      "CausalConvWithState",
      { op: "CausalConvWithState", x: [2, 4, 9], others: { w: [4, 1, 3] }, domain: "" },
      [2, 4, 9],
    ],
    [
      "LinearAttention",
      {
        op: "LinearAttention",
        x: [2, 6, 12],
        others: { k: [2, 6, 8], v: [2, 6, 10] },
        attributes: { q_num_heads: 4, kv_num_heads: 2 },
        domain: "",
      },
      [2, 6, 20],
    ],
    [
      "LinearClassifier",
      {
        op: "LinearClassifier",
        x: [7, 4],
        attributes: { classlabels_ints: [0, 1, 2] },
        outputs: ["l", "y"],
        domain: "ai.onnx.ml",
      },
      [7, 3],
    ],
    ["LinearRegressor", { op: "LinearRegressor", x: [7, 4], attributes: { targets: 2 }, domain: "ai.onnx.ml" }, [7, 2]],
    [
      "TreeEnsembleClassifier",
      {
        op: "TreeEnsembleClassifier",
        x: [7, 4],
        attributes: { classlabels_strings: ["a", "b"] },
        outputs: ["l", "y"],
        domain: "ai.onnx.ml",
      },
      [7, 2],
    ],
    [
      "TreeEnsembleRegressor",
      { op: "TreeEnsembleRegressor", x: [7, 4], attributes: { n_targets: 3 }, domain: "ai.onnx.ml" },
      [7, 3],
    ],
    ["SVMRegressor", { op: "SVMRegressor", x: [7, 4], domain: "ai.onnx.ml" }, [7, 1]],
    ["Scaler", { op: "Scaler", x: [7, 4], domain: "ai.onnx.ml" }, [7, 4]],
    ["Normalizer", { op: "Normalizer", x: [7, 4], domain: "ai.onnx.ml" }, [7, 4]],
    [
      "OneHotEncoder",
      { op: "OneHotEncoder", x: [7], attributes: { cats_int64s: [1, 2, 3] }, domain: "ai.onnx.ml" },
      [7, 3],
    ],
    [
      "ArrayFeatureExtractor",
      { op: "ArrayFeatureExtractor", x: [7, 4], others: { i: int64([0, 2]) }, domain: "ai.onnx.ml" },
      [7, 2],
    ],
    [
      "FeatureVectorizer",
      { op: "FeatureVectorizer", x: [7, 4], attributes: { inputdimensions: [4, 5] }, domain: "ai.onnx.ml" },
      [7, 9],
    ],
  ])("%s", (_, single, shape) => {
    expect(shapeOf(spec(single), "y")).toEqual(shape);
  });

  it("a range of the runtime's own", () => {
    const nodes = [node("Range", ["a", "b", "c"], ["r"], {}, "n", MS), node("Add", ["x", "r"], ["y"])];
    const initializers = { a: int64(0), b: int64(7), c: int64(2) };
    expect(shapeOf({ inputs: { x: [3, 1] }, initializers, domains: { [MS]: 1 }, nodes }, "y")).toEqual([3, 4]);
  });
});

describe("what follows a product in the same node is costed", () => {
  const ops = (single: Case) => {
    const { network } = importModel(spec(single));
    return { ops: network.layers.map(({ op }) => op), reason: network.coverage[0]?.reason };
  };

  test.each<[single: Case, ops: readonly string[], reason: RegExp | undefined]>([
    [
      { op: "FusedConv", x: [1, 3, 8, 8], others: { w: [4, 3, 1, 1] }, attributes: { activation: "Relu" } },
      ["FusedConv", "Relu"],
      /the product, then Relu$/,
    ],
    [{ op: "FusedConv", x: [1, 3, 8, 8], others: { w: [4, 3, 1, 1] } }, ["FusedConv"], undefined],
    [
      {
        op: "NhwcFusedConv",
        x: [1, 8, 8, 3],
        others: { w: [4, 3, 1, 1], b: [4], z: [1, 8, 8, 4] },
        attributes: { activation: "Relu" },
      },
      ["NhwcFusedConv", "Add", "Relu"],
      /then Add, then Relu$/,
    ],
    [
      {
        op: "FusedGemm",
        x: [2, 3],
        others: { w: [3, 4] },
        attributes: { activation: "LeakyRelu", activation_alpha: 0.5 },
      },
      ["FusedGemm", "LeakyRelu"],
      /then LeakyRelu/,
    ],
    [
      { op: "FusedMatMulActivation", x: [2, 3], others: { w: [3, 4] }, attributes: { activation: "Tanh" } },
      ["Einsum", "Tanh"],
      /2 parts/,
    ],
    [{ op: "GemmFastGelu", x: [2, 3], others: { w: [3, 4], b: [4] } }, ["MatMul", "Add", "Gelu"], /3 parts/],
  ])("$op", (single, expected, reason) => {
    const found = ops(single);
    expect(found.ops).toEqual(expected);
    if (reason === undefined) expect(found.reason).toBeUndefined();
    else expect(found.reason).toMatch(reason);
  });
});

it("multiply-accumulates of fused and channels-last convolutions are counted apart", () => {
  const nhwc = importModel(spec({ op: "NhwcConv", x: [1, 8, 8, 3], others: { w: [4, 3, 1, 1] } })).totals;
  const fused = { op: "FusedConv", x: [1, 3, 8, 8], others: { w: [4, 3, 1, 1] }, attributes: { activation: "Relu" } };
  const macs = 8 * 8 * 3 * 4;
  expect([nhwc.macs, nhwc.other.macs]).toEqual([0, macs]);
  expect(importModel(spec(fused)).totals.other.macs).toBe(macs);
});

it("linear models multiply", () => {
  const single = { op: "LinearRegressor", x: [7, 4], attributes: { targets: 2 }, domain: "ai.onnx.ml" };
  const { network, totals } = importModel(spec(single));
  expect([totals.other.macs, network.layers[0]?.macs]).toEqual([56, 56]);
});

it("a quantised cell is told like any other", () => {
  const others = { w: [1, 3, 16], r: [1, 4, 16] };
  const single = {
    op: "DynamicQuantizeLSTM",
    x: [5, 1, 3],
    others,
    attributes: { hidden_size: 4 },
    outputs: ["y", "h", "c"],
  };
  const { totals, network } = importModel(spec(single));
  expect(totals.other.macs).toBe(5 * 16 * 3 + 5 * 16 * 4);
  expect(network.coverage).toMatchObject([{ status: "lowered" }]);
  expect(shapeOf(spec(single), "h")).toEqual([1, 1, 4]);
});

describe("operators of which the parts are not told", () => {
  it("say so, and what follows them is understood", () => {
    const single = {
      op: "MoE",
      x: [2, 6],
      others: { p: [2, 4], w: [4, 6, 8], b: [4, 8], v: [4, 8, 6] },
      attributes: { k: 2 },
    };
    const { network, diagnostics } = importModel(spec(single));
    expect(network.coverage).toMatchObject([{ status: "opaque", reason: expect.stringMatching(/parts are not told/) }]);
    expect(diagnostics.map(({ code }) => code)).toEqual(["operator-not-understood"]);
  });

  it("maps of names are no tensors", () => {
    const labels = node("LinearClassifier", ["x"], ["l", "s"], { classlabels_ints: [0, 1] }, "c", "ai.onnx.ml");
    const zip = node("ZipMap", ["s"], ["z"], { classlabels_int64s: [0, 1] }, "zip", "ai.onnx.ml");
    const model = { inputs: { x: [3, 4] }, domains: { "ai.onnx.ml": 3 }, nodes: [labels, zip] };
    expect(importModel(model).network.coverage).toMatchObject([
      { status: "lowered" },
      { status: "refused", reason: expect.stringMatching(/maps, not tensors/) },
    ]);
  });
});

describe("the standard attention", () => {
  const heads = (mask: readonly number[], past: readonly number[] = []): ModelSpec => ({
    opset: 23,
    inputs: { q: [2, 9, 4, 8], k: [2, 3, 6, 8], v: [2, 3, 6, 8], m: mask },
    initializers: past.length === 0 ? {} : { pk: past, pv: past },
    nodes: [
      node(
        "Attention",
        ["q", "k", "v", "m", ...(past.length === 0 ? [] : ["pk", "pv"])],
        past.length === 0 ? ["y"] : ["y", "ck", "cv"],
        {},
        "n",
      ),
    ],
  });

  test.each<[what: string, mask: readonly number[], past: readonly number[], masked: number]>([
    ["a mask for all heads, of which several share their keys", [4, 6], [], 1],
    ["a mask per head", [2, 9, 4, 6], [], 1],
    ["keys of earlier runs", [4, 18], [2, 3, 12, 8], 1],
    ["a mask that ends before the keys do", [4, 5], [], 0],
  ])("with %s", (_, mask, past, masked) => {
    const { network } = importModel(heads(mask, past));
    expect(network.coverage).toMatchObject([{ status: "lowered" }]);
    expect(network.layers.filter(({ op }) => op === "Add")).toHaveLength(masked);
    expect(shapeOf(heads(mask, past), "y")).toEqual([2, 9, 4, 8]);
  });
});

describe("a tensor without elements", () => {
  const empty = { initializers: { f: float([], [2, 0]), l: float([], [0]) } };
  const x = { x: [2, 3], u: [2, 0] };

  it("contributes nothing to a concatenation", () => {
    const nodes = [node("Concat", ["f", "x", "u", "x"], ["y"], { axis: 1 }, "n")];
    const { network } = importModel({ inputs: x, ...empty, nodes });
    expect(network.layers.map(({ operands }) => operands.map(({ tensor }) => tensor))).toEqual([["y", "x", "x"]]);
    expect(shapeOf({ inputs: x, ...empty, nodes }, "y")).toEqual([2, 6]);
  });

  it("makes a concatenation with one other a view, whatever its rank", () => {
    const nodes = [node("Concat", ["l", "x"], ["y"], { axis: 1 }, "n")];
    expect(importModel({ inputs: x, ...empty, nodes }).network.coverage).toMatchObject([{ status: "view" }]);
    expect(shapeOf({ inputs: x, ...empty, nodes }, "y")).toEqual([2, 3]);
  });
});

it("a one-sided spectrum has twice as many samples less two", () => {
  const nodes = [node("DFT", ["x"], ["y"], { axis: 1, inverse: 1, onesided: 1 })];
  expect(shapeOf({ opset: 19, inputs: { x: [1, 6, 10, 2] }, nodes }, "y")).toEqual([1, 10, 10, 1]);
});
