import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { verifyNetwork } from "../../../src/ir/verify.js";
import { type ModelSpec, node } from "../../support/onnx-builder.js";
import { codesOf } from "../../support/onnx-import.js";
import { bytesOf, DOMAIN, type FunctionSpec, functionProto } from "./function-builder.js";

const { onnx } = onnxProto;

function imported(bytes: Uint8Array) {
  const result = importOnnx(bytes, { file: "test.onnx" });
  expect(verifyNetwork(result.network)).toEqual([]);
  return result;
}

const call = (name: string, inputs: readonly string[], outputs: readonly string[], attributes = {}, id = name) =>
  node(name, inputs, outputs, attributes, id, DOMAIN);

const dense: FunctionSpec = {
  inputs: ["a", "w"],
  outputs: ["r"],
  nodes: [node("MatMul", ["a", "w"], ["p"], {}, "mm"), node("Relu", ["p"], ["r"], {}, "act")],
};

describe("a local function is inlined", () => {
  it("its products count like those of the graph, once per call", () => {
    const { network, totals } = imported(
      bytesOf(
        {
          inputs: { x: [2, 4] },
          initializers: { w: [4, 4] },
          nodes: [call("Dense", ["x", "w"], ["h"], {}, "first"), call("Dense", ["h", "w"], ["y"], {}, "second")],
        },
        { Dense: dense },
      ),
    );
    expect(totals).toMatchObject({
      macs: 64,
      weightElements: 32,
      byOp: { MatMul: { nodes: 2, macs: 64 } },
      other: { macs: 0 },
    });
    expect(network.layers.map(({ id }) => id)).toEqual(["first#mm", "first#act", "second#mm", "second#act"]);
    expect(network.coverage.map(({ node: id, status, layer }) => [id, status, layer])).toEqual([
      ["first", "lowered", "first#mm"],
      ["second", "lowered", "second#mm"],
    ]);
  });

  it("functions may call each other, and pass an input on", () => {
    const outer: FunctionSpec = {
      inputs: ["a", "w"],
      outputs: ["r", "same"],
      nodes: [call("Dense", ["a", "w"], ["r"], {}, "inner"), node("Identity", ["a"], ["same"])],
    };
    const spec = { inputs: { x: [2, 4] }, initializers: { w: [4, 4] }, nodes: [call("Outer", ["x", "w"], ["y", "z"])] };
    const { network, totals } = imported(bytesOf(spec, { Dense: dense, Outer: outer }));
    expect(totals.macs).toBe(32);
    expect(network.layers.map(({ id }) => id)).toEqual(["Outer#inner#mm", "Outer#inner#act"]);
  });

  it("attributes of the caller replace references, and its own operator sets hold", () => {
    const joined: FunctionSpec = {
      inputs: ["a", "b"],
      outputs: ["r"],
      nodes: [node("Concat", ["a", "b"], ["r"])],
      references: { axis: "along" },
    };
    const spec = (along: number): ModelSpec => ({
      inputs: { x: [2, 3], z: [2, 3] },
      nodes: [call("Joined", ["x", "z"], ["y"], { along })],
    });
    const dimsOf = (along: number) =>
      [...imported(bytesOf(spec(along), { Joined: joined })).network.tensors.values()].find(({ id }) => id === "y")
        ?.dims;
    expect([dimsOf(0), dimsOf(1)]).toEqual([
      [4, 3],
      [2, 6],
    ]);
  });

  it("an attribute that the caller leaves out has the function's default", () => {
    const soft: FunctionSpec = {
      inputs: ["a"],
      outputs: ["r"],
      nodes: [node("Softmax", ["a"], ["r"], {}, "s")],
      references: { axis: "along" },
    };
    const model = bytesOf({ inputs: { x: [2, 3] }, nodes: [call("Soft", ["x"], ["y"])] }, {});
    const attribute = onnx.AttributeProto.encode({ name: "along", type: 2, i: 0 }).finish();
    const body = [
      ...onnx.FunctionProto.encode(functionProto("Soft", soft)).finish(),
      0x5a,
      attribute.length,
      ...attribute,
    ];
    // Fields 11 of a function and 25 of a model, which the library that encodes does not know or writes without the former.
    const { network } = imported(Uint8Array.from([...model, 0xca, 0x01, body.length, ...body]));
    expect(network.layers[0]).toMatchObject({ id: "Soft#s", attributes: { axis: 0 } });
  });

  it("a function that calls itself is not followed without end", () => {
    const endless: FunctionSpec = {
      inputs: ["a"],
      outputs: ["r"],
      nodes: [call("Endless", ["a"], ["r"], {}, "again")],
    };
    const spec = { inputs: { x: [2] }, nodes: [call("Endless", ["x"], ["y"])] };
    const { network } = imported(bytesOf(spec, { Endless: endless }));
    expect(network.coverage[0]).toMatchObject({ status: "refused", reason: "function 'local::Endless' calls itself" });
  });

  it.each<[what: string, nodes: FunctionSpec["nodes"]]>([
    ["by two nodes", [node("Relu", ["a"], ["r"]), node("Tanh", ["a"], ["r"])]],
    ["as an input and by a node", [node("Relu", ["a"], ["a"]), node("Relu", ["a"], ["r"])]],
    [
      "in a body",
      [
        node("Constant", [], ["c"], { value_int: 1 }),
        node("If", ["c"], ["r"], {
          then_branch: { nodes: [node("Relu", ["a"], ["t"]), node("Tanh", ["a"], ["t"])], outputs: { t: undefined } },
        }),
      ],
    ],
  ])("a value of a function that is defined twice, %s, is an error", (_, nodes) => {
    const bytes = bytesOf(
      { inputs: { x: [2] }, nodes: [call("F", ["x"], ["y"])] },
      { F: { inputs: ["a"], outputs: ["r"], nodes } },
    );
    expect(codesOf(() => imported(bytes))).toContain("duplicate-value");
  });

  it("functions that multiply without measure are left out, with a warning", () => {
    const names = Array.from({ length: 20 }, (_, i) => `F${i}`);
    const entries = names.map((name, i): readonly [string, FunctionSpec] => [
      name,
      {
        inputs: ["a"],
        outputs: ["r"],
        nodes:
          i === 0
            ? [node("Relu", ["a"], ["r"])]
            : [call(`F${i - 1}`, ["a"], ["b"], {}, "l"), call(`F${i - 1}`, ["b"], ["r"], {}, "r")],
      },
    ]);
    const spec = { inputs: { x: [2] }, nodes: [call("F19", ["x"], ["y"])] };
    const { network, diagnostics } = imported(bytesOf(spec, Object.fromEntries(entries)));
    expect(diagnostics.map(({ code }) => code)).toEqual(["too-many-parts", "shape-not-known"]);
    expect(network.coverage).toMatchObject([
      { node: "F19", status: "refused", reason: expect.stringMatching(/more than 20000 nodes/) },
    ]);
  });
});
