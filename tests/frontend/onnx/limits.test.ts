/** Files that are small, and work that is not: each of these once took minutes, gigabytes or the whole process. */
import onnxProto from "onnx-proto";
import { describe, expect, it, test } from "vitest";
import { printImport } from "../../../src/backend/emit/import-json.js";
import { decodeModel } from "../../../src/frontend/onnx/decode.js";
import { nodeIds } from "../../../src/frontend/onnx/graph.js";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { printDiagnostic } from "../../../src/ir/diagnostics.js";
import {
  bool,
  encodeModel,
  float,
  type GraphSpec,
  int64,
  type ModelSpec,
  model,
  type NodeSpec,
  node,
} from "../../support/onnx-builder.js";
import { codesOf, diagnosticsOf, importModel, shapeOf } from "../../support/onnx-import.js";
import { bytesOf, DOMAIN } from "./function-builder.js";

const { onnx } = onnxProto;

/** Far above what a case takes on a busy machine, below what the worst ones took. */
const SECONDS = 30_000;

const list = <T>(length: number, entry: (i: number) => T): readonly T[] => Array.from({ length }, (_, i) => entry(i));
const x = { x: [1, 3] };

describe("names of nodes", () => {
  const ids = (nodes: readonly NodeSpec[]) => nodeIds(decodeModel(model({ inputs: x, nodes }), {}).model.graph.nodes);

  test.each<[why: string, nodes: readonly NodeSpec[], ids: readonly string[]]>([
    ["unique names stay", [node("Relu", ["x"], ["a"], {}, "n"), node("Relu", ["a"], ["b"], {}, "m")], ["n", "m"]],
    [
      "names that two nodes bear do not",
      [node("Relu", ["x"], ["a"], {}, "n"), node("Relu", ["a"], ["b"], {}, "n")],
      ["a", "b"],
    ],
    [
      "a name gives way to the output of a nameless node, and what it falls back to does so again",
      [
        node("Relu", ["x"], ["a"]),
        node("Relu", ["a"], ["b"], {}, "a"),
        node("Relu", ["b"], ["c"], {}, "b"),
        node("Relu", ["c"], ["d"], {}, "own"),
      ],
      ["a", "b", "c", "own"],
    ],
  ])("%s", (_, nodes, expected) => expect(ids(nodes)).toEqual(expected));

  it(
    "give way one after the other in linear time",
    () => {
      const count = 20_000;
      const nodes = list(count, (i) => node("Relu", [`v${i}`], [`v${i + 1}`], {}, i === 0 ? "" : `v${i}`));
      expect(ids(nodes)).toEqual(list(count, (i) => `v${i + 1}`));
    },
    SECONDS,
  );

  it("of a long cycle are listed in part", () => {
    const nodes = list(2000, (i) => node("Relu", [`v${(i + 1) % 2000}`], [`v${i}`]));
    const [found] = diagnosticsOf(() => importModel({ inputs: {}, nodes }));
    expect(found?.code).toBe("cyclic-graph");
    expect(found?.message.length).toBeLessThan(200);
    expect(found?.message).toContain("1992 more");
  });
});

describe("many axes", () => {
  const many = list(200_000, () => 1);
  const read = (op: string): ModelSpec => ({ inputs: { x: many }, nodes: [node(op, ["x"], ["y"])] });
  const axes = list(200_000, (i) => i);
  test.each<[what: string, spec: ModelSpec]>([
    ["an input that is flattened", read("Flatten")],
    ["an input whose elements are counted", read("Size")],
    ["an input that is transposed", read("Transpose")],
    ["a declared output", { inputs: x, nodes: [node("Relu", ["x"], ["y"])], outputs: { y: many } }],
    ["an initializer", { inputs: x, initializers: { w: many }, nodes: [node("Add", ["x", "w"], ["y"])] }],
    ["a constant", { inputs: x, nodes: [node("Constant", [], ["y"], { value: { dims: many, type: 1 } })] }],
    [
      "axes that are inserted",
      { opset: 11, inputs: x, nodes: [node("Unsqueeze", ["x"], ["y"], { axes: axes.slice(0, 3000) })] },
    ],
    [
      "an initializer of a body",
      {
        inputs: x,
        initializers: { c: bool(1) },
        nodes: [
          node("If", ["c"], ["y"], {
            then_branch: { nodes: [node("Relu", ["w"], ["r"])], initializers: { w: many }, outputs: { r: undefined } },
          }),
        ],
      },
    ],
  ])(
    "of %s are a diagnostic",
    (_, spec) => expect(codesOf(() => importModel(spec))).toContain("too-many-axes"),
    SECONDS,
  );

  it("up to 64 are none", () => {
    expect(
      importModel({ inputs: { x: list(64, () => 1) }, nodes: [node("Relu", ["x"], ["y"])] }).network.layers,
    ).toHaveLength(1);
  });
});

