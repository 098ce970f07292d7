/** Shapes of views and resampling in the forms of every operator set, and the arithmetic that computes shapes. */
import { describe, expect, it, test } from "vitest";
import { float, int64, type NodeSpec, node, typed } from "../../../support/onnx-builder.js";
import { shapeOf, singleNode } from "../../../support/onnx-import.js";

describe("the shape of the output", () => {
  const up = { r: "", s: float([1, 1, 2, 2.5]) } as const;
  test.each`
    op             | opset | x               | constants                                          | attributes                                                  | shape
    ${"Reshape"}   | ${14} | ${[2, 3, 4]}    | ${{ s: int64([0, -1]) }}                           | ${{}}                                                       | ${[2, 12]}
    ${"Reshape"}   | ${14} | ${[2, 3, 4]}    | ${{ s: int64([4, -1, 2]) }}                        | ${{ allowzero: 1 }}                                         | ${[4, 3, 2]}
    ${"Reshape"}   | ${1}  | ${[2, 3, 4]}    | ${{}}                                              | ${{ shape: [-1, 4] }}                                       | ${[6, 4]}
    ${"Reshape"}   | ${14} | ${[1, 1]}       | ${{ s: int64([]) }}                                | ${{}}                                                       | ${[]}
    ${"Flatten"}   | ${13} | ${[2, 3, 4]}    | ${{}}                                              | ${{ axis: 0 }}                                              | ${[1, 24]}
    ${"Flatten"}   | ${13} | ${[2, 3, 4]}    | ${{}}                                              | ${{ axis: 3 }}                                              | ${[24, 1]}
    ${"Flatten"}   | ${13} | ${[2, 3, 4]}    | ${{}}                                              | ${{ axis: -1 }}                                             | ${[6, 4]}
    ${"Squeeze"}   | ${11} | ${[1, 3, 1]}    | ${{}}                                              | ${{ axes: [-1] }}                                           | ${[1, 3]}
    ${"Squeeze"}   | ${13} | ${[1, 3, 1]}    | ${{ a: int64([0]) }}                               | ${{}}                                                       | ${[3, 1]}
    ${"Unsqueeze"} | ${11} | ${[3, 4]}       | ${{}}                                              | ${{ axes: [0, 3] }}                                         | ${[1, 3, 4, 1]}
    ${"Unsqueeze"} | ${13} | ${[3, 4]}       | ${{ a: int64([-1, 1]) }}                           | ${{}}                                                       | ${[3, 1, 4, 1]}
    ${"Resize"}    | ${11} | ${[1, 1, 3, 4]} | ${up}                                              | ${{}}                                                       | ${[1, 1, 6, 10]}
    ${"Resize"}    | ${11} | ${[1, 1, 5, 5]} | ${{ r: "", s: float([1, 1, 0.6, 0.3]) }}           | ${{}}                                                       | ${[1, 1, 3, 1]}
    ${"Resize"}    | ${11} | ${[1, 1, 3, 4]} | ${{ r: "", s: float([]), z: int64([1, 1, 7, 9]) }} | ${{}}                                                       | ${[1, 1, 7, 9]}
    ${"Resize"}    | ${10} | ${[1, 1, 3, 4]} | ${{ s: float([1, 1, 2, 2]) }}                      | ${{}}                                                       | ${[1, 1, 6, 8]}
    ${"Resize"}    | ${18} | ${[1, 1, 3, 4]} | ${{ r: "", s: "", z: int64([6, 6]) }}              | ${{ axes: [2, 3] }}                                         | ${[1, 1, 6, 6]}
    ${"Resize"}    | ${18} | ${[1, 1, 3, 4]} | ${{ r: "", s: "", z: int64([6, 6]) }}              | ${{ axes: [2, 3], keep_aspect_ratio_policy: "not_larger" }} | ${[1, 1, 5, 6]}
    ${"Upsample"}  | ${9}  | ${[1, 1, 3, 4]} | ${{ s: float([1, 1, 2, 2]) }}                      | ${{}}                                                       | ${[1, 1, 6, 8]}
    ${"Upsample"}  | ${7}  | ${[1, 1, 3, 4]} | ${{}}                                              | ${{ scales: typed("FLOATS", [1, 1, 2, 2]) }}                | ${[1, 1, 6, 8]}
    ${"Upsample"}  | ${1}  | ${[1, 1, 3, 4]} | ${{}}                                              | ${{ height_scale: 2.5, width_scale: 2.5 }}                  | ${[1, 1, 7, 10]}
    ${"Pad"}       | ${1}  | ${[2, 3]}       | ${{}}                                              | ${{ paddings: [0, 1, 0, 2] }}                               | ${[2, 6]}
    ${"Pad"}       | ${1}  | ${[2, 3]}       | ${{}}                                              | ${{ pads: [0, 1, 0, 2] }}                                   | ${[2, 6]}
    ${"MaxPool"}   | ${12} | ${[1, 1, 4]}    | ${{}}                                              | ${{ kernel_shape: [2], auto_pad: "" }}                      | ${[1, 1, 3]}
    ${"Split"}     | ${18} | ${[7]}          | ${{}}                                              | ${{ num_outputs: 1 }}                                       | ${[7]}
    ${"Transpose"} | ${13} | ${[2, 3, 4]}    | ${{}}                                              | ${{}}                                                       | ${[4, 3, 2]}
  `("of $op-$opset of $x with $constants $attributes is $shape", ({ op, opset, x, constants, attributes, shape }) => {
    expect(shapeOf(singleNode({ op, opset, x, constants, attributes }), "y")).toEqual(shape);
  });
});

