/** Extents that only a run finds: the rank is known, and what does not depend on them goes on. */
import { describe, expect, it, test } from "vitest";
import { int64, type ModelSpec, type NodeSpec, node } from "../../support/onnx-builder.js";
import { importModel, shapeOf } from "../../support/onnx-import.js";

/** The largest two of as many elements as are found: their number is known again. */
const pickTwo = (found: NodeSpec, axis: number, spec: Partial<ModelSpec> = {}): ModelSpec => ({
  inputs: { x: [4, 6] },
  initializers: { k: int64([2]), ...spec.initializers },
  nodes: [found, node("Cast", ["f"], ["g"], { to: 1 }), node("TopK", ["g", "k"], ["y", ""], { axis }, "n")],
  ...(spec.types !== undefined && { types: spec.types }),
  ...(spec.inputs !== undefined && { inputs: spec.inputs }),
});

describe("behind what is found at run time, shapes are known again", () => {
  test.each<[what: string, spec: ModelSpec, shape: readonly number[]]>([
    ["elements that are not zero", pickTwo(node("NonZero", ["x"], ["f"]), 1), [2, 2]],
    ["different elements", pickTwo(node("Unique", ["x"], ["f"]), 0), [2]],
    ["different rows", pickTwo(node("Unique", ["x"], ["f"], { axis: 0 }), 0), [2, 6]],
    [
      "boxes",
      pickTwo(node("NonMaxSuppression", ["b", "s"], ["f"]), 0, { inputs: { b: [1, 9, 4], s: [1, 2, 9] } }),
      [2, 3],
    ],
    [
      "rows that a condition picks",
      pickTwo(node("Compress", ["x", "c"], ["f"], { axis: 0 }), 0, { inputs: { x: [4, 6], c: [4] }, types: { c: 9 } }),
      [2, 6],
    ],
    [
      "rows between two bounds",
      pickTwo(node("Slice", ["x", "a", "b"], ["f"]), 0, {
        inputs: { x: [4, 6], a: [1], b: [1] },
        types: { a: 7, b: 7 },
      }),
      [2, 6],
    ],
    ["a range", pickTwo(node("Range", ["a", "b", "d"], ["f"]), 0, { inputs: { a: [], b: [], d: [] } }), [2]],
    [
      "a constant of a shape",
      pickTwo(node("ConstantOfShape", ["s"], ["f"]), 0, { inputs: { s: [1] }, types: { s: 7 } }),
      [2],
    ],
    [
      "a new shape",
      pickTwo(node("Reshape", ["x", "s"], ["f"]), 0, { inputs: { x: [4, 6], s: [1] }, types: { s: 7 } }),
      [2],
    ],
    [
      "an expansion",
      pickTwo(node("Expand", ["x", "s"], ["f"]), 0, { inputs: { x: [1], s: [1] }, types: { s: 7 } }),
      [2],
    ],
  ])("%s", (_, spec, shape) => {
    const columns = shape.reduce((x, y) => x * y, 1);
    const { network, totals } = importModel({
      ...spec,
      initializers: { ...spec.initializers, w: [columns, 3] },
      nodes: [
        ...spec.nodes,
        node("Flatten", ["y"], ["row"], { axis: 0 }),
        node("MatMul", ["row", "w"], ["z"], {}, "m"),
      ],
    });
    expect(network.coverage[0]).toMatchObject({ status: "refused", reason: expect.stringMatching(/at run time$/) });
    expect(totals.macs).toBe(columns * 3);
  });
});

it("a name that the file gives such an extent is offered to be bound", () => {
  const spec: ModelSpec = {
    inputs: { x: [4, 6] },
    nodes: [node("NonZero", ["x"], ["f"], {}, "n"), node("Cast", ["f"], ["y"], { to: 1 }, "c")],
    valueInfo: { f: [2, "found"] },
  };
  expect(importModel(spec).network.coverage[1]?.reason).toMatch(/--bind 'found=…'/);
  expect(shapeOf(spec, "y", { found: 5 })).toEqual([2, 5]);
});

it("a rank that depends on it is not guessed", () => {
  const nodes = [node("NonZero", ["x"], ["f"]), node("Squeeze", ["f"], ["y"], {}, "n")];
  expect(importModel({ inputs: { x: [4] }, nodes }).network.coverage[1]?.reason).toMatch(/the number of elements/);
});
