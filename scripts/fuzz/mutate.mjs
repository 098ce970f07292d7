/** Spoils models: byte by byte, or message by message, so that what comes out still decodes. */
import onnxProto from "onnx-proto";
import { below, createRandom, pick } from "./random.mjs";

const { ModelProto } = onnxProto.onnx;

/** Numbers at which arithmetic and allocation go wrong. */
const NUMBERS = [
  0,
  1,
  -1,
  2,
  3,
  7,
  255,
  65_536,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 40,
  2 ** 53,
  2 ** 60,
  -(2 ** 60),
];
const NAMES = ["", "x", "__proto__", "constructor", "\u0000", "a,b", "../../etc/passwd", "🜁".repeat(50)];
const OPERATORS =
  "Conv ConvTranspose MaxPool AveragePool GlobalAveragePool Gemm MatMul Einsum Add Mul Relu Clip Softmax ReduceMean ArgMax Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather Pad Tile Expand Resize Upsample DepthToSpace Shape ConstantOfShape Range Where Cast OneHot TopK NonZero Loop If Scan LSTM GRU BatchNormalization LayerNormalization InstanceNormalization QuantizeLinear DequantizeLinear QLinearConv Identity Dropout CumSum ScatterND Frobnicate".split(
    " ",
  );
const DOMAINS = ["", "ai.onnx", "com.microsoft", "ai.onnx.ml", "acme"];

/**
 * @param {Uint8Array} bytes - a model
 * @param {number} seed - the same seed spoils the same model alike
 * @returns {Uint8Array}
 */
export function spoil(bytes, seed) {
  const random = createRandom(seed);
  return random() < 0.4 ? spoilBytes(bytes, random) : spoilMessages(bytes, random);
}

/**
 * @param {Uint8Array} bytes
 * @param {() => number} random
 */
function spoilBytes(bytes, random) {
  /** @type {Uint8Array} */
  let spoilt = Uint8Array.from(bytes);
  for (let count = 1 + below(random, 6); count > 0; count--) spoilt = pick(random, BYTE_CHANGES)(spoilt, random);
  return spoilt;
}

/** @type {readonly ((bytes: Uint8Array, random: () => number) => Uint8Array)[]} */
const BYTE_CHANGES = [
  (bytes, random) => bytes.with(below(random, bytes.length), below(random, 256)),
  (bytes, random) => {
    const at = below(random, bytes.length);
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 << below(random, 8)));
  },
  (bytes, random) => bytes.slice(0, Math.max(1, below(random, bytes.length))),
  (bytes, random) => splice(bytes, below(random, bytes.length), below(random, 16), new Uint8Array()),
  (bytes, random) => {
    const from = below(random, bytes.length);
    return splice(bytes, below(random, bytes.length), 0, bytes.slice(from, from + below(random, 64)));
  },
  (bytes, random) => splice(bytes, below(random, bytes.length), 5, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)),
];

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} dropped
 * @param {Uint8Array} added
 */
const splice = (bytes, at, dropped, added) =>
  Uint8Array.from(Buffer.concat([bytes.slice(0, at), added, bytes.slice(at + dropped)]));

/**
 * @param {Uint8Array} bytes
 * @param {() => number} random
 */
function spoilMessages(bytes, random) {
  const model = ModelProto.decode(bytes);
  for (let count = 1 + below(random, 5); count > 0; count--) pick(random, MESSAGE_CHANGES)(model, random);
  return ModelProto.encode(model).finish();
}

/** @typedef {onnxProto.onnx.IModelProto} Model */

