/** A dense layer at the end of a stack: what its inputs need is followed back along columns and rows alike (EM §1). */
import { expect, it } from "vitest";
import { smallMachine } from "../../exact/machine.js";
import { node } from "../../support/onnx-builder.js";
import { importModel } from "../../support/onnx-import.js";
import { scheduleExactly } from "./scheduling.js";

it("leaves out columns and rows that a floored pooling does not read", () => {
  // 14×14 after a padded 3×3 window; windows of 3 by 3 read 12×12 of them, and a dense layer all of their 4×4
  const { network } = importModel({
    inputs: { x: [1, 1, 14, 14] },
    initializers: { w: [2, 1, 3, 3], d: [32, 10] },
    nodes: [
      node("Conv", ["x", "w"], ["a"], { pads: [1, 1, 1, 1] }, "a"),
      node("MaxPool", ["a"], ["b"], { kernel_shape: [3, 3], strides: [3, 3] }, "b"),
      node("Flatten", ["b"], ["c"], {}, "c"),
      node("Gemm", ["c", "d"], ["e"], {}, "e"),
    ],
  });
  for (const stacks of ["single", "per-layer"] as const) {
    const { costs } = scheduleExactly(network, smallMachine(), { tile: "full", stacks })!;
    const executed = costs.layers.find(({ layer }) => layer === "a")!.executed.macs;
    expect(executed).toBe((stacks === "single" ? 12 * 12 : 14 * 14) * 2 * 9); // a map that leaves its stack leaves it whole
  }
});
