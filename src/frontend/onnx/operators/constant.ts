/** Values that do not depend on the network's inputs. */
import { attributeValue } from "../../../ir/diagnostics/onnx.js";
import { extentAtRunTime, shapeAtRunTime } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { elementCount, isKnown, type Shape } from "../extent.js";
import { fill, numbersOf } from "../fold.js";
import { wholeLayer } from "../opaque.js";
import {
  fail,
  type Inferred,
  inputOf,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

/** Only where the arguments are computed at run time, and the shape is declared: else the value is folded. */
const fillAtRunTime = (node: LoweringContext) => ({ layers: [wholeLayer("movement", node.inputs, outputDims(node))] });

/** The attribute that holds the value says its type. */
export const constant: OperatorDefinition = {
  opTypes: ["Constant"],
  infer: (node) => [constantOf(node)],
  lower: fillAtRunTime,
};

/** Forms of the value that are no tensor and may be long. */
const VALUES = ["value_ints", "value_floats", "value_string", "value_strings"];

function constantOf({ attributes, loc }: NodeContext): Inferred {
  const tensor = attributes.tensor("value") ?? attributes.tensor("sparse_value");
  if (tensor !== undefined) return { shape: tensor.dims, type: tensor.type, elements: tensor.elements };
  const omitted = VALUES.find((name) => attributes.isOmitted(name));
  if (omitted !== undefined) return { reason: `'${omitted}' of node '${loc.node ?? ""}' is too long to be read` };
  const [int, float] = [attributes.int("value_int"), attributes.float("value_float")];
  if (int !== undefined) return { shape: [], type: DATA_TYPE.int64, elements: [int] };
  if (float !== undefined) return { shape: [], type: DATA_TYPE.float, elements: [float] };
  const [ints, floats] = [attributes.ints("value_ints"), attributes.floats("value_floats")];
  if (ints !== undefined) return { shape: [ints.length], type: DATA_TYPE.int64, elements: ints };
  if (floats !== undefined) return { shape: [floats.length], type: DATA_TYPE.float, elements: floats };
  const strings = attributes.strings("value_strings");
  if (strings !== undefined) return { shape: [strings.length], type: DATA_TYPE.string };
  if (attributes.string("value_string") !== undefined) return { shape: [], type: DATA_TYPE.string };
  return fail(attributeValue(loc, "value", "left out", "a value in one of its forms"));
}

export const constantOfShape: OperatorDefinition = {
  opTypes: ["ConstantOfShape"],
  infer(node) {
    const { elements, shape } = inputOf(node, 0);
    const value = node.attributes.tensor("value");
    if (elements === undefined)
      return [{ ...shapeAtRunTime(node, "the shape", shape[0]), type: value?.type ?? DATA_TYPE.float }];
    const element = value === undefined ? 0 : value.elements?.[0];
    const filled = isKnown(elements) && element !== undefined ? fill(elements, () => element) : undefined;
    return [{ shape: elements, type: value?.type ?? DATA_TYPE.float, elements: filled }];
  },
  lower: fillAtRunTime,
};

/** Extents of a tensor that itself may not be constant. */
export const shapeOf: OperatorDefinition = {
  opTypes: ["Shape", "Size"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    if (node.opType === "Size") return [{ shape: [], type: DATA_TYPE.int64, elements: [elementCount(shape)] }];
    const elements = sliceOf(node, shape);
    return [{ shape: [elements.length], type: DATA_TYPE.int64, elements }];
  },
  lower: fillAtRunTime,
};

/** From operator set 15 on, `start` and `end` select axes. */
const sliceOf = ({ attributes }: NodeContext, shape: Shape): Shape =>
  shape.slice(attributes.int("start") ?? 0, attributes.int("end") ?? shape.length);

export const range: OperatorDefinition = {
  opTypes: ["Range"],
  infer(node) {
    const bounds = [0, 1, 2].map((i) => numbersOf(inputOf(node, i))?.[0]);
    const [start, limit, delta] = bounds;
    if (start === undefined || limit === undefined || delta === undefined)
      return [{ shape: [extentAtRunTime(node, "the length")] }];
    if (delta === 0) return fail(attributeValue(node.loc, "delta", "0", "a step"));
    const length = Math.max(0, Math.ceil((limit - start) / delta));
    return [{ shape: [length], elements: fill([length], ([i]) => start + (i ?? 0) * delta) }];
  },
  lower: fillAtRunTime,
};
