/** Operators that move data and compute nothing: what they read of it (EM §1), and when nothing moves at all. */
import { describe, expect, it, test } from "vitest";
import { resizeReach } from "../../../../src/frontend/onnx/operators/resize.js";
import { float, int64, node } from "../../../support/onnx-builder.js";
import { importModel, lowered, printLayer } from "../../../support/onnx-import.js";

const x = [1, 4, 6, 8];

describe("what is read", () => {
  test.each`
    op                | constants                                                                        | attributes                | operands
    ${"Transpose"}    | ${{}}                                                                            | ${{ perm: [0, 2, 3, 1] }} | ${"O[B, G, OY, OX] I[B, OX, G, OY]"}
    ${"Slice"}        | ${{ s: int64([1, -1]), e: int64([9, -9]), a: int64([1, 3]), t: int64([2, -3]) }} | ${{}}                     | ${"O[B, G, OY, OX] I[B, 1+2·G, OY, 7+-3·OX]"}
    ${"Pad"}          | ${{ p: int64([0, 0, 1, -2, 0, 0, 3, 4]) }}                                       | ${{}}                     | ${"O[B, G, OY, OX] I[B, G, OY-1, OX--2]"}
    ${"Pad"}          | ${{ p: int64([0, 0, 1, 0, 0, 0, 0, 0]) }}                                        | ${{ mode: "reflect" }}    | ${"O[B, G, OY, OX] I[B, G, *OY, OX]"}
    ${"Resize"}       | ${{ r: "", s: float([1, 1, 2, 3]) }}                                             | ${{}}                     | ${"O[B, G, OY, OX] I[B, G, OY·6/12, OX·8/24]"}
    ${"DepthToSpace"} | ${{}}                                                                            | ${{ blocksize: 2 }}       | ${"O[B, G, OY, OX] I[B, *G·OY·OX, OY·6/12, OX·8/16]"}
    ${"SpaceToDepth"} | ${{}}                                                                            | ${{ blocksize: 2 }}       | ${"O[B, FY·FX·G, OY, OX] I[B, G, 2·OY+1·FY, 2·OX+1·FX]"}
    ${"Concat"}       | ${{ w: [1, 3, 6, 8] }}                                                           | ${{ axis: 1 }}            | ${"O[B, G, OY, OX] I[B, G-0, OY, OX] W[B, G-4, OY, OX]"}
    ${"Gather"}       | ${{ i: int64([3, 1]) }}                                                          | ${{ axis: 1 }}            | ${"O[B, G, OY, OX] I[B, 3+-2·G, OY, OX]"}
    ${"Gather"}       | ${{ i: int64([0, 1, 3]) }}                                                       | ${{ axis: 3 }}            | ${"O[B, G, OY, OX] I[B, G, OY, *OX]"}
    ${"Gather"}       | ${{ i: int64(2) }}                                                               | ${{ axis: 1 }}            | ${"O[B, G, OX] I[B, 2+1·S, G, OX]"}
    ${"Gather"}       | ${{ i: int64(-1) }}                                                              | ${{ axis: 3 }}            | ${"O[B, G, OX] I[B, G, OX, 7+1·S]"}
    ${"Tile"}         | ${{ r: int64([1, 1, 2, 1]) }}                                                    | ${{}}                     | ${"O[B, G, OY, OX] I[B, G, *OY, OX]"}
    ${"Expand"}       | ${{ s: int64([2, 1, 1, 1, 1]) }}                                                 | ${{}}                     | ${"O[B, G, OZ, OY, OX] I[G, OZ, OY, OX]"}
  `("$op $attributes", ({ op, constants, attributes, operands }) => {
    expect(lowered({ op, x, constants, attributes })).toMatchObject({ kind: "movement", operands, macs: 0 });
  });

  it("several parts of a split are one movement each", () => {
    const { network } = importModel({
      inputs: { x },
      initializers: { s: int64([1, 3]) },
      nodes: [node("Split", ["x", "s"], ["a", "b"], { axis: 1 }, "n")],
    });
    expect(network.layers.map((layer) => [layer.id, printLayer(layer)[1]])).toEqual([
      ["n", "O[B, G, OY, OX] I[B, 0+1·G, OY, OX]"],
      ["n#1", "O[B, G, OY, OX] I[B, 1+1·G, OY, OX]"],
    ]);
    expect(network.coverage).toEqual([{ node: "n", opType: "Split", status: "moved", layer: "n" }]);
  });

  it("an embedding reads its table as weights, by indices that are computed", () => {
    const { network } = importModel({
      inputs: { ids: [1, 5] },
      initializers: { table: [100, 16] },
      nodes: [node("Gather", ["table", "ids"], ["y"])],
    });
    expect(printLayer(network.layers[0] ?? expect.fail())).toEqual([
      "B1 G5 OY1 OX16",
      "O[B, G, OX] W[*B·G, OX] I[B, G]",
    ]);
  });
});

