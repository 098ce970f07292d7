/** Files that nobody should have written, each with the diagnostic that it deserves. */
import type onnxProto from "onnx-proto";
import protobuf from "protobufjs/minimal.js";
import {
  encodeModel,
  filled,
  float,
  type GraphSpec,
  int64,
  type ModelSpec,
  model,
  modelProto,
  node,
  type TensorSpec,
  typed,
} from "./onnx-builder.js";

/** What becomes of a file: an error with this code, or an import that carries a diagnostic with it. */
export interface BadFile {
  readonly why: string;
  readonly bytes: Uint8Array;
  readonly code: string;
  readonly isImported: boolean;
}

const refused = (why: string, code: string, bytes: Uint8Array): BadFile => ({ why, bytes, code, isImported: false });
const imported = (why: string, code: string, bytes: Uint8Array): BadFile => ({ why, bytes, code, isImported: true });

const x = { x: [1, 4, 8, 8] };
const plain: ModelSpec = { inputs: x, nodes: [node("Relu", ["x"], ["y"], {}, "n")] };
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const conv = (attributes: Parameters<typeof node>[3], w: readonly number[] = [4, 4, 3, 3]): Uint8Array =>
  model({ inputs: x, initializers: { w }, nodes: [node("Conv", ["x", "w"], ["y"], attributes, "c")] });
const unary = (opType: string, attributes: Parameters<typeof node>[3] = {}, opset = 17): Uint8Array =>
  model({ inputs: x, opset, nodes: [node(opType, ["x"], ["y"], attributes, "n")] });
const shaped = (opType: string, shape: readonly number[]): Uint8Array =>
  model({ inputs: x, initializers: { s: int64(shape) }, nodes: [node(opType, ["x", "s"], ["y"], {}, "n")] });

// Bytes

const field = (number: number, wireType: number): Uint8Array =>
  protobuf.Writer.create()
    .uint32((number << 3) | wireType)
    .finish();
const varint = (value: number): Uint8Array => protobuf.Writer.create().uint32(value).finish();
const message = (number: number, content: Uint8Array): Uint8Array =>
  concat(field(number, 2), varint(content.length), content);

/** A field that holds itself `depth` times: written from the outside in, so that it takes linear time. */
function nested(numbers: readonly number[], depth: number): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    const head = concat(field(numbers[level % numbers.length] ?? 1, 2), varint(length));
    heads.push(head);
    length += head.length;
  }
  return Uint8Array.from(Buffer.concat(heads.toReversed()));
}

const good = model(plain);
const cut = (share: number): Uint8Array => good.subarray(0, Math.floor(good.length * share));
const withGraph = (graph: Uint8Array): Uint8Array =>
  concat(encodeModel({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }] }), message(7, graph));

const BYTES: readonly BadFile[] = [
  refused("nothing at all", "empty-file", new Uint8Array()),
  refused("a Git LFS pointer", "not-onnx", ascii("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")),
  refused("a PNG image", "not-onnx", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10)),
  refused("a zip archive", "not-onnx", ascii("PK\u0003\u0004\u0014\u0000\u0000")),
  refused("a gzip archive", "not-onnx", Uint8Array.of(0x1f, 0x8b, 8, 0, 0)),
  refused("a TensorFlow Lite model", "not-onnx", ascii("\u001c\u0000\u0000\u0000TFL3\u0000")),
  refused("a web page", "not-onnx", ascii("<!DOCTYPE html><html><body>404</body></html>")),
  refused("JSON", "not-onnx", ascii('{"graph": {}}')),
  refused("an ONNX model as text", "not-onnx", ascii("ir_version: 8\ngraph { }\n")),
  refused("nothing but zeros", "malformed-file", new Uint8Array(4096)),
  refused("nothing but ones", "malformed-file", new Uint8Array(4096).fill(0xff)),
  refused("cut in its first field", "truncated-file", good.subarray(0, 1)),
  refused("cut after a quarter", "truncated-file", cut(0.25)),
  refused("cut in the middle", "truncated-file", cut(0.5)),
  refused("cut before its last byte", "truncated-file", good.subarray(0, -1)),
  refused("cut after its first field", "no-graph", good.subarray(0, 2)),
  refused("a model with rubbish behind it", "malformed-file", concat(good, Uint8Array.of(0x07, 0x07, 0x07))),
  refused("a group", "malformed-file", concat(good.subarray(0, 2), field(1, 3), field(1, 4))),
  refused("a wire type that does not exist", "malformed-file", concat(field(8, 6), Uint8Array.of(1))),
  refused("field number 0", "malformed-file", Uint8Array.of(0x02, 0x01, 0x00, 0x00)),
  refused("a number of eleven bytes", "malformed-file", concat(field(1, 0), new Uint8Array(11).fill(0x80), good)),
  refused("a length of 2^31 in a file of a few bytes", "truncated-file", concat(field(7, 2), varint(2 ** 31))),
  refused(
    "a length beyond 2^32",
    "malformed-file",
    concat(Uint8Array.of(0x3a, 0x85, 0x80, 0x80, 0x80, 0x80, 0x01), good),
  ),
  refused(
    "dims that reach beyond the file",
    "truncated-file",
    withGraph(message(5, concat(field(1, 2), varint(2 ** 30)))),
  ),
  refused("types 100 000 deep", "nested-too-deeply", withGraph(message(13, message(2, nested([4, 1], 200_001))))),
  refused(
    "groups 100 000 deep",
    "malformed-file",
    concat(good, message(8, new Uint8Array(100_000).fill((9 << 3) | 3))),
  ),
  refused("functions that hold graphs 10 000 deep", "nested-too-deeply", withGraph(nested([6, 5, 1], 30_000))),
  refused(
    "a function whose name has a wire type that does not exist",
    "malformed-file",
    concat(good, message(25, concat(field(1, 6), varint(1), ascii("f")))),
  ),
  refused("a graph whose only field is a varint", "malformed-file", withGraph(concat(field(1, 0), varint(3)))),
];