describe("many inputs and outputs", () => {
  const inputs = list(150_000, () => "x");
  it(
    "of sums and concatenations",
    () => {
      expect(shapeOf({ inputs: { x: [3] }, nodes: [node("Sum", inputs, ["y"])] }, "y")).toEqual([3]);
      expect(shapeOf({ inputs: { x: [3] }, nodes: [node("Concat", inputs, ["y"], { axis: 0 })] }, "y")).toEqual([
        450_000,
      ]);
      const folded = { inputs: { x: [3] }, initializers: { one: int64(1) } };
      const nodes = [
        node(
          "Sum",
          list(150_000, () => "one"),
          ["n"],
        ),
        node("Expand", ["x", "s"], ["y"]),
      ];
      const shape = node("Unsqueeze", ["n", "zero"], ["s"]);
      expect(
        shapeOf(
          {
            inputs: { x: [1] },
            initializers: { ...folded.initializers, zero: int64([0]) },
            nodes: [nodes[0], shape, nodes[1]].flatMap((n) => n ?? []),
          },
          "y",
        ),
      ).toEqual([150_000]);
    },
    SECONDS,
  );

  it(
    "of a split",
    () => {
      const outputs = list(30_000, (i) => `y${i}`);
      const { network } = importModel({ inputs: { x: [30_000] }, nodes: [node("Split", ["x"], outputs, { axis: 0 })] });
      expect(network.layers.at(-1)?.attributes.start).toBe(29_999);
    },
    SECONDS,
  );

  it(
    "of a loop",
    () => {
      const count = 2000;
      const body = {
        inputs: { i: [], c: [] },
        nodes: [node("Identity", ["c"], ["d"]), ...list(count, (i) => node("Relu", ["x"], [`v${i}`]))],
        outputs: Object.fromEntries(["d", ...list(count, (i) => `v${i}`)].map((name) => [name, undefined])),
      };
      const nodes = [
        node(
          "Loop",
          ["m", ""],
          list(count, (i) => `o${i}`),
          { body },
          "n",
        ),
      ];
      const { network } = importModel({ inputs: x, initializers: { m: int64(3) }, nodes });
      expect(network.layers).toHaveLength(2 * count);
    },
    SECONDS,
  );

  test.each<[op: string, inputs: readonly string[], code: string]>([
    ["And", [], "input-count"],
    ["Or", ["x"], "input-count"],
    ["Equal", ["x", "x", "x"], "input-count"],
    ["Where", ["x", "x"], "input-count"],
    ["Sum", [], "input-count"],
    ["Max", [], "input-count"],
    ["Concat", [], "missing-operand"],
  ])("%s of %j", (op, names, code) => {
    expect(codesOf(() => importModel({ inputs: x, nodes: [node(op, names, ["y"], { axis: 0 })] }))).toEqual([code]);
  });
});

