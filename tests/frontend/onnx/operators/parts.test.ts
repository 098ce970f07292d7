/** Nodes that stand for others: attention, recurrent cells, control flow and local functions. */
import { describe, expect, it, test } from "vitest";
import { bool, int64, type ModelSpec, node } from "../../../support/onnx-builder.js";
import { codesOf, importModel, printLayer, shapeOf } from "../../../support/onnx-import.js";

const CONTRIB = { "com.microsoft": 1 };
const layersOf = (spec: ModelSpec) => importModel(spec).network.layers;
const macsOf = (spec: ModelSpec) =>
  Object.fromEntries(layersOf(spec).flatMap(({ id, macs }) => (macs > 0 ? [[id, macs]] : [])));

describe("attention is told as projections, scores and context", () => {
  const attention = (outputs: readonly string[], past = ""): ModelSpec => ({
    inputs: { x: [2, 5, 8], ...(past !== "" && { past: [2, 2, 4, 3, 2] }) },
    initializers: { w: [8, 24], b: [24] },
    domains: CONTRIB,
    nodes: [node("Attention", ["x", "w", "b", "", past], outputs, { num_heads: 4 }, "n", "com.microsoft")],
  });

  it("with the multiply-accumulates of each, apart from the totals", () => {
    const { network, totals } = importModel(attention(["y"]));
    expect(macsOf(attention(["y"]))).toEqual({
      "n#q": 2 * 5 * 8 * 8,
      "n#k": 2 * 5 * 8 * 8,
      "n#v": 2 * 5 * 8 * 8,
      "n#scores": 2 * 4 * 5 * 5 * 2,
      "n#context": 2 * 4 * 5 * 5 * 2,
    });
    expect(totals).toMatchObject({ macs: 0, weightElements: 0, other: { macs: 3 * 640 + 2 * 400 } });
    expect(network.coverage).toEqual([
      { node: "n", opType: "com.microsoft::Attention", status: "lowered", layer: "n#q", reason: expect.any(String) },
    ]);
    expect(network.layers.every(({ nodes }) => nodes.join() === "n")).toBe(true);
    expect(shapeOf(attention(["y"]), "y")).toEqual([2, 5, 8]);
  });

  it("behind a cache there are more keys than queries", () => {
    expect(macsOf(attention(["y", "present"], "past"))).toMatchObject({ "n#scores": 2 * 4 * 5 * 8 * 2 });
    expect(shapeOf(attention(["y", "present"], "past"), "present")).toEqual([2, 2, 4, 8, 2]);
  });

  test.each`
    op                       | domain             | opset | inputs                                                   | attributes                             | scores               | y
    ${"MultiHeadAttention"}  | ${"com.microsoft"} | ${17} | ${{ q: [2, 5, 8], k: [2, 6, 8], v: [2, 6, 8] }}          | ${{ num_heads: 4 }}                    | ${2 * 4 * 5 * 6 * 2} | ${[2, 5, 8]}
    ${"GroupQueryAttention"} | ${"com.microsoft"} | ${17} | ${{ q: [2, 5, 16], k: [2, 5, 8], v: [2, 5, 8] }}         | ${{ num_heads: 4, kv_num_heads: 2 }}   | ${2 * 4 * 5 * 5 * 4} | ${[2, 5, 16]}
    ${"Attention"}           | ${""}              | ${23} | ${{ q: [2, 4, 5, 3], k: [2, 4, 6, 3], v: [2, 4, 6, 3] }} | ${{}}                                  | ${2 * 4 * 5 * 6 * 3} | ${[2, 4, 5, 3]}
    ${"Attention"}           | ${""}              | ${23} | ${{ q: [2, 5, 12], k: [2, 6, 6], v: [2, 6, 6] }}         | ${{ q_num_heads: 4, kv_num_heads: 2 }} | ${2 * 4 * 5 * 6 * 3} | ${[2, 5, 12]}
  `("$domain $op of $inputs", ({ op, domain, opset, inputs, attributes, scores, y }) => {
    const nodes = [node(op, ["q", "k", "v"], ["y"], attributes, "n", domain)];
    const spec = { opset, inputs, nodes, domains: CONTRIB };
    expect(macsOf(spec)["n#scores"]).toBe(scores);
    expect(shapeOf(spec, "y")).toEqual(y);
  });

  it("a skipped normalisation gives its sum out, too", () => {
    const spec: ModelSpec = {
      inputs: { x: [2, 5, 8], s: [2, 5, 8] },
      initializers: { g: [8], b: [8] },
      domains: CONTRIB,
      nodes: [node("SkipLayerNormalization", ["x", "s", "g", "b"], ["y", "", "", "sum"], {}, "n", "com.microsoft")],
      outputs: { y: undefined, sum: undefined },
    };
    expect(layersOf(spec).map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      "n#skip elementwise",
      "n#normalized reduction",
    ]);
  });

  it("behind something that is not known it is left out, not wrong", () => {
    const spec = attention(["y"]);
    const nodes = [node("Odd", ["x"], ["z"], {}, "odd", "unheard.of"), ...spec.nodes].map((entry) =>
      entry.name === "n" ? { ...entry, inputs: entry.inputs.with(0, "z") } : entry,
    );
    const { network } = importModel({ ...spec, nodes });
    expect(network.coverage.map(({ status }) => status)).toEqual(["refused", "refused"]);
  });

  it("refuses heads that do not divide the projections", () => {
    const wrong = { ...attention(["y"]), initializers: { w: [8, 22], b: [22] } };
    expect(codesOf(() => importModel(wrong))).toEqual(["shape-mismatch"]);
  });

  it("transposed products are contractions", () => {
    const nodes = [node("FusedMatMul", ["x", "w"], ["y"], { transB: 1 }, "n", "com.microsoft")];
    const { totals } = importModel({ inputs: { x: [3, 4] }, initializers: { w: [5, 4] }, domains: CONTRIB, nodes });
    expect(totals).toMatchObject({ macs: 0, other: { macs: 60 } });
  });

  test.each`
    attributes                       | a            | b            | y
    ${{ transBatchA: 1 }}            | ${[3, 2, 4]} | ${[2, 4, 5]} | ${[2, 3, 5]}
    ${{ transBatchA: 1, transA: 1 }} | ${[4, 2, 3]} | ${[2, 4, 5]} | ${[2, 3, 5]}
    ${{ transBatchB: 1 }}            | ${[2, 3, 4]} | ${[4, 2, 5]} | ${[2, 3, 5]}
    ${{ transBatchB: 1, transB: 1 }} | ${[2, 3, 4]} | ${[5, 2, 4]} | ${[2, 3, 5]}
  `("of which the batch is transposed, too: $attributes", ({ attributes, a, b, y }) => {
    const nodes = [node("FusedMatMul", ["a", "b"], ["y"], attributes, "n", "com.microsoft")];
    const spec: ModelSpec = { inputs: { a, b }, domains: CONTRIB, nodes };
    expect(shapeOf(spec, "y")).toEqual(y);
    expect(importModel(spec).totals.other.macs).toBe(2 * 3 * 4 * 5);
  });

  it("a convolution adds a map that is not free", () => {
    const nodes = [
      node("FusedConv", ["x", "w", "b", "z"], ["y"], { activation: "Relu", strides: [2, 2] }, "n", "com.microsoft"),
    ];
    const spec: ModelSpec = {
      inputs: { x: [1, 3, 8, 8], z: [1, 4, 4, 4] },
      initializers: { w: [4, 3, 1, 1], b: [4] },
      domains: CONTRIB,
      nodes,
    };
    expect(layersOf(spec).map((layer) => [layer.id, layer.kind, layer.operands.map(({ tensor }) => tensor)])).toEqual([
      ["n#product", "conv", ["n#product", "w", "x"]],
      ["n#sum", "elementwise", ["n#sum", "n#product", "z"]],
      ["n#activation", "elementwise", ["y", "n#sum"]],
    ]);
    expect(importModel(spec).totals).toMatchObject({ macs: 0, other: { macs: 4 * 16 * 3 } });
  });
});

