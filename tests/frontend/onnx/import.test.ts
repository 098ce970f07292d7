/** The whole import: ledger, totals, symbols, weights, views, names. */
import { describe, expect, it, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { verifyNetwork } from "../../../src/ir/verify.js";
import { filled, int64, model, node } from "../../support/onnx-builder.js";
import { importModel, layerOf, printLayer, tensorOf } from "../../support/onnx-import.js";

const statuses = (result: ReturnType<typeof importModel>) =>
  Object.fromEntries(result.network.coverage.map(({ node: id, status }) => [id, status]));

describe("the coverage ledger", () => {
  const result = importModel({
    inputs: { x: [1, 4, 8, 8] },
    initializers: { w: [8, 4, 3, 3], v: [8, 8], shape: int64([1, -1]) },
    nodes: [
      node("Transpose", ["v"], ["vt"], {}, "fold"),
      node("Conv", ["x", "w"], ["c"], {}, "conv"),
      node("Transpose", ["c"], ["t"], { perm: [0, 2, 3, 1] }, "move"),
      node("GlobalAveragePool", ["c"], ["p"], {}, "pool"),
      node("Reshape", ["p", "shape"], ["f"], {}, "view"),
      node("MatMul", ["f", "vt"], ["m"], {}, "matmul"),
      node("Fancy", ["t"], ["o"], {}, "opaque", "acme"),
      node("Fancy", ["t"], ["r"], {}, "refused", "acme"),
      node("Relu", ["r"], ["rr"], {}, "behind"),
    ],
    valueInfo: { o: [3, 5] },
    outputs: { m: undefined, o: undefined, rr: undefined },
    domains: { acme: 1 },
  });

  it("has one entry per node, in file order", () => {
    expect(statuses(result)).toEqual({
      fold: "folded",
      conv: "lowered",
      move: "moved",
      pool: "lowered",
      view: "view",
      matmul: "lowered",
      opaque: "opaque",
      refused: "refused",
      behind: "refused",
    });
    const view = result.network.coverage.find(({ node: id }) => id === "view");
    expect(view).toEqual({ node: "view", opType: "Reshape", status: "view", layer: "pool" });
  });

  it("gives a reason for what is refused, and one warning per operator", () => {
    const reasons = result.network.coverage.flatMap(({ reason }) => reason ?? []);
    expect(new Set(reasons)).toEqual(
      new Set([
        "operator 'acme::Fancy' is not understood",
        expect.stringMatching(/'acme::Fancy' of node 'refused'/) as string,
      ]),
    );
    expect(result.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ["operator-not-understood", "warning"],
    ]);
    expect(result.diagnostics[0]?.message).toMatch(
      /1 node costed .*'opaque'.*1 node refused.*'refused'; 1 node behind/,
    );
  });

  it("tells what every tensor is", () => {
    const kinds = Object.fromEntries([...result.network.tensors.values()].map(({ id, kind }) => [id, kind]));
    expect(kinds).toEqual({
      x: "input",
      w: "weight",
      vt: "weight",
      c: "intermediate",
      t: "intermediate",
      p: "intermediate",
      m: "output",
      o: "output",
    });
  });

  it("reads views through to the tensor that holds the data", () => {
    const [, , input] = layerOf(result, "matmul").operands;
    expect(input).toEqual({
      name: "I",
      role: "input",
      tensor: "p",
      axes: ["OX", "C"]
        .map((loop) => ({ kind: "pointwise", loops: [loop] }))
        .concat(Array.from({ length: 2 }, () => ({ kind: "pointwise", loops: [] }))),
      view: [{ kind: "reshape", dims: [1, 8] }],
    });
  });

  it("adds up the totals", () => {
    expect(result.totals).toEqual({
      macs: 8 * 36 * 36 + 64,
      weightElements: 8 * 36 + 64,
      byOp: { Conv: { nodes: 1, macs: 8 * 36 * 36 }, MatMul: { nodes: 1, macs: 64 } },
      unknown: [],
      other: { macs: 0 },
    });
  });
});

