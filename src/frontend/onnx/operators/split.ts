/** One tensor cut into several along an axis: one movement per part. */
import { attributeValue, shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import { computedAtRunTime, listArgument, normalizeAxis } from "../axes.js";
import { derive, type Extent, isKnown, printNumber, printShape, type Shape } from "../extent.js";
import { axisLoops, mapAxes } from "../feature-map.js";
import { elementAt, fill, smallTensor } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { wholeLayer } from "../opaque.js";
import {
  dimsOf,
  fail,
  inputOf,
  type LayerSpec,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
} from "../operator.js";

export const split: OperatorDefinition = {
  opTypes: ["Split"],
  infer(node) {
    const input = inputOf(node, 0);
    const axis = axisOf(node);
    const lengths = lengthsOf(node, input.shape[axis] ?? 1);
    if (lengths === undefined) return [computedAtRunTime(node, "the list of lengths")];
    const tensor = smallTensor(input);
    const starts = startsOf(lengths.map(Number));
    return lengths.map((length, part) => {
      const shape = input.shape.with(axis, length);
      if (tensor === undefined || !isKnown(shape)) return { shape };
      const start = starts[part] ?? 0;
      return { shape, elements: fill(shape, (i) => elementAt(tensor, i.with(axis, (i[axis] ?? 0) + start))) };
    });
  },
  lower(node) {
    const axis = axisOf(node);
    const lengths = lengthsOf(node, dimsOf(node, 0)[axis] ?? 1);
    // The shapes are declared, but where the parts begin is decided at run time.
    if (lengths === undefined) return { layers: node.outputs.map(partAtRunTime(node)) };
    if (node.outputs.length === 1) return { view: 0 };
    const starts = startsOf(lengths.map(Number));
    return {
      layers: node.outputs.map((dims, part): LayerSpec => {
        const out = axisLoops(dims.length)[axis] ?? "";
        const offset = starts[part] ?? 0;
        const axes = mapAxes(dims.length).with(axis, { kind: "slice", out, offset, step: 1 });
        return { ...mapLayer("movement", dims, axes, { axis, start: offset }), output: part };
      }),
    };
  },
};

const partAtRunTime =
  (node: LoweringContext) =>
  (dims: readonly number[], part: number): LayerSpec =>
    wholeLayer("movement", node.inputs.slice(0, 1), dims, part);

const axisOf = (node: NodeContext): number =>
  normalizeAxis(node, node.attributes.int("axis") ?? 0, inputOf(node, 0).shape.length);

/** Where each part begins. */
function startsOf(lengths: readonly number[]): readonly number[] {
  let next = 0;
  return lengths.map((length) => {
    const start = next;
    next += length;
    return start;
  });
}

/** Lengths as stated, else equal parts of which the last may be shorter; `undefined` where they are computed at run time. */
function lengthsOf(node: NodeContext, extent: Extent): Shape | undefined {
  const stated = listArgument(node, "split", 1);
  if (stated === "computed") return undefined;
  const parts = node.attributes.int("num_outputs") ?? node.outputCount;
  if (parts < 1 || parts > node.outputCount)
    fail(
      attributeValue(
        node.loc,
        "num_outputs",
        printNumber(parts),
        `a number from 1 to ${node.outputCount}, its outputs`,
      ),
    );
  // Before operator set 18 the parts are equal.
  if (stated === "absent" && node.opset < 18 && typeof extent === "number" && extent % parts !== 0)
    fail(shapeMismatch(node.loc, `${extent} elements split into ${parts} parts`, "a multiple of the parts"));
  if (stated === "absent")
    return Array.from({ length: parts }, (_, i) =>
      derive([extent], (n) => Math.max(0, Math.min(Math.ceil(n / parts), n - i * Math.ceil(n / parts)))),
    );
  if (stated.some((length) => length < 0))
    fail(attributeValue(node.loc, "split", printShape(stated), "lengths from 0"));
  const sum = stated.reduce((a, b) => a + b, 0);
  if (typeof extent === "number" && sum !== extent)
    fail(
      shapeMismatch(
        node.loc,
        `the parts ${printShape(stated)} have ${printNumber(sum)} elements`,
        `${extent}, as the axis has`,
      ),
    );
  return stated;
}
