import { describe, expect, it, test } from "vitest";
import { bool, float, node } from "../../../support/onnx-builder.js";
import { importModel, layerOf, lowered, printLayer } from "../../../support/onnx-import.js";

describe("one input", () => {
  test.each`
    op                      | x                  | constants                             | loops                  | operands
    ${"Relu"}               | ${[1, 4, 6, 8]}    | ${{}}                                 | ${"B1 G4 OY6 OX8"}     | ${"O[B, G, OY, OX] I[B, G, OY, OX]"}
    ${"Sigmoid"}            | ${[2, 4, 8]}       | ${{}}                                 | ${"B2 G4 OY1 OX8"}     | ${"O[B, G, OX] I[B, G, OX]"}
    ${"Gelu"}               | ${[2, 4]}          | ${{}}                                 | ${"B2 G4 OY1 OX1"}     | ${"O[B, G] I[B, G]"}
    ${"Erf"}                | ${[4]}             | ${{}}                                 | ${"B1 G4 OY1 OX1"}     | ${"O[G] I[G]"}
    ${"Sqrt"}               | ${[]}              | ${{}}                                 | ${"B1 G1 OY1 OX1"}     | ${"O[] I[]"}
    ${"HardSwish"}          | ${[1, 2, 3, 4, 5]} | ${{}}                                 | ${"B1 G2 OZ3 OY4 OX5"} | ${"O[B, G, OZ, OY, OX] I[B, G, OZ, OY, OX]"}
    ${"PRelu"}              | ${[1, 4, 6, 8]}    | ${{ s: [4, 1, 1] }}                   | ${"B1 G4 OY6 OX8"}     | ${"O[B, G, OY, OX] I[B, G, OY, OX]"}
    ${"BatchNormalization"} | ${[1, 4, 6, 8]}    | ${{ s: [4], b: [4], m: [4], v: [4] }} | ${"B1 G4 OY6 OX8"}     | ${"O[B, G, OY, OX] I[B, G, OY, OX]"}
  `("$op of $x", ({ op, x, constants, loops, operands }) => {
    expect(lowered({ op, x, constants })).toMatchObject({ kind: "elementwise", loops, operands, macs: 0 });
  });

  it("parameters stand beside the loop nest, by role", () => {
    const slope = lowered({ op: "PRelu", x: [1, 4], constants: { s: [4] } });
    expect(slope?.layer.parameters).toEqual([{ role: "slope", tensor: "s" }]);
    const x = [1, 4, 6, 8];
    const norm = lowered({ op: "BatchNormalization", x, constants: { s: [4], b: [4], m: [4], v: [4] } });
    expect(norm?.layer.parameters.map(({ role }) => role)).toEqual(["scale", "bias", "mean", "variance"]);
  });

  test.each`
    opset | constants                          | attributes              | expected                | why
    ${6}  | ${{}}                              | ${{ min: 0.5, max: 6 }} | ${{ min: 0.5, max: 6 }} | ${"attributes of older operator sets"}
    ${13} | ${{ lo: float(0), hi: float(6) }}  | ${{}}                   | ${{ min: 0, max: 6 }}   | ${"inputs of newer ones"}
    ${13} | ${{ lo: "", hi: float([6], [1]) }} | ${{}}                   | ${{ max: 6 }}           | ${"one of them"}
  `("Clip takes its bounds from $why", ({ opset, constants, attributes, expected }) => {
    const result = lowered({ op: "Clip", x: [1, 4], constants, attributes, opset });
    expect(result?.attributes).toEqual(expected);
    expect(result?.layer.parameters).toEqual([]);
  });
});

describe("several inputs", () => {
  test.each`
    op       | x               | inputs                   | constants           | operands
    ${"Add"} | ${[1, 4, 6, 8]} | ${{ z: [1, 4, 6, 8] }}   | ${{}}               | ${"O[B, G, OY, OX] X[B, G, OY, OX] Y[B, G, OY, OX]"}
    ${"Mul"} | ${[1, 4, 6, 8]} | ${{ z: [1, 4, 1, 1] }}   | ${{}}               | ${"O[B, G, OY, OX] X[B, G, OY, OX] Y[B, G, 0, 0]"}
    ${"Add"} | ${[1, 4, 6, 8]} | ${{}}                    | ${{ w: [4, 1, 1] }} | ${"O[B, G, OY, OX] X[B, G, OY, OX] W[G, 0, 0]"}
    ${"Div"} | ${[1, 4, 6, 8]} | ${{}}                    | ${{ w: float(2) }}  | ${"O[B, G, OY, OX] X[B, G, OY, OX] W[]"}
    ${"Sum"} | ${[1, 4]}       | ${{ u: [4], v: [1, 1] }} | ${{ w: [4] }}       | ${"O[B, G] X[B, G] Y[G] I3[B, 0] W[G]"}
    ${"Sub"} | ${[4, 1]}       | ${{ z: [3] }}            | ${{}}               | ${"O[B, G] X[B, 0] Y[G]"}
    ${"Max"} | ${[2, 3]}       | ${{}}                    | ${{}}               | ${"O[B, G] I[B, G]"}
  `("$op of $x, $inputs and $constants", ({ op, x, inputs, constants, operands }) => {
    expect(lowered({ op, x, inputs, constants })).toMatchObject({ kind: "elementwise", operands, macs: 0 });
  });

  it("remember which stood first where one is constant", () => {
    const spec = {
      inputs: { x: [1, 4] },
      initializers: { w: float(1) },
      nodes: [node("Sub", ["w", "x"], ["y"], {}, "n")],
    };
    const layer = layerOf(importModel(spec), "n");
    expect(printLayer(layer)[1]).toBe("O[B, G] W[] X[B, G]");
    expect(layer.attributes).toEqual({ operands: ["W", "X"] });
  });

  it("choose by a condition", () => {
    const result = lowered({ op: "Where", x: [2, 3], inputs: { a: [3] }, constants: { b: float(0) } });
    expect(result?.operands).toBe("O[B, G] X[B, G] Y[G] W[]");
  });
});

describe("no operation", () => {
  test.each(["Identity", "Dropout"])("%s is a view", (op) => expect(lowered({ op, x: [1, 4] })).toBeUndefined());

  it("a cast to the same type is a view, to another type is an operation", () => {
    expect(lowered({ op: "Cast", x: [1, 4], attributes: { to: 1 } })).toBeUndefined();
    expect(lowered({ op: "Cast", x: [1, 4], attributes: { to: 7 } })).toMatchObject({
      kind: "elementwise",
      attributes: { to: 7 },
    });
    expect(lowered({ op: "Cast", x: [1, 4], attributes: { to: "INT64" }, opset: 1 })?.attributes).toEqual({ to: 7 });
  });

  it("of constants alone leaves nothing to run", () => {
    const { network } = importModel({
      inputs: { x: [2] },
      initializers: { a: float([1, 2]), b: bool([1, 0]) },
      nodes: [node("Neg", ["a"], ["n"]), node("Where", ["b", "a", "n"], ["w"]), node("Add", ["x", "w"], ["y"])],
    });
    expect(network.coverage.map(({ status }) => status)).toEqual(["folded", "folded", "lowered"]);
  });
});
