/** Tensors side by side along one axis (EM §1, concat). */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import { normalizeAxis } from "../axes.js";
import { contradicts, deriveAll, type Extent, isKnown, printShapes, type Shape } from "../extent.js";
import { axisLoops, mapAxes, mapLoops } from "../feature-map.js";
import { elementAt, fill, smallTensor } from "../fold.js";
import { operandNames, output } from "../operands.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition, outputDims } from "../operator.js";

export const concat: OperatorDefinition = {
  opTypes: ["Concat"],
  skipsEmpty: true,
  infer(node) {
    const inputs = partsOf(node);
    const shapes = withoutEmptyLists(inputs.map(({ shape }) => shape));
    const axis = normalizeAxis(node, statedAxis(node), shapes[0]?.length ?? inputOf(node, 0).shape.length);
    const shape = mergeShapes(node, shapes, axis);
    return [{ shape, elements: isKnown(shape) ? elementsOf(node, shape, axis) : undefined }];
  },
  lower(node) {
    const dims = outputDims(node);
    const axis = normalizeAxis(node, statedAxis(node), dims.length);
    const names = operandNames(node.inputs);
    const loop = axisLoops(dims.length)[axis] ?? "";
    const filled = node.inputs.flatMap((input, i) => (input === undefined ? [] : [i]));
    if (filled.length === 1) return { view: filled[0] ?? 0 };
    let start = 0;
    const operands = filled.map((i) => {
      const part: AxisMap = { kind: "part", out: loop, start };
      start += dimsOf(node, i)[axis] ?? 0;
      const role = node.inputs[i]?.isConstant ? ("weight" as const) : ("input" as const);
      return { name: names[i] ?? "", role, axes: mapAxes(dims.length).with(axis, part), input: i };
    });
    return {
      layers: [
        {
          kind: "movement",
          loops: mapLoops(dims),
          operands: [output(mapAxes(dims.length)), ...operands],
          attributes: { axis },
        },
      ],
    };
  },
};

const partsOf = (node: NodeContext) => node.inputs.map((_, i) => inputOf(node, i));

/** Exporters write an empty list where there is nothing to join yet, whatever the rank of the others. */
function withoutEmptyLists(shapes: readonly Shape[]): readonly Shape[] {
  const others = shapes.filter((shape) => shape.length !== 1 || shape[0] !== 0);
  return others.length === 0 ? shapes.slice(0, 1) : others;
}

/** Operator sets 1 to 3 default to the channels. */
const statedAxis = (node: NodeContext): number =>
  node.attributes.int("axis") ?? (node.opset < 4 ? 1 : fail(attributeValue(node.loc, "axis", "left out", "an axis")));

function mergeShapes(node: NodeContext, shapes: readonly Shape[], axis: number): Shape {
  const [first = []] = shapes;
  const fits = (shape: Shape) =>
    shape.length === first.length && shape.every((extent, i) => i === axis || !contradicts(extent, first[i] ?? extent));
  if (!shapes.every(fits))
    fail(shapeMismatch(node.loc, `inputs ${printShapes(shapes)}`, `equal extents but along axis ${axis}`));
  return first.map((extent, i): Extent => {
    const along = shapes.map((shape) => shape[i] ?? 0);
    if (i === axis) return deriveAll(along, (extents) => extents.reduce((a, b) => a + b));
    return along.find((candidate) => typeof candidate === "number") ?? extent;
  });
}

function elementsOf(node: NodeContext, dims: readonly number[], axis: number): readonly Extent[] | undefined {
  const tensors = node.inputs.map(smallTensor);
  if (!tensors.every((tensor) => tensor !== undefined)) return undefined;
  return fill(dims, (index) => {
    let position = index[axis] ?? 0;
    for (const tensor of tensors) {
      const extent = tensor.dims[axis] ?? 0;
      if (position < extent) return elementAt(tensor, index.with(axis, position));
      position -= extent;
    }
    return undefined;
  });
}