describe("recurrent cells", () => {
  test.each`
    op        | gates | directions
    ${"RNN"}  | ${1}  | ${1}
    ${"GRU"}  | ${3}  | ${2}
    ${"LSTM"} | ${4}  | ${1}
  `("$op has a product with the inputs and one with the state", ({ op, gates, directions }) => {
    const [steps, batch, features, hidden] = [7, 2, 5, 3];
    const direction = directions === 2 ? "bidirectional" : "reverse";
    const spec: ModelSpec = {
      inputs: { x: [steps, batch, features] },
      initializers: { w: [directions, gates * hidden, features], r: [directions, gates * hidden, hidden] },
      nodes: [node(op, ["x", "w", "r"], ["y", "h"], { hidden_size: hidden, direction }, "n")],
      outputs: { y: undefined, h: undefined },
    };
    const rows = steps * batch * directions * gates * hidden;
    expect(macsOf(spec)).toEqual({ "n#inputs": rows * features, "n#states": rows * hidden });
    expect(importModel(spec).totals).toMatchObject({ macs: 0, other: { macs: rows * (features + hidden) } });
    expect(shapeOf(spec, "y")).toEqual([steps, directions, batch, hidden]);
    expect(shapeOf(spec, "h")).toEqual([directions, batch, hidden]);
  });

  it("need every step for each: they are costed, not fused", () => {
    const spec: ModelSpec = {
      inputs: { x: [7, 2, 5] },
      initializers: { w: [1, 12, 5], r: [1, 12, 3] },
      nodes: [node("LSTM", ["x", "w", "r"], ["y"], { hidden_size: 3, direction: "reverse" }, "n")],
    };
    const maps = (id: string) =>
      layersOf(spec)
        .find((layer) => layer.id === id)
        ?.operands.find(({ name }) => name === "I")?.axes;
    expect(maps("n#states")?.[0]).toEqual({ kind: "whole", loops: ["OX"] });
    expect(maps("n#gates")?.[0]).toEqual({ kind: "whole", loops: ["B"] });
  });
});

