import { describe, expect, it, test } from "vitest";
import { bool, type GraphSpec, int64, type ModelSpec, node, type TensorSpec } from "../../../support/onnx-builder.js";
import { codesOf, importModel, shapeOf } from "../../../support/onnx-import.js";

describe("how often the body of a loop runs", () => {
  const body = (condition: readonly ReturnType<typeof node>[], initializers = {}): GraphSpec => ({
    inputs: { i: [], c: [], s: undefined },
    nodes: [...condition, node("Relu", ["s"], ["r"])],
    outputs: { d: [], r: undefined },
    initializers,
  });
  const handedOn = body([node("Identity", ["c"], ["d"])]);
  const constant = (value: number): GraphSpec => body([node("Constant", [], ["d"], { value: bool(value) })]);
  const decided = body([node("ReduceMax", ["s"], ["m"], { keepdims: 0 }), node("Cast", ["m"], ["d"], { to: 9 })]);
  const loop = (trips: number, inner: GraphSpec, start: TensorSpec = bool(1)): ModelSpec => ({
    inputs: { x: [3] },
    initializers: { m: int64(trips), c0: start },
    nodes: [node("Loop", ["m", "c0", "x"], ["y"], { body: inner }, "n")],
  });

  test.each<[what: string, spec: ModelSpec, times: number, reason: RegExp]>([
    ["as often as the trip count says", loop(5, handedOn), 5, /costed 5 times/],
    ["once", loop(1, handedOn), 1, /costed once/],
    ["as a constant condition lets it", loop(5, constant(1)), 5, /costed 5 times/],
    ["once where a constant condition ends it", loop(5, constant(0)), 1, /ends it: its body is costed once/],
    ["once where an initializer ends it", loop(5, body([], { d: bool(0) })), 1, /ends it/],
    ["at most as often where it is decided at run time", loop(5, decided), 5, /at most 5 times/],
    ["without a limit", loop(2 ** 31 - 1, decided), 1, /decided at run time; costed once/],
  ])("%s", (_, spec, times, reason) => {
    const { network } = importModel(spec);
    expect(network.coverage[0]?.reason).toMatch(reason);
    const layer = network.layers.find(({ op }) => op === "Relu");
    expect(layer?.loops.find(({ dim }) => dim === "T")?.size ?? 1).toBe(times);
  });

  test.each([
    ["of no iterations", loop(0, handedOn)],
    ["of -1 iterations", loop(-1, handedOn)],
    ["whose condition is false", loop(5, handedOn, bool(0))],
  ])("a loop %s never runs", (_, spec) => {
    expect(importModel(spec).network.layers.filter(({ op }) => op === "Relu")).toEqual([]);
  });

  it("more often than can be counted is an error", () => {
    expect(codesOf(() => importModel(loop(2 ** 53 - 1, handedOn)))).toEqual(["too-many-iterations"]);
  });
});

describe("Scan of operator set 8", () => {
  const body: GraphSpec = {
    inputs: { sum: undefined, slice: undefined },
    nodes: [
      node("MatMul", ["slice", "w"], ["p"]),
      node("Add", ["sum", "p"], ["total"]),
      node("Identity", ["total"], ["each"]),
    ],
    outputs: { total: undefined, each: undefined },
  };
  // 2 sequences of 5 rows of 3 numbers; the state of each has 4.
  const spec: ModelSpec = {
    opset: 8,
    inputs: { s: [2, 1, 4], x: [2, 5, 1, 3] },
    initializers: { w: [3, 4] },
    nodes: [node("Scan", ["", "s", "x"], ["end", "all"], { body, num_scan_inputs: 1 }, "n")],
    outputs: { end: undefined, all: undefined },
  };

  it("runs for every element of the batch and every slice", () => {
    const { network, totals } = importModel(spec);
    expect(network.coverage).toMatchObject([
      { status: "lowered", reason: expect.stringMatching(/2 elements of its batch/) },
    ]);
    expect(totals.other.macs).toBe(2 * 5 * 3 * 4);
  });

  it("leaves states and slices behind the batch", () => {
    expect(shapeOf(spec, "end")).toEqual([2, 1, 4]);
    expect(shapeOf(spec, "all")).toEqual([2, 5, 1, 4]);
  });
});