// Graphs

function nestedIfs(depth: number): Uint8Array {
  let body: GraphSpec = { nodes: [node("Identity", ["x"], ["v"])], outputs: { v: [1] } };
  for (let level = 0; level < depth; level++)
    body = {
      nodes: [node("If", ["c"], [`v${level}`], { then_branch: body }, `if${level}`)],
      outputs: { [`v${level}`]: [1] },
    };
  return model({ ...body, inputs: { x: [1], c: [] } });
}

function withInvalidName(): Uint8Array {
  const bytes = model({ ...plain, nodes: [node("Relu", ["x"], ["y"], {}, "QQQQ")] });
  return bytes.map((byte, i) => (bytes[i] === 0x51 && bytes[i + 1] !== 0x51 ? 0xff : byte));
}

function withOpset(version: number): Uint8Array {
  return model({ ...plain, opset: version });
}

/** A model with an integer that only a 64-bit field can hold. */
function withLong(change: (proto: onnxProto.onnx.IModelProto) => void): Uint8Array {
  const proto = modelProto(plain);
  change(proto);
  return encodeModel(proto);
}

const manyRelus = (count: number, input: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => node("Relu", [input(i)], [`y${i}`], {}, `n${i}`));

const GRAPHS: readonly BadFile[] = [
  refused("a model without a graph", "no-graph", encodeModel({ irVersion: 8, opsetImport: [{ version: 17 }] })),
  refused("no operator set", "missing-opset", model({ ...plain, opset: undefined })),
  refused("operator set 0", "bad-opset", withOpset(0)),
  refused("operator set -7", "bad-opset", withOpset(-7)),
  refused("operator set 2^60", "bad-opset", withOpset(2 ** 60)),
  refused(
    "a cycle",
    "cyclic-graph",
    model({ inputs: x, nodes: [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])] }),
  ),
  refused("a node that reads itself", "cyclic-graph", model({ inputs: x, nodes: [node("Add", ["x", "a"], ["a"])] })),
  refused("an input that nothing defines", "undefined-value", model({ ...plain, inputs: {} })),
  refused("an output that nothing computes", "undefined-output", model({ ...plain, outputs: { z: [1] } })),
  refused(
    "a value that two nodes compute",
    "duplicate-value",
    model({ inputs: x, nodes: [node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])] }),
  ),
  refused(
    "a node that computes its input",
    "duplicate-value",
    model({ ...plain, nodes: [node("Relu", ["x"], ["x"])] }),
  ),
  refused("a node without outputs", "node-without-output", model({ ...plain, nodes: [node("Relu", ["x"], [])] })),
  refused(
    "5 000 inputs that nothing defines",
    "undefined-value",
    model({ inputs: x, nodes: manyRelus(5000, (i) => `missing_${i}`) }),
  ),
  refused("5 000 outputs that nothing computes", "undefined-output", model({ ...plain, outputs: manyOutputs(5000) })),
  refused("600 nested Ifs", "nested-too-deeply", nestedIfs(600)),
  refused(
    "a body that reads what nothing defines",
    "undefined-value",
    model({
      inputs: { c: [] },
      nodes: [node("If", ["c"], ["y"], { then_branch: { nodes: [node("Relu", ["zz"], ["v"])] } })],
    }),
  ),
  refused(
    "a name of a million letters",
    "undefined-value",
    model({ inputs: { ["x".repeat(1_000_000)]: [1] }, nodes: [node("Relu", ["y".repeat(1_000_000)], ["y"])] }),
  ),
  imported("a name that is no UTF-8", "invalid-utf8", withInvalidName()),
  imported("an operator that nobody knows", "operator-not-understood", unary("Frobnicate")),
  imported(
    "a domain that nobody knows",
    "operator-not-understood",
    model({ inputs: x, nodes: [node("Conv", ["x"], ["y"], {}, "n", "acme.corp")] }),
  ),
  imported("an operator without a type", "operator-not-understood", unary("")),
  imported("a prototype for an operator", "operator-not-understood", unary("__proto__")),
];