describe("nothing moves", () => {
  test.each`
    op             | given           | constants                                          | attributes                | why
    ${"Transpose"} | ${[1, 4, 1, 1]} | ${{}}                                              | ${{ perm: [0, 2, 3, 1] }} | ${"only axes of extent 1 change places"}
    ${"Slice"}     | ${[1, 4]}       | ${{ s: int64([0]), e: int64([9]), a: int64([1]) }} | ${{}}                     | ${"everything is taken"}
    ${"Pad"}       | ${[1, 4]}       | ${{ p: int64([0, 0, 0, 0]) }}                      | ${{}}                     | ${"the frame is empty"}
    ${"Tile"}      | ${[1, 4]}       | ${{ r: int64([1, 1]) }}                            | ${{}}                     | ${"nothing repeats"}
    ${"Expand"}    | ${[1, 4]}       | ${{ s: int64([1, 1]) }}                            | ${{}}                     | ${"nothing repeats"}
    ${"Resize"}    | ${[1, 4]}       | ${{ r: "", s: float([1, 1]) }}                     | ${{}}                     | ${"the scale is 1"}
    ${"Concat"}    | ${[1, 4]}       | ${{}}                                              | ${{ axis: 1 }}            | ${"there is one part"}
    ${"Reshape"}   | ${[2, 6]}       | ${{ s: int64([3, 4]) }}                            | ${{}}                     | ${"the order stays"}
    ${"Flatten"}   | ${[2, 6, 2]}    | ${{}}                                              | ${{}}                     | ${"the order stays"}
    ${"Unsqueeze"} | ${[2, 6]}       | ${{ a: int64([1]) }}                               | ${{}}                     | ${"an axis of extent 1 is added"}
    ${"Squeeze"}   | ${[2, 1, 6]}    | ${{}}                                              | ${{}}                     | ${"one is dropped"}
    ${"Split"}     | ${[2, 6]}       | ${{}}                                              | ${{}}                     | ${"there is one part"}
  `("$op where $why", ({ op, given, constants, attributes }) => {
    expect(lowered({ op, x: given, constants, attributes })).toBeUndefined();
  });
});

describe("resizeReach", () => {
  const base = {
    mode: "nearest",
    coordinates: "half_pixel",
    rounding: "round_prefer_floor",
    isAntialiased: false,
  };
  test.each`
    sampling                                            | from  | to    | reach | why
    ${{ coordinates: "asymmetric", rounding: "floor" }} | ${3}  | ${7}  | ${0}  | ${"EM §1: exactly ⌊out·from/to⌋"}
    ${{}}                                               | ${3}  | ${12} | ${0}  | ${"each element is repeated"}
    ${{}}                                               | ${3}  | ${7}  | ${2}  | ${"the centre may round to a neighbour"}
    ${{ mode: "linear" }}                               | ${3}  | ${12} | ${2}  | ${"two neighbours, half an element off"}
    ${{ mode: "linear", coordinates: "asymmetric" }}    | ${3}  | ${12} | ${1}  | ${"one more element"}
    ${{ mode: "linear" }}                               | ${12} | ${3}  | ${3}  | ${"the centre of four"}
    ${{ mode: "linear", isAntialiased: true }}          | ${12} | ${3}  | ${6}  | ${"a filter as wide as what it shrinks"}
    ${{ mode: "cubic", coordinates: "asymmetric" }}     | ${3}  | ${12} | ${2}  | ${"four taps"}
  `("$why", ({ sampling, from, to, reach }) =>
    expect(resizeReach({ ...base, ...sampling }, { from, to, scale: to / from })).toBe(reach),
  );
});

describe("arguments that are computed at run time", () => {
  test.each`
    op             | x               | inputs                        | attributes     | declared
    ${"Split"}     | ${[6, 2, 1]}    | ${{ lengths: [2] }}           | ${{ axis: 0 }} | ${[4, 2]}
    ${"Resize"}    | ${[1, 1, 4, 4]} | ${{ roi: [0], scales: [4] }}  | ${{}}          | ${[1, 1, 8, 8]}
    ${"Slice"}     | ${[4, 4]}       | ${{ starts: [1], ends: [1] }} | ${{}}          | ${[2, 4]}
    ${"Pad"}       | ${[4, 4]}       | ${{ pads: [4] }}              | ${{}}          | ${[6, 4]}
    ${"ReduceSum"} | ${[4, 4]}       | ${{ axes: [1] }}              | ${{}}          | ${[4, 1]}
    ${"Tile"}      | ${[4, 4]}       | ${{ repeats: [2] }}           | ${{}}          | ${[8, 4]}
  `("of $op: what is declared is made of the whole input", ({ op, x, inputs, attributes, declared }) => {
    const given = inputs as Readonly<Record<string, readonly number[]>>;
    const { network } = importModel({
      inputs: { x, ...given },
      nodes: [node(op, ["x", ...Object.keys(given)], ["y"], attributes, "n")],
      outputs: { y: declared },
    });
    const [, input] = network.layers[0]?.operands ?? [];
    expect(input?.axes.map(({ kind }) => kind)).toEqual((x as number[]).map(() => "whole"));
  });
});

describe("what is declared and what is computed at run time", () => {
  it("a slice from a bound that nobody knows may read anything", () => {
    const { network } = importModel({
      inputs: { x: [1, 10], q: [1, "n"] },
      initializers: { one: int64([1]), end: int64([100]) },
      nodes: [
        node("Shape", ["q"], ["s"]),
        node("Gather", ["s", "one"], ["start"]),
        node("Slice", ["x", "start", "end", "one"], ["y"], {}, "n"),
      ],
      outputs: { y: [1, 5] },
    });
    expect(network.layers.map((layer) => printLayer(layer)[1])).toEqual(["O[B, G] I[*, *]"]);
    expect(JSON.stringify(network.layers)).not.toContain("null");
  });

  it("a view of another number of elements is left out, with what reads it", () => {
    const { network, diagnostics } = importModel({
      inputs: { x: [6], s: [1] },
      nodes: [node("Reshape", ["x", "s"], ["y"], {}, "n"), node("Relu", ["y"], ["z"], {}, "r")],
      valueInfo: { y: [3] },
    });
    expect(network.coverage.map(({ node: id, status }) => [id, status])).toEqual([
      ["n", "refused"],
      ["r", "refused"],
    ]);
    expect(diagnostics).toMatchObject([{ code: "shape-not-known", message: expect.stringMatching(/contradict/) }]);
  });
});
