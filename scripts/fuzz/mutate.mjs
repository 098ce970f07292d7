/** Spoils models: byte by byte, or message by message, so that what comes out still decodes. */
import onnxProto from "onnx-proto";
import { below, createRandom, pick } from "./random.mjs";

const { GraphProto, ModelProto, NodeProto } = onnxProto.onnx;

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
const OPERATORS = [
  "Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool Gemm MatMul Einsum DeformConv MaxUnpool MaxRoiPool",
  "Add Mul Div Mod Sum Max Where And Equal Not Relu Clip PRelu Softmax ReduceMean ReduceSum ReduceProd ArgMax CumSum",
  "Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather GatherElements GatherND ScatterND ScatterElements Pad",
  "Tile Expand Resize Upsample DepthToSpace SpaceToDepth Shape Size Constant ConstantOfShape Range Cast CastLike OneHot TopK",
  "NonZero Compress Trilu EyeLike GridSample RoiAlign Col2Im CenterCropPad AffineGrid STFT DFT RandomNormal Multinomial Unique",
  "Loop If Scan LSTM GRU RNN BatchNormalization LayerNormalization InstanceNormalization GroupNormalization LRN",
  "MeanVarianceNormalization LpNormalization QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul",
  "ConvInteger MatMulInteger Attention MultiHeadAttention GroupQueryAttention SkipLayerNormalization EmbedLayerNormalization",
  "FusedConv FusedMatMul FusedGemm QAttention QLinearConcat QLinearAdd MatMulNBits RotaryEmbedding BiasGelu Quant MultiThreshold",
  "SequenceAt SplitToSequence Optional Identity Dropout Cell Carry Stack ScanSlice Result RecurrentProduct Dense Twice Frobnicate",
].flatMap((line) => line.split(" "));
const DOMAINS = ["", "ai.onnx", "com.microsoft", "ai.onnx.ml", "acme", "local", "kerf", "qonnx.custom_op.general"];

/**
 * @param {Uint8Array} bytes - a model
 * @param {number} seed - the same seed spoils the same model alike
 * @returns {Uint8Array}
 */
export function spoil(bytes, seed) {
  const random = createRandom(seed);
  return random() < 0.25 ? spoilBytes(bytes, random) : spoilMessages(bytes, random);
}

/**
 * @param {Uint8Array} bytes
 * @param {() => number} random
 */
function spoilBytes(bytes, random) {
  /** @type {Uint8Array} */
  let spoilt = Uint8Array.from(bytes);
  for (let count = 1 + below(random, 6); count > 0 && spoilt.length > 0; count--)
    spoilt = pick(random, BYTE_CHANGES)(spoilt, random);
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
  for (let count = 1 + below(random, 4); count > 0; count--) pick(random, MESSAGE_CHANGES)(model, random);
  return ModelProto.encode(model).finish();
}

/** @typedef {onnxProto.onnx.IModelProto} Model */

/** @type {readonly ((node: Node, random: Random, nodes: Node[], model: Model) => void)[]} */
const NODE_CHANGES = [
  (node, random) => Object.assign(node, { opType: pick(random, OPERATORS) }),
  (node, random) => Object.assign(node, { opType: pick(random, OPERATORS) }),
  (node, random) => Object.assign(node, { domain: pick(random, DOMAINS) }),
  (node, random, _nodes, model) => rewire(node.input ?? [], namesOf(model), random),
  (node, random, _nodes, model) => rewire(node.output ?? [], namesOf(model), random),
  (node, random) => rewire(node.output ?? [], [""], random),
  (node, random) => void node.input?.splice(below(random, 3), 1),
  (node, random) => changeSome(node.attribute ?? [], random, changeAttribute(random)),
  (node, random) => changeSome(node.attribute ?? [], random, changeAttribute(random)),
  (node, random, nodes) => changeSome(nodes, random, (other) => void node.attribute?.push(...(other.attribute ?? []))),
];

/** @typedef {onnxProto.onnx.INodeProto} Node */
/** @typedef {onnxProto.onnx.IAttributeProto} Attribute */
/** @typedef {() => number} Random */

/** @type {readonly ((model: Model, random: Random) => void)[]} */
const MESSAGE_CHANGES = [
  ...NODE_CHANGES.map((change) => nodeChange(change)),
  (model, random) => {
    const nodes = nodesOf(model, random);
    nodes.splice(below(random, nodes.length), 1);
  },
  (model, random) => {
    const nodes = nodesOf(model, random);
    changeSome(nodes, random, (node) => void nodes.push({ ...node }));
  },
  repeatSomething,
  repeatSomething,
  renameSomething,
  changeFunction,
  (model, random) => changeSome(model.graph?.initializer ?? [], random, (tensor) => changeTensor(tensor, random)),
  (model, random) => changeSome(model.graph?.initializer ?? [], random, (tensor) => changeTensor(tensor, random)),
  (model, random) => void model.graph?.initializer?.splice(below(random, 9), 1),
  (model, random) => changeSome(model.graph?.input ?? [], random, changeShape(random)),
  (model, random) => changeSome(model.graph?.valueInfo ?? [], random, changeShape(random)),
  (model, random) => changeSome(model.graph?.output ?? [], random, changeShape(random)),
  (model, random) =>
    changeSome(model.opsetImport ?? [], random, (opset) => Object.assign(opset, { version: below(random, 26) })),
];

/**
 * @param {(node: Node, random: Random, nodes: Node[], model: Model) => void} change
 * @returns {(model: Model, random: Random) => void}
 */
function nodeChange(change) {
  return (model, random) => {
    const nodes = nodesOf(model, random);
    changeSome(nodes, random, (node) => change(node, random, nodes, model));
  };
}

