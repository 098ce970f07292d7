/** Layers of many axes are scheduled in a moment: axes that behave alike are searched as one. */
import { expect, it } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { builtIn } from "../../support/networks.js";
import { model, node } from "../../support/onnx-builder.js";
import { scheduleExactly } from "./scheduling.js";

const added = (left: readonly number[], right: readonly number[]) =>
  importOnnx(
    model({ inputs: { x: left, z: right }, nodes: [node("Add", ["x", "z"], ["y"])], outputs: { y: undefined } }),
    { file: "rank.onnx", bind: {} },
  ).network;

it.each([
  ["of equal axes", Array<number>(20).fill(2), Array<number>(20).fill(2)],
  ["of many sizes", [...Array<number>(14).fill(1), 2, 3, 4, 5, 6, 7], [...Array<number>(14).fill(1), 2, 3, 4, 5, 6, 7]],
  [
    "of which every other one is repeated",
    Array<number>(18).fill(2),
    Array.from({ length: 18 }, (_, i) => 1 + (i % 2)),
  ],
])(
  "an addition %s",
  (_, left, right) => {
    const operations = left.reduce((product, size) => product * size, 1);
    const found = scheduleExactly(added(left, right), builtIn(), { tile: "full" });
    expect(found?.costs.totals.operations).toBe(operations);
  },
  10_000,
);
