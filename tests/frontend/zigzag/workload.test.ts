import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readWorkload } from "../../../src/frontend/zigzag/workload.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";
import type { Layer } from "../../../src/ir/network.js";
import { verifyNetwork } from "../../../src/ir/verify.js";

/** A stem, a depthwise convolution, an addition of both, pooling and a classifier, in the depth-first superset of the schema. */
const TEXT = `- id: -1
  name: image
  operator_type: Input
  loop_dims: [B, K, OY, OX]
  loop_sizes: [1, 3, 10, 10]
  operand_precision: {O: 8}
- id: 0
  name: stem
  operator_type: Conv
  equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][ix][iy]
  dimension_relations: [ix=1*ox+1*fx, iy=2*oy+3*fx]
  loop_dims: [B, K, C, OY, OX, FY, FX]
  loop_sizes: [1, 4, 3, 8, 8, 3, 3]
  operand_precision: {O: 16, O_final: 8, W: 8, I: 8}
  operand_source: {W: [], I: [-1]}
  constant_operands: [W]
  operand_source_dimension_mapping: {I: {IX: OX, IY: OY, C: K}}
- id: 1
  operator_type: ConvDepthwise
  equation: O[b][g][oy][ox]+=W[g][fy][fx]*I[b][g][iy][ix]
  dimension_relations: [ix=ox+fx, iy=oy+fy]
  loop_dims: [B, G, OY, OX, FY, FX]
  loop_sizes: [1, 4, 8, 8, 3, 3]
  operand_precision: {O: 16, O_final: 8, W: 4, I: 8}
  operand_source: {W: 1, I: 0}
  pr_loop_dims: [IX, IY]
  pr_loop_sizes: [8, 8]
  padding: [[1, 1], [2, 0]]
- id: 2
  operator_type: Add
  equation: O[b][g][oy][ox]=X[b][g][oy][ox]+Y[b][g][oy][ox]
  loop_dims: [B, G, OY, OX]
  loop_sizes: [1, 4, 8, 8]
  operand_precision: {O: 16, O_final: 8, X: 8, Y: 8}
  operand_source: {X: 0, Y: 1}
- id: 3
  operator_type: Pooling
  equation: O[b][g][oy][ox]+=W[fx][fy]*I[b][g][ix][iy]
  dimension_relations: [ix=8*ox+fx, iy=8*oy+fy]
  loop_dims: [B, G, OY, OX, FX, FY]
  loop_sizes: [1, 4, 1, 1, 8, 8]
  operand_precision: {O: 16, O_final: 8, W: 0, I: 8}
  operand_source: {I: 2, W: 3}
- id: 4
  operator_type: Gemm
  equation: O[b][k]+=W[k][c]*I[b][c]
  loop_dims: [B, K, C]
  loop_sizes: [1, 10, 4]
  operand_precision: {O: 16, W: 8, I: 8}
  operand_source: {I: 3}
`;

