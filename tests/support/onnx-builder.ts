/**
 * Tiny ONNX models for tests, in a line or two:
 *
 * ```ts
 * model({ inputs: { x: [1, 3, 8, 8] }, initializers: { w: [4, 3, 3, 3] }, nodes: [node("Conv", ["x", "w"], ["y"], { pads: [1, 1, 1, 1] })] })
 * ```
 *
 * Where no outputs are given, the outputs of the last node are the graph's.
 */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;
const { DataType } = onnx.TensorProto;

/** Extents; a string is a symbol, `undefined` an unknown dimension. */
export type Dims = readonly (number | string | undefined)[];

/** A tensor with or without values; without, the file holds its shape only, as after stripping the weights. */
export interface TensorSpec {
  readonly dims: readonly number[];
  readonly type: number;
  readonly values?: readonly number[];
  /** Values stand in this file beside the model. */
  readonly external?: string;
}

type AttributeSpec = number | string | readonly number[] | readonly string[] | TensorSpec | GraphSpec | Typed;

/** An attribute of a stated type: `typed("FLOAT", 1)`. */
interface Typed {
  readonly attribute: keyof typeof AttributeType;
  readonly value: number | string | readonly number[];
}

export interface NodeSpec {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly name: string;
  readonly domain: string;
}

export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs?: Readonly<Record<string, Dims | undefined>>;
  /** Dims stand for a float tensor without values. */
  readonly initializers?: Readonly<Record<string, readonly number[] | TensorSpec>>;
  /** With or without declared shapes. */
  readonly outputs?: Readonly<Record<string, Dims | undefined>>;
  readonly valueInfo?: Readonly<Record<string, Dims>>;
}

export interface ModelSpec extends GraphSpec {
  /** Operator set of the default domain; `undefined` imports none. */
  readonly opset?: number | undefined;
  /** Operator sets of other domains. */
  readonly domains?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  /** Element types of inputs that are not float. */
  readonly types?: Readonly<Record<string, number>>;
}

export const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: NodeSpec["attributes"] = {},
  name = "",
  domain = "",
): NodeSpec => ({ opType, inputs, outputs, attributes, name, domain });

const tensor =
  (type: number) =>
  (values: readonly number[] | number, dims?: readonly number[]): TensorSpec => {
    const list = typeof values === "number" ? [values] : values;
    return { type, values: list, dims: dims ?? (typeof values === "number" ? [] : [list.length]) };
  };

/** Tensors with values: a number is a scalar, a list a vector unless dims are given. */
export const int64 = tensor(DataType.INT64);
export const float = tensor(DataType.FLOAT);
export const bool = tensor(DataType.BOOL);

/** A float tensor of one value, all of it. */
export const filled = (value: number, dims: readonly number[]): TensorSpec =>
  float(
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => value),
    dims,
  );

export const typed = (attribute: Typed["attribute"], value: Typed["value"]): Typed => ({ attribute, value });

/** Bytes of a model. */
export function model(spec: ModelSpec): Uint8Array {
  return onnx.ModelProto.encode(modelProto(spec)).finish();
}

/** The message itself, for tests that spoil it before they encode it. */
export function modelProto(spec: ModelSpec): onnxProto.onnx.IModelProto {
  const { domains = {}, irVersion = 8 } = spec;
  const opset = "opset" in spec ? spec.opset : 17;
  const imports = [...(opset === undefined ? [] : [["", opset] as const]), ...Object.entries(domains)];
  return {
    irVersion,
    producerName: "kerf-tests",
    opsetImport: imports.map(([domain, version]) => ({ domain, version })),
    graph: graphProto(spec, spec.types),
  };
}

export const encodeModel = (proto: onnxProto.onnx.IModelProto): Uint8Array => onnx.ModelProto.encode(proto).finish();

function graphProto(spec: GraphSpec, types: ModelSpec["types"] = {}): onnxProto.onnx.IGraphProto {
  const { nodes, inputs = {}, initializers = {}, valueInfo = {} } = spec;
  const { outputs = Object.fromEntries(lastOutputs(nodes).map((name) => [name, undefined])) } = spec;
  const info = ([name, dims]: readonly [string, Dims | undefined]) =>
    valueInfoProto(name, dims, types[name] ?? DataType.FLOAT);
  return {
    name: "test",
    node: nodes.map(nodeProto),
    input: Object.entries(inputs).map(info),
    output: Object.entries(outputs).map(info),
    valueInfo: Object.entries(valueInfo).map(info),
    initializer: Object.entries(initializers).map(([name, value]) => tensorProto(name, asTensor(value))),
  };
}

const lastOutputs = (nodes: readonly NodeSpec[]): readonly string[] => nodes.at(-1)?.outputs ?? [];

const asTensor = (value: readonly number[] | TensorSpec): TensorSpec =>
  "dims" in value ? value : { dims: value, type: DataType.FLOAT };

function valueInfoProto(name: string, dims: Dims | undefined, elemType: number): onnxProto.onnx.IValueInfoProto {
  const shape = dims && {
    dim: dims.map((dim) => (dim === undefined ? {} : typeof dim === "string" ? { dimParam: dim } : { dimValue: dim })),
  };
  return { name, type: { tensorType: { elemType, ...(shape && { shape }) } } };
}

const nodeProto = ({ opType, inputs, outputs, attributes, name, domain }: NodeSpec): onnxProto.onnx.INodeProto => ({
  opType,
  domain,
  name,
  input: [...inputs],
  output: [...outputs],
  attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
});

function attributeProto(name: string, value: AttributeSpec): onnxProto.onnx.IAttributeProto {
  if (typeof value === "number")
    return Number.isInteger(value)
      ? { name, type: AttributeType.INT, i: value }
      : { name, type: AttributeType.FLOAT, f: value };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: text(value) };
  if ("attribute" in value) return typedProto(name, value);
  if ("nodes" in value) return { name, type: AttributeType.GRAPH, g: graphProto(value) };
  if ("dims" in value) return { name, type: AttributeType.TENSOR, t: tensorProto("", value) };
  const numbers = value.filter((entry) => typeof entry === "number");
  if (numbers.length < value.length)
    return { name, type: AttributeType.STRINGS, strings: value.map((entry) => text(String(entry))) };
  return numbers.every(Number.isInteger)
    ? { name, type: AttributeType.INTS, ints: numbers }
    : { name, type: AttributeType.FLOATS, floats: numbers };
}

function typedProto(name: string, { attribute, value }: Typed): onnxProto.onnx.IAttributeProto {
  const type = AttributeType[attribute];
  if (typeof value === "string") return { name, type, s: text(value) };
  if (typeof value === "number") return attribute === "INT" ? { name, type, i: value } : { name, type, f: value };
  return attribute === "INTS" ? { name, type, ints: [...value] } : { name, type, floats: [...value] };
}

function tensorProto(name: string, { dims, type, values, external }: TensorSpec): onnxProto.onnx.ITensorProto {
  const base = { name, dims: [...dims], dataType: type };
  if (external !== undefined) return { ...base, dataLocation: 1, externalData: [{ key: "location", value: external }] };
  if (values === undefined) return base;
  if (type === DataType.INT64) return { ...base, int64Data: [...values] };
  if (type === DataType.FLOAT) return { ...base, floatData: [...values] };
  return { ...base, int32Data: [...values] };
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
