import { describe, expect, it, test } from "vitest";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import { STACKS } from "../../src/ir/facts.js";
import type { Module } from "../../src/ir/module.js";
import { codes, compile } from "../support/compile.js";
import { add, builtIn, conv, fsrcnn, moduleOf, network, residual, whole } from "../support/networks.js";

const partition = (module: Module, stacks: object = {}) => {
  const result = compile(module, { stacks: { ...stacks }, upTo: "partition-stacks" });
  return { ...result, stacks: result.module.get(STACKS) };
};

const layersOf = (module: Module, options: object = {}) =>
  partition(module, options).stacks.map(({ layers }) => layers.join(" "));

/** A chain of layers with names, so that no id is taken for the number 0. */
const chain = () =>
  network(
    conv("a", { K: 8, C: 4, OX: 12, F: 3 }),
    conv("b", { K: 8, C: 8, OX: 10, F: 3, from: "a" }),
    conv("c", { K: 8, C: 8, OX: 8, F: 3, from: "b" }),
  );

describe("partition-stacks", () => {
  test.each`
    options                               | expected           | why
    ${{}}                                 | ${["a b c"]}       | ${"all weights fit on chip"}
    ${{ rule: "single" }}                 | ${["a b c"]}       | ${"one stack"}
    ${{ rule: "per-layer" }}              | ${["a", "b", "c"]} | ${"one per layer"}
    ${{ cuts: ["b"] }}                    | ${["a b", "c"]}    | ${"a stated cut"}
    ${{ cuts: ["c"] }}                    | ${["a b c"]}       | ${"a cut after the last layer changes nothing"}
    ${{ rule: "per-layer", cuts: ["a"] }} | ${["a", "b c"]}    | ${"cuts replace the rule"}
  `("$options: $why", ({ options, expected }) => expect(layersOf(moduleOf(chain()), options)).toEqual(expected));

  it("cuts where the weights of the next layers exceed the highest weight memory on chip (DF §3.1)", () => {
    const large = (id: string, from: string) => conv(id, { K: 768, C: 768, OX: 4, from });
    const layers = network(large("a", "x"), large("b", "a"), large("c", "b"));
    expect(layersOf(moduleOf(layers))).toEqual(["a", "b", "c"]); // 4.7 Mbit each, 8.4 Mbit hold one
    expect(layersOf(moduleOf(chain(), builtIn("tpu-like")))).toEqual(["", "a", "b", "c"]); // 1024 bit: DF-Q3
  });

  it("gives a stack the maps of earlier stacks as inputs, as large as it reads them", () => {
    const [first, second] = partition(moduleOf(chain()), { cuts: ["a"] }).stacks;
    expect(first?.inputs.map(({ id }) => id)).toEqual(["x"]);
    expect(second?.inputs).toEqual([
      {
        id: "substack_input_layer_0",
        tensor: "a",
        bits: 8,
        loops: [
          { dim: "B", size: 1 },
          { dim: "K", size: 8 },
          { dim: "OY", size: 12 },
          { dim: "OX", size: 12 },
        ],
      },
    ]);
  });

  it("keeps a fork and its join together, and counts every layer once", () => {
    expect(layersOf(moduleOf(residual()), { rule: "auto" })).toEqual(["a b c d"]);
    expect(layersOf(moduleOf(residual()), { rule: "per-layer" })).toEqual(["a", "b", "c", "d"]);
  });

  it("ends a stack where a branch leaves it, and says so (DF-Q5)", () => {
    const { stacks, diagnostics } = partition(moduleOf(residual()), { cuts: ["b"] });
    expect(stacks.map(({ layers }) => layers.join(" "))).toEqual(["a", "b", "c d"]);
    expect(stacks[2]?.inputs.map(({ tensor }) => tensor)).toEqual(["a", "b"]);
    expect(codes(diagnostics)).toEqual(["cuts-added"]);
    expect(diagnostics[0]?.message).toContain("'a'");
  });

  it("ends a stack at every output of the network", () => {
    const forked = network(
      conv("a", { K: 4, OX: 10, F: 3 }),
      conv("b", { K: 4, C: 4, OX: 8, F: 3, from: "a" }),
      conv("c", { K: 4, C: 4, OX: 8, F: 3, from: "a" }),
    );
    expect(layersOf(moduleOf(forked), { rule: "single" })).toEqual(["a", "b", "c"]);
  });

  it("takes its own cut after layer 0 for none, as the reference does (DF-Q2), and says so", () => {
    const { stacks, diagnostics } = partition(moduleOf(fsrcnn(), builtIn("tpu-like"))); // cuts after the input and every layer
    expect(stacks.map(({ layers }) => layers.join(" ")).slice(0, 4)).toEqual(["", "0 1 2 3 4 5 6 7", "0 1", "2"]);
    expect(codes(diagnostics)).toEqual(["cut-zero-ignored"]);
  });

  it.each([
    ["stated cut", { cuts: ["0", "3"] }, ["0", "1 2 3", "4 5 6 7"]],
    ["rule per-layer", { rule: "per-layer" }, ["0", "1", "2", "3", "4", "5", "6", "7"]],
  ])("takes a %s after layer 0 at its word", (_what, options, expected) => {
    const { stacks, diagnostics } = partition(moduleOf(fsrcnn()), options);
    expect(stacks.map(({ layers }) => layers.join(" "))).toEqual(expected);
    expect(diagnostics).toEqual([]);
  });

  it("knows layers by name where a workload numbers them", () => {
    const named = network(conv("0", { OX: 4 }), conv("1", { OX: 4, from: "0" }));
    const layers = named.layers.map((layer) => ({ ...layer, name: `layer${layer.id}` }));
    expect(layersOf(moduleOf({ ...named, layers }), { cuts: ["layer0"] })).toEqual(["0", "1"]);
  });

  it("refuses unknown layers with the nearest names", () => {
    const refused = () =>
      partition(moduleOf(network(conv("conv1", { OX: 4 }), conv("conv2", { OX: 4, from: "conv1" }))), {
        cuts: ["conv3", "b"],
      });
    expect(refused).toThrow(DiagnosticError);
    expect(refused).toThrow(/'conv3'.*\n.*did you mean 'conv1' or 'conv2'/);
  });

  it("refuses a network without layers", () => {
    expect(() => partition(moduleOf(network()))).toThrow(/has no layers/);
  });
});

