/** Outputs that nobody asks for, and outputs without elements: the others are what they would be anyway. */
import { describe, expect, it, test } from "vitest";
import { int64, type ModelSpec, node, type TensorSpec } from "../../../support/onnx-builder.js";
import { importModel, printLayer } from "../../../support/onnx-import.js";

interface Case {
  readonly op: string;
  readonly x: readonly number[];
  readonly outputs: readonly string[];
  readonly attributes?: Parameters<typeof node>[3];
  readonly constants?: Readonly<Record<string, readonly number[] | TensorSpec>>;
  readonly opset?: number;
}

const imported = ({ op, x, outputs, attributes = {}, constants = {}, opset = 17 }: Case) => {
  const asked = outputs.filter((name) => name !== "");
  const spec: ModelSpec = {
    opset,
    inputs: { x },
    initializers: constants,
    nodes: [node(op, ["x", ...Object.keys(constants)], outputs, attributes, "n")],
    outputs: Object.fromEntries(asked.map((name) => [name, undefined])),
  };
  const { network } = importModel(spec);
  const layers = network.layers.map((layer) => `${layer.operands[0]?.tensor} ${layer.kind} ${printLayer(layer)[1]}`);
  return { layers, tensors: [...network.tensors.keys()], coverage: network.coverage };
};

const window = "O[B, G, OY, OX] W[FX, FY] I[B, G, 2·OY+1·FY, 2·OX+1·FX]";
const CASES: readonly (readonly [Case, layers: readonly string[]])[] = [
  [
    { op: "Split", x: [1, 6], outputs: ["", "b", "c"], attributes: { axis: 1 } },
    ["b movement O[B, G] I[B, 2+1·G]", "c movement O[B, G] I[B, 4+1·G]"],
  ],
  [
    { op: "Split", x: [1, 6], outputs: ["a", "", "c"], attributes: { axis: 1 }, constants: { l: int64([1, 2, 3]) } },
    ["a movement O[B, G] I[B, 0+1·G]", "c movement O[B, G] I[B, 3+1·G]"],
  ],
  [{ op: "Split", x: [5], outputs: ["a", "b"], constants: { l: int64([0, 5]) } }, ["b movement O[G] I[0+1·G]"]],
  [
    { op: "Split", opset: 18, x: [5], outputs: ["a", "b", "c", "d"], attributes: { num_outputs: 4 } },
    ["a movement O[G] I[0+1·G]", "b movement O[G] I[2+1·G]", "c movement O[G] I[4+1·G]"],
  ],
  [
    { op: "MaxPool", x: [1, 1, 4, 4], outputs: ["", "i"], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    [`i pool ${window}`],
  ],
  [{ op: "TopK", x: [2, 9], outputs: ["", "i"], constants: { k: int64([3]) } }, ["i reduction O[B, G] I[B, *G]"]],
  [
    { op: "LayerNormalization", x: [1, 3, 4], outputs: ["", "m"], constants: { s: [4] } },
    ["m movement O[B, G, OX] I[*, *, *] W[*]"],
  ],
  [
    { op: "DynamicQuantizeLinear", x: [1, 3], outputs: ["", "s", "z"] },
    ["s reduction O[] I[*, *]", "z reduction O[] I[*, *]"],
  ],
  [
    { op: "DynamicQuantizeLinear", x: [1, 3], outputs: ["y", "", "z"] },
    ["y elementwise O[B, G] I[B, G]", "z reduction O[] I[*, *]"],
  ],
];

describe("outputs that are not asked for or empty", () => {
  test.each(CASES.map(([given, layers]) => [given.op, given.outputs, given, layers] as const))(
    "%s %j",
    (_op, _outputs, given, layers) => {
      const found = imported(given);
      expect(found.layers).toEqual(layers);
      expect(found.tensors).not.toContain("");
      expect(["lowered", "moved"]).toContain(found.coverage[0]?.status);
    },
  );

  it("a node of which only empty outputs are asked for is refused", () => {
    const { layers, coverage } = imported({ op: "Split", x: [2], outputs: ["a", ""], constants: { l: int64([0, 2]) } });
    expect(layers).toEqual([]);
    expect(coverage[0]).toMatchObject({ status: "refused", reason: "its output 'a' has no elements" });
  });

  it("a value that is only passed on may be left out", () => {
    const { layers, coverage } = imported({ op: "Dropout", x: [1, 3], outputs: ["", "mask"] });
    expect(layers).toEqual(["mask movement O[B, G] I[*, *]"]);
    expect(coverage[0]?.status).toBe("view");
  });
});