const diagnosticsOf = (text: string): readonly Diagnostic[] => {
  try {
    return readWorkload(text, "w.yaml").diagnostics;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
};
const brief = ({ code, where }: Diagnostic) => `${code} ${where.line}:${where.column}`;

const pointwise = (...loops: readonly string[]) => ({ kind: "pointwise", loops });

describe("readWorkload", () => {
  const { network, diagnostics } = readWorkload(TEXT, "nets/tiny.workload.yaml");
  const [stem, depthwise, add, pool, classifier] = network.layers as [Layer, Layer, Layer, Layer, Layer];
  const operand = (layer: Layer, name: string) => layer.operands.find((held) => held.name === name);

  it("gives a valid network, named after its file, without complaint", () => {
    expect(verifyNetwork(network)).toEqual([]);
    expect(diagnostics).toEqual([]);
    expect(network.name).toBe("tiny");
    expect(network.coverage).toHaveLength(5);
  });

  it("names layers by number, with a name of their own where the file has none", () => {
    expect(network.layers.map(({ id, name, op, kind }) => [id, name, op, kind])).toEqual([
      ["0", "stem", "Conv", "conv"],
      ["1", "layer1", "ConvDepthwise", "conv"],
      ["2", "layer2", "Add", "elementwise"],
      ["3", "layer3", "Pooling", "pool"],
      ["4", "layer4", "Gemm", "matmul"],
    ]);
  });

  it("names tensors by what writes them", () => {
    const tensors = [...network.tensors.values()].map(({ id, kind, dims, bits }) => [id, kind, dims.join("x"), bits]);
    expect(tensors).toEqual([
      ["-1", "input", "1x3x10x10", 8],
      ["0", "intermediate", "1x4x8x8", 8],
      ["0.W", "weight", "4x3x3x3", 8],
      ["1", "intermediate", "1x4x8x8", 8],
      ["1.W", "weight", "4x3x3", 4],
      ["2", "intermediate", "1x4x8x8", 8],
      ["3", "intermediate", "1x4x1x1", 8],
      ["4", "output", "1x10", 16],
      ["4.W", "weight", "10x4", 8],
    ]);
  });

  it("indexes an input in its producer's axis order, whatever the equation's", () => {
    const rows = { kind: "window", out: "OY", tap: "FX", stride: 2, dilation: 3, before: 0 };
    const columns = { kind: "window", out: "OX", tap: "FX", stride: 1, dilation: 1, before: 0 };
    expect(operand(stem, "I")?.axes).toEqual([pointwise("B"), pointwise("C"), rows, columns]);
  });

  it("finds the producer's channels without being told, and reads padding", () => {
    const [batch, channels, rows, columns] = operand(depthwise, "I")?.axes ?? [];
    expect([batch, channels]).toEqual([pointwise("B"), pointwise("G")]);
    expect(rows).toMatchObject({ out: "OY", tap: "FY", stride: 1, dilation: 1, before: 2 });
    expect(columns).toMatchObject({ out: "OX", tap: "FX", before: 1 });
  });

  it("reads both sides of an addition", () => {
    expect(add.operands.map(({ name, role, tensor }) => [name, role, tensor])).toEqual([
      ["O", "output", "2"],
      ["X", "input", "0"],
      ["Y", "input", "1"],
    ]);
    expect(operand(add, "X")?.axes).toEqual(["B", "G", "OY", "OX"].map((dim) => pointwise(dim)));
  });

  it("stores nothing for the taps of a pooling window", () => {
    expect(operand(pool, "W")).toEqual({ name: "W", role: "weight", axes: [pointwise("FX"), pointwise("FY")] });
  });

  it("reads a 1×1 map that the consumer does not index at its one point", () => {
    expect(operand(classifier, "I")?.axes).toEqual([pointwise("B"), pointwise("C"), pointwise(), pointwise()]);
  });

  it("counts multiply-accumulates of convolutions and matrix products alone", () => {
    expect(network.layers.map(({ macs }) => macs)).toEqual([6912, 2304, 0, 0, 40]);
  });

  it("keeps declared precisions; a partial sum is final where nothing else is said", () => {
    expect(stem.declaredPrecision).toEqual({ operands: { O: 16, W: 8, I: 8 }, finalOutput: 8 });
    expect(classifier.declaredPrecision).toEqual({ operands: { O: 16, W: 8, I: 8 }, finalOutput: 16 });
  });

  it("says where a layer stands in its file", () => {
    expect(depthwise.loc).toEqual({ file: "nets/tiny.workload.yaml", line: 18, column: 3, node: "layer1" });
  });

  it("keeps loops in declared order", () => {
    expect(pool.loops.map(({ dim }) => dim).join(" ")).toBe("B G OY OX FX FY");
  });
});

describe("what a file leaves open", () => {
  const layer = (id: number, fields: string) =>
    `- {id: ${id}, operator_type: Conv, loop_dims: [K, C, OX, FX], loop_sizes: [2, 3, 4, 3], ${fields}}\n`;
  const conv =
    "equation: 'O[k][ox]+=W[k][c][fx]*I[c][ix]', operand_precision: {O: 16, W: 8, I: 8}, dimension_relations: [ix=2*ox+fx]";

  test.each`
    source                                | why
    ${""}                                 | ${"no source"}
    ${", operand_source: {W: 0, I: 0}"}   | ${"itself as the source"}
    ${", operand_source: {W: [], I: []}"} | ${"an empty list of sources"}
  `("$why: the weights are constant, the input comes from outside", ({ source }) => {
    const { network } = readWorkload(layer(0, conv + source), "w.yaml");
    const tensors = [...network.tensors.values()].map(({ id, kind, dims }) => `${kind} ${id} ${dims.join("x")}`);
    expect(tensors).toEqual(["output 0 2x4", "weight 0.W 2x3x3", "input 0.I 3x9"]);
  });

  test.each`
    padding                                                          | extent | why
    ${", pr_loop_dims: [IX], padding: [[1, 1]]"}                     | ${7}   | ${"padding is no part of a tensor"}
    ${", pr_loop_dims: [IX], padding: [[1, 0]], pr_loop_sizes: [8]"} | ${8}   | ${"a stated extent counts"}
  `("$why", ({ padding, extent }) => {
    const { network } = readWorkload(layer(0, conv + padding), "w.yaml");
    expect([...network.tensors.values()].find(({ kind }) => kind === "input")?.dims).toEqual([3, extent]);
  });

  it("moves a layer behind its producer, and no other", () => {
    const text = [layer(5, `${conv}, operand_source: {I: 2}`), layer(9, conv), layer(2, conv)].join("");
    expect(readWorkload(text, "w.yaml").network.layers.map(({ id }) => id)).toEqual(["9", "2", "5"]);
  });

  it("joins a group and its channels into one axis", () => {
    const grouped = `- {id: 0, operator_type: Conv, loop_dims: [G, K, C, OX], loop_sizes: [2, 3, 4, 5],
   equation: 'O[g][k][ox]+=W[g][k][c]*I[g][c][ox]', operand_precision: {O: 16, W: 8, I: 8}}\n`;
    const text = grouped + grouped.replace("id: 0", "id: 1, operand_source: {I: 0}");
    const { network } = readWorkload(text, "w.yaml");
    expect([...network.tensors.values()].map(({ id, dims }) => `${id} ${dims.join("x")}`)).toEqual([
      "0 6x5",
      "0.W 2x3x4",
      "0.I 8x5",
      "1 6x5",
      "1.W 2x3x4",
    ]);
    expect(network.layers[1]?.operands.map(({ axes }) => axes)).toEqual([
      [pointwise("G", "K"), pointwise("OX")],
      [pointwise("G"), pointwise("K"), pointwise("C")],
      [pointwise("G", "C"), pointwise("OX")],
    ]);
    expect(verifyNetwork(network)).toEqual([]);
  });

  it("reads a map whole that the consumer flattens", () => {
    const text = `${layer(0, conv)}- {id: 1, operator_type: Gemm, loop_dims: [K, C], loop_sizes: [2, 8],
   equation: 'O[k]+=W[k][c]*I[c]', operand_precision: {O: 16, W: 8, I: 8}, operand_source: {I: 0}}\n`;
    const { network } = readWorkload(text, "w.yaml");
    expect(network.layers[1]?.operands.at(-1)?.axes).toEqual([pointwise("C"), { kind: "whole", loops: [] }]);
  });

  test.each`
    op                   | equation                            | kind             | macs
    ${"Custom"}          | ${"O[k][ox]+=W[k][c][fx]*I[c][ix]"} | ${"conv"}        | ${72}
    ${"MatMul"}          | ${"O[k][ox]+=W[k][c][fx]*I[c][ix]"} | ${"matmul"}      | ${72}
    ${"MaxPool"}         | ${"O[k][ox]+=W[fx]*I[k][ix]"}       | ${"pool"}        | ${0}
    ${"Custom"}          | ${"O[k][ox] = W[k] * I[k][ix]"}     | ${"elementwise"} | ${0}
    ${"Conv_downsample"} | ${"O[k][ox]+=W[]*I[c][ix]"}         | ${"conv"}        | ${72}
  `("$op $equation is $kind", ({ op, equation, kind, macs }) => {
    const text = layer(0, conv)
      .replace("Conv", op)
      .replace(/'O.*?'/, `'${equation}'`);
    expect(readWorkload(text, "w.yaml").network.layers[0]).toMatchObject({ kind, macs });
  });
});

describe("a wrong workload is refused where it is wrong", () => {
  test.each`
    from                              | to                                 | expected                                                                                         | why
    ${"- id: 1\n"}                    | ${"- id: 0\n"}                     | ${"repeated-id 18:7; unknown-producer 25:23; unknown-producer 35:29"}                            | ${"an id twice"}
    ${"- id: 1\n"}                    | ${"- id: 1.5\n"}                   | ${"wrong-value 18:7; unknown-producer 35:29"}                                                    | ${"half an id"}
    ${"- id: 1\n"}                    | ${"- nr: 1\n"}                     | ${"missing-key 18:3; unknown-key 18:3; unknown-producer 35:29"}                                  | ${"no id"}
    ${"[1, 4, 3, 8, 8, 3, 3]"}        | ${"[1, 4, 3, 8, 0, 3, 3]"}         | ${"wrong-value 13:28"}                                                                           | ${"an empty loop"}
    ${"[1, 4, 3, 8, 8, 3, 3]"}        | ${"[1, 4, 3, 8, 8, 3]"}            | ${"loop-lists 13:15"}                                                                            | ${"a size too few"}
    ${"loop_sizes: [1, 3, 10, 10]"}   | ${"loop_sizes: [1, 3]"}            | ${"loop-lists 5:15"}                                                                             | ${"a size too few of an input"}
    ${"[B, K, C, OY, OX, FY, FX]"}    | ${"[B, K, C, OY, OX, FY, FX, FX]"} | ${"repeated-loop 12:40; loop-lists 13:15"}                                                       | ${"a loop twice"}
    ${"+=W[k][c][fy][fx]*"}           | ${"+=W[k][c][fy][fx]"}             | ${"equation-syntax 10:13"}                                                                       | ${"no operator"}
    ${"O[b][k][oy][ox]+=W[k]"}        | ${"O[b][k][oy][ox][ix]+=W[k]"}     | ${"output-index 10:13"}                                                                          | ${"an output that a window indexes"}
    ${"W[k][c][fy][fx]*I"}            | ${"W[k][c][fy][qx]*I"}             | ${"unknown-index 10:13"}                                                                         | ${"an index without a loop"}
    ${"O[b][k][oy][ox]+="}            | ${"O[b][k][oy][ix]+="}             | ${"relation-output 11:25"}                                                                       | ${"an output that is indexed by its input"}
    ${"W[k][c][fy][fx]*I"}            | ${"I[k][c][fy][fx]*I"}             | ${"repeated-operand 10:13; unknown-operand 14:42; unknown-operand 15:20; unknown-operand 16:23"} | ${"an operand twice"}
    ${"iy=2*oy+3*fx"}                 | ${"iy=2*oy+3*fx+1"}                | ${"relation-syntax 11:39"}                                                                       | ${"a constant in a relation"}
    ${"iy=2*oy+3*fx"}                 | ${"iy=2*oy-3*fx"}                  | ${"relation-syntax 11:39"}                                                                       | ${"a difference"}
    ${"iy=2*oy+3*fx"}                 | ${"iy=0*oy+3*fx"}                  | ${"relation-syntax 11:39"}                                                                       | ${"a factor of zero"}
    ${"iy=2*oy+3*fx"}                 | ${"iy=2*oy+3*fz"}                  | ${"relation-loop 11:39"}                                                                         | ${"a relation over no loop"}
    ${"iy=2*oy+3*fx"}                 | ${"iy=2*fy+3*fx"}                  | ${"relation-output 11:39"}                                                                       | ${"a relation without an output loop"}
    ${"iy=2*oy+3*fx"}                 | ${"ix=2*oy+3*fx"}                  | ${"relation-repeated 11:39"}                                                                     | ${"a relation twice"}
    ${"O_final: 8, W: 8, I: 8"}       | ${"O_final: 8, W: 8"}              | ${"operand-precision-missing 14:22"}                                                             | ${"an operand without precision"}
    ${"O_final: 8, W: 8, I: 8"}       | ${"O_final: 8, W: 8, I: 8, Z: 8"}  | ${"unknown-operand 14:54"}                                                                       | ${"precision of an unknown operand"}
    ${"O_final: 8, W: 8, I: 8"}       | ${"O_final: 8, W: -8, I: 8"}       | ${"wrong-value 14:45"}                                                                           | ${"negative precision"}
    ${"I: [-1]"}                      | ${"I: [-7]"}                       | ${"unknown-producer 15:30"}                                                                      | ${"an unknown producer"}
    ${"I: [-1]"}                      | ${"I: [-1, 2]"}                    | ${"several-producers 15:30"}                                                                     | ${"two producers"}
    ${"I: [-1]"}                      | ${"I: ['x']"}                      | ${"wrong-value 15:30"}                                                                           | ${"a producer that is no number"}
    ${"constant_operands: [W]"}       | ${"constant_operands: [W, I]"}     | ${"constant-with-producer 15:30"}                                                                | ${"a constant with a producer"}
    ${"constant_operands: [W]"}       | ${"constant_operands: [V]"}        | ${"unknown-operand 16:23"}                                                                       | ${"an unknown constant"}
    ${"{IX: OX, IY: OY, C: K}"}       | ${"{IX: OX, IY: OZ, C: K}"}        | ${"unmatched-index 10:13"}                                                                       | ${"an axis that the producer lacks"}
    ${"{IX: OX, IY: OY, C: K}"}       | ${"{IX: OX, IY: OX, C: K}"}        | ${"mixed-axis 10:13"}                                                                            | ${"two windows on one axis"}
    ${"{IX: OX, IY: OY, C: K}"}       | ${"{IX: OX, IZ: OY, C: K}"}        | ${"unknown-index 17:50"}                                                                         | ${"a renamed index that is none"}
    ${"padding: [[1, 1], [2, 0]]"}    | ${"padding: [[1, 1]]"}             | ${"padding-lists 28:12"}                                                                         | ${"padding of one axis of two"}
    ${"padding: [[1, 1], [2, 0]]"}    | ${"padding: [[1, 1], [2]]"}        | ${"wrong-value 28:21"}                                                                           | ${"padding at one end"}
    ${"pr_loop_dims: [IX, IY]"}       | ${"pr_loop_dims: [IX, IZ]"}        | ${"padding-dim 26:22"}                                                                           | ${"padding of an unknown axis"}
    ${"operand_source: {X: 0, Y: 1}"} | ${"operand_source: {X: 0, Y: 3}"}  | ${"workload-cycle 35:19"}                                                                        | ${"a cycle"}
    ${"operator_type: Gemm"}          | ${"operator: Gemm"}                | ${"missing-key 44:3; unknown-key 45:3"}                                                          | ${"no operator"}
    ${"name: stem"}                   | ${"nmae: stem"}                    | ${"unknown-key 8:3"}                                                                             | ${"misspelt field"}
  `("$why", ({ from, to, expected }) => {
    const text = TEXT.replace(from, to);
    expect(text).not.toBe(TEXT);
    expect(diagnosticsOf(text).map(brief).join("; ")).toBe(expected);
  });

  test.each`
    text                        | code             | why
    ${""}                       | ${"yaml-empty"}  | ${"an empty file"}
    ${"id: 0"}                  | ${"wrong-value"} | ${"a single layer that is no list"}
    ${"[]"}                     | ${"no-layers"}   | ${"no layer"}
    ${"- 3"}                    | ${"wrong-value"} | ${"a number"}
    ${TEXT.split("- id: 0")[0]} | ${"no-layers"}   | ${"nothing but an input"}
  `("$why", ({ text, code }) => {
    expect(diagnosticsOf(text).map((d) => d.code)).toEqual([code]);
  });

  it("does not take missing ids for equal ones", () => {
    const text = TEXT.replaceAll(/id: [23]\n/g, "name: unnumbered\n");
    expect(diagnosticsOf(text).map((d) => d.code)).not.toContain("repeated-id");
  });

  it("names the layers of a cycle and no others", () => {
    const text = TEXT.replace("{X: 0, Y: 1}", "{X: 0, Y: 3}");
    expect(diagnosticsOf(text)[0]?.message).toBe("layers 2, 3 wait for each other");
  });
});

describe("whatever the text", () => {
  const noise = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom("[", "{", "*a", "\n", "- ", ": ", "[b]", "=", "-1", "0"),
  );
  it("is read into a valid network or refused with diagnostics", () => {
    fc.assert(
      fc.property(fc.nat(TEXT.length), fc.nat(12), noise, (at, cut, inserted) => {
        const text = TEXT.slice(0, at) + inserted + TEXT.slice(at + cut);
        const errors = diagnosticsOf(text).filter(({ severity }) => severity === "error");
        if (errors.length === 0) expect(verifyNetwork(readWorkload(text, "w.yaml").network)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
