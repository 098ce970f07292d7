/**
 * ONNX Runtime as the judge of single operators: the shapes that we infer are the ones it computes, and an input element changes
 * an output element only where the layer's axis maps say so. Where a map is exact, everything that it names is needed, too.
 */
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { type AxisMap, inputInterval, loopsOf } from "../../../src/ir/axis-map.js";
import { extent, hull, type Interval } from "../../../src/ir/interval.js";
import { type Layer, loopSize, type Network, type Operand } from "../../../src/ir/network.js";
import {
  bool,
  filled,
  float,
  int64,
  type ModelSpec,
  model,
  type NodeSpec,
  node,
  type TensorSpec,
} from "../../support/onnx-builder.js";
import { shapeOf } from "../../support/onnx-import.js";

env.wasm.numThreads = 1;
env.logLevel = "error";

/** One node `op(x, …)` with outputs `y`, `y1` …: opset, extents of x, further inputs by name, attributes. */
type Case = readonly [
  op: string,
  opset: number,
  x: readonly number[],
  constants?: Readonly<Record<string, TensorSpec | "">>,
  attributes?: NodeSpec["attributes"],
  outputs?: number,
];

const ones = (...dims: readonly number[]) => filled(1, dims);
const ramp = (...dims: readonly number[]) =>
  float(
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i % 7) - 3.5),
    dims,
  );

