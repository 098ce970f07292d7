/** Small models of what the built-in ones lack: control flow, functions, attention, quantisation, shape arithmetic. */
import onnxProto from "onnx-proto";

const { AttributeProto, ModelProto } = onnxProto.onnx;
const { AttributeType } = AttributeProto;

/** @typedef {import("onnx-proto").onnx.IGraphProto} Graph */
/** @typedef {number | string | readonly number[] | Graph} Value */

const FLOAT = 1;
const UINT8 = 2;
const INT64 = 7;
const BOOL = 9;

/** @returns {readonly { bytes: Uint8Array, symbols: readonly string[] }[]} models, and the symbols that one may bind */
export const seedModels = () => [
  { bytes: control(), symbols: [] },
  { bytes: functions(), symbols: ["N"] },
  { bytes: transformer(), symbols: ["batch", "length"] },
  { bytes: quantised(), symbols: ["N"] },
  { bytes: shapes(), symbols: ["H", "W"] },
];

function control() {
  const loopBody = body(
    ["i", "go", "state"],
    [n("Identity", ["go"], ["on"]), n("MatMul", ["state", "m"], ["next"]), n("Relu", ["next"], ["each"])],
    ["on", "next", "each"],
  );
  const scanBody = body(
    ["sum", "slice"],
    [n("Add", ["sum", "slice"], ["total"]), n("Identity", ["total"], ["out"])],
    ["total", "out"],
  );
  const then = body([], [n("Squeeze", ["x", "zero"], ["t"])], ["t"]);
  const otherwise = body([], [n("Loop", ["trips", "", "x"], ["e", "all"], { body: loopBody })], ["e"]);
  return model({
    inputs: [value("x", [1, 8]), value("c", [], BOOL), value("steps", [6, 8])],
    tensors: [floats("m", [8, 8]), integers("trips", [], [3]), integers("zero", [1], [0])],
    nodes: [
      n("Loop", ["trips", "", "x"], ["last", "stack"], { body: loopBody }, "", "loop"),
      n("If", ["c"], ["choice"], { then_branch: then, else_branch: otherwise }, "", "if"),
      n("Scan", ["x", "steps"], ["end", "sums"], { body: scanBody, num_scan_inputs: 1 }, "", "scan"),
      n("LSTM", ["lstm", "w", "r"], ["y", "h"], { hidden_size: 4, direction: "bidirectional" }, "", "lstm"),
      n("Unsqueeze", ["steps", "zero"], ["lstm"]),
    ],
    more: [floats("w", [2, 16, 8]), floats("r", [2, 16, 4])],
    outputs: ["last", "stack", "choice", "end", "sums", "y", "h"],
  });
}

function functions() {
  const inner = {
    name: "Dense",
    domain: "local",
    input: ["a", "w"],
    output: ["r"],
    attribute: ["axis"],
    node: [
      n("MatMul", ["a", "w"], ["p"]),
      { ...n("Softmax", ["p"], ["s"]), attribute: [{ name: "axis", refAttrName: "axis", type: AttributeType.INT }] },
      n("If", ["c"], ["r"], {
        then_branch: body([], [n("Relu", ["s"], ["t"])], ["t"]),
        else_branch: body([], [n("Tanh", ["s"], ["e"])], ["e"]),
      }),
      n("Constant", [], ["c"], { value_int: 1 }),
    ],
    opsetImport: OPSETS,
  };
  const outer = {
    name: "Twice",
    domain: "local",
    input: ["a", "w"],
    output: ["r", "b"],
    node: [n("Dense", ["a", "w"], ["b"], { axis: -1 }, "local"), n("Dense", ["b", "w"], ["r"], { axis: 0 }, "local")],
    opsetImport: OPSETS,
  };
  return model({
    inputs: [value("x", ["N", 8])],
    tensors: [floats("w", [8, 8])],
    nodes: [
      n("Twice", ["x", "w"], ["y", ""], {}, "local", "f"),
      n("Dense", ["y", "w"], ["z"], { axis: 1 }, "local", "g"),
    ],
    outputs: ["z"],
    functions: [inner, outer],
  });
}