function manyOutputs(count: number): Readonly<Record<string, undefined>> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`z${i}`, undefined]));
}

// Shapes and attributes

const relu: GraphSpec = { nodes: [node("Relu", ["x"], ["v"])], outputs: { v: undefined } };

const NODES: readonly BadFile[] = [
  refused("a negative dimension", "bad-dimension", model({ ...plain, inputs: { x: [1, -5] } })),
  refused("a dimension beyond 2^31", "bad-dimension", model({ ...plain, inputs: { x: [1, 2 ** 31 + 1] } })),
  refused("a dimension beyond 2^53", "bad-dimension", model({ ...plain, inputs: { x: [1, 2 ** 60] } })),
  refused("a weight with a negative dimension", "bad-dimension", conv({}, [4, -4, 3, 3])),
  refused(
    "a map of more than 2^53 elements",
    "tensor-too-large",
    model({ ...plain, inputs: { x: [2 ** 30, 2 ** 30] } }),
  ),
  refused("stride 0", "attribute-value", conv({ strides: [0, 1] })),
  refused("a negative stride", "attribute-value", conv({ strides: [-1, -1] })),
  refused("dilation 0", "attribute-value", conv({ dilations: [0, 0] })),
  refused("group 0", "attribute-value", conv({ group: 0 })),
  refused("a negative group", "attribute-value", conv({ group: -4 })),
  refused("groups that do not divide the channels", "shape-mismatch", conv({ group: 3 })),
  refused("negative padding", "attribute-value", conv({ pads: [-9, 0, 0, 0] })),
  refused("a kernel larger than its input", "window-too-large", conv({}, [4, 4, 9, 9])),
  refused("a kernel of no elements", "attribute-value", conv({}, [4, 4, 0, 3])),
  refused("a kernel shape that is not the weight's", "attribute-value", conv({ kernel_shape: [5, 5] })),
  refused("strides that are a float", "attribute-type", conv({ strides: typed("FLOAT", 1) })),
  refused("a group that is a text", "attribute-type", conv({ group: "two" })),
  refused("padding of a kind that does not exist", "attribute-value", conv({ auto_pad: "MAYBE" })),
  refused("strides for three axes", "shape-mismatch", conv({ strides: [1, 1, 1] })),
  refused("weights of another rank", "wrong-rank", conv({}, [4, 4, 3])),
  refused("no weights", "missing-operand", model({ inputs: x, nodes: [node("Conv", ["x"], ["y"])] })),
  refused("an axis that is not there", "attribute-value", unary("Softmax", { axis: 7 })),
  refused("a permutation that repeats an axis", "attribute-value", unary("Transpose", { perm: [0, 1, 1, 2] })),
  refused("a reshape that does not fit", "shape-mismatch", shaped("Reshape", [3, -1])),
  refused("a reshape with two gaps", "attribute-value", shaped("Reshape", [-1, -1])),
  refused("an expansion beyond 2^53 elements", "tensor-too-large", shaped("Expand", [2 ** 30, 2 ** 30, 1, 4, 8, 8])),
  refused("a constant of 2^62 elements", "tensor-too-large", constantOfShape([2 ** 31, 2 ** 31])),
  refused("an addition of maps that do not fit", "shape-mismatch", shaped("Add", [1, 2, 3])),
  refused("a split into 10^9 parts", "attribute-value", unary("Split", { num_outputs: 1_000_000_000 }, 18)),
  refused("a pooling window of 2^40 columns", "window-too-large", unary("MaxPool", { kernel_shape: [1, 2 ** 40] })),
  refused("a block of 2^40", "shape-mismatch", unary("DepthToSpace", { blocksize: 2 ** 40 })),
  refused(
    "external data above the model's folder",
    "external-data-outside",
    model({ ...plain, initializers: { w: { dims: [1 << 20], type: 1, external: "../../etc/passwd" } } }),
  ),
  refused(
    "external data at an absolute path",
    "external-data-outside",
    model({ ...plain, initializers: { w: { dims: [4], type: 1, external: "/etc/passwd" } } }),
  ),
  refused(
    "external data at an offset that is no number",
    "bad-external-data",
    withLong((proto) => {
      const externalData = Object.entries({ location: "w.bin", offset: "12abc" }).map(([key, value]) => ({
        key,
        value,
      }));
      Object.assign(proto.graph ?? {}, { initializer: [{ name: "w", dims: [4], dataType: 1, externalData }] });
    }),
  ),
  refused("a stride beyond 2^53", "attribute-type", conv({ strides: [2 ** 60, 1] })),
  refused("a padding of 2^63 - 1", "attribute-value", conv({ pads: [2 ** 63, 0, 0, 0] })),
  refused("a convolution of five inputs", "input-count", withInputs(["x", "w", "w", "w", "w"])),
  refused("a split of 8 into 3 equal parts", "shape-mismatch", unequalSplit()),
  refused("a response over -1 channels", "attribute-value", unary("LRN", { size: -1 })),
  refused("a norm of power 0", "attribute-value", unary("LpPool", { kernel_shape: [2, 2], p: 0 })),
  refused("a cell of -3 hidden elements", "attribute-value", cell({ hidden_size: -3 })),
  refused("a cell of 2^45 hidden elements", "attribute-value", cell({ hidden_size: 2 ** 45 })),
  refused("a cell that runs sideways", "attribute-value", cell({ direction: "sideways" })),
  refused("a cell of two directions with weights for one", "shape-mismatch", cell({ direction: "bidirectional" })),
  refused("a cell with too few gates", "shape-mismatch", cell({}, [1, 12, 4])),
  refused("a branch without a condition", "missing-operand", flow("If", [], { then_branch: relu, else_branch: relu })),
  refused(
    "a branch of two outputs whose bodies have one",
    "output-count",
    flow("If", ["c"], { then_branch: relu, else_branch: relu }, ["y", "z"]),
  ),
  refused(
    "a loop whose body has no outputs",
    "output-count",
    flow("Loop", ["c", "c"], { body: { nodes: [], inputs: { i: [], d: [] }, outputs: {} } }),
  ),
  refused(
    "a loop whose body takes another number of values",
    "shape-mismatch",
    flow("Loop", ["c", "c", "x"], {
      body: {
        nodes: [...relu.nodes, node("Relu", ["x"], ["w"])],
        inputs: { i: [] },
        outputs: { v: undefined, w: undefined },
      },
    }),
  ),
  refused("a scan over lists of two lengths", "shape-mismatch", unequalScan()),
  refused("weights that are texts", "operand-type", withWeights({ dims: [4, 4, 3, 3], type: 8 })),
  imported("weights of type 99", "unknown-element-type", withWeights({ dims: [4, 4, 3, 3], type: 99 })),
  imported("weights of no type", "unknown-element-type", withWeights({ dims: [4, 4, 3, 3], type: 0 })),
  imported("weights of three elements for 144", "data-size", withWeights(float([1, 2, 3], [4, 4, 3, 3]))),
  imported("weights of 9 999 elements for 144", "data-size", withWeights({ ...filled(1, [9999]), dims: [4, 4, 3, 3] })),
  imported("external data of 3 bytes for 576", "data-size", externalWeights("3")),
  imported("external data of 2^49 bytes for 576", "data-size", externalWeights(String(2 ** 49))),
  refused("external data of -1 bytes", "bad-external-data", externalWeights("-1")),
  imported("an operator set that does not exist yet", "newer-opset", withOpset(9999)),
  imported("an attribute that is given twice", "attribute-twice", attributeTwice()),
  imported(
    "two nodes of one name",
    "shared-node-name",
    model({ ...plain, nodes: [node("Relu", ["x"], ["a"], {}, "n"), node("Relu", ["a"], ["y"], {}, "n")] }),
  ),
  imported(
    "a domain that is imported in two versions",
    "opset-twice",
    withLong((proto) => proto.opsetImport?.push({ domain: "ai.onnx", version: 7 })),
  ),
  imported("a shape that is divided by 0", "shape-not-known", computedShape("Div", [6], [0])),
  imported("a shape beyond 2^53", "shape-not-known", computedShape("Mul", [2 ** 40], [2 ** 40])),
  imported("an attribute beyond 2^53 that nobody reads", "integer-too-large", unary("Relu", { seed: 2 ** 60 })),
  imported("a reshape to 2^60", "integer-too-large", shaped("Reshape", [2 ** 60, -1])),
  imported(
    "a resize at run time to a declared shape of another rank",
    "shape-not-known",
    model({ inputs: { ...x, s: [4] }, nodes: [node("Resize", ["x", "", "s"], ["y"])], outputs: { y: [] } }),
  ),
  imported(
    "a declared shape that is not the computed one",
    "declared-shape-differs",
    model({ ...plain, outputs: { y: [7, 7] } }),
  ),
];