const CASES: readonly Case[] = [
  ["Conv", 11, [1, 2, 5, 6], { w: ramp(3, 2, 3, 3) }, { pads: [1, 0, 1, 2] }],
  ["Conv", 11, [1, 2, 5, 6], { w: ramp(3, 2, 1, 1) }],
  ["Conv", 11, [1, 2, 5, 6], { w: ramp(3, 2, 1, 1) }, { strides: [2, 3] }],
  ["Conv", 11, [1, 2, 7, 8], { w: ramp(2, 2, 3, 2) }, { strides: [2, 2], dilations: [2, 1], pads: [1, 1, 0, 0] }],
  ["Conv", 11, [1, 2, 7, 6], { w: ramp(2, 2, 3, 2) }, { strides: [2, 3], auto_pad: "SAME_UPPER" }],
  ["Conv", 11, [1, 2, 7, 6], { w: ramp(2, 2, 2, 4) }, { strides: [3, 1], auto_pad: "SAME_LOWER" }],
  ["Conv", 11, [1, 2, 7, 6], { w: ramp(2, 2, 2, 4) }, { strides: [3, 1], auto_pad: "VALID" }],
  ["Conv", 11, [1, 4, 4, 4], { w: ramp(4, 1, 3, 3) }, { group: 4 }],
  ["Conv", 11, [1, 2, 4, 4], { w: ramp(6, 1, 2, 2) }, { group: 2 }],
  ["Conv", 11, [1, 4, 4, 4], { w: ramp(6, 2, 2, 2) }, { group: 2 }],
  ["Conv", 11, [1, 4, 4, 4], { w: ramp(2, 2, 2, 2) }, { group: 2 }],
  ["Conv", 11, [2, 3, 9], { w: ramp(4, 3, 3) }, { strides: [2] }],
  ["Conv", 11, [1, 1, 3, 4, 4], { w: ramp(2, 1, 2, 2, 2) }],
  ["ConvTranspose", 11, [1, 2, 3, 4], { w: ramp(2, 3, 3, 3) }, { strides: [2, 2], pads: [1, 0, 1, 2] }],
  ["ConvTranspose", 11, [1, 2, 3, 4], { w: ramp(2, 3, 2, 2) }, { strides: [3, 3] }],
  ["ConvTranspose", 11, [1, 2, 3, 3], { w: ramp(2, 3, 3, 2) }, { dilations: [2, 2] }],
  ["ConvTranspose", 11, [1, 2, 3, 3], { w: ramp(2, 1, 3, 3) }, { strides: [2, 2], output_padding: [1, 1] }],
  ["ConvTranspose", 11, [1, 2, 3, 3], { w: ramp(2, 1, 3, 3) }, { strides: [3, 3], output_shape: [10, 8] }],
  ["ConvTranspose", 11, [1, 2, 3, 3], { w: ramp(2, 1, 3, 4) }, { strides: [2, 3], auto_pad: "SAME_UPPER" }],
  ["ConvTranspose", 11, [1, 2, 3, 3], { w: ramp(2, 1, 3, 4) }, { strides: [2, 3], auto_pad: "SAME_LOWER" }],
  ["ConvTranspose", 11, [1, 2, 3, 3], { w: ramp(2, 1, 3, 4) }, { strides: [2, 3], auto_pad: "VALID" }],
  ["ConvTranspose", 11, [1, 4, 3, 3], { w: ramp(4, 3, 2, 2) }, { group: 2, strides: [2, 2] }],
  ["ConvTranspose", 11, [1, 4, 3, 3], { w: ramp(4, 1, 2, 2) }, { group: 4, strides: [2, 2] }],
  ["ConvTranspose", 11, [2, 2, 5], { w: ramp(2, 3, 3) }, { strides: [2] }],
  ["MaxPool", 12, [1, 2, 5, 6], {}, { kernel_shape: [3, 2], strides: [2, 2] }],
  ["MaxPool", 12, [1, 2, 5, 6], {}, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 }],
  ["MaxPool", 12, [1, 1, 6, 6], {}, { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1 }],
  ["MaxPool", 12, [1, 1, 7, 9], {}, { kernel_shape: [2, 3], dilations: [3, 2] }],
  ["MaxPool", 12, [1, 1, 6, 5], {}, { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }],
  ["AveragePool", 19, [1, 2, 5, 6], {}, { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
  ["AveragePool", 11, [1, 2, 6], {}, { kernel_shape: [3], pads: [1, 1] }],
  ["LpPool", 11, [1, 2, 5, 5], {}, { kernel_shape: [2, 2] }],
  ["GlobalAveragePool", 11, [1, 2, 3, 4]],
  ["GlobalMaxPool", 11, [2, 2, 5]],
  ["Gemm", 13, [3, 4], { w: ramp(4, 2) }],
  ["Gemm", 13, [4, 3], { w: ramp(2, 4), c: ramp(2) }, { transA: 1, transB: 1 }],
  ["MatMul", 13, [3, 4], { w: ramp(4, 2) }],
  ["MatMul", 13, [2, 3, 4], { w: ramp(4, 2) }],
  ["MatMul", 13, [2, 1, 3, 4], { w: ramp(2, 4, 2) }],
  ["MatMul", 13, [4], { w: ramp(4, 2) }],
  ["MatMul", 13, [2, 3, 4], { w: ramp(4) }],
  ["Add", 13, [1, 2, 3, 4], { w: ramp(2, 1, 1) }],
  ["Mul", 13, [3, 1], { w: ramp(2, 1, 4) }],
  ["Relu", 13, [1, 2, 3]],
  ["PRelu", 13, [1, 2, 3, 2], { w: ramp(2, 1, 1) }],
  ["Clip", 13, [2, 3], { lo: float(-1), hi: float(1) }],
  ["Softmax", 13, [2, 3, 4], {}, { axis: 1 }],
  ["Softmax", 11, [2, 3, 4], {}, { axis: 1 }],
  ["LogSoftmax", 13, [2, 3]],
  ["ReduceMean", 13, [2, 3, 4, 2], {}, { axes: [2, 3] }],
  ["ReduceMean", 13, [2, 3, 4, 2], {}, { axes: [1], keepdims: 0 }],
  ["ReduceMax", 13, [2, 3, 4], {}, { axes: [0], keepdims: 0 }],
  ["ReduceSum", 13, [2, 3, 4], { axes: int64([-1]) }, { keepdims: 0 }],
  ["ReduceMean", 13, [2, 3]],
  ["LRN", 13, [1, 6, 2, 2], {}, { size: 3 }],
  ["InstanceNormalization", 13, [2, 3, 2, 3], { s: ramp(3), b: ramp(3) }],
  ["LayerNormalization", 17, [2, 3, 4], { s: ramp(4), b: ramp(4) }],
  ["LayerNormalization", 17, [2, 3, 4], { s: ramp(3, 4) }, { axis: 1 }],
  ["MeanVarianceNormalization", 13, [2, 3, 2, 2]],
  ["LpNormalization", 13, [2, 4], {}, { axis: 0, p: 2 }],
  ["Hardmax", 13, [2, 5]],
  ["CumSum", 14, [3, 4], { a: int64(1) }],
  ["Einsum", 13, [3, 4], { w: ramp(5, 4) }, { equation: "ij,kj->ki" }],
  ["Einsum", 13, [2, 3, 4], { w: ramp(2, 4, 5) }, { equation: "...ij,...jk->...ik" }],
  ["Einsum", 13, [2, 3, 4, 2], { w: ramp(2, 5, 4, 2) }, { equation: "bqhd,bkhd->bhqk" }],
  ["Einsum", 13, [2, 3, 4], {}, { equation: "bij->bj" }],
  ["Einsum", 13, [2, 3], { w: ramp(2) }, { equation: "ij,i" }],
  ["BatchNormalization", 9, [1, 2, 3, 2], { s: ramp(2), b: ramp(2), m: ramp(2), v: ones(2) }],
  ["Transpose", 13, [2, 3, 4], {}, { perm: [1, 2, 0] }],
  ["Transpose", 13, [2, 3, 4]],
  ["Slice", 13, [4, 6], { s: int64([1, -5]), e: int64([2 ** 53, -1]), a: int64([0, 1]), t: int64([2, 3]) }],
  ["Slice", 13, [2, 7], { s: int64([-1]), e: int64([-(2 ** 53)]), a: int64([1]), t: int64([-2]) }],
  ["Slice", 9, [2, 7], {}, { starts: [2], ends: [-1], axes: [1] }],
  ["Split", 13, [2, 7], { s: int64([2, 1, 4]) }, { axis: 1 }, 3],
  ["Split", 18, [2, 7], {}, { axis: -1, num_outputs: 3 }, 3],
  ["Split", 11, [6, 2], {}, {}, 2],
  ["Pad", 13, [2, 3, 3], { p: int64([0, 1, 2, 0, 0, 1]) }],
  ["Pad", 13, [3, 5], { p: int64([0, -1, 1, -2]) }],
  ["Pad", 13, [3, 5], { p: int64([1, 2, 1, 2]) }, { mode: "reflect" }],
  ["Pad", 18, [3, 5], { p: int64([2, 1]), v: "", a: int64([1]) }, { mode: "edge" }],
  ["Pad", 10, [2, 3], {}, { pads: [1, 0, 0, 2] }],
  ["Resize", 13, [1, 1, 3, 4], { r: "", s: float([1, 1, 2, 3]) }],
  [
    "Resize",
    13,
    [1, 1, 3, 4],
    { r: "", s: float([1, 1, 2, 2]) },
    { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
  ],
  [
    "Resize",
    13,
    [1, 1, 3, 4],
    { r: "", s: float([1, 1, 2, 2]) },
    { coordinate_transformation_mode: "asymmetric", nearest_mode: "ceil" },
  ],
  [
    "Resize",
    13,
    [1, 1, 5, 7],
    { r: "", s: float([1, 1, 1.5, 0.6]) },
    { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
  ],
  ["Resize", 13, [1, 1, 5, 7], { r: "", s: "", z: int64([1, 1, 8, 3]) }],
  ["Resize", 13, [1, 1, 5, 7], { r: "", s: "", z: int64([1, 1, 8, 3]) }, { mode: "linear" }],
  ["Resize", 13, [1, 1, 8, 9], { r: "", s: "", z: int64([1, 1, 2, 2]) }, { mode: "linear" }],
  [
    "Resize",
    13,
    [1, 1, 5, 7],
    { r: "", s: float([1, 1, 2, 1.3]) },
    { mode: "linear", coordinate_transformation_mode: "align_corners" },
  ],
  [
    "Resize",
    13,
    [1, 1, 5, 7],
    { r: "", s: "", z: int64([1, 1, 3, 4]) },
    { mode: "linear", coordinate_transformation_mode: "align_corners" },
  ],
  ["Resize", 13, [1, 1, 5, 5], { r: "", s: float([1, 1, 2, 0.4]) }, { mode: "cubic" }],
  ["Resize", 18, [1, 1, 9, 8], { r: "", s: "", z: int64([1, 1, 3, 2]) }, { mode: "linear", antialias: 1 }],
  ["Resize", 10, [1, 1, 3, 4], { s: float([1, 1, 2, 2]) }],
  ["Upsample", 9, [1, 1, 3, 4], { s: float([1, 1, 2, 3]) }],
  ["Upsample", 7, [1, 1, 3, 4], {}, { scales: [1, 1, 2.5, 3] }],
  ["DepthToSpace", 13, [1, 8, 2, 3], {}, { blocksize: 2 }],
  ["DepthToSpace", 13, [1, 8, 2, 3], {}, { blocksize: 2, mode: "CRD" }],
  ["SpaceToDepth", 13, [1, 2, 4, 6], {}, { blocksize: 2 }],
  ["Concat", 13, [2, 3], { w: ramp(2, 4) }, { axis: -1 }],
  ["Gather", 13, [4, 5], { i: int64([3, 1]) }, { axis: 1 }],
  ["Gather", 13, [4, 5], { i: int64([0, 2, 1, 1], [2, 2]) }],
  ["Gather", 13, [4, 5], { i: int64(-1) }, { axis: 0 }],
  ["GatherElements", 13, [3, 2], { i: int64([0, 2, 1, 1], [2, 2]) }, { axis: 0 }],
  ["GatherND", 13, [2, 3, 4], { i: int64([0, 1, 1, 2], [2, 2]) }],
  ["ScatterElements", 16, [3, 3], { i: int64([1, 0], [1, 2]), u: ramp(1, 2) }],
  ["ScatterND", 16, [4, 2], { i: int64([1, 3], [2, 1]), u: ramp(2, 2) }],
  ["Tile", 13, [2, 3], { r: int64([2, 2]) }],
  ["Compress", 11, [3, 2], { c: bool([1, 0, 1]) }, { axis: 0 }],
  ["Trilu", 14, [3, 4]],
  ["ReverseSequence", 10, [4, 2], { l: int64([3, 2]) }],
  ["GridSample", 16, [1, 2, 3, 3], { g: filled(0.3, [1, 2, 4, 2]) }],
  ["Expand", 13, [3, 1], { s: int64([2, 1, 4]) }],
  ["Reshape", 14, [2, 3, 4], { s: int64([0, -1]) }],
  ["Flatten", 13, [2, 3, 4], {}, { axis: 2 }],
  ["Squeeze", 13, [2, 1, 4, 1], { a: int64([1]) }],
  ["Squeeze", 11, [2, 1, 4, 1]],
  ["Unsqueeze", 13, [2, 3], { a: int64([0, -1]) }],
];

const specOf = ([opType, opset, x, constants = {}, attributes = {}, outputs = 1]: Case): ModelSpec => {
  const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? "y" : `y${i}`));
  const inputs = ["x", ...Object.entries(constants).map(([name, value]) => (value === "" ? "" : name))];
  const initializers = Object.fromEntries(
    Object.entries(constants).flatMap(([name, value]) => (value === "" ? [] : [[name, value]])),
  );
  return { opset, inputs: { x }, initializers, nodes: [node(opType, inputs, names, attributes)] };
};

const label = ([op, opset, x, constants = {}, attributes = {}]: Case): string =>
  `${op}-${opset} [${x}] ${Object.entries(constants).map(([k, v]) => `${k}=${v === "" ? "-" : `[${v.dims}]`}`)} ${JSON.stringify(attributes)}`;

describe("a single operator agrees with ONNX Runtime", () => {
  test.each(CASES.map((testCase) => [label(testCase), testCase] as const))("%s", async (_label, testCase) => {
    const bytes = model(specOf(testCase));
    const { network } = importOnnx(bytes, { file: "test.onnx" });
    const runtime = await probe(bytes, testCase[2]);
    for (const [name, { dims, sources }] of runtime) {
      const layer = network.layers.find(({ operands }) => operands[0]?.tensor === name);
      if (layer === undefined) checkView(testCase, name, dims, sources, network);
      else {
        expect(network.tensors.get(layer.operands[0]?.tensor ?? fail())?.dims).toEqual(dims);
        checkMaps(network, layer, dims, sources);
      }
    }
  });
});

/** A view has the shape that the runtime computes, and its elements are those of the input, in their order. */
function checkView(testCase: Case, name: string, dims: readonly number[], sources: Sources, network: Network): void {
  expect(network.coverage[0]?.status).toBe("view");
  expect(shapeOf(specOf(testCase), name)).toEqual(dims);
  const distinct = sources.map((indices) => [...new Set(indices.map((index) => index.join()))]);
  expect(distinct).toEqual(sources.map((_, i) => [unravel(i, testCase[2]).join()]));
}

/** Per output element (row-major), the indices of the input elements that change it. */
type Sources = readonly (readonly (readonly number[])[])[];

/** Runs the model, then again with each input element changed. */
async function probe(bytes: Uint8Array, dims: readonly number[]) {
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", logSeverityLevel: 3 });
  const count = dims.reduce((a, b) => a * b, 1);
  const base = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 2);
  const run = async (values: Float32Array) => {
    const results = await session.run({ x: new Tensor("float32", values, dims) }, { logSeverityLevel: 3 });
    return session.outputNames.map((name) => ({
      name,
      dims: results[name]?.dims ?? [],
      values: results[name]?.data as Float32Array,
    }));
  };
  const before = await run(base);
  const found = new Map(
    before.map(({ name, dims: d, values }) => [
      name,
      { dims: [...d], sources: Array.from(values, (): number[][] => []) },
    ]),
  );
  for (let i = 0; i < count; i++) {
    // A maximum notices the large change, everything else either.
    for (const change of [100, -100]) {
      const after = await run(base.map((value, at) => (at === i ? value + change : value)));
      for (const [o, { name, values }] of after.entries())
        for (const [at, value] of values.entries())
          if (value !== before[o]?.values[at]) found.get(name)?.sources[at]?.push(unravel(i, dims));
    }
  }
  await session.release();
  return found;
}

