/** A frame around a tensor; a negative one crops it (EM §1, pad). */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { checkLength, listArgument, normalizeAxes, shapeAtRunTime } from "../axes.js";
import { derive } from "../extent.js";
import { axisLoops, mapAxes } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { wholeLayer } from "../opaque.js";
import { fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";

const MODES = ["constant", "reflect", "edge", "wrap"] as const;

export const pad: OperatorDefinition = {
  opTypes: ["Pad"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const frame = frameOf(node);
    if (frame === undefined) return [shapeAtRunTime(node, "the list of pads", shape.length)];
    return [
      { shape: shape.map((extent, axis) => derive([extent], (n) => n + frame.before(axis) + frame.after(axis))) },
    ];
  },
  /** A frame of copies may read anything of a padded axis. */
  lower(node) {
    const dims = outputDims(node);
    const frame = frameOf(node);
    // The shape is declared, but the place of the input in it is decided at run time.
    if (frame === undefined) return { layers: [wholeLayer("movement", node.inputs.slice(0, 1), dims)] };
    const padded = dims.map((_, axis) => frame.before(axis) !== 0 || frame.after(axis) !== 0);
    if (!padded.includes(true)) return { view: 0 };
    const mode = node.attributes.choice("mode", "constant", MODES);
    const loops = axisLoops(dims.length);
    const axes = mapAxes(dims.length).map((map, axis): AxisMap => {
      const out = loops[axis] ?? "";
      if (padded[axis] !== true) return map;
      return mode === "constant" ? { kind: "part", out, start: frame.before(axis) } : { kind: "whole", loops: [out] };
    });
    const pads = [...dims.map((_, axis) => frame.before(axis)), ...dims.map((_, axis) => frame.after(axis))];
    return {
      layers: [mapLayer("movement", dims, axes, { mode, pads })],
    };
  },
};

interface Frame {
  before(axis: number): number;
  after(axis: number): number;
}

function frameOf(node: NodeContext): Frame | undefined {
  const { shape } = inputOf(node, 0);
  // Operator set 1 calls them `paddings`; some exporters use the later name all the same.
  const isOld = node.opset < 2 && node.attributes.ints("paddings") !== undefined;
  const pads = listArgument(node, isOld ? "paddings" : "pads", 1);
  const axes = listArgument(node, "axes", 3);
  if (pads === "computed" || axes === "computed") return undefined;
  if (pads === "absent")
    return fail(attributeValue(node.loc, "pads", "left out", "elements before and after each axis"));
  const along = axes === "absent" ? shape.map((_, axis) => axis) : normalizeAxes(node, axes, shape.length);
  checkLength(node, "pads", pads, 2 * along.length);
  const at = (axis: number, offset: number) => {
    const position = along.indexOf(axis);
    return position < 0 ? 0 : (pads[position + offset] ?? 0);
  };
  return { before: (axis) => at(axis, 0), after: (axis) => at(axis, along.length) };
}
