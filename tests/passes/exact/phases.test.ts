/** A transposed convolution runs in phases; its schedule, fed back, gives each of them its own mapping. */
import { expect, it } from "vitest";
import { COSTS } from "../../../src/ir/facts.js";
import { emitSchedule, PLAIN_CHOICES, readDecisions, schedule } from "../../../src/kerf.js";
import { smallMachine } from "../../exact/machine.js";
import { node } from "../../support/onnx-builder.js";
import { importModel } from "../../support/onnx-import.js";

it("is reproduced by its own schedule", () => {
  const { network } = importModel({
    inputs: { x: [1, 2, 5, 5] },
    initializers: { w: [2, 3, 3, 3] },
    nodes: [node("ConvTranspose", ["x", "w"], ["y"], { strides: [2, 2] }, "y")],
  });
  const first = schedule(network, smallMachine(), { ...PLAIN_CHOICES, tile: { width: 6, height: 11 } });
  const { decisions } = readDecisions(JSON.stringify(emitSchedule(first, network)), "schedule.json");
  const phases = decisions.stacks[0]!.tileTypes[0]!.layers.length;
  expect(phases).toBeGreaterThan(1);
  const again = schedule(network, smallMachine(), { decisions });
  expect(again.module.get(COSTS)).toEqual(first.module.get(COSTS));
});