function unravel(flat: number, dims: readonly number[]): number[] {
  let rest = flat;
  return dims
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    })
    .reverse();
}

function checkMaps(network: Network, layer: Layer, outputDims: readonly number[], sources: Sources): void {
  const operand = layer.operands.find(({ tensor }) => tensor === "x") ?? fail();
  const dims = network.tensors.get(operand.tensor ?? fail())?.dims ?? fail();
  for (const [at, indices] of sources.entries()) {
    const loops = loopIndices(layer.operands[0] ?? fail(), layer, unravel(at, outputDims));
    // An element that reads nothing at all (padding) does so because one axis is outside: the others say nothing then.
    const needed = operand.axes.map((map, axis) => need(map, loops, dims[axis] ?? fail(), layer));
    if (needed.includes(undefined)) {
      expect(indices).toEqual([]);
      continue;
    }
    for (const [axis, map] of operand.axes.entries()) {
      const touched = indices.map((index) => ({ lo: index[axis] ?? fail(), hi: (index[axis] ?? fail()) + 1 }));
      const range = touched.reduce<Interval | undefined>(hull, undefined);
      if (isExact(map)) expect({ at, axis, range }).toEqual({ at, axis, range: needed[axis] });
      else expect(extent(hull(range, needed[axis]))).toBe(extent(needed[axis]));
    }
  }
}

