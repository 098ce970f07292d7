/** Every step-th index between two bounds, along some axes (EM §1, slice). */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { checkLength, extentAtRunTime, type ListArgument, listArgument, normalizeAxes } from "../axes.js";
import { derive, type Extent, isKnown, type Shape } from "../extent.js";
import { axisLoops, mapAxes } from "../feature-map.js";
import { elementAt, fill, smallTensor } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { wholeLayer } from "../opaque.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";
import { MAX_EXTENT } from "../symbols.js";

export const slice: OperatorDefinition = {
  opTypes: ["Slice"],
  infer(node) {
    const input = inputOf(node, 0);
    const cuts = cutsOf(node, input.shape);
    if (cuts === undefined) return [{ shape: cutAtRunTime(node, input.shape) }];
    const shape = input.shape.map((extent, axis) => cuts.get(axis)?.length ?? extent);
    const tensor = smallTensor(input);
    const from = (index: number, axis: number) => {
      const cut = cuts.get(axis);
      return cut === undefined ? index : Number(cut.start) + cut.step * index;
    };
    return [
      { shape, elements: tensor && isKnown(shape) ? fill(shape, (i) => elementAt(tensor, i.map(from))) : undefined },
    ];
  },
  lower(node) {
    const dims = outputDims(node);
    const extents = dimsOf(node, 0);
    const stated = cutsOf(node, extents);
    // The shape is declared, but what is cut out is decided at run time.
    const unknownStart = [...(stated?.values() ?? [])].some(({ start }) => typeof start !== "number");
    if (stated === undefined || unknownStart)
      return { layers: [wholeLayer("movement", node.inputs.slice(0, 1), dims)] };
    const cuts = [...stated].filter(([axis, { step }]) => step !== 1 || dims[axis] !== extents[axis]);
    if (cuts.length === 0) return { view: 0 };
    const loops = axisLoops(dims.length);
    const axes = [...mapAxes(dims.length)];
    for (const [axis, { start, step }] of cuts)
      axes[axis] = { kind: "slice", out: loops[axis] ?? "", offset: Number(start), step } satisfies AxisMap;
    const attributes = {
      axes: cuts.map(([axis]) => axis),
      starts: cuts.map(([, { start }]) => Number(start)),
      steps: cuts.map(([, { step }]) => step),
    };
    return { layers: [mapLayer("movement", dims, axes, attributes)] };
  },
};

/** Along the axes that are stated, or along any. */
function cutAtRunTime(node: NodeContext, shape: Shape): Shape {
  const axes = listArgument(node, "axes", 3);
  const [count] = node.inputs[1]?.shape ?? [];
  const first = typeof count === "number" ? Array.from({ length: count }, (_, axis) => axis) : undefined;
  const along =
    typeof axes !== "string" ? normalizeAxes(node, axes, shape.length) : axes === "absent" ? first : undefined;
  const cut = extentAtRunTime(node, "the bounds");
  return shape.map((extent, axis) => (along === undefined || along.includes(axis) ? cut : extent));
}

interface Cut {
  readonly start: Extent;
  readonly step: number;
  readonly length: Extent;
}

/** Cut per axis; `undefined` where the bounds are computed at run time. */
function cutsOf(node: NodeContext, shape: Shape): ReadonlyMap<number, Cut> | undefined {
  const starts = boundArgument(node, "starts", 1);
  const ends = boundArgument(node, "ends", 2);
  const axes = listArgument(node, "axes", 3);
  const steps = listArgument(node, "steps", 4);
  if (starts === undefined || ends === undefined || axes === "computed" || steps === "computed") return undefined;
  const along = axes === "absent" ? starts.map((_, axis) => axis) : normalizeAxes(node, axes, shape.length);
  checkLength(node, "starts", starts, along.length);
  checkLength(node, "ends", ends, along.length);
  const cuts = along.map((axis, i) => {
    const step = steps === "absent" ? 1 : (steps[i] ?? 1);
    if (step === 0) fail(attributeValue(node.loc, "steps", `[${String(steps)}]`, "steps other than 0"));
    return [axis, cutOf(shape[axis] ?? 1, starts[i] ?? 0, ends[i] ?? 0, step)] as const;
  });
  return new Map(cuts);
}

/** A bound may be a dimension that is not known. */
function boundArgument(node: NodeContext, name: string, input: number): Shape | undefined {
  const listed: ListArgument = listArgument(node, name, input);
  if (listed === "absent") return fail(attributeValue(node.loc, name, "left out", "the bounds"));
  return listed === "computed" ? node.inputs[input]?.elements : listed;
}

function cutOf(extent: Extent, start: Extent, end: Extent, step: number): Cut {
  const isWhole = step === 1 && start === 0 && typeof end === "number" && end >= MAX_EXTENT - 1;
  if (isWhole) return { start: 0, step, length: extent };
  // Backwards, an end of -1 stands before the first index.
  const [low, beyond] = step > 0 ? [0, 0] : [-1, 1];
  const clamp = (bound: number, n: number) => Math.min(Math.max(bound < 0 ? bound + n : bound, low), n - beyond);
  const first = derive([start, extent], (bound, n) => Math.max(0, clamp(bound, n)));
  const length = derive([first, end, extent], (from, to, n) =>
    n === 0 ? 0 : Math.max(0, Math.ceil((clamp(to, n) - from) / step)),
  );
  return { start: first, step, length };
}
