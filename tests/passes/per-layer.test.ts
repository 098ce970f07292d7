import { describe, expect, it, test } from "vitest";
import type { Accelerator, Dataflow } from "../../src/ir/accelerator.js";
import { type Diagnostic, DiagnosticError } from "../../src/ir/diagnostics.js";
import { UNROLLING } from "../../src/ir/facts.js";
import { createModule } from "../../src/ir/module.js";
import { assignDataflow, layerUnrolling } from "../../src/passes/assign-dataflow.js";
import { layerPrecision } from "../../src/passes/set-precision.js";
import { alwaysFeasible } from "../support/compile.js";
import { add, builtIn, conv, network, pool } from "../support/networks.js";

const layerOf = (spec: ReturnType<typeof conv>) => network(spec).layers[0]!;
const context = { costModel: alwaysFeasible, seed: 0, report: () => {} };
const DEFAULTS = { weights: 8, activations: 4, "partial-sums": 16 };

describe("layerPrecision", () => {
  test.each([
    ["a convolution", conv("a", { F: 3 }), { O: 16, W: 8, I: 4 }],
    ["an addition", add("a", ["x", "z"], {}), { O: 16, X: 4, Y: 4 }],
    ["a pooling window, whose taps hold no data", pool("a", {}), { O: 16, W: 0, I: 4 }],
  ])("of %s", (_why, spec, operands) =>
    expect(layerPrecision(layerOf(spec), DEFAULTS)).toEqual({ operands, finalOutput: 4 }),
  );

  it("is what the source declares, where it does", () => {
    const declaredPrecision = { operands: { O: 24, W: 2, I: 3 }, finalOutput: 5 };
    expect(layerPrecision({ ...layerOf(conv("a", {})), declaredPrecision }, DEFAULTS)).toEqual(declaredPrecision);
  });
});

describe("layerUnrolling", () => {
  const dataflow: Dataflow = {
    name: "default",
    unrolling: [
      { arrayDim: "D1", dim: "K", size: 32 },
      { arrayDim: "D2", dim: "FX", size: 3 },
    ],
    links: { W: "I9" },
  };

  it("drops loops that the layer lacks and links what the dataflow does not", () => {
    const { unrolling, links } = layerUnrolling(layerOf(conv("a", { K: 8 })), dataflow);
    expect(unrolling.map(({ dim }) => dim)).toEqual(["K"]);
    expect(links).toEqual({ O: "O", W: "I9", I: "I1" });
  });
});

describe("assign-dataflow", () => {
  it("reports every layer without a dataflow once, with an entry to copy", () => {
    const accelerator = { ...builtIn("meta-prototype-df"), dataflows: [] };
    const module = createModule(network(conv("a", {}), conv("b", { from: "a" })), accelerator);
    const run = () => assignDataflow.run(module, context, {});
    expect(run).toThrow(DiagnosticError);
    expect(run).toThrow(/no dataflow for 'Conv' \(2 layers\)\n.*name: default/);
  });

  it("says once per dataflow which units idle because layers lack the loops that it unrolls", () => {
    const unrolling = [
      { arrayDim: "D1", dim: "K", size: 8 },
      { arrayDim: "D2", dim: "C", size: 2 },
      { arrayDim: "D3", dim: "OX", size: 4 },
      { arrayDim: "D4", dim: "FX", size: 1 },
    ];
    const dataflows = [{ name: "default", unrolling, links: {} }];
    const layers = network(conv("a", { OX: 4 }), pool("b", { OX: 2, from: "a" }), add("c", ["b", "b"], { OX: 2 }));
    const notes = (accelerator: Accelerator) => {
      const found: Diagnostic[] = [];
      assignDataflow.run(createModule(layers, accelerator), { ...context, report: (note) => found.push(note) }, {});
      return found.map(({ code, severity, message }) => [code, severity, message]);
    };
    const machine = builtIn("meta-prototype-df");
    const message =
      "dataflow 'default' unrolls K by 8 over D1 and C by 2 over D2, loops that 2 layers 'b', 'c' ('MaxPool', 'Add') do not have: ";
    expect(notes({ ...machine, dataflows })).toEqual([
      ["unrolling-unused", "info", `${message}these dims of the array idle on them`],
    ]);
    const channels = [{ name: "default", unrolling: unrolling.slice(0, 2), links: {} }];
    expect(notes({ ...machine, dataflows: channels })).toEqual([
      ["unrolling-unused", "info", `${message}one unit of the array works on them`],
    ]);
    expect(notes(machine)).toEqual([]);
  });

  it("covers every computed layer", () => {
    const module = createModule(network(conv("a", {}), add("b", ["a", "x"], {})), builtIn("meta-prototype-df"));
    expect([...assignDataflow.run(module, context, {}).get(UNROLLING).keys()]).toEqual(["a", "b"]);
  });
});