/** Maps that promise not to ask for more than is needed; a dilated window leaves holes, at the border too. */
const isExact = (map: AxisMap): boolean =>
  map.kind === "window" || map.kind === "transposed"
    ? map.dilation === 1
    : map.kind !== "resize" && map.kind !== "whole";

/** Value of each loop that the index of an output element fixes. */
function loopIndices(output: Operand, layer: Layer, index: readonly number[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const [axis, map] of output.axes.entries()) {
    let rest = index[axis] ?? fail();
    for (const dim of loopsOf(map).toReversed()) {
      values.set(dim, rest % loopSize(layer.loops, dim));
      rest = Math.floor(rest / loopSize(layer.loops, dim));
    }
  }
  return values;
}

/** Interval of an input axis that one output element needs; loops that it does not fix run through all their values. */
function need(map: AxisMap, loops: ReadonlyMap<string, number>, size: number, layer: Layer): Interval | undefined {
  if (map.kind === "pointwise") {
    let range: Interval = { lo: 0, hi: 1 };
    for (const dim of map.loops) {
      const [radix, value] = [loopSize(layer.loops, dim), loops.get(dim)];
      const digit = value === undefined ? { lo: 0, hi: radix } : { lo: value, hi: value + 1 };
      range = { lo: range.lo * radix + digit.lo, hi: (range.hi - 1) * radix + digit.hi };
    }
    return range;
  }
  if (map.kind === "whole") return { lo: 0, hi: size };
  // A loop that no index fixes stands for one that was picked.
  const out = loops.get(map.out) ?? (loopSize(layer.loops, map.out) === 1 ? 0 : fail());
  const fixed = map.kind === "window" ? loops.get(map.tap) : undefined;
  if (map.kind === "window" && fixed !== undefined) {
    const index = map.stride * out + map.dilation * fixed - map.before;
    return { lo: index, hi: index + 1 };
  }
  const taps = "tap" in map ? loopSize(layer.loops, map.tap) : 1;
  return inputInterval(map, { lo: out, hi: out + 1 }, size, taps);
}

function fail(): never {
  throw new Error("a layer or tensor is not as the test expects");
}