function withInputs(inputs: readonly string[]): Uint8Array {
  return model({ inputs: x, initializers: { w: [4, 4, 3, 3] }, nodes: [node("Conv", inputs, ["y"], {}, "c")] });
}

function withWeights(w: TensorSpec): Uint8Array {
  return model({ inputs: x, initializers: { w }, nodes: [node("Conv", ["x", "w"], ["y"], {}, "c")] });
}

function unequalSplit(): Uint8Array {
  return model({ inputs: { x: [8] }, opset: 13, nodes: [node("Split", ["x"], ["a", "b", "c"], { axis: 0 })] });
}

function cell(attributes: Parameters<typeof node>[3], w: readonly number[] = [1, 16, 4]): Uint8Array {
  const initializers = { w, r: [1, 16, 4] };
  return model({ inputs: { x: [3, 1, 4] }, initializers, nodes: [node("LSTM", ["x", "w", "r"], ["y"], attributes)] });
}

function flow(
  op: string,
  inputs: readonly string[],
  bodies: Parameters<typeof node>[3],
  outputs: readonly string[] = ["y"],
): Uint8Array {
  return model({ inputs: { ...x, c: [] }, nodes: [node(op, inputs, outputs, bodies, "n")] });
}

function unequalScan(): Uint8Array {
  const body = { inputs: { a: [], b: [] }, nodes: [node("Add", ["a", "b"], ["s"])], outputs: { s: undefined } };
  const scan = node("Scan", ["p", "q"], ["y"], { body, num_scan_inputs: 2 }, "n");
  return model({ inputs: { p: [6], q: [7] }, nodes: [scan] });
}

