/** Operators that pick, place or make elements: every output may need anything of the inputs. */
import { type AxisMap, loopsOf } from "../../../ir/axis-map.js";
import { attributeValue, shapeMismatch } from "../../../ir/diagnostics/onnx.js";
import { computedAtRunTime, extentAtRunTime, listArgument, normalizeAxis, shapeAtRunTime } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { derive, type Extent, elementCount, isKnown, type Shape } from "../extent.js";
import { mapAxes } from "../feature-map.js";
import { elementAt, fill, numbersOf, smallTensor } from "../fold.js";
import { mapLayer } from "../map-layer.js";
import { wholeLayer } from "../opaque.js";
import {
  dimsOf,
  fail,
  type Inferred,
  inputOf,
  type Lowering,
  type LoweringContext,
  type NodeContext,
  type OperatorDefinition,
  outputDims,
} from "../operator.js";

type Infer = (node: NodeContext) => readonly Inferred[];

const lower = (node: LoweringContext) => ({
  layers: node.outputs.map((dims, i) => ({
    ...wholeLayer("movement", node.inputs, dims, i),
    attributes: node.attributes.plain(),
  })),
});

const moving = (opTypes: readonly string[], infer: Infer, domains?: readonly string[]): OperatorDefinition => ({
  opTypes,
  ...(domains !== undefined && { domains }),
  infer,
  lower,
});

const like =
  (input: number): Infer =>
  (node) => [{ shape: inputOf(node, input).shape }];

const rankedAxis = (node: NodeContext, name: string, fallback: number, rank: number): number =>
  normalizeAxis(node, node.attributes.int(name) ?? fallback, rank, name);

function gatherNd(node: NodeContext): readonly Inferred[] {
  const [data, indices] = [inputOf(node, 0).shape, inputOf(node, 1).shape];
  const batch = node.attributes.int("batch_dims") ?? 0;
  const depth = indices.at(-1);
  if (typeof depth !== "number") return [computedAtRunTime(node, "the depth of the indices")];
  if (batch + depth > data.length)
    fail(
      shapeMismatch(
        node.loc,
        `indices of ${depth} axes behind ${batch}`,
        `at most the ${data.length} axes of the data`,
      ),
    );
  return [{ shape: [...indices.slice(0, -1), ...data.slice(batch + depth)] }];
}

function oneHot(node: NodeContext): readonly Inferred[] {
  const depth = numbersOf(inputOf(node, 1))?.[0] ?? extentAtRunTime(node, "the depth");
  const { shape } = inputOf(node, 0);
  const axis = rankedAxis(node, "axis", -1, shape.length + 1);
  return [{ shape: shape.toSpliced(axis, 0, depth), type: inputOf(node, 2).type }];
}

/** Before operator set 6 one axis was repeated. */
function tile(node: NodeContext): readonly Inferred[] {
  const input = inputOf(node, 0);
  const repeats = node.opset < 6 ? legacyRepeats(node) : inputOf(node, 1).elements;
  if (repeats === undefined) return [shapeAtRunTime(node, "the number of repetitions", input.shape.length)];
  if (repeats.length !== input.shape.length)
    fail(shapeMismatch(node.loc, `${repeats.length} repetitions`, `${input.shape.length}, one per axis`));
  const shape = input.shape.map((extent, axis) => elementCount([extent, repeats[axis] ?? 1]));
  const tensor = smallTensor(input);
  const elements =
    tensor && isKnown(shape)
      ? fill(shape, (at) =>
          elementAt(
            tensor,
            at.map((i, axis) => i % (tensor.dims[axis] ?? 1)),
          ),
        )
      : undefined;
  return [{ shape, elements }];
}

/** An axis that is not repeated is read where it is written. */
function lowerTile(node: LoweringContext): Lowering {
  const [from, to] = [dimsOf(node, 0), outputDims(node)];
  const repeats = node.opset < 6 ? legacyRepeats(node) : inputOf(node, 1).elements;
  if (repeats === undefined) return lower(node);
  if (from.every((extent, axis) => extent === to[axis])) return { view: 0 };
  const axes = mapAxes(to.length).map(
    (map, axis): AxisMap => (from[axis] === to[axis] ? map : { kind: "whole", loops: loopsOf(map) }),
  );
  return { layers: [mapLayer("movement", to, axes)] };
}