describe("weights", () => {
  const nodes = [node("Conv", ["x", "w"], ["y"], {}, "c")];
  const computed = [node("Constant", [], ["s"], { value: int64([4, 4, 1, 1]) }), node("ConstantOfShape", ["s"], ["w"])];
  test.each`
    spec                                                                                      | role        | elements | why
    ${{ initializers: { w: [4, 4, 1, 1] }, nodes }}                                           | ${"weight"} | ${16}    | ${"an initializer without payload"}
    ${{ initializers: { w: { dims: [4, 4, 1, 1], type: 1, external: "w.bin" } }, nodes }}     | ${"weight"} | ${16}    | ${"an external file that is not there"}
    ${{ initializers: { w: [4, 4, 1, 1] }, more: { w: [4, 4, 1, 1] }, nodes }}                | ${"weight"} | ${16}    | ${"an initializer that is an input too"}
    ${{ nodes: [node("Constant", [], ["w"], { value: filled(1, [4, 4, 1, 1]) }), ...nodes] }} | ${"weight"} | ${16}    | ${"a Constant node"}
    ${{ nodes: [...computed, ...nodes] }}                                                     | ${"weight"} | ${16}    | ${"computed from constants"}
    ${{ more: { w: [4, 4, 1, 1] }, nodes }}                                                   | ${"weight"} | ${0}     | ${"a graph input without initializer, which is no constant"}
    ${{ more: { v: [4, 4, 1, 1] }, nodes: [node("Relu", ["v"], ["w"], {}, "r"), ...nodes] }}  | ${"input"}  | ${0}     | ${"computed from an input"}
  `("may be $why", ({ spec: { more, ...spec }, role, elements }) => {
    const result = importModel({ inputs: { x: [1, 4, 5, 5], ...more }, ...spec });
    expect(layerOf(result, "c").operands[1]).toMatchObject({ name: "W", role });
    expect(result.totals).toMatchObject({ macs: 16 * 25, weightElements: elements });
    if (role === "weight") expect(tensorOf(result, "w").kind).toBe("weight");
  });

  it("are counted per use, and biases are none", () => {
    const { totals, network } = importModel({
      inputs: { x: [1, 4, 5, 5] },
      initializers: { w: [4, 4, 1, 1], b: [4] },
      nodes: [node("Conv", ["x", "w", "b"], ["y"]), node("Conv", ["y", "w", "b"], ["z"])],
    });
    expect(totals.weightElements).toBe(32);
    expect(network.layers[0]?.parameters).toEqual([{ role: "bias", tensor: "b" }]);
    expect([...network.tensors.values()].find(({ id }) => id === "b")?.kind).toBe("bias");
  });
});

