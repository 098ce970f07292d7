import { describe, expect, it, test } from "vitest";
import { node } from "../../../support/onnx-builder.js";
import { importModel, layerOf, lowered, printLayer } from "../../../support/onnx-import.js";

describe("Gemm", () => {
  test.each`
    x         | w         | attributes                  | loops                 | operands
    ${[1, 8]} | ${[8, 4]} | ${{}}                       | ${"B1 K4 C8 OY1 OX1"} | ${"O[OX, K] W[C, K] I[OX, C]"}
    ${[5, 8]} | ${[4, 8]} | ${{ transB: 1 }}            | ${"B1 K4 C8 OY1 OX5"} | ${"O[OX, K] W[K, C] I[OX, C]"}
    ${[8, 5]} | ${[4, 8]} | ${{ transA: 1, transB: 1 }} | ${"B1 K4 C8 OY1 OX5"} | ${"O[OX, K] W[K, C] I[C, OX]"}
  `("$x × $w $attributes", ({ x, w, attributes, loops, operands }) => {
    const result = lowered({ op: "Gemm", x, constants: { w, b: [4] }, attributes });
    expect(result).toMatchObject({ kind: "matmul", loops, operands });
    expect(result?.attributes).toEqual({ alpha: 1, beta: 1, transA: 0, transB: 0, ...attributes });
    expect(result?.layer.parameters).toEqual([{ role: "bias", tensor: "b" }]);
    expect(result?.totals).toMatchObject({ macs: result?.macs, weightElements: 32 });
  });
});

describe("MatMul", () => {
  test.each`
    x                  | w               | loops                        | operands
    ${[5, 8]}          | ${[8, 4]}       | ${"B1 K4 C8 OY1 OX5"}        | ${"O[OX, K] W[C, K] I[OX, C]"}
    ${[8]}             | ${[8, 4]}       | ${"B1 K4 C8 OY1 OX1"}        | ${"O[K] W[C, K] I[C]"}
    ${[5, 8]}          | ${[8]}          | ${"B1 K1 C8 OY1 OX5"}        | ${"O[OX] W[C] I[OX, C]"}
    ${[2, 5, 8]}       | ${[8, 4]}       | ${"B2 K4 C8 OY1 OX5"}        | ${"O[B, OX, K] W[C, K] I[B, OX, C]"}
    ${[2, 3, 5, 8]}    | ${[3, 8, 4]}    | ${"B2 G3 K4 C8 OY1 OX5"}     | ${"O[B, G, OX, K] W[G, C, K] I[B, G, OX, C]"}
    ${[2, 1, 5, 8]}    | ${[1, 3, 8, 4]} | ${"B2 G3 K4 C8 OY1 OX5"}     | ${"O[B, G, OX, K] W[0, G, C, K] I[B, 0, OX, C]"}
    ${[2, 6, 3, 5, 8]} | ${[8, 4]}       | ${"B2 G6 G23 K4 C8 OY1 OX5"} | ${"O[B, G, G2, OX, K] W[C, K] I[B, G, G2, OX, C]"}
  `("$x × $w", ({ x, w, loops, operands }) => {
    const result = lowered({ op: "MatMul", x, constants: { w } });
    expect(result).toMatchObject({ kind: "matmul", loops, operands });
    expect(result?.totals.weightElements).toBe((w as number[]).reduce((a, b) => a * b, 1));
  });

  it("of two activations has no weights: the second is the input W", () => {
    const result = importModel({
      inputs: { q: [1, 2, 5, 8], k: [1, 2, 8, 5] },
      nodes: [node("MatMul", ["q", "k"], ["y"], {}, "n")],
    });
    const layer = layerOf(result, "n");
    expect(printLayer(layer)[1]).toBe("O[B, G, OX, K] W[B, G, C, K] I[B, G, OX, C]");
    expect(layer.operands.map(({ role }) => role)).toEqual(["output", "input", "input"]);
    expect(result.totals).toMatchObject({ macs: 2 * 5 * 5 * 8, weightElements: 0 });
  });

  it("of a constant and an activation has the constant as weights", () => {
    const result = importModel({
      inputs: { x: [8, 5] },
      initializers: { w: [4, 8] },
      nodes: [node("MatMul", ["w", "x"], ["y"], {}, "n")],
    });
    expect(printLayer(layerOf(result, "n"))).toEqual(["B1 K5 C8 OY1 OX4", "O[OX, K] W[OX, C] I[C, K]"]);
    expect(result.totals.weightElements).toBe(32);
  });
});