function externalWeights(length: string): Uint8Array {
  const entries = Object.entries({ location: "w.bin", offset: "0", length });
  const tensor = {
    name: "w",
    dims: [4, 4, 3, 3],
    dataType: 1,
    externalData: entries.map(([key, value]) => ({ key, value })),
  };
  const proto = modelProto({ inputs: { ...x, w: [1] }, nodes: [node("Conv", ["x", "w"], ["y"])] });
  return encodeModel({ ...proto, graph: { ...proto.graph, initializer: [tensor] } });
}

function attributeTwice(): Uint8Array {
  const proto = modelProto({ inputs: x, nodes: [node("Flatten", ["x"], ["y"], { axis: 1 }, "n")] });
  proto.graph?.node?.[0]?.attribute?.push({ name: "axis", type: 2, i: 2 });
  return encodeModel(proto);
}

/** Reshapes by what arithmetic on two constants gives. */
function computedShape(op: string, a: readonly number[], b: readonly number[]): Uint8Array {
  const nodes = [node(op, ["a", "b"], ["s"], {}, "shape"), node("Reshape", ["x", "s"], ["y"], {}, "n")];
  return model({ inputs: x, initializers: { a: int64(a), b: int64(b) }, nodes });
}

function constantOfShape(shape: readonly number[]): Uint8Array {
  return model({ initializers: { s: int64(shape) }, nodes: [node("ConstantOfShape", ["s"], ["y"], {}, "n")] });
}

export const BAD_FILES: readonly BadFile[] = [...BYTES, ...GRAPHS, ...NODES];
