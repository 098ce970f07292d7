import { describe, expect, it, test } from "vitest";
import { int64 } from "../../../support/onnx-builder.js";
import { lowered } from "../../../support/onnx-import.js";

describe("operators that need whole axes", () => {
  test.each`
    op              | x               | opset | attributes                     | loops                      | operands
    ${"Softmax"}    | ${[2, 3, 4]}    | ${13} | ${{}}                          | ${"B2 G3 OY1 OX4"}         | ${"O[B, G, OX] I[B, G, *OX]"}
    ${"Softmax"}    | ${[2, 3, 4]}    | ${13} | ${{ axis: 1 }}                 | ${"B2 G3 OY1 OX4"}         | ${"O[B, G, OX] I[B, *G, OX]"}
    ${"Softmax"}    | ${[2, 3, 4]}    | ${11} | ${{}}                          | ${"B2 G3 OY1 OX4"}         | ${"O[B, G, OX] I[B, *G, *OX]"}
    ${"LogSoftmax"} | ${[2, 3]}       | ${13} | ${{}}                          | ${"B2 G3 OY1 OX1"}         | ${"O[B, G] I[B, *G]"}
    ${"LRN"}        | ${[1, 6, 2, 2]} | ${13} | ${{ size: 3 }}                 | ${"B1 G6 OY2 OX2"}         | ${"O[B, G, OY, OX] I[B, *G, OY, OX]"}
    ${"ReduceMean"} | ${[1, 6, 2, 3]} | ${13} | ${{ axes: [2, 3] }}            | ${"B1 G6 OY1 OX1 FY2 FX3"} | ${"O[B, G, 0, 0] I[B, G, *FY, *FX]"}
    ${"ReduceMean"} | ${[1, 6, 2, 3]} | ${13} | ${{ axes: [-1], keepdims: 0 }} | ${"B1 G6 OY1 OX2 FX3"}     | ${"O[B, G, OX] I[B, G, OX, *FX]"}
    ${"ReduceMax"}  | ${[2, 6]}       | ${13} | ${{ keepdims: 0 }}             | ${"B1 G1 OY1 OX1 CB2 C6"}  | ${"O[] I[*CB, *C]"}
    ${"ArgMax"}     | ${[2, 6]}       | ${13} | ${{ axis: 1, keepdims: 0 }}    | ${"B1 G2 OY1 OX1 C6"}      | ${"O[G] I[G, *C]"}
  `("$op of $x, opset $opset, $attributes", ({ op, x, opset, attributes, loops, operands }) => {
    expect(lowered({ op, x, opset, attributes })).toMatchObject({ kind: "reduction", loops, operands, macs: 0 });
  });

  it("take their axes from an input in newer operator sets", () => {
    const result = lowered({ op: "ReduceSum", x: [2, 3, 4], constants: { a: int64([1]) } });
    expect(result?.operands).toBe("O[B, 0, OX] I[B, *C, OX]");
    expect(lowered({ op: "ReduceSum", x: [2, 3], attributes: { noop_with_empty_axes: 1 } })).toBeUndefined();
  });
});
