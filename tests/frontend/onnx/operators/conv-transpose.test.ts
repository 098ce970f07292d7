import { describe, expect, test } from "vitest";
import { codesOf, importModel, lowered, shapeOf, singleNode } from "../../../support/onnx-import.js";

describe("loops, axis maps and the multiply-accumulates of the scattered form", () => {
  test.each`
    x               | w               | attributes                          | loops                            | operands                                                                         | macs
    ${[1, 2, 3, 4]} | ${[2, 3, 3, 2]} | ${{ strides: [2, 2] }}              | ${"B1 K3 C2 OY7 OX8 FY3 FX2"}    | ${"O[B, K, OY, OX] W[C, K, FY, FX] I[B, C, (OY+0-1·FY)/2, (OX+0-1·FX)/2]"}       | ${2 * 12 * 3 * 6}
    ${[1, 4, 3, 3]} | ${[4, 3, 2, 2]} | ${{ group: 2, strides: [2, 2] }}    | ${"B1 G2 K3 C2 OY6 OX6 FY2 FX2"} | ${"O[B, G·K, OY, OX] W[G·C, K, FY, FX] I[B, G·C, (OY+0-1·FY)/2, (OX+0-1·FX)/2]"} | ${4 * 9 * 3 * 4}
    ${[1, 4, 3, 3]} | ${[4, 1, 2, 2]} | ${{ group: 4, strides: [2, 2] }}    | ${"B1 G4 OY6 OX6 FY2 FX2"}       | ${"O[B, G, OY, OX] W[G, 0, FY, FX] I[B, G, (OY+0-1·FY)/2, (OX+0-1·FX)/2]"}       | ${4 * 9 * 4}
    ${[2, 2, 5]}    | ${[2, 3, 3]}    | ${{ dilations: [2], pads: [1, 0] }} | ${"B2 K3 C2 OY1 OX8 FY1 FX3"}    | ${"O[B, K, OX] W[C, K, FX] I[B, C, (OX+1-2·FX)/1]"}                              | ${2 * 2 * 5 * 3 * 3}
  `("$x with $w $attributes", ({ x, w, attributes, loops, operands, macs }) => {
    const result = lowered({ op: "ConvTranspose", x, constants: { w }, attributes });
    expect(result).toMatchObject({ kind: "conv", loops, operands, macs });
    expect(result?.totals).toMatchObject({ macs, weightElements: (w as number[]).reduce((a, b) => a * b, 1) });
  });
});

describe("output extents", () => {
  test.each`
    size | kernel | attributes                                             | out   | why
    ${4} | ${3}   | ${{}}                                                  | ${6}  | ${"full convolution"}
    ${4} | ${3}   | ${{ strides: [2] }}                                    | ${9}  | ${"stride spreads the elements"}
    ${4} | ${3}   | ${{ strides: [2], pads: [1, 1] }}                      | ${7}  | ${"padding is cut off"}
    ${4} | ${3}   | ${{ strides: [2], pads: [1, 1], output_padding: [1] }} | ${8}  | ${"output padding is added"}
    ${4} | ${3}   | ${{ dilations: [3] }}                                  | ${10} | ${"dilation widens the window"}
    ${4} | ${3}   | ${{ strides: [2], output_shape: [8] }}                 | ${8}  | ${"stated"}
    ${4} | ${3}   | ${{ strides: [2], auto_pad: "SAME_UPPER" }}            | ${8}  | ${"same: input times stride"}
    ${4} | ${3}   | ${{ strides: [2], auto_pad: "VALID", pads: [1, 1] }}   | ${9}  | ${"valid ignores pads"}
  `("$why", ({ size, kernel, attributes, out }) => {
    const spec = singleNode({ op: "ConvTranspose", x: [1, 1, size], constants: { w: [1, 1, kernel] }, attributes });
    expect(shapeOf(spec, "y")).toEqual([1, 1, out]);
  });
});

test.each`
  x            | w            | attributes               | code                 | why
  ${[1, 2, 4]} | ${[3, 1, 3]} | ${{}}                    | ${"shape-mismatch"}  | ${"channels that do not fit"}
  ${[1, 3, 4]} | ${[3, 1, 3]} | ${{ group: 2 }}          | ${"shape-mismatch"}  | ${"groups that do not divide"}
  ${[1, 2, 4]} | ${[2, 1, 3]} | ${{ strides: [0] }}      | ${"attribute-value"} | ${"a stride of 0"}
  ${[1, 2, 4]} | ${[2, 1, 3]} | ${{ pads: [9, 9] }}      | ${"shape-mismatch"}  | ${"padding that leaves nothing"}
  ${[1, 2, 4]} | ${[2, 1]}    | ${{}}                    | ${"wrong-rank"}      | ${"weights without taps"}
  ${[1, 2, 4]} | ${[2, 1, 3]} | ${{ kernel_shape: [5] }} | ${"attribute-value"} | ${"another window than the weights have"}
`("refuses $why", ({ x, w, attributes, code }) => {
  const spec = singleNode({ op: "ConvTranspose", x, constants: { w }, attributes });
  expect(codesOf(() => importModel(spec))).toEqual([code]);
});