describe("nodes that stand for many", () => {
  const chain = (prefix: string, count: number) => ({
    nodes: list(count, (i) => node("Relu", [i === 0 ? "x" : `${prefix}${i - 1}`], [`${prefix}${i}`])),
    outputs: { [`${prefix}${count - 1}`]: undefined },
  });
  const call = (i: number) => node("F", [i === 0 ? "x" : `y${i - 1}`], [`y${i}`], {}, `c${i}`, DOMAIN);

  it(
    "a body that a function's calls would copy counts before it is copied",
    () => {
      const body = { nodes: list(3000, (i) => node("Relu", ["a"], [`v${i}`])), outputs: { v0: undefined } };
      const nodes = [node("Odd", ["a"], ["r"], { body }, "odd", "acme")];
      const bytes = bytesOf({ inputs: x, nodes: list(1000, call) }, { F: { inputs: ["a"], outputs: ["r"], nodes } });
      const before = process.memoryUsage().rss;
      const { network, diagnostics } = importOnnx(bytes, { file: "test.onnx" });
      expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(400);
      expect(network.coverage).toHaveLength(1000);
      expect(diagnostics.map(({ code }) => code)).toContain("too-many-parts");
    },
    SECONDS,
  );

  it("a body that is handed on twice at every call is not copied", () => {
    const handedOn = { name: "g", refAttrName: "g", type: onnx.AttributeProto.AttributeType.GRAPH };
    const odd = (name: string) => ({
      opType: "Odd",
      domain: "acme",
      input: ["a"],
      output: [name],
      attribute: [handedOn],
    });
    const twice = { node: [odd("p"), odd("q")], output: [{ name: "p" }] };
    const proto = onnx.ModelProto.decode(bytesOf({ inputs: x, nodes: [call(0)] }, {}));
    const name = (i: number) => (i === 0 ? "F" : `F${i}`);
    const functions = list(40, (i) => ({
      name: name(i),
      domain: DOMAIN,
      input: ["a"],
      output: ["r"],
      node: [
        {
          opType: name(i + 1),
          domain: DOMAIN,
          input: ["a"],
          output: ["r"],
          attribute: [{ name: "g", type: 5, g: twice }],
        },
      ],
    }));
    const bytes = encodeModel({ ...proto, functions: [...functions] });
    const { network, diagnostics } = importOnnx(bytes, { file: "test.onnx" });
    expect(network.coverage).toMatchObject([{ status: "refused" }]);
    expect(diagnostics.map(({ code }) => code)).toContain("too-many-parts");
  });

  it(
    "as many as the file itself has are told, and two large branches compared",
    () => {
      const branches = { then_branch: chain("a", 15_500), else_branch: chain("b", 15_500) };
      const spec = { inputs: { ...x, c: [] }, nodes: [node("If", ["c"], ["y"], branches, "n")] };
      expect(importModel(spec).network.layers).toHaveLength(15_500);
    },
    SECONDS,
  );

  it("what is not told as its parts is costed as a whole where its output is declared", () => {
    const calls = (name: string, count: number) => ({
      inputs: ["a"],
      outputs: ["r"],
      nodes: list(count, (i) =>
        node(
          name,
          [i === 0 ? "a" : `t${i - 1}`],
          [i === count - 1 ? "r" : `t${i}`],
          {},
          "",
          name.length > 1 ? "" : DOMAIN,
        ),
      ),
    });
    const functions = { F: calls("G", 300), G: calls("H", 300), H: calls("Relu", 300) };
    const { network, diagnostics } = importOnnx(
      bytesOf({ inputs: x, nodes: [call(0)], outputs: { y0: [1, 3] } }, functions),
      { file: "test.onnx" },
    );
    expect(diagnostics.find(({ code }) => code === "too-many-parts")).toMatchObject({ severity: "warning" });
    expect(network.layers.at(-1)).toMatchObject({ kind: "opaque", operands: [{ tensor: "y0" }, { tensor: "x" }] });
  });

  it("a name that is taken again and again is found in a loop, not in a recursion", () => {
    const taken = list(300, (i) => `n#r${"'".repeat(i)}`);
    const branch = { nodes: [node("Relu", ["x"], ["r"])], outputs: { r: undefined } };
    const initializers = { c: bool(1), ...Object.fromEntries(taken.map((name) => [name, [1]])) };
    expect(
      shapeOf({ inputs: x, initializers, nodes: [node("If", ["c"], ["y"], { then_branch: branch }, "n")] }, "y"),
    ).toEqual([1, 3]);
  });
});

describe("operators of the importer's own", () => {
  test.each([["Cell"], ["Carry"], ["RecurrentProduct"], ["Stack"], ["ScanSlice"], ["Result"]])(
    "kerf::%s in a file is a stranger",
    (op) => {
      const nodes = [node(op, ["x", "x"], ["y"], {}, "n", "kerf")];
      const { network, diagnostics } = importModel({ inputs: { x: [3] }, domains: { kerf: 1 }, nodes });
      expect(network.coverage[0]?.status).toBe("refused");
      expect(diagnostics.map(({ code }) => code)).toEqual(["operator-not-understood"]);
    },
  );
});