describe("shape arithmetic", () => {
  /** The value `t`, computed by the nodes, as the target of a reshape of `[2, 12, 5]`. */
  const target = (nodes: readonly NodeSpec[]) =>
    shapeOf(
      {
        inputs: { x: [2, 12, 5] },
        initializers: {
          zero: int64([0]),
          one: int64([1]),
          two: int64([2]),
          minus: int64([-1]),
          four: int64(4),
          scalar: int64(0),
          five: int64(5),
          m7: int64([-7]),
        },
        nodes: [node("Shape", ["x"], ["s"]), ...nodes, node("Reshape", ["x", "t"], ["y"])],
      },
      "y",
    );

  test.each<[why: string, nodes: readonly NodeSpec[], shape: readonly number[]]>([
    ["the shape itself", [node("Identity", ["s"], ["t"])], [2, 12, 5]],
    [
      "a slice of it",
      [node("Slice", ["s", "zero", "one"], ["a"]), node("Concat", ["a", "minus"], ["t"], { axis: 0 })],
      [2, 60],
    ],
    [
      "an entry of it",
      [node("Gather", ["s", "two"], ["a"]), node("Concat", ["minus", "a"], ["t"], { axis: 0 })],
      [24, 5],
    ],
    [
      "integer division truncates",
      [
        node("Gather", ["s", "scalar"], ["a"]),
        node("Div", ["five", "a"], ["d"]),
        node("Unsqueeze", ["d", "zero"], ["u"]),
        node("Concat", ["u", "minus"], ["t"], { axis: 0 }),
      ],
      [2, 60],
    ],
    ["products", [node("ReduceProd", ["s"], ["t"], { keepdims: 1 })], [120]],
    [
      "the size",
      [
        node("Size", ["x"], ["n"]),
        node("Div", ["n", "four"], ["q"]),
        node("Unsqueeze", ["q", "zero"], ["u"]),
        node("Concat", ["minus", "u"], ["t"], { axis: 0 }),
      ],
      [4, 30],
    ],
    [
      "casts there and back",
      [node("Cast", ["s"], ["f"], { to: 1 }), node("Floor", ["f"], ["g"]), node("Cast", ["g"], ["t"], { to: 7 })],
      [2, 12, 5],
    ],
    ["choices", [node("Equal", ["s", "five"], ["e"]), node("Where", ["e", "minus", "s"], ["t"])], [2, 12, 5]],
    [
      "remainders as in C",
      [
        node("Mod", ["m7", "five"], ["r"], { fmod: 1 }),
        node("Neg", ["r"], ["p"]),
        node("Mul", ["p", "s"], ["q"]),
        node("Gather", ["q", "zero"], ["a"]),
        node("Concat", ["a", "minus"], ["t"], { axis: 0 }),
      ],
      [4, 30],
    ],
    [
      "remainders of the divisor's sign",
      [node("Mod", ["m7", "five"], ["r"]), node("Concat", ["r", "minus"], ["t"], { axis: 0 })],
      [3, 40],
    ],
    [
      "truth values are 0 and 1",
      [node("Cast", ["s"], ["b"], { to: 9 }), node("Cast", ["b"], ["i"], { to: 7 }), node("Mul", ["s", "i"], ["t"])],
      [2, 12, 5],
    ],
    [
      "a backward slice of nothing",
      [
        node("Slice", ["s", "zero", "zero"], ["none"]),
        node("Slice", ["none", "minus", "m7", "zero", "minus"], ["still"]),
        node("Concat", ["still", "s"], ["t"], { axis: 0 }),
      ],
      [2, 12, 5],
    ],
    ["ranges", [node("Range", ["scalar", "four", "four"], ["r"]), node("Sub", ["r", "one"], ["t"])], [120]],
    [
      "constants by shape",
      [
        node("Shape", ["s"], ["n"]),
        node("ConstantOfShape", ["n"], ["c"], { value: int64([1]) }),
        node("Mul", ["s", "c"], ["t"]),
      ],
      [2, 12, 5],
    ],
    ["repetition", [node("Expand", ["minus", "one"], ["t"])], [120]],
    ["transposition", [node("Transpose", ["s"], ["t"])], [2, 12, 5]],
    [
      "parts",
      [
        node("Constant", [], ["l"], { value_ints: [1, 2] }),
        node("Split", ["s", "l"], ["a", "t0"]),
        node("Concat", ["a", "minus"], ["t"], { axis: 0 }),
      ],
      [2, 60],
    ],
  ])("%s", (_why, nodes, shape) => expect(target(nodes)).toEqual(shape));

  test.each`
    attributes                                    | shape
    ${{ value: int64([3, 40]) }}                  | ${[3, 40]}
    ${{ value_int: 120 }}                         | ${[120]}
    ${{ value_ints: [3, 40] }}                    | ${[3, 40]}
    ${{ value_float: typed("FLOAT", 120) }}       | ${[120]}
    ${{ value_floats: typed("FLOATS", [3, 40]) }} | ${[3, 40]}
  `("Constant $attributes", ({ attributes, shape }) => {
    expect(target([node("Constant", [], ["c"], attributes), node("Add", ["c", "zero"], ["t"])])).toEqual(shape);
  });

  it("Shape takes a part of the axes from operator set 15 on", () => {
    const nodes = [node("Shape", ["x"], ["p"], { start: -1 }), node("Concat", ["minus", "p"], ["t"], { axis: 0 })];
    expect(target(nodes)).toEqual([24, 5]);
  });
});