describe("symbolic dimensions", () => {
  const spec = {
    inputs: { x: ["N", 4, "H", undefined] },
    initializers: { w: [4, 4, 3, 3] },
    nodes: [node("Conv", ["x", "w"], ["y"], {}, "c"), node("Relu", ["y"], ["z"], {}, "r")],
  };

  it("are bound by name, or by place where they have none; the batch defaults to 1", () => {
    const result = importModel(spec, { H: 10, "x[3]": 6 });
    expect(tensorOf(result, "y").dims).toEqual([1, 4, 8, 4]);
    expect(result.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["default-batch", "info"]]);
    expect(importModel(spec, { N: 3, H: 10, "x[3]": 6 }).totals.macs).toBe(3 * 32 * 4 * 4 * 9);
  });

  it("that are not bound leave their layers out, and say which symbol it takes", () => {
    const { totals, network, diagnostics } = importModel(spec, { "x[3]": 6 });
    expect(network.layers).toEqual([]);
    expect(network.coverage.map(({ status, reason }) => [status, reason])).toEqual([
      ["refused", "dimension 'H' is not known: --bind 'H=…'"],
      ["refused", "dimension 'H' is not known: --bind 'H=…'"],
    ]);
    expect(totals).toMatchObject({ macs: 0, weightElements: 144, byOp: { Conv: { nodes: 1, macs: 0 } } });
    expect(totals.unknown).toMatchObject([{ layer: "c", op: "Conv", symbol: "H" }]);
    expect(diagnostics.map(({ code }) => code)).toEqual(["default-batch", "unknown-dimension"]);
  });

  it("cancel in reshapes, and flow through shape arithmetic", () => {
    const { network } = importModel(
      {
        inputs: { x: ["N", "T", 6] },
        initializers: { zero: int64(0), minus: int64([-1]), six: int64([6]), axis: int64([0]) },
        nodes: [
          node("Shape", ["x"], ["s"]),
          node("Gather", ["s", "zero"], ["n"], {}, "gather"),
          node("Unsqueeze", ["n", "axis"], ["n1"], {}, "unsqueeze"),
          node("Concat", ["n1", "minus", "six"], ["t"], { axis: 0 }, "concat"),
          node("Reshape", ["x", "t"], ["y"], {}, "reshape"),
          node("Relu", ["y"], ["z"], {}, "relu"),
        ],
      },
      { T: 5 },
    );
    expect(network.coverage.map(({ status }) => status)).toEqual([
      "folded",
      "folded",
      "folded",
      "folded",
      "view",
      "lowered",
    ]);
    expect(printLayer(network.layers[0] ?? expect.fail())).toEqual(["B1 G5 OY1 OX6", "O[B, G, OX] I[B, G, OX]"]);
  });
});

describe("declared shapes", () => {
  const base = { inputs: { x: [1, 4] }, nodes: [node("Relu", ["x"], ["y"]), node("Tanh", ["y"], ["z"])] };

  it("that contradict the computed ones are reported once; the computed ones win", () => {
    const result = importModel({ ...base, valueInfo: { y: [1, 5] }, outputs: { z: [2, 4, 1] } });
    expect(result.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ["declared-shape-differs", "warning"],
    ]);
    expect(result.diagnostics[0]?.message).toMatch(/'y' is declared \[1, 5\].*\[1, 4\].*1 other value/);
    expect(tensorOf(result, "z").dims).toEqual([1, 4]);
  });

  it("fill in what depends on data", () => {
    const nodes = [node("Reshape", ["x", "s"], ["y"], {}, "r"), node("Relu", ["y"], ["z"])];
    const spec = { inputs: { x: [6, 4], s: [2] }, types: { s: 7 }, nodes };
    expect(importModel(spec).network.coverage.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 2 }, () => "the shape of node 'r' is computed at run time"),
    );
    expect(tensorOf(importModel({ ...spec, valueInfo: { y: [8, 3] } }), "z").dims).toEqual([8, 3]);
  });
});

describe("names", () => {
  test.each`
    names                        | outputs                              | ids                          | why
    ${["a", "b"]}                | ${["p", "q"]}                        | ${["a", "b"]}                | ${"names where they are unique"}
    ${["", ""]}                  | ${["p", "q"]}                        | ${["p", "q"]}                | ${"outputs where there is no name"}
    ${["n", "n"]}                | ${["p", "q"]}                        | ${["p", "q"]}                | ${"or where it is not unique"}
    ${["q", ""]}                 | ${["p", "q"]}                        | ${["p", "q"]}                | ${"a name that an output bears gives way"}
    ${["__proto__", "toString"]} | ${["constructor", "hasOwnProperty"]} | ${["__proto__", "toString"]} | ${"hostile names"}
    ${["", ""]}                  | ${["__proto__", "a,b"]}              | ${["__proto__", "a,b"]}      | ${"hostile outputs"}
  `("of layers are $why", ({ names: [first, second], outputs: [p, q], ids }) => {
    const nodes = [node("Relu", ["__proto__x"], [p], {}, first), node("Tanh", [p], [q], {}, second)];
    const { network } = importModel({ inputs: { __proto__x: [1, 2] }, nodes });
    expect(network.layers.map(({ id }) => id)).toEqual(ids);
    expect(network.coverage.map(({ node: id, layer }) => [id, layer])).toEqual(ids.map((id: string) => [id, id]));
  });

  it("of the network is the file's, without folders and extension", () => {
    const bytes = model({ inputs: { x: [1] }, nodes: [node("Relu", ["x"], ["y"])] });
    for (const file of ["/a/b/net.v2.onnx", "b\\net.v2.onnx", "net.v2.onnx"])
      expect(importOnnx(bytes, { file }).network.name).toBe("net.v2");
  });
});

