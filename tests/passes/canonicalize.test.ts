import { describe, expect, it, test } from "vitest";
import { verifyNetwork } from "../../src/ir/verify.js";
import { foldElementwise } from "../../src/passes/canonicalize.js";
import { filled, float, node } from "../support/onnx-builder.js";
import { importModel } from "../support/onnx-import.js";

const inputs = { x: [1, 3, 8, 8] };
const conv = node("Conv", ["x", "w"], ["c"], {}, "conv");
const weights = { w: filled(1, [4, 3, 1, 1]) };
const scale = Object.fromEntries(["s", "b", "m", "v"].map((name) => [name, filled(1, [4])]));

/** Layers as `name: op+postOps → tensor`, and the fate of each node. */
function folded(spec: Parameters<typeof importModel>[0]) {
  const network = foldElementwise(importModel(spec).network);
  expect(verifyNetwork(network)).toEqual([]);
  return {
    layers: network.layers.map(({ name, op, postOps, operands }) => {
      return `${name}: ${[op, ...postOps.map((post) => post.op)].join("+")} → ${operands[0]?.tensor}`;
    }),
    coverage: network.coverage.map(({ node: name, status, layer }) => `${name} ${status} ${layer ?? "-"}`),
  };
}

describe("foldElementwise", () => {
  it("folds a batch normalisation and the activation after it into the convolution", () => {
    const nodes = [
      conv,
      node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], {}, "norm"),
      node("Relu", ["n"], ["y"], {}, "relu"),
    ];
    expect(folded({ inputs, nodes, initializers: { ...weights, ...scale } })).toEqual({
      layers: ["conv: Conv+BatchNormalization+Relu → y"],
      coverage: ["conv lowered conv", "norm folded conv", "relu folded conv"],
    });
  });

  it("leaves a view of what it folds a view", () => {
    const nodes = [conv, node("Relu", ["c"], ["r"], {}, "relu"), node("Flatten", ["r"], ["y"], {}, "flatten")];
    expect(folded({ inputs, nodes, initializers: weights }).coverage).toEqual([
      "conv lowered conv",
      "relu folded conv",
      "flatten view conv",
    ]);
  });

  it("folds a constant per channel, whichever side it stands on", () => {
    const nodes = [conv, node("Add", ["bias", "c"], ["y"], {}, "add")];
    const initializers = { ...weights, bias: filled(1, [4, 1, 1]) };
    expect(folded({ inputs, nodes, initializers }).layers).toEqual(["conv: Conv+Add → y"]);
  });

  test.each([
    [
      "a map that something else reads too",
      [conv, node("Relu", ["c"], ["r"], {}, "relu"), node("Add", ["c", "r"], ["y"], {}, "add")],
      3,
    ],
    ["a constant that is a map of its own", [conv, node("Add", ["c", "map"], ["y"], {}, "add")], 2],
    [
      "an activation of the network's input",
      [node("Relu", ["x"], ["r"], {}, "relu"), node("Conv", ["r", "w"], ["y"], {}, "conv")],
      2,
    ],
    ["the sum of a map with itself", [conv, node("Add", ["c", "c"], ["y"], {}, "add")], 2],
  ])("leaves alone %s", (_why, nodes, count) => {
    const initializers = { ...weights, map: filled(1, [1, 4, 8, 8]) };
    expect(folded({ inputs, nodes, initializers }).layers).toHaveLength(count);
  });

  it("leaves alone a map that is an output of the network", () => {
    const nodes = [conv, node("Relu", ["c"], ["y"], {}, "relu")];
    const outputs = { c: undefined, y: undefined };
    expect(folded({ inputs, nodes, outputs, initializers: weights }).layers).toHaveLength(2);
  });

  it("returns a network without element-wise layers as it is", () => {
    const { network } = importModel({ inputs, nodes: [conv], initializers: weights });
    expect(foldElementwise(network)).toBe(network);
  });

  it("keeps a scalar factor with the layer before it", () => {
    const nodes = [conv, node("Mul", ["c", "half"], ["y"], {}, "mul")];
    expect(folded({ inputs, nodes, initializers: { ...weights, half: float(0.5) } }).layers).toEqual([
      "conv: Conv+Mul → y",
    ]);
  });
});