describe("control flow", () => {
  const product = (columns: number) => ({
    nodes: [node("MatMul", ["x", `w${columns}`], [`p${columns}`], {}, "mm")],
    outputs: { [`p${columns}`]: undefined },
  });
  const weights = { w4: [8, 4], w6: [8, 6] };

  it("a condition that is not known costs the larger branch", () => {
    const branches = { then_branch: product(4), else_branch: product(6) };
    const spec: ModelSpec = {
      inputs: { x: [5, 8], c: [] },
      initializers: weights,
      nodes: [node("If", ["c"], ["y"], branches, "n")],
    };
    const { totals, network } = importModel(spec);
    expect(totals).toMatchObject({ macs: 0, other: { macs: 5 * 8 * 6 } });
    expect(network.coverage[0]).toMatchObject({
      status: "lowered",
      layer: "n#mm",
      reason: expect.stringContaining("else"),
    });
    expect(shapeOf(spec, "y")).toEqual([5, 6]);
  });

  const choice = (then: readonly string[], otherwise: readonly string[]): ModelSpec => {
    const branch = ([op = "", ...inputs]: readonly string[], name: string) => ({
      nodes: [node(op, inputs, [name])],
      outputs: { [name]: undefined },
    });
    const branches = { then_branch: branch(then, "t"), else_branch: branch(otherwise, "e") };
    const nodes = [node("If", ["c"], ["y"], branches, "n"), node("Relu", ["y"], ["z"])];
    return { inputs: { x: [1, 3], c: [] }, initializers: { a: int64([1]) }, nodes };
  };

  it.each<[why: string, spec: ModelSpec, branch: string]>([
    ["then", choice(["Squeeze", "x", "a"], ["Identity", "x"]), "else_branch"],
    ["else", choice(["Identity", "x"], ["Squeeze", "x", "a"]), "then_branch"],
  ])("a branch that cannot run does not count: %s", (_, spec, branch) => {
    const { network, diagnostics } = importModel(spec);
    expect(network.coverage[0]).toMatchObject({ status: "view", reason: expect.stringContaining(branch) });
    expect(network.coverage[0]?.reason).toMatch(/another one cannot run: axis 1 of \[1, 3\] is squeezed/);
    expect(diagnostics).toEqual([]);
    expect(shapeOf(spec, "z")).toEqual([1, 3]);
  });

  it("where no branch can run the node is left out, not the file", () => {
    const wrong = ["Squeeze", "x", "a"];
    const { network, diagnostics } = importModel(choice(wrong, wrong));
    expect(network.coverage[0]).toMatchObject({
      status: "refused",
      reason: expect.stringMatching(/none of its graphs/),
    });
    expect(diagnostics.map(({ code }) => code)).toEqual(["shape-not-known"]);
  });

  it("a condition that is known chooses", () => {
    const branches = { then_branch: product(4), else_branch: product(6) };
    const initializers = { ...weights, c: bool(1) };
    const spec: ModelSpec = { inputs: { x: [5, 8] }, initializers, nodes: [node("If", ["c"], ["y"], branches, "n")] };
    expect(shapeOf(spec, "y")).toEqual([5, 4]);
  });

  it("a loop costs its body as often as it runs, and stacks what each iteration leaves", () => {
    const body = {
      inputs: { i: [], go: [], state: undefined },
      nodes: [
        node("MatMul", ["state", "w"], ["next"], {}, "mm"),
        node("Identity", ["go"], ["on"]),
        node("Relu", ["next"], ["each"]),
      ],
      outputs: { on: [], next: undefined, each: undefined },
    };
    const spec: ModelSpec = {
      inputs: { x: [5, 8] },
      initializers: { w: [8, 8], n: int64(3), c: bool(1) },
      nodes: [node("Loop", ["n", "c", "x"], ["y", "all"], { body }, "n")],
      outputs: { y: undefined, all: undefined },
    };
    const { totals, network } = importModel(spec);
    expect(totals.other.macs).toBe(3 * 5 * 8 * 8);
    expect(network.layers.find(({ id }) => id === "n#mm")?.loops[0]).toEqual({ dim: "T", size: 3 });
    expect(network.coverage[0]?.reason).toBe("its body is costed 3 times");
    expect(shapeOf(spec, "all")).toEqual([3, 5, 8]);
  });

  it("a loop whose end is decided at run time is costed once, and says so", () => {
    const body = {
      inputs: { i: [], go: [], state: undefined },
      nodes: [node("Add", ["state", "state"], ["next"]), node("Not", ["go"], ["on"])],
      outputs: { on: [], next: undefined },
    };
    const nodes = [node("Loop", ["", "c", "x"], ["y"], { body }, "n")];
    const { network } = importModel({ inputs: { x: [4], c: [] }, types: { c: 9 }, nodes });
    expect(network.coverage[0]?.reason).toContain("costed once");
  });

  it("a body may read what is not known", () => {
    const nodes = [
      node("Odd", ["x"], ["z"], {}, "odd", "unheard.of"),
      node(
        "Loop",
        ["t", "", "z"],
        ["y"],
        {
          body: {
            inputs: { i: [], c: [], s: undefined },
            nodes: [node("Relu", ["s"], ["r"]), node("Identity", ["c"], ["d"])],
            outputs: { d: [], r: undefined },
          },
        },
        "n",
      ),
      node(
        "If",
        ["b"],
        ["w"],
        {
          then_branch: { nodes: [node("Relu", ["z"], ["a"])], outputs: { a: undefined } },
          else_branch: { nodes: [node("Relu", ["x"], ["e"])], outputs: { e: undefined } },
        },
        "if",
      ),
      node(
        "Scan",
        ["z"],
        ["v"],
        {
          num_scan_inputs: 1,
          body: { inputs: { q: undefined }, nodes: [node("Relu", ["q"], ["p"])], outputs: { p: undefined } },
        },
        "scan",
      ),
    ];
    const { network } = importModel({
      inputs: { x: [4], b: [] },
      initializers: { t: int64(2) },
      nodes,
      outputs: { y: undefined, w: undefined, v: undefined },
    });
    expect(network.coverage.map(({ node: id, status }) => `${id} ${status}`)).toEqual([
      "odd refused",
      "n refused",
      "if refused",
      "scan refused",
    ]);
  });

  it("a scan takes one slice after the other", () => {
    const body = {
      inputs: { state: undefined, slice: undefined },
      nodes: [node("Add", ["state", "slice"], ["sum"], {}, "add"), node("Identity", ["sum"], ["each"])],
      outputs: { sum: undefined, each: undefined },
    };
    const nodes = [node("Scan", ["s", "x"], ["end", "all"], { body, num_scan_inputs: 1 }, "n")];
    const spec: ModelSpec = { inputs: { s: [4], x: [6, 4] }, nodes, outputs: { end: undefined, all: undefined } };
    expect([shapeOf(spec, "end"), shapeOf(spec, "all")]).toEqual([[4], [6, 4]]);
    const { network } = importModel(spec);
    expect(network.coverage[0]?.reason).toBe("its body is costed 6 times");
    // Each iteration takes a slice from somewhere in the axis, and leaves one: 6 of 4 elements, not 6 of all.
    expect(network.layers.map((layer) => printLayer(layer))).toEqual([
      ["T6 B1 G4 OY1 OX1", "O[G] I[*T, G]"],
      ["T6 B1 G4 OY1 OX1", "O[G] X[G] Y[G]"],
      ["B6 G4 OY1 OX1", "O[B, G] I[G]"],
    ]);
  });

  it("a stack in a loop in a loop is made as often as the outer one runs", () => {
    const inside = {
      inputs: { i2: [], c2: [] },
      nodes: [node("Identity", ["c2"], ["d2"]), node("Relu", ["x"], ["r"])],
      outputs: { d2: undefined, r: undefined },
    };
    const body = {
      inputs: { i: [], c: [] },
      nodes: [node("Identity", ["c"], ["d"]), node("Loop", ["three", ""], ["s"], { body: inside })],
      outputs: { d: undefined, s: undefined },
    };
    const nodes = [node("Loop", ["two", ""], ["y"], { body }, "n")];
    const { network } = importModel({ inputs: { x: [4] }, initializers: { two: int64(2), three: int64(3) }, nodes });
    expect(network.layers.map((layer) => [layer.op, printLayer(layer)[0]])).toEqual([
      ["Relu", "T6 B1 G4 OY1 OX1"],
      ["Stack", "T2 B3 G4 OY1 OX1"],
      ["Stack", "B2 G3 OY1 OX4"],
    ]);
  });

  it("a loop whose condition is false from the start never runs", () => {
    const body = {
      inputs: { i: [], c: [], s: undefined },
      nodes: [node("Identity", ["c"], ["d"]), node("Relu", ["s"], ["r"])],
      outputs: { d: [], r: undefined, each: undefined },
    };
    const nodes = [
      node(
        "Loop",
        ["t", "no", "x"],
        ["y", "all"],
        { body: { ...body, nodes: [...body.nodes, node("Relu", ["r"], ["each"])] } },
        "n",
      ),
    ];
    const { network } = importModel({
      inputs: { x: [4] },
      initializers: { t: int64(3), no: bool(0) },
      nodes,
      outputs: { y: undefined },
    });
    expect(network.layers).toEqual([]);
    expect(network.coverage).toMatchObject([{ node: "n", reason: expect.any(String) }]);
  });
});
