import { describe, expect, it, test } from "vitest";
import { int64 } from "../../../support/onnx-builder.js";
import { codesOf, importModel, lowered, shapeOf, singleNode } from "../../../support/onnx-import.js";

describe("normalisations need the axes that share statistics", () => {
  test.each`
    op                                | x               | constants             | attributes           | operands
    ${"LayerNormalization"}           | ${[2, 3, 4]}    | ${{ s: [4], b: [4] }} | ${{}}                | ${"O[B, G, OX] I[B, G, *OX]"}
    ${"LayerNormalization"}           | ${[2, 3, 4]}    | ${{ s: [3, 4] }}      | ${{ axis: 1 }}       | ${"O[B, G, OX] I[B, *G, *OX]"}
    ${"RMSNormalization"}             | ${[2, 3, 4]}    | ${{ s: [4] }}         | ${{}}                | ${"O[B, G, OX] I[B, G, *OX]"}
    ${"SimplifiedLayerNormalization"} | ${[2, 3, 4]}    | ${{ s: [4] }}         | ${{}}                | ${"O[B, G, OX] I[B, G, *OX]"}
    ${"InstanceNormalization"}        | ${[1, 3, 4, 5]} | ${{ s: [3], b: [3] }} | ${{}}                | ${"O[B, G, OY, OX] I[B, G, *OY, *OX]"}
    ${"GroupNormalization"}           | ${[1, 4, 4, 5]} | ${{ s: [4], b: [4] }} | ${{ num_groups: 2 }} | ${"O[B, G, OY, OX] I[B, *G, *OY, *OX]"}
    ${"MeanVarianceNormalization"}    | ${[2, 3, 4, 5]} | ${{}}                 | ${{}}                | ${"O[B, G, OY, OX] I[*B, G, *OY, *OX]"}
    ${"MeanVarianceNormalization"}    | ${[2, 3, 4, 5]} | ${{}}                 | ${{ axes: [1, 2] }}  | ${"O[B, G, OY, OX] I[B, *G, *OY, OX]"}
    ${"LpNormalization"}              | ${[2, 3]}       | ${{}}                 | ${{ axis: 0 }}       | ${"O[B, G] I[*B, G]"}
    ${"CumSum"}                       | ${[2, 3]}       | ${{ a: int64(1) }}    | ${{}}                | ${"O[B, G] I[B, *G]"}
  `("$op of $x $attributes", ({ op, x, constants, attributes, operands }) => {
    expect(lowered({ op, x, constants, attributes })).toMatchObject({ kind: "reduction", operands, macs: 0 });
  });

  it("keeps scale and bias beside the loop nest", () => {
    const result = lowered({ op: "LayerNormalization", x: [2, 4], constants: { s: [4], b: [4] } });
    expect(result?.layer.parameters).toEqual([
      { role: "scale", tensor: "s" },
      { role: "bias", tensor: "b" },
    ]);
  });

  it("refuses groups that do not divide the channels", () => {
    const attributes = { num_groups: 3 };
    const spec = singleNode({ op: "GroupNormalization", x: [1, 4, 2], constants: { s: [4], b: [4] }, attributes });
    expect(codesOf(() => importModel(spec))).toEqual(["attribute-value"]);
  });
});

describe("Einsum", () => {
  test.each`
    equation                | x               | w               | loops                    | operands                                         | macs
    ${"ij,jk->ik"}          | ${[5, 8]}       | ${[8, 4]}       | ${"B1 G1 K4 C8 OY1 OX5"} | ${"O[OX, K] I[OX, C] W[C, K]"}                   | ${160}
    ${"bqhd,bkhd->bhqk"}    | ${[2, 5, 3, 8]} | ${[2, 6, 3, 8]} | ${"B2 G3 K6 C8 OY1 OX5"} | ${"O[B, G, OX, K] I[B, OX, G, C] W[B, K, G, C]"} | ${2 * 3 * 5 * 6 * 8}
    ${"...ij,...jk->...ik"} | ${[7, 5, 8]}    | ${[1, 8, 4]}    | ${"B7 G1 K4 C8 OY1 OX5"} | ${"O[B, OX, K] I[B, OX, C] W[0, C, K]"}          | ${1120}
    ${"ij, kj"}             | ${[5, 8]}       | ${[4, 8]}       | ${"B1 G1 K4 C8 OY1 OX5"} | ${"O[OX, K] I[OX, C] W[K, C]"}                   | ${160}
  `("$equation is a matrix product", ({ equation, x, w, loops, operands, macs }) => {
    const result = lowered({ op: "Einsum", x, constants: { w }, attributes: { equation } });
    expect(result).toMatchObject({ kind: "matmul", loops, operands, macs });
    expect(result?.totals).toMatchObject({ macs: 0, other: { macs } });
  });

  test.each`
    equation    | kind           | operands
    ${"ij->ji"} | ${"movement"}  | ${"O[B, G] I[G, B]"}
    ${"ij->i"}  | ${"reduction"} | ${"O[B] I[B, C]"}
  `("$equation of one operand multiplies nothing", ({ equation, kind, operands }) => {
    const result = lowered({ op: "Einsum", x: [3, 4], attributes: { equation } });
    expect(result).toMatchObject({ kind, operands, macs: 0 });
  });

  test.each(["ij", "ij,jk,kl->il", "ij,j1->i", "ijk,jk->ik", "ij,jk->im"])(
    "refuses '%s' for two matrices",
    (equation) => {
      const spec = singleNode({ op: "Einsum", x: [3, 4], constants: { w: [4, 5] }, attributes: { equation } });
      expect(codesOf(() => importModel(spec))).toEqual(["attribute-value"]);
    },
  );
});