/** Nodes of the graph more often than not, else of a function or of a body at any depth. @param {Model} model @param {Random} random */
function nodesOf(model, random) {
  const own = model.graph?.node ?? [];
  if (random() < 0.5) return own;
  const lists = [own, ...(model.functions ?? []).map(({ node }) => node ?? [])];
  return pick(
    random,
    lists.flatMap((list) => [list, ...bodiesOf(list).map(({ node }) => node ?? [])]),
  );
}

/** @param {readonly Node[]} nodes @returns {readonly onnxProto.onnx.IGraphProto[]} */
const bodiesOf = (nodes) =>
  nodes.flatMap(({ attribute }) =>
    (attribute ?? []).flatMap(({ g }) => (g === null || g === undefined ? [] : [g, ...bodiesOf(g.node ?? [])])),
  );

/** @param {Model} model */
const namesOf = (model) => [...NAMES, ...(model.graph?.node ?? []).flatMap(({ output }) => output ?? [])];

/** Lists that are longer than anybody expects. @param {Model} model @param {Random} random */
function repeatSomething(model, random) {
  const nodes = nodesOf(model, random);
  changeSome(nodes, random, (node) => {
    const times = pick(random, [2, 10, 100, 1000, 5000]);
    const attribute = (node.attribute ?? [])[below(random, node.attribute?.length ?? 0)];
    const changes = [
      () => Object.assign(node, { input: repeated(node.input ?? [], times) }),
      () => Object.assign(node, { output: repeated(node.output ?? [], times).map((name, i) => `${name}${i}`) }),
      () => attribute && Object.assign(attribute, { ints: repeated(attribute.ints ?? [], times) }),
      () => attribute?.t && Object.assign(attribute.t, { dims: repeated(attribute.t.dims ?? [], times) }),
      () => nodes.push(...copies(node, times)),
      () =>
        changeSome(model.graph?.initializer ?? [], random, (tensor) =>
          Object.assign(tensor, { dims: repeated(tensor.dims ?? [], times) }),
        ),
      () =>
        changeSome(model.graph?.input ?? [], random, (info) => {
          const shape = info.type?.tensorType?.shape;
          if (shape) shape.dim = repeated(shape.dim ?? [], times);
        }),
    ];
    pick(random, changes)();
  });
}

const MOST = 20_000;
const MOST_COPIES = 250;

/** @template T @param {readonly T[]} list @param {number} times @returns {T[]} */
const repeated = (list, times) =>
  Array.from({ length: Math.min(MOST, list.length * times) }, (_, i) => /** @type {T} */ (list[i % list.length]));

/** The node again and again, each with outputs of its own. @param {Node} node @param {number} times @returns {Node[]} */
const copies = (node, times) =>
  Array.from({ length: Math.min(MOST_COPIES, times) }, (_, i) => ({
    ...node,
    name: `${node.name ?? ""}${i}`,
    output: (node.output ?? []).map((name) => (name === "" ? "" : `${name}~${i}`)),
  }));

/** @param {Model} model @param {Random} random */
function renameSomething(model, random) {
  const nodes = nodesOf(model, random);
  changeSome(nodes, random, (node) => {
    const changes = [
      () => Object.assign(node, { name: pick(random, namesOf(model)) }),
      () => changeSome(nodes, random, (other) => Object.assign(node, { name: other.name })),
      () => changeSome(bodiesOf(nodes), random, (body) => rename(body.output ?? [], namesOf(model), random)),
      () => changeSome(bodiesOf(nodes), random, (body) => rename(body.input ?? [], namesOf(model), random)),
      () => rename(model.graph?.output ?? [], namesOf(model), random),
      () => rename(model.graph?.initializer ?? [], namesOf(model), random),
    ];
    pick(random, changes)();
  });
}

/** @param {readonly { name?: string | null }[]} infos @param {readonly string[]} names @param {Random} random */
const rename = (infos, names, random) =>
  changeSome(infos, random, (info) => Object.assign(info, { name: pick(random, names) }));

/** A body in a node of its own is a copy: messages that hold themselves cannot be written. */
/** @param {onnxProto.onnx.IGraphProto} graph */
const copyOf = (graph) => GraphProto.decode(GraphProto.encode(graph).finish());
/** @param {Node} node */
const nodeCopyOf = (node) => NodeProto.decode(NodeProto.encode(node).finish());

/** Functions that call others or themselves, bodies that move to other nodes. @param {Model} model @param {Random} random */
function changeFunction(model, random) {
  const nodes = nodesOf(model, random);
  const functions = model.functions ?? [];
  changeSome(nodes, random, (node) => {
    const changes = [
      () => changeSome(functions, random, ({ name, domain }) => Object.assign(node, { opType: name, domain })),
      () => changeSome(functions, random, ({ input }) => rewire(input ?? [], namesOf(model), random)),
      () => changeSome(functions, random, ({ output }) => rewire(output ?? [], namesOf(model), random)),
      () => changeSome(functions, random, (body) => Object.assign(body, { domain: pick(random, DOMAINS) })),
      () => changeSome(functions, random, (body) => Object.assign(body, { name: pick(random, OPERATORS) })),
      () =>
        changeSome(bodiesOf(nodes), random, (g) => void node.attribute?.push({ name: "body", type: 5, g: copyOf(g) })),
      () => changeSome(bodiesOf(nodes), random, (g) => void g.node?.push(...copies(nodeCopyOf(node), 3))),
      () => changeSome(bodiesOf(nodes), random, (g) => void g.input?.splice(below(random, 3), 1)),
      () => changeSome(bodiesOf(nodes), random, (g) => void g.output?.splice(below(random, 3), 1)),
      () => changeSome(node.attribute ?? [], random, (attribute) => Object.assign(attribute, { refAttrName: "axis" })),
    ];
    pick(random, changes)();
  });
}

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
