/** Bytes → `OnnxModel`: the only file that knows `onnx-proto`. */
import onnxProto from "onnx-proto";
import { emptyFile, malformedFile, missingOpset, noGraph, notOnnx } from "../../ir/diagnostics/onnx.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { asByteSource } from "./byte-source.js";
import type {
  OnnxAttribute,
  OnnxBytes,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
  ReadExternal,
} from "./model.js";
import { readSkeleton } from "./skeleton.js";
import { lookalike } from "./sniff.js";
import { tensorElements, toNumber } from "./tensor-elements.js";

const { onnx } = onnxProto;
type Proto = typeof onnxProto.onnx;
type ModelProto = InstanceType<Proto["ModelProto"]>;
type GraphProto = onnxProto.onnx.IGraphProto;
type AttributeProto = onnxProto.onnx.IAttributeProto;

const SNIFFED = 1024;

/** Models older than this imply operator set 1 and leave the types of attributes out. */
const FIRST_IR_WITH_OPSETS = 3;

/**
 * @throws DiagnosticError `empty-file`, `not-onnx`, `truncated-file`, `malformed-file`, `no-graph`, `missing-opset`
 */
export function decodeModel(bytes: OnnxBytes, loc: Location, readExternal?: ReadExternal): OnnxModel {
  const model = decodeProto(bytes, loc);
  if (!model.graph) throw new DiagnosticError([noGraph(loc)]);
  const irVersion = toNumber(model.irVersion);
  const opsets = new Map(
    model.opsetImport.map(({ domain, version }) => [canonicalDomain(domain), toNumber(version)] as const),
  );
  if (irVersion < FIRST_IR_WITH_OPSETS && opsets.size === 0) opsets.set("", 1);
  if (opsets.size === 0) throw new DiagnosticError([missingOpset(loc, irVersion)]);
  return { irVersion, opsets, producer: model.producerName, graph: readGraph(model.graph, readExternal) };
}

function decodeProto(bytes: OnnxBytes, loc: Location): ModelProto {
  const source = asByteSource(bytes);
  if (source.size === 0) throw new DiagnosticError([emptyFile(loc)]);
  const other = lookalike(source.read(0, Math.min(SNIFFED, source.size)));
  if (other !== undefined) throw new DiagnosticError([notOnnx(loc, other.name, other.hint)]);
  const skeleton = readSkeleton(source, loc);
  try {
    return onnx.ModelProto.decode(skeleton.bytes);
  } catch (cause) {
    throw new DiagnosticError([malformedFile(loc, cause instanceof Error ? cause.message : String(cause))]);
  }
}

const canonicalDomain = (domain: string | null | undefined): string =>
  domain === undefined || domain === null || domain === "ai.onnx" ? "" : domain;

function readGraph(graph: GraphProto, readExternal: ReadExternal | undefined): OnnxGraph {
  return {
    name: graph.name ?? "",
    nodes: (graph.node ?? []).map((node) => readNode(node, readExternal)),
    initializers: [
      ...(graph.initializer ?? []).map((tensor) => readTensor(tensor, readExternal)),
      ...(graph.sparseInitializer ?? []).map(readSparseTensor),
    ],
    inputs: (graph.input ?? []).map(readValueInfo),
    outputs: (graph.output ?? []).map(readValueInfo),
    valueInfo: (graph.valueInfo ?? []).map(readValueInfo),
  };
}

function readNode(node: onnxProto.onnx.INodeProto, readExternal: ReadExternal | undefined): OnnxNode {
  return {
    name: node.name ?? "",
    opType: node.opType ?? "",
    domain: canonicalDomain(node.domain),
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes: new Map(
      (node.attribute ?? []).map((attribute) => [attribute.name ?? "", readAttribute(attribute, readExternal)]),
    ),
  };
}

function readTensor(tensor: onnxProto.onnx.ITensorProto, readExternal: ReadExternal | undefined): OnnxTensor {
  const dims = (tensor.dims ?? []).map(toNumber);
  const elements = tensorElements(tensor, dims, readExternal);
  return { name: tensor.name ?? "", dims, type: tensor.dataType ?? 0, ...(elements !== undefined && { elements }) };
}

/** A sparse tensor counts as the dense tensor that it stands for; its name is its values'. */
const readSparseTensor = (tensor: onnxProto.onnx.ISparseTensorProto): OnnxTensor => ({
  name: tensor.values?.name ?? "",
  dims: (tensor.dims ?? []).map(toNumber),
  type: tensor.values?.dataType ?? 0,
});

function readValueInfo(info: onnxProto.onnx.IValueInfoProto): OnnxValueInfo {
  const type = info.type?.tensorType;
  const dims = type?.shape?.dim?.map(readDimension);
  return { name: info.name ?? "", type: type?.elemType ?? 0, ...(dims !== undefined && { dims }) };
}

/** Exporters write -1 or an empty name where they know nothing. */
function readDimension(dimension: onnxProto.onnx.TensorShapeProto.IDimension): number | string | undefined {
  if (dimension.dimParam) return dimension.dimParam;
  if (!Object.hasOwn(dimension, "dimValue")) return undefined;
  const value = toNumber(dimension.dimValue);
  return value === -1 ? undefined : value;
}

const TYPES = onnx.AttributeProto.AttributeType;

function readAttribute(attribute: AttributeProto, readExternal: ReadExternal | undefined): OnnxAttribute {
  switch (attribute.type || impliedType(attribute)) {
    case TYPES.INT:
      return { kind: "int", value: toNumber(attribute.i) };
    case TYPES.FLOAT:
      return { kind: "float", value: attribute.f ?? 0 };
    case TYPES.STRING:
      return { kind: "string", value: text(attribute.s) };
    case TYPES.INTS:
      return { kind: "ints", value: (attribute.ints ?? []).map(toNumber) };
    case TYPES.FLOATS:
      return { kind: "floats", value: attribute.floats ?? [] };
    case TYPES.STRINGS:
      return { kind: "strings", value: (attribute.strings ?? []).map(text) };
    case TYPES.TENSOR:
      return attribute.t ? { kind: "tensor", value: readTensor(attribute.t, readExternal) } : { kind: "other" };
    case TYPES.SPARSE_TENSOR:
      return attribute.sparseTensor
        ? { kind: "tensor", value: readSparseTensor(attribute.sparseTensor) }
        : { kind: "other" };
    case TYPES.GRAPH:
      return { kind: "graphs", value: attribute.g ? [readGraph(attribute.g, readExternal)] : [] };
    case TYPES.GRAPHS:
      return { kind: "graphs", value: (attribute.graphs ?? []).map((graph) => readGraph(graph, readExternal)) };
    default:
      return { kind: "other" };
  }
}

const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());

/** IR versions 1 and 2 leave the type out: it is that of the field that is filled. */
function impliedType(attribute: AttributeProto): number {
  const filled: readonly (readonly [boolean, number])[] = [
    [(attribute.ints?.length ?? 0) > 0, TYPES.INTS],
    [(attribute.floats?.length ?? 0) > 0, TYPES.FLOATS],
    [(attribute.strings?.length ?? 0) > 0, TYPES.STRINGS],
    [Object.hasOwn(attribute, "i"), TYPES.INT],
    [Object.hasOwn(attribute, "f"), TYPES.FLOAT],
    [Object.hasOwn(attribute, "s"), TYPES.STRING],
    [Object.hasOwn(attribute, "t"), TYPES.TENSOR],
    [Object.hasOwn(attribute, "g"), TYPES.GRAPH],
  ];
  return filled.find(([isFilled]) => isFilled)?.[1] ?? TYPES.UNDEFINED;
}