function transformer() {
  const ms = "com.microsoft";
  return model({
    inputs: [value("x", ["batch", "length", 16]), value("mask", ["batch", "length"], INT64)],
    tensors: [
      floats("wq", [16, 48]),
      floats("bq", [48]),
      floats("g", [16]),
      floats("b", [16]),
      floats("w", [16, 32]),
      floats("v", [32, 16]),
      floats("cos", [64, 2]),
      integers("shape", [4], [0, 0, 4, 4]),
    ],
    nodes: [
      n("Attention", ["x", "wq", "bq", "mask"], ["a"], { num_heads: 4 }, ms, "attention"),
      n("SkipLayerNormalization", ["x", "a", "g", "b"], ["s", "", "", "sum"], {}, ms, "skip"),
      n("MultiHeadAttention", ["s", "s", "s"], ["h"], { num_heads: 2 }, ms, "heads"),
      n("FusedMatMul", ["h", "v"], ["f"], { transB: 1 }, ms, "fused"),
      n("BiasGelu", ["f", "bias"], ["k"], {}, ms),
      n("MatMul", ["k", "v"], ["m"]),
      n("LayerNormalization", ["m", "g", "b"], ["l"], { axis: -1 }),
      n("Reshape", ["l", "shape"], ["heads4"]),
      n("Transpose", ["heads4"], ["t"], { perm: [0, 2, 1, 3] }),
      n("Einsum", ["t", "t"], ["scores"], { equation: "bhqd,bhkd->bhqk" }),
      n("Attention", ["t", "t", "t"], ["std"], {}, "", "standard"),
      n("ReduceMean", ["scores"], ["mean"], { axes: [-1], keepdims: 0 }),
    ],
    more: [floats("bias", [32])],
    outputs: ["std", "mean", "sum"],
    opset: 23,
  });
}

function quantised() {
  const ms = "com.microsoft";
  const qonnx = "qonnx.custom_op.general";
  const scales = ["s", "z"];
  return model({
    inputs: [value("x", ["N", 3, 16, 16])],
    tensors: [
      floats("s", []),
      { name: "z", dims: [], dataType: UINT8 },
      { name: "w", dims: [8, 3, 3, 3], dataType: 3 },
      { name: "wz", dims: [], dataType: 3 },
      floats("bits", [], [4]),
      floats("f", [8, 8, 1, 1]),
      floats("th", [8, 3]),
    ],
    nodes: [
      n("QuantizeLinear", ["x", ...scales], ["q"]),
      n(
        "QLinearConv",
        ["q", ...scales, "w", "s", "wz", ...scales],
        ["c"],
        { pads: [1, 1, 1, 1], strides: [2, 2] },
        "",
        "qconv",
      ),
      n("QLinearAdd", ["c", ...scales, "c", ...scales, ...scales], ["a"], {}, ms),
      n("DequantizeLinear", ["a", ...scales], ["d"]),
      n("Quant", ["d", "s", "s", "bits"], ["qo"], { signed: 1 }, qonnx),
      n("MultiThreshold", ["qo", "th"], ["m"], { out_dtype: "UINT2" }, qonnx),
      n("FusedConv", ["m", "f", "", "d"], ["fc"], { activation: "Relu" }, ms),
      n("QLinearGlobalAveragePool", ["c", ...scales, ...scales], ["p"], { channels_last: 0 }, ms),
      n("DynamicQuantizeLinear", ["fc"], ["y", "ys", "yz"]),
      n("MaxPool", ["fc"], ["mp", "indices"], { kernel_shape: [2, 2], strides: [2, 2] }),
    ],
    outputs: ["y", "ys", "yz", "p", "mp", "indices"],
  });
}