describe("shapes of operators that need whole inputs", () => {
  test.each`
    op                    | x               | constants                                   | attributes                                   | expected
    ${"TopK"}             | ${[2, 9]}       | ${{ k: int64([4]) }}                        | ${{}}                                        | ${[2, 4]}
    ${"GatherElements"}   | ${[3, 2]}       | ${{ i: int64([0, 1, 1, 0], [2, 2]) }}       | ${{}}                                        | ${[2, 2]}
    ${"GatherND"}         | ${[2, 3, 4]}    | ${{ i: int64([0, 1], [1, 2]) }}             | ${{}}                                        | ${[1, 4]}
    ${"ScatterND"}        | ${[4, 2]}       | ${{ i: int64([1], [1, 1]), u: [1, 2] }}     | ${{}}                                        | ${[4, 2]}
    ${"OneHot"}           | ${[2, 3]}       | ${{ d: int64([5]), v: [2] }}                | ${{ axis: 1 }}                               | ${[2, 5, 3]}
    ${"Tile"}             | ${[2, 3]}       | ${{ r: int64([2, 3]) }}                     | ${{}}                                        | ${[4, 9]}
    ${"MaxRoiPool"}       | ${[1, 3, 8, 8]} | ${{ r: [5, 5] }}                            | ${{ pooled_shape: [2, 2] }}                  | ${[5, 3, 2, 2]}
    ${"RoiAlign"}         | ${[1, 3, 8, 8]} | ${{ r: [5, 4], b: int64([0, 0, 0, 0, 0]) }} | ${{ output_height: 3, output_width: 2 }}     | ${[5, 3, 3, 2]}
    ${"GridSample"}       | ${[1, 3, 8, 8]} | ${{ g: [1, 4, 5, 2] }}                      | ${{}}                                        | ${[1, 3, 4, 5]}
    ${"MaxUnpool"}        | ${[1, 3, 4, 4]} | ${{ i: [1, 3, 4, 4] }}                      | ${{ kernel_shape: [2, 2], strides: [2, 2] }} | ${[1, 3, 8, 8]}
    ${"Col2Im"}           | ${[1, 12, 9]}   | ${{ s: int64([4, 4]), b: int64([2, 2]) }}   | ${{}}                                        | ${[1, 3, 4, 4]}
    ${"CenterCropPad"}    | ${[6, 8]}       | ${{ s: int64([4]) }}                        | ${{ axes: [1] }}                             | ${[6, 4]}
    ${"STFT"}             | ${[1, 128, 1]}  | ${{ s: int64(8), w: [16] }}                 | ${{}}                                        | ${[1, 15, 9, 2]}
    ${"DFT"}              | ${[1, 16, 1]}   | ${{}}                                       | ${{ axis: 1, onesided: 1 }}                  | ${[1, 9, 2]}
    ${"Trilu"}            | ${[4, 4]}       | ${{}}                                       | ${{}}                                        | ${[4, 4]}
    ${"EyeLike"}          | ${[4, 3]}       | ${{}}                                       | ${{}}                                        | ${[4, 3]}
    ${"RandomNormalLike"} | ${[4, 3]}       | ${{}}                                       | ${{}}                                        | ${[4, 3]}
    ${"Det"}              | ${[2, 3, 3]}    | ${{}}                                       | ${{}}                                        | ${[2]}
    ${"Crop"}             | ${[1, 3, 9, 9]} | ${{}}                                       | ${{ border: [1, 2, 3, 4] }}                  | ${[1, 3, 3, 5]}
  `("$op of $x $attributes is $expected", ({ op, x, constants, attributes, expected }) => {
    const spec = singleNode({ op, x, constants, attributes });
    expect(shapeOf(spec, "y")).toEqual(expected);
    expect(importModel(spec).network.coverage[0]?.status).toMatch(/^(lowered|moved)$/);
  });

  it("a deformable convolution is costed, not fused", () => {
    const constants = { w: [4, 3, 3, 3], o: [1, 18, 6, 6] };
    const result = lowered({ op: "DeformConv", x: [1, 3, 8, 8], constants });
    expect(result).toMatchObject({ kind: "reduction", macs: 4 * 36 * 27 });
    expect(result?.totals).toMatchObject({ macs: 0, other: { macs: 4 * 36 * 27 } });
  });

  test.each(["NonZero", "Unique"])("how much %s finds is not known, and the ledger says so", (op) => {
    const [entry] = importModel(singleNode({ op, x: [3, 4] })).network.coverage;
    expect(entry).toMatchObject({ status: "refused", reason: expect.stringContaining("run time") });
  });
});