function legacyRepeats(node: NodeContext): Shape | undefined {
  const [times, axis] = [1, 2].map((i) => numbersOf(inputOf(node, i))?.[0]);
  return times === undefined || axis === undefined
    ? undefined
    : inputOf(node, 0).shape.map((_, i) => (i === axis ? times : 1));
}

/** How many elements are picked is known where the condition is. */
function compress(node: NodeContext): readonly Inferred[] {
  const picked = numbersOf(inputOf(node, 1))?.filter((flag) => flag !== 0).length;
  const count = picked ?? extentAtRunTime(node, "the number of elements");
  const { shape } = inputOf(node, 0);
  const axis = node.attributes.int("axis");
  return [{ shape: axis === undefined ? [count] : shape.with(normalizeAxis(node, axis, shape.length), count) }];
}

/** `N rois` maps of a stated size. */
const pooledRois =
  (sizeOf: (node: NodeContext) => readonly number[]): Infer =>
  (node) => [{ shape: [inputOf(node, 1).shape[0] ?? 1, inputOf(node, 0).shape[1] ?? 1, ...sizeOf(node)] }];

const roiSize = ({ attributes }: NodeContext) => [
  attributes.int("output_height") ?? 1,
  attributes.int("output_width") ?? 1,
];

function gridSample(node: NodeContext): readonly Inferred[] {
  const [input, grid] = [inputOf(node, 0).shape, inputOf(node, 1).shape];
  return [{ shape: [...input.slice(0, 2), ...grid.slice(1, -1)] }];
}

function maxUnpool(node: NodeContext): readonly Inferred[] {
  const { shape } = inputOf(node, 0);
  const stated = node.inputs[2];
  if (stated !== undefined)
    return stated.elements === undefined ? [computedAtRunTime(node, "the shape")] : [{ shape: stated.elements }];
  const kernel =
    node.attributes.ints("kernel_shape") ?? fail(attributeValue(node.loc, "kernel_shape", "left out", "the window"));
  const strides = node.attributes.ints("strides") ?? kernel.map(() => 1);
  const pads = node.attributes.ints("pads") ?? [];
  const grown = shape.slice(2).map((extent, axis) => {
    const padding = (pads[axis] ?? 0) + (pads[kernel.length + axis] ?? 0);
    return derive([extent], (n) => (n - 1) * (strides[axis] ?? 1) + (kernel[axis] ?? 1) - padding);
  });
  return [{ shape: [...shape.slice(0, 2), ...grown] }];
}

/** Crop of old exporters: a border, or a border and a size. */
function crop(node: NodeContext): readonly Inferred[] {
  const { shape } = inputOf(node, 0);
  const [left = 0, top = 0, right = 0, bottom = 0] = node.attributes.ints("border") ?? [];
  const scale = node.attributes.ints("scale");
  const [rows = 1, columns = 1] = shape.slice(-2);
  const size: Shape =
    scale?.length === 2 ? scale : [derive([rows], (n) => n - top - bottom), derive([columns], (n) => n - left - right)];
  return [{ shape: [...shape.slice(0, -2), ...size] }];
}

function centerCropPad(node: NodeContext): readonly Inferred[] {
  const { shape } = inputOf(node, 0);
  const target = inputOf(node, 1).elements;
  if (target === undefined) return [computedAtRunTime(node, "the shape")];
  const axes = node.attributes.ints("axes") ?? shape.map((_, axis) => axis);
  const normal = axes.map((axis) => normalizeAxis(node, axis, shape.length, "axes"));
  return [{ shape: shape.map((extent, axis) => target[normal.indexOf(axis)] ?? extent) }];
}

function columnsToImage(node: NodeContext): readonly Inferred[] {
  const [image, block] = [inputOf(node, 1).elements, numbersOf(inputOf(node, 2))];
  if (image === undefined || block === undefined) return [computedAtRunTime(node, "the shape")];
  const [batch = 1, columns = 1] = inputOf(node, 0).shape;
  const taps = block.reduce((a, b) => a * b, 1);
  return [{ shape: [batch, derive([columns], (n) => n / taps), ...image] }];
}