describe("order and structure", () => {
  it("nodes may come in any order", () => {
    const nodes = [node("Tanh", ["y"], ["z"], {}, "late"), node("Relu", ["x"], ["y"], {}, "early")];
    const { network } = importModel({ inputs: { x: [1, 2] }, nodes, outputs: { z: undefined } });
    expect(network.layers.map(({ id }) => id)).toEqual(["early", "late"]);
    expect(network.coverage.map(({ node: id }) => id)).toEqual(["late", "early"]);
  });

  it("a body reads values from outside, which orders the nodes", () => {
    const body = { nodes: [node("Add", ["outer", "outer"], ["inner"])], outputs: { inner: [1] } };
    const nodes = [
      node("If", ["c"], ["y"], { then_branch: body, else_branch: body }, "if"),
      node("Relu", ["x"], ["outer"], {}, "r"),
    ];
    const { network } = importModel({ inputs: { x: [1], c: [] }, nodes, outputs: { y: [1] } });
    expect(network.layers.map(({ id, kind }) => [id, kind])).toEqual([
      ["r", "elementwise"],
      ["if#inner", "elementwise"],
    ]);
  });

  it("outputs that no layer writes are costed as data movement", () => {
    const pool = node("MaxPool", ["x"], ["y", "where"], { kernel_shape: [2, 2] }, "p");
    const { network } = importModel({
      inputs: { x: [1, 1, 4, 4] },
      nodes: [pool],
      outputs: { y: undefined, where: undefined },
    });
    expect(network.layers.map(({ id, kind }) => [id, kind])).toEqual([
      ["p", "pool"],
      ["p#1", "movement"],
    ]);
  });

  it("a graph output may be a view of a layer's output, or an input itself", () => {
    const nodes = [node("Relu", ["x"], ["y"]), node("Identity", ["y"], ["z"])];
    const { network } = importModel({ inputs: { x: [1, 2] }, nodes, outputs: { z: undefined, x: undefined } });
    expect([...network.tensors.values()].map(({ id, kind }) => [id, kind])).toEqual([
      ["x", "input"],
      ["y", "output"],
    ]);
  });

  it("the same bytes give the same network, from memory and piece by piece", () => {
    const bytes = model({
      inputs: { x: [1, 3, 9, 9] },
      initializers: { w: filled(1, [64, 3, 3, 3]) },
      nodes: [node("Conv", ["x", "w"], ["y"])],
    });
    const source = {
      size: bytes.length,
      read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
    };
    const [whole, pieces] = [importOnnx(bytes, { file: "a" }), importOnnx(source, { file: "a" })];
    expect(pieces).toEqual(whole);
    expect(verifyNetwork(whole.network)).toEqual([]);
  });

  it("asks for external data of small tensors only", () => {
    const asked: string[] = [];
    const bytes = model({
      inputs: { x: [2, 3] },
      initializers: {
        s: { dims: [1], type: 7, external: "shape.bin" },
        w: { dims: [3, 2000], type: 1, external: "w.bin" },
      },
      nodes: [node("MatMul", ["x", "w"], ["m"]), node("Reshape", ["m", "s"], ["y"], {}, "r")],
    });
    const readExternal = (location: string) => {
      asked.push(location);
      return new Uint8Array(BigInt64Array.of(-1n).buffer);
    };
    const { network } = importOnnx(bytes, { file: "a", readExternal });
    expect(asked).toEqual(["shape.bin"]);
    expect(network.coverage[1]).toMatchObject({ node: "r", status: "view" });
  });
});
