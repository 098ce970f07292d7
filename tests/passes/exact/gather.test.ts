/** What is taken out of a table is what is read of it, whoever names the rows. */
import { expect, it } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import type { Copy } from "../../../src/ir/cost-model.js";
import { smallMachine } from "../../exact/machine.js";
import { int64, type ModelSpec, model, node } from "../../support/onnx-builder.js";
import { scheduleExactly } from "./scheduling.js";

/** Operand and elements of 8 bit of every copy that makes up the layer. */
function movedBy(op: string, spec: Omit<ModelSpec, "nodes">) {
  const nodes = [node(op, ["table", "at"], ["y"])];
  const { network } = importOnnx(model({ ...spec, nodes, outputs: { y: undefined } }), {
    file: "gather.onnx",
    bind: {},
  });
  const { placements } = scheduleExactly(network, smallMachine(), { tile: "full" })!;
  return placements[0]!.tileTypes
    .flatMap((type) => type.nodes.flatMap(({ copies }) => copies))
    .filter(({ kind }: Copy) => kind === "output-to-input" || kind === "weights")
    .map(({ operand, bits }) => [operand, bits / 8]);
}

const INT64 = { types: { at: 7 } };

it("takes a row out of a map for every index that is computed", () => {
  expect(movedBy("Gather", { inputs: { table: [100, 8], at: [5] }, ...INT64 })).toEqual([
    ["I", 5 * 8],
    ["I2", 5],
  ]);
});

it("takes no more than the table has", () => {
  expect(movedBy("Gather", { inputs: { table: [3, 8], at: [5] }, ...INT64 })).toContainEqual(["I", 3 * 8]);
});

it("takes rows out of a map at indices that are constants without a pattern", () => {
  const initializers = { at: int64([1, 2, 50]) };
  expect(movedBy("Gather", { inputs: { table: [100, 8] }, initializers })).toEqual([["I", 3 * 8]]);
});

it("takes rows out of constants", () => {
  const initializers = { table: [100, 8] };
  expect(movedBy("Gather", { inputs: { at: [5] }, initializers, ...INT64 })).toContainEqual(["W", 5 * 8]);
});

it("takes one element for each that is written", () => {
  expect(movedBy("GatherElements", { inputs: { table: [100, 8], at: [2, 8] }, ...INT64 })[0]!.at(-1)).toBe(2 * 8);
});