/** @type {readonly ((model: Model, random: () => number) => void)[]} */
const MESSAGE_CHANGES = [
  (model, random) =>
    changeSome(nodesOf(model), random, (node) => Object.assign(node, { opType: pick(random, OPERATORS) })),
  (model, random) =>
    changeSome(nodesOf(model), random, (node) => Object.assign(node, { domain: pick(random, DOMAINS) })),
  (model, random) => changeSome(nodesOf(model), random, (node) => rewire(node.input ?? [], namesOf(model), random)),
  (model, random) => changeSome(nodesOf(model), random, (node) => rewire(node.output ?? [], namesOf(model), random)),
  (model, random) => changeSome(nodesOf(model), random, (node) => void node.input?.splice(below(random, 3), 1)),
  (model, random) => void nodesOf(model).splice(below(random, nodesOf(model).length), 1),
  (model, random) => changeSome(nodesOf(model), random, (node) => void nodesOf(model).push({ ...node })),
  (model, random) =>
    changeSome(nodesOf(model), random, (node) => changeSome(node.attribute ?? [], random, changeAttribute(random))),
  (model, random) =>
    changeSome(nodesOf(model), random, (node) => changeSome(node.attribute ?? [], random, changeAttribute(random))),
  (model, random) =>
    changeSome(nodesOf(model), random, (node) =>
      changeSome(nodesOf(model), random, (other) => void node.attribute?.push(...(other.attribute ?? []))),
    ),
  (model, random) => changeSome(model.graph?.initializer ?? [], random, (tensor) => changeTensor(tensor, random)),
  (model, random) => changeSome(model.graph?.initializer ?? [], random, (tensor) => changeTensor(tensor, random)),
  (model, random) => void model.graph?.initializer?.splice(below(random, 9), 1),
  (model, random) => changeSome(model.graph?.input ?? [], random, changeShape(random)),
  (model, random) => changeSome(model.graph?.valueInfo ?? [], random, changeShape(random)),
  (model, random) => changeSome(model.graph?.output ?? [], random, changeShape(random)),
  (model, random) =>
    changeSome(model.opsetImport ?? [], random, (opset) => Object.assign(opset, { version: below(random, 26) })),
];

/** @param {Model} model */
const nodesOf = (model) => model.graph?.node ?? [];

/** @param {Model} model */
const namesOf = (model) => [...NAMES, ...nodesOf(model).flatMap(({ output }) => output ?? [])];

/**
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @param {(item: T) => void} change
 */
function changeSome(items, random, change) {
  if (items.length > 0) change(pick(random, items));
}

/**
 * @param {string[]} names
 * @param {readonly string[]} known
 * @param {() => number} random
 */
function rewire(names, known, random) {
  names.splice(below(random, names.length), 1, pick(random, known));
}

/** @param {() => number} random */
const changeAttribute = (random) => (/** @type {onnxProto.onnx.IAttributeProto} */ attribute) => {
  const { ints = [] } = attribute;
  const changes = [
    () => Object.assign(attribute, { i: pick(random, NUMBERS) }),
    () =>
      Object.assign(attribute, { ints: (ints ?? []).map((value) => (random() < 0.5 ? pick(random, NUMBERS) : value)) }),
    () => Object.assign(attribute, { ints: Array.from({ length: below(random, 8) }, () => pick(random, NUMBERS)) }),
    () => Object.assign(attribute, { type: below(random, 15) }),
    () => Object.assign(attribute, { f: pick(random, [Number.NaN, Number.POSITIVE_INFINITY, -0, 1e38]) }),
    () => Object.assign(attribute, { s: new TextEncoder().encode(pick(random, NAMES)) }),
    () => {
      attribute.t = attribute.t ?? { dims: [] };
      changeTensor(attribute.t, random);
    },
  ];
  pick(random, changes)();
};

/**
 * @param {onnxProto.onnx.ITensorProto} tensor
 * @param {() => number} random
 */
function changeTensor(tensor, random) {
  const dims = tensor.dims ?? [];
  const changes = [
    () => Object.assign(tensor, { dims: dims.map((dim) => (random() < 0.5 ? pick(random, NUMBERS) : dim)) }),
    () => Object.assign(tensor, { dims: Array.from({ length: below(random, 9) }, () => pick(random, NUMBERS)) }),
    () => Object.assign(tensor, { dataType: below(random, 24) }),
    () => Object.assign(tensor, { name: pick(random, NAMES) }),
    () => Object.assign(tensor, { rawData: undefined, int64Data: dims.map(() => pick(random, NUMBERS)) }),
    () => Object.assign(tensor, integers(Array.from({ length: below(random, 7) }, () => pick(random, NUMBERS)))),
  ];
  pick(random, changes)();
}

/** @param {readonly number[]} values */
const integers = (values) => ({ dims: [values.length], dataType: 7, rawData: undefined, int64Data: values });

/** @param {() => number} random */
const changeShape = (random) => (/** @type {onnxProto.onnx.IValueInfoProto} */ info) => {
  const dims = info.type?.tensorType?.shape?.dim ?? [];
  const changes = [
    () =>
      changeSome(dims, random, (dim) => Object.assign(dim, { dimParam: undefined, dimValue: pick(random, NUMBERS) })),
    () => changeSome(dims, random, (dim) => Object.assign(dim, { dimValue: undefined, dimParam: pick(random, NAMES) })),
    () => void dims.splice(below(random, dims.length), 1),
    () => void dims.push({ dimValue: pick(random, NUMBERS) }),
    () => Object.assign(info, { name: pick(random, NAMES) }),
    () => Object.assign(info, { type: undefined }),
  ];
  pick(random, changes)();
};
