import { describe, expect, test } from "vitest";
import { lowered, shapeOf, singleNode } from "../../../support/onnx-import.js";

describe("loops and axis maps (DF §1.2)", () => {
  const window = "O[B, G, OY, OX] W[FX, FY] I[B, G, 2·OY+1·FY-1, 2·OX+1·FX-1]";
  const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  test.each`
    op                     | x               | attributes               | loops                      | operands
    ${"MaxPool"}           | ${[1, 4, 8, 8]} | ${attributes}            | ${"B1 G4 OY4 OX4 FX3 FY3"} | ${window}
    ${"AveragePool"}       | ${[1, 4, 8, 8]} | ${attributes}            | ${"B1 G4 OY4 OX4 FX3 FY3"} | ${window}
    ${"LpPool"}            | ${[1, 4, 8, 8]} | ${attributes}            | ${"B1 G4 OY4 OX4 FX3 FY3"} | ${window}
    ${"MaxPool"}           | ${[1, 4, 8]}    | ${{ kernel_shape: [2] }} | ${"B1 G4 OY1 OX7 FX2 FY1"} | ${"O[B, G, OX] W[FX] I[B, G, 1·OX+1·FX]"}
    ${"GlobalAveragePool"} | ${[2, 4, 3, 5]} | ${{}}                    | ${"B2 G4 OY1 OX1 FX5 FY3"} | ${"O[B, G, OY, OX] W[FX, FY] I[B, G, 1·OY+1·FY, 1·OX+1·FX]"}
    ${"GlobalMaxPool"}     | ${[2, 4, 3]}    | ${{}}                    | ${"B2 G4 OY1 OX1 FX3 FY1"} | ${"O[B, G, OX] W[FX] I[B, G, 1·OX+1·FX]"}
  `("$op of $x", ({ op, x, attributes: given, loops, operands }) => {
    const result = lowered({ op, x, attributes: given });
    expect(result).toMatchObject({ kind: "pool", loops, operands, macs: 0 });
    expect(result?.layer.operands[1]).toMatchObject({ name: "W", role: "weight" });
    expect(result?.layer.operands[1]?.tensor).toBeUndefined();
  });
});

describe("output extents with ceil_mode", () => {
  test.each`
    size | kernel | stride | pads      | floor | ceil | why
    ${6} | ${3}   | ${2}   | ${[0, 0]} | ${2}  | ${3} | ${"a last, partial window"}
    ${7} | ${3}   | ${2}   | ${[0, 0]} | ${3}  | ${3} | ${"nothing is left over"}
    ${6} | ${2}   | ${3}   | ${[0, 0]} | ${2}  | ${2} | ${"a window that would start behind the input does not count"}
    ${5} | ${3}   | ${2}   | ${[1, 1]} | ${3}  | ${3} | ${"padding counts"}
    ${4} | ${2}   | ${2}   | ${[1, 1]} | ${3}  | ${3} | ${"a window may start in the leading padding"}
  `("$why", ({ size, kernel, stride, pads, floor, ceil }) => {
    const attributes = { kernel_shape: [kernel], strides: [stride], pads };
    const extent = (ceilMode: number) =>
      shapeOf(
        singleNode({ op: "MaxPool", x: [1, 1, size], attributes: { ...attributes, ceil_mode: ceilMode } }),
        "y",
      )[2];
    expect([extent(0), extent(1)]).toEqual([floor, ceil]);
  });
});