/** `N H W 2` or `N D H W 3` positions for the affine maps of a batch. */
function affineGrid(node: NodeContext): readonly Inferred[] {
  const size = inputOf(node, 1).elements;
  if (size === undefined) return [computedAtRunTime(node, "the size")];
  return [{ shape: [size[0] ?? 1, ...size.slice(2), size.length - 2] }];
}

/** Positions of what is found, one column each. */
const foundPositions: Infer = (node) => [
  {
    shape: [
      Math.max(1, inputOf(node, 0).shape.length),
      extentAtRunTime(node, "the number of elements that are not zero"),
    ],
    type: DATA_TYPE.int64,
  },
];

/** Batch, class and box of each. */
const foundBoxes: Infer = (node) => [
  { shape: [extentAtRunTime(node, "the number of boxes"), 3], type: DATA_TYPE.int64 },
];

/** The different elements, or slices along an axis; where they stand first, which one each element is, and how often they occur. */
const different: Infer = (node) => {
  const { shape } = inputOf(node, 0);
  const count = extentAtRunTime(node, "the number of different elements");
  const axis = node.attributes.int("axis");
  const own = axis === undefined ? elementCount(shape) : (shape[normalizeAxis(node, axis, shape.length)] ?? 1);
  const values = axis === undefined ? [count] : shape.with(normalizeAxis(node, axis, shape.length), count);
  const list = (length: Extent) => ({ shape: [length], type: DATA_TYPE.int64 });
  return [{ shape: values }, list(count), list(own), list(count)];
};

/** Reads every element once and writes it elsewhere or nowhere. */
export const movements: readonly OperatorDefinition[] = [
  moving(["GatherElements"], (node) => [{ shape: inputOf(node, 1).shape }]),
  moving(["GatherND"], gatherNd),
  moving(["Scatter", "ScatterElements", "ScatterND", "TensorScatter", "ReverseSequence"], like(0)),
  moving(["Trilu", "AffineGridSample"], like(0), ["", "com.microsoft"]),
  moving(["OneHot"], oneHot),
  { opTypes: ["Tile"], infer: tile, lower: lowerTile },
  moving(["Compress"], compress),
  moving(["NonZero"], foundPositions),
  moving(["Unique"], different),
  moving(["NonMaxSuppression"], foundBoxes),
  moving(["GridSample"], gridSample, ["", "com.microsoft"]),
  moving(["AffineGrid"], affineGrid),
  moving(["RoiAlign"], pooledRois(roiSize)),
  moving(
    ["MaxRoiPool"],
    pooledRois((node) => node.attributes.ints("pooled_shape") ?? [1, 1]),
  ),
  moving(["MaxUnpool"], maxUnpool),
  moving(["Crop"], crop),
  moving(["CenterCropPad"], centerCropPad),
  moving(["Col2Im"], columnsToImage),
];

/** Made from a shape alone, or like another tensor. */
const made = (node: NodeContext): Inferred => {
  const type = node.attributes.int("dtype") ?? DATA_TYPE.float;
  const stated = listArgument(node, "shape");
  if (typeof stated !== "string") return { shape: stated, type };
  const input = node.inputs[0];
  return input === undefined
    ? { reason: "no shape is stated" }
    : { shape: input.shape, type: node.attributes.int("dtype") ?? input.type };
};

const random: OperatorDefinition = {
  opTypes: ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli"],
  isVariable: true,
  infer: (node) => [made(node)],
  lower,
};

const multinomial: OperatorDefinition = {
  opTypes: ["Multinomial"],
  isVariable: true,
  infer: (node) => [
    {
      shape: [inputOf(node, 0).shape[0] ?? 1, node.attributes.int("sample_size") ?? 1],
      type: node.attributes.int("dtype") ?? DATA_TYPE.int32,
    },
  ],
  lower,
};

export const makers: readonly OperatorDefinition[] = [random, multinomial, moving(["EyeLike"], (node) => [made(node)])];