describe("operators outside the published domain", () => {
  const mixed = () =>
    network(
      conv("a", { K: 4, C: 4, OX: 10, F: 3 }),
      conv("b", { K: 4, C: 4, OX: 8, F: 3, from: "a" }),
      whole("move", "movement", { K: 4, OX: 8, from: "b" }),
      conv("c", { K: 4, C: 4, OX: 6, F: 3, from: "move" }),
      whole("soft", "reduction", { K: 4, OX: 6, from: "c" }),
    );

  it("end their stack and stand alone, with one note for all of them", () => {
    const { stacks, diagnostics } = partition(moduleOf(mixed()), { rule: "single" });
    expect(stacks.map(({ layers }) => layers.join(" "))).toEqual(["a b", "move", "c", "soft"]);
    expect(stacks.map(({ alone }) => alone)).toEqual([undefined, "moves data", undefined, "needs whole axes"]);
    expect(codes(diagnostics)).toEqual(["layers-costed-alone"]);
    expect(diagnostics[0]?.message).toMatch(/moves data: 'move'; needs whole axes: 'soft'/);
  });

  it("read and write maps of their declared size", () => {
    const { stacks } = partition(moduleOf(mixed()));
    expect(stacks[1]?.inputs[0]?.loops).toEqual([
      { dim: "B", size: 1 },
      { dim: "K", size: 4 },
      { dim: "OY", size: 8 },
      { dim: "OX", size: 8 },
    ]);
  });

  it("are additions that broadcast", () => {
    const sum = add("d", ["a", "s"], { K: 4, OX: 8 });
    const layers = network(conv("a", { K: 4, C: 4, OX: 8, F: 3 }), conv("s", { K: 4, C: 4, OX: 1, from: "y" }), {
      ...sum,
      layer: {
        ...sum.layer,
        operands: sum.layer.operands.map((o) =>
          o.name === "Y"
            ? { ...o, axes: o.axes.map((map, axis) => (axis > 1 ? { kind: "pointwise" as const, loops: [] } : map)) }
            : o,
        ),
      },
    });
    const { stacks } = partition(moduleOf(layers), { rule: "single" });
    expect(stacks.map(({ layers: ids, alone }) => [ids.join(" "), alone])).toEqual([
      ["a", undefined],
      ["s", undefined],
      ["d", "broadcasts an input"],
    ]);
  });
});
