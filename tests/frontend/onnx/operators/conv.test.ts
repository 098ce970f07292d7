import { describe, expect, it, test } from "vitest";
import { lowered, shapeOf, singleNode } from "../../../support/onnx-import.js";

describe("loops and axis maps (DF §1.2)", () => {
  test.each`
    x                  | w                  | attributes                                | loops                                 | operands
    ${[1, 3, 8, 9]}    | ${[4, 3, 3, 2]}    | ${{}}                                     | ${"B1 K4 C3 OY6 OX8 FY3 FX2"}         | ${"O[B, K, OY, OX] W[K, C, FY, FX] I[B, C, 1·OY+1·FY, 1·OX+1·FX]"}
    ${[2, 3, 8, 8]}    | ${[4, 3, 1, 1]}    | ${{}}                                     | ${"B2 K4 C3 OY8 OX8"}                 | ${"O[B, K, OY, OX] W[K, C, 0, 0] I[B, C, OY, OX]"}
    ${[1, 3, 8, 8]}    | ${[4, 3, 1, 1]}    | ${{ strides: [2, 2] }}                    | ${"B1 K4 C3 OY4 OX4 FY1 FX1"}         | ${"O[B, K, OY, OX] W[K, C, FY, FX] I[B, C, 2·OY+1·FY, 2·OX+1·FX]"}
    ${[1, 3, 8, 8]}    | ${[4, 3, 1, 1]}    | ${{ pads: [0, 1, 0, 0] }}                 | ${"B1 K4 C3 OY8 OX9 FY1 FX1"}         | ${"O[B, K, OY, OX] W[K, C, FY, FX] I[B, C, 1·OY+1·FY, 1·OX+1·FX-1]"}
    ${[1, 3, 9, 9]}    | ${[4, 3, 3, 3]}    | ${{ strides: [2, 1], dilations: [1, 2] }} | ${"B1 K4 C3 OY4 OX5 FY3 FX3"}         | ${"O[B, K, OY, OX] W[K, C, FY, FX] I[B, C, 2·OY+1·FY, 1·OX+2·FX]"}
    ${[1, 8, 6, 6]}    | ${[8, 1, 3, 3]}    | ${{ group: 8 }}                           | ${"B1 G8 OY4 OX4 FY3 FX3"}            | ${"O[B, G, OY, OX] W[G, 0, FY, FX] I[B, G, 1·OY+1·FY, 1·OX+1·FX]"}
    ${[1, 8, 6, 6]}    | ${[16, 1, 3, 3]}   | ${{ group: 8 }}                           | ${"B1 G8 K2 OY4 OX4 FY3 FX3"}         | ${"O[B, G·K, OY, OX] W[G·K, 0, FY, FX] I[B, G, 1·OY+1·FY, 1·OX+1·FX]"}
    ${[1, 8, 6, 6]}    | ${[6, 4, 3, 3]}    | ${{ group: 2 }}                           | ${"B1 G2 K3 C4 OY4 OX4 FY3 FX3"}      | ${"O[B, G·K, OY, OX] W[G·K, C, FY, FX] I[B, G·C, 1·OY+1·FY, 1·OX+1·FX]"}
    ${[1, 8, 6, 6]}    | ${[2, 4, 1, 1]}    | ${{ group: 2 }}                           | ${"B1 G2 C4 OY6 OX6"}                 | ${"O[B, G, OY, OX] W[G, C, 0, 0] I[B, G·C, OY, OX]"}
    ${[1, 1, 5, 5]}    | ${[1, 1, 3, 3]}    | ${{}}                                     | ${"B1 K1 C1 OY3 OX3 FY3 FX3"}         | ${"O[B, K, OY, OX] W[K, C, FY, FX] I[B, C, 1·OY+1·FY, 1·OX+1·FX]"}
    ${[2, 3, 9]}       | ${[4, 3, 3]}       | ${{ strides: [2], pads: [1, 1] }}         | ${"B2 K4 C3 OY1 OX5 FY1 FX3"}         | ${"O[B, K, OX] W[K, C, FX] I[B, C, 2·OX+1·FX-1]"}
    ${[2, 3, 9]}       | ${[4, 3, 1]}       | ${{}}                                     | ${"B2 K4 C3 OY1 OX9"}                 | ${"O[B, K, OX] W[K, C, 0] I[B, C, OX]"}
    ${[1, 2, 4, 5, 6]} | ${[3, 2, 2, 2, 2]} | ${{}}                                     | ${"B1 K3 C2 OZ3 OY4 OX5 FZ2 FY2 FX2"} | ${"O[B, K, OZ, OY, OX] W[K, C, FZ, FY, FX] I[B, C, 1·OZ+1·FZ, 1·OY+1·FY, 1·OX+1·FX]"}
  `("Conv of $x with $w $attributes", ({ x, w, attributes, loops, operands }) => {
    const result = lowered({ op: "Conv", x, constants: { w }, attributes });
    expect(result).toMatchObject({ kind: "conv", loops, operands });
    const product = (result?.layer.loops ?? []).reduce((n, { size }) => n * size, 1);
    expect([result?.macs, result?.totals.macs]).toEqual([product, product]);
    expect(result?.totals.weightElements).toBe((w as number[]).reduce((a, b) => a * b, 1));
  });

  it("keeps the operator's attributes with automatic padding resolved", () => {
    const attributes = { strides: [2, 2], auto_pad: "SAME_UPPER" };
    const result = lowered({ op: "Conv", x: [1, 1, 5, 6], constants: { w: [1, 1, 3, 3] }, attributes });
    expect(result?.attributes).toEqual({
      kernel_shape: [3, 3],
      strides: [2, 2],
      dilations: [1, 1],
      pads: [1, 0, 1, 1],
      group: 1,
    });
  });
});

describe("output extents", () => {
  test.each`
    size | kernel | attributes                                           | out  | why
    ${7} | ${3}   | ${{}}                                                | ${5} | ${"no padding"}
    ${7} | ${3}   | ${{ pads: [1, 2] }}                                  | ${8} | ${"asymmetric padding"}
    ${8} | ${3}   | ${{ strides: [2] }}                                  | ${3} | ${"the last row is left over"}
    ${7} | ${3}   | ${{ dilations: [2] }}                                | ${3} | ${"dilation widens the window"}
    ${7} | ${3}   | ${{ strides: [2], auto_pad: "SAME_UPPER" }}          | ${4} | ${"same: the input over the stride"}
    ${7} | ${2}   | ${{ strides: [3], auto_pad: "SAME_LOWER" }}          | ${3} | ${"rounded up"}
    ${7} | ${3}   | ${{ strides: [2], auto_pad: "VALID", pads: [1, 1] }} | ${3} | ${"valid ignores pads"}
    ${7} | ${3}   | ${{ auto_pad: "NOTSET", pads: [1, 1] }}              | ${7} | ${"not set uses them"}
    ${3} | ${3}   | ${{ strides: [5] }}                                  | ${1} | ${"a single window"}
  `("$why", ({ size, kernel, attributes, out }) => {
    const spec = singleNode({ op: "Conv", x: [1, 1, size], constants: { w: [1, 1, kernel] }, attributes });
    expect(shapeOf(spec, "y")).toEqual([1, 1, out]);
  });
});
