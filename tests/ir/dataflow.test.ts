import { describe, expect, it, test } from "vitest";
import { dataflowFor, dataflowKeys } from "../../src/ir/dataflow.js";
import { type Layer, type LayerKind, layerId } from "../../src/ir/network.js";

const layer = (kind: LayerKind, op: string, sizes: Readonly<Record<string, number>> = {}): Layer => ({
  id: layerId("7"),
  name: "layer1.0.conv2",
  kind,
  op,
  nodes: [],
  loops: Object.entries(sizes).map(([dim, size]) => ({ dim, size })),
  operands: [],
  macs: 0,
  attributes: {},
  postOps: [],
  parameters: [],
  loc: {},
});
const flows = (names: string) => names.split(" ").map((name) => ({ name, unrolling: [], links: {} }));

describe("dataflowFor", () => {
  const conv = layer("conv", "Conv", { K: 8, C: 4 });
  const grouped = layer("conv", "Conv", { G: 2, K: 8, C: 4 });
  const depthwise = layer("conv", "Conv", { G: 32 });
  test.each`
    subject                                         | names                              | expected            | why
    ${conv}                                         | ${"default Conv 7 layer1.0.conv2"} | ${"layer1.0.conv2"} | ${"the layer's name wins"}
    ${conv}                                         | ${"default Conv 7"}                | ${"7"}              | ${"then its id"}
    ${conv}                                         | ${"default DepthwiseConv Conv"}    | ${"Conv"}           | ${"then its operator"}
    ${conv}                                         | ${"default Gemm"}                  | ${"default"}        | ${"then the default"}
    ${conv}                                         | ${"Gemm"}                          | ${undefined}        | ${"else none"}
    ${grouped}                                      | ${"DepthwiseConv Conv"}            | ${"Conv"}           | ${"a grouped convolution sums over channels"}
    ${depthwise}                                    | ${"Conv DepthwiseConv"}            | ${"DepthwiseConv"}  | ${"a depthwise one does not"}
    ${layer("conv", "Conv", { G: 4, K: 2, C: 1 })}  | ${"Conv DepthwiseConv"}            | ${"DepthwiseConv"}  | ${"nor with a channel multiplier"}
    ${layer("conv", "Conv", { G: 1, C: 1, K: 8 })}  | ${"Conv DepthwiseConv"}            | ${"Conv"}           | ${"one input channel is not depthwise"}
    ${depthwise}                                    | ${"default Conv"}                  | ${"Conv"}           | ${"depthwise without an entry of its own"}
    ${layer("conv", "QLinearConv", { K: 8, C: 4 })} | ${"default Conv"}                  | ${"Conv"}           | ${"the class of an operator"}
    ${layer("matmul", "MatMul")}                    | ${"default Gemm"}                  | ${"Gemm"}           | ${"matrix products"}
    ${layer("matmul", "MatMul")}                    | ${"default Gemm MatMul"}           | ${"MatMul"}         | ${"the operator before its class"}
    ${layer("pool", "MaxPool")}                     | ${"default Pool Conv"}             | ${"Pool"}           | ${"pooling"}
    ${layer("elementwise", "Mul")}                  | ${"default Elementwise Add"}       | ${"Elementwise"}    | ${"element-wise operators"}
    ${layer("reduction", "Softmax")}                | ${"default Reduction"}             | ${"Reduction"}      | ${"reductions"}
  `("$why", ({ subject, names, expected }) => {
    expect(dataflowFor(subject, flows(names))?.name).toBe(expected);
  });

  it("has no class for what is only moved", () => {
    expect(dataflowKeys(layer("movement", "Transpose"))).toEqual(["layer1.0.conv2", "7", "Transpose", "default"]);
  });
});