describe("counts beyond 2^53", () => {
  const iterate = (inner: readonly NodeSpec[], from: string, to: string, tag: string) => ({
    inputs: { [`i${tag}`]: [], [`c${tag}`]: [], [from]: undefined },
    nodes: [node("Identity", [`c${tag}`], [`d${tag}`]), ...inner],
    outputs: { [`d${tag}`]: [], [to]: undefined },
  });
  const loop = (trips: ReturnType<typeof int64>): ModelSpec => ({
    inputs: x,
    initializers: { m: trips },
    nodes: [node("Loop", ["m", "", "x"], ["y"], { body: iterate([node("Relu", ["s"], ["r"])], "s", "r", "") }, "n")],
  });

  it("of loops in loops are a diagnostic", () => {
    const inside = iterate([node("Relu", ["t"], ["q"])], "t", "q", "2");
    const body = iterate([node("Loop", ["m", "", "s"], ["r"], { body: inside })], "s", "r", "1");
    const nodes = [node("Loop", ["m", "", "x"], ["y"], { body }, "n")];
    const spec = { inputs: x, initializers: { m: int64(2 ** 30) }, nodes };
    expect(codesOf(() => importModel(spec))).toEqual(["too-many-iterations"]);
  });

  it("of the taps of a window, too, and windows end at 2^31", () => {
    const pool = (size: number): ModelSpec => ({
      inputs: { x: [1, 1, 4, 4] },
      nodes: [node("MaxPool", ["x"], ["y"], { kernel_shape: [size, size], auto_pad: "SAME_UPPER" })],
    });
    expect(codesOf(() => importModel(pool(2 ** 31 - 1)))).toEqual(["too-many-iterations"]);
    expect(codesOf(() => importModel(pool(2 ** 52)))).toEqual(["attribute-value"]);
  });

  test.each([[2.5], [Number.POSITIVE_INFINITY], [0.5]])("a loop does not run %d times", (trips) => {
    expect(codesOf(() => importModel(loop(float(trips))))).toEqual(["operand-value"]);
  });

  test.each([[0], [-1]])("a loop that runs %d times costs nothing and passes on what it is given", (trips) => {
    const { network } = importModel(loop(int64(trips)));
    expect(network.layers).toEqual([]);
    expect(network.coverage).toMatchObject([{ status: "view", reason: "its body never runs" }]);
  });
});

describe("what nodes stand for is counted before any of it is made", () => {
  const both = (depth: number): GraphSpec =>
    depth === 0
      ? { nodes: [node("Relu", ["x"], ["v0"])], outputs: { v0: undefined } }
      : {
          nodes: [
            node(
              "If",
              ["c"],
              [`v${depth}`],
              { then_branch: both(depth - 1), else_branch: both(depth - 1) },
              `if${depth}`,
            ),
          ],
          outputs: { [`v${depth}`]: undefined },
        };

  it("bodies in bodies", () => {
    const { network, diagnostics } = importModel({ ...both(13), inputs: { ...x, c: [] } });
    expect(network.coverage).toMatchObject([{ status: "refused" }]);
    // The outermost one, not the last that would have fitted.
    expect(diagnostics.find(({ code }) => code === "too-many-parts")?.message).toMatch(/parts: 'if13'$/);
  });

  it("functions that call functions", () => {
    const twice = (callee: string, domain: string) => ({
      inputs: ["a"],
      outputs: ["r"],
      nodes: [node(callee, ["a"], ["t"], {}, "", domain), node(callee, ["t"], ["r"], {}, "", domain)],
    });
    const functions = Object.fromEntries([
      ["F", twice("F1", DOMAIN)],
      ...list(30, (i) => [`F${i + 1}`, twice(i === 29 ? "Relu" : `F${i + 2}`, i === 29 ? "" : DOMAIN)] as const),
    ]);
    const nodes = [node("F", ["x"], ["y"], {}, "call", DOMAIN)];
    const { diagnostics } = importOnnx(bytesOf({ inputs: x, nodes }, functions), { file: "test.onnx" });
    expect(diagnostics.find(({ code }) => code === "too-many-parts")?.message).toMatch(/parts: 'call'$/);
  });
});

describe("numbers and names in messages", () => {
  it("beyond 2^53 are not shown as digits that they do not have", () => {
    const nodes = [node("Conv", ["x", "w"], ["y"], { pads: [2 ** 63 - 2 ** 10, 0, 0, 0], group: 2 ** 60 })];
    const proto = model({ inputs: { x: [1, 1, 4, 4] }, initializers: { w: [1, 1, 3, 3] }, nodes });
    for (const { message } of diagnosticsOf(() => importOnnx(proto, { file: "a" })))
      expect(message).not.toMatch(/\d{16}/);
  });

  it("of a million letters are shown in part", () => {
    const name = "x".repeat(1_000_000);
    const nodes = [node("Relu", [name], ["y"], {}, "n".repeat(1_000_000))];
    const [problem] = diagnosticsOf(() => importModel({ inputs: {}, nodes }));
    expect(problem === undefined ? 0 : printDiagnostic(problem).length).toBeLessThan(7000);
    const { network, totals } = importModel({ inputs: { [name]: [1] }, nodes });
    expect(printImport(network, totals).length).toBeLessThan(2000);
  });
});

it(
  "20 000 operators that nobody knows are reported in linear time",
  () => {
    const nodes = list(20_000, (i) => node(`Odd${i}`, ["x"], [`y${i}`]));
    const { diagnostics } = importModel({ inputs: x, nodes });
    expect(diagnostics.at(-1)?.message).toMatch(/19980 more places/);
  },
  SECONDS,
);