function shapes() {
  return model({
    inputs: [value("x", ["N", 4, "H", "W"])],
    tensors: [
      integers("one", [1], [1]),
      integers("two", [1], [2]),
      integers("zero", [1], [0]),
      integers("minus", [1], [-1]),
      integers("lengths", [2], [1, 3]),
      floats("scales", [4], [1, 1, 2, 1.5]),
      integers("k", [1], [2]),
      floats("dw", [4, 4, 3, 3]),
      floats("slope", [4, 1, 1]),
    ],
    nodes: [
      n("Shape", ["x"], ["sh"]),
      n("Gather", ["sh", "zero"], ["batch"]),
      n("Concat", ["batch", "minus"], ["flat"], { axis: 0 }),
      n("Reshape", ["x", "flat"], ["r"]),
      n("TopK", ["r", "k"], ["top", "positions"]),
      n("Split", ["x", "lengths"], ["a", "b"], { axis: 1 }),
      n("Resize", ["b", "", "scales"], ["up"], { mode: "linear" }),
      n("ConvTranspose", ["x", "dw"], ["ct"], { strides: [2, 2], output_padding: [1, 1] }),
      n("Slice", ["ct", "one", "minus", "two", "two"], ["sl"]),
      n("Pad", ["a", "pads"], ["pd"], { mode: "reflect" }),
      n("PRelu", ["x", "slope"], ["pr"]),
      n("InstanceNormalization", ["pr", "g", "g"], ["in"]),
      n("Tile", ["in", "repeats"], ["ti"]),
      n("ScatterND", ["r", "at", "r"], ["sc"]),
      n("GatherElements", ["x", "at4"], ["ge"]),
      n("Cast", ["sh"], ["f"], { to: FLOAT }),
      n("ReduceProd", ["f"], ["prod"], { keepdims: 0 }),
    ],
    more: [
      integers("pads", [8], [0, 0, 1, 1, 0, 0, 1, 1]),
      floats("g", [4]),
      integers("repeats", [4], [1, 1, 2, 1]),
      integers("at", [1, 1], [0]),
      integers(
        "at4",
        [1, 4, 2, 2],
        Array.from({ length: 16 }, () => 0),
      ),
    ],
    outputs: ["top", "positions", "up", "sl", "pd", "ti", "sc", "ge", "prod"],
  });
}

const DOMAINS = ["com.microsoft", "local", "qonnx.custom_op.general"];
const OPSETS = [{ domain: "", version: 17 }, ...DOMAINS.map((domain) => ({ domain, version: 1 }))];

/**
 * @param {{ inputs: object[], tensors: object[], more?: object[], nodes: object[], outputs: string[], functions?: object[], opset?: number }} parts
 */
function model({ inputs, tensors, more = [], nodes, outputs, functions: own = [], opset = 17 }) {
  return ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      opsetImport: OPSETS.map((entry) => (entry.domain === "" ? { domain: "", version: opset } : entry)),
      graph: {
        name: "seed",
        node: nodes,
        input: inputs,
        output: outputs.map((name) => ({ name })),
        initializer: [...tensors, ...more],
      },
      functions: own,
    }),
  ).finish();
}

/**
 * @param {string} opType
 * @param {string[]} input
 * @param {string[]} output
 * @param {Record<string, Value>} [attributes]
 */
const n = (opType, input, output, attributes = {}, domain = "", name = "") => ({
  opType,
  input,
  output,
  domain,
  name,
  attribute: Object.entries(attributes).map(([key, given]) => attribute(key, given)),
});

/**
 * @param {string} name
 * @param {Value} given
 */
function attribute(name, given) {
  if (typeof given === "number") return { name, type: AttributeType.INT, i: given };
  if (typeof given === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(given) };
  if (Array.isArray(given)) return { name, type: AttributeType.INTS, ints: given };
  return { name, type: AttributeType.GRAPH, g: given };
}

/**
 * @param {string[]} inputs
 * @param {object[]} nodes
 * @param {string[]} outputs
 */
const body = (inputs, nodes, outputs) =>
  /** @type {Graph} */ ({
    name: "body",
    node: nodes,
    input: inputs.map((name) => ({ name })),
    output: outputs.map((name) => ({ name })),
  });

/**
 * @param {string} name
 * @param {(number | string)[]} dims
 */
const value = (name, dims, elemType = FLOAT) => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((dim) => (typeof dim === "string" ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});

/**
 * @param {string} name
 * @param {number[]} dims
 * @param {number[]} [floatData] - elements; the file holds the shape only where they are left out
 */
const floats = (name, dims, floatData = []) => ({ name, dims, dataType: FLOAT, floatData });

/**
 * @param {string} name
 * @param {number[]} dims
 * @param {number[]} int64Data
 */
const integers = (name, dims, int64Data) => ({ name, dims, dataType: INT64, int64Data });
