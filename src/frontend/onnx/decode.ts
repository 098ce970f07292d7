/** Bytes → `OnnxModel`: the only file that knows `onnx-proto`. */
import onnxProto from "onnx-proto";
import { attributeTwice, functionTwice } from "../../ir/diagnostics/onnx.js";
import {
  badOpset,
  emptyFile,
  integerTooLarge,
  invalidText,
  malformedFile,
  missingOpset,
  nestedTooDeeply,
  newerOpset,
  noGraph,
  notOnnx,
  opsetTwice,
} from "../../ir/diagnostics/onnx-file.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { asByteSource } from "./byte-source.js";
import { isInteger } from "./data-type.js";
import { attributeDefaults } from "./function-defaults.js";
import {
  functionKey,
  type OnnxAttribute,
  type OnnxBytes,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
  type ReadExternal,
} from "./model.js";
import { MAX_DEPTH, OMITTED, readSkeleton } from "./skeleton.js";
import { lookalike } from "./sniff.js";
import { dataProblems, externalPlace, externalProblem } from "./tensor-data.js";
import { exactInteger, tensorElements, toNumber } from "./tensor-elements.js";
import { createTextReader } from "./text-reader.js";

const { onnx } = onnxProto;
type Proto = typeof onnxProto.onnx;
type ModelProto = InstanceType<Proto["ModelProto"]>;
type GraphProto = onnxProto.onnx.IGraphProto;
type AttributeProto = onnxProto.onnx.IAttributeProto;

const SNIFFED = 1024;

/** Models older than this imply operator set 1 and leave the types of attributes out. */
const FIRST_IR_WITH_OPSETS = 3;

/** Newest operator set of ONNX whose operators are known. */
const NEWEST_OPSET = 27;

/** What reading a model needs besides its messages, and what it finds wrong. */
interface Context {
  readonly loc: Location;
  readonly readExternal: ReadExternal | undefined;
  readonly diagnostics: Diagnostic[];
  /** Files that hold data of the model, as it names them. */
  readonly dataFiles: Set<string>;
}

/**
 * @returns the model, and notes on what could not be read as it is written
 * @throws DiagnosticError `empty-file`, `not-onnx`, `truncated-file`, `malformed-file`, `nested-too-deeply`, `no-graph`,
 * `missing-opset`, `bad-opset`, `external-data-outside`, `bad-external-data`
 */
export function decodeModel(
  bytes: OnnxBytes,
  loc: Location,
  readExternal?: ReadExternal,
): { model: OnnxModel; diagnostics: readonly Diagnostic[] } {
  const { proto, skeleton, invalidTexts } = decodeProto(bytes, loc);
  if (!proto.graph) throw new DiagnosticError([noGraph(loc)]);
  const notes = invalidTexts > 0 ? [invalidText(loc, invalidTexts)] : [];
  const context: Context = { loc, readExternal, diagnostics: notes, dataFiles: new Set() };
  const irVersion = toNumber(proto.irVersion);
  const opsets = readOpsets(proto, irVersion, context);
  const graph = readGraph(proto.graph, context);
  const functions = readFunctions(proto.functions, skeleton, context);
  const model = {
    irVersion,
    opsets,
    producer: proto.producerName,
    graph,
    functions,
    dataFiles: [...context.dataFiles],
  };
  const errors = context.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new DiagnosticError(errors);
  return { model, diagnostics: context.diagnostics };
}

function decodeProto(bytes: OnnxBytes, loc: Location) {
  const source = asByteSource(bytes);
  if (source.size === 0) throw new DiagnosticError([emptyFile(loc)]);
  const other = lookalike(source.read(0, Math.min(SNIFFED, source.size)));
  if (other !== undefined) throw new DiagnosticError([notOnnx(loc, other.name, other.hint)]);
  const skeleton = readSkeleton(source, loc);
  const text = createTextReader(skeleton);
  const proto: ModelProto = decoding(loc, () => onnx.ModelProto.decode(text.reader));
  return { proto, skeleton, invalidTexts: text.invalidCount() };
}

/** What a reader of messages throws as a diagnostic. */
function decoding<T>(loc: Location, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Messages that are copied without being looked into may be nested as deeply as they like.
    const isTooDeep = cause instanceof RangeError && /call stack/.test(reason);
    throw new DiagnosticError([isTooDeep ? nestedTooDeeply(loc, MAX_DEPTH) : malformedFile(loc, reason)]);
  }
}

function readOpsets({ opsetImport }: ModelProto, irVersion: number, context: Context): ReadonlyMap<string, number> {
  const { loc, diagnostics } = context;
  const opsets = opsetsOf(opsetImport, context);
  if (irVersion < FIRST_IR_WITH_OPSETS && opsets.size === 0) opsets.set("", 1);
  if (opsets.size === 0) throw new DiagnosticError([missingOpset(loc, irVersion)]);
  for (const [domain, version] of opsets)
    if (!Number.isSafeInteger(version) || version < 1) diagnostics.push(badOpset(loc, domain, String(version)));
  const own = opsets.get("") ?? 0;
  if (own > NEWEST_OPSET && Number.isSafeInteger(own)) diagnostics.push(newerOpset(loc, own, NEWEST_OPSET));
  return opsets;
}

/** Of a domain that is imported twice the last version counts. */
function opsetsOf(
  imports: readonly onnxProto.onnx.IOperatorSetIdProto[],
  { loc, diagnostics }: Context,
): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports) {
    const [key, next] = [canonicalDomain(domain), toNumber(version)];
    const before = opsets.get(key);
    if (before !== undefined && before !== next) diagnostics.push(opsetTwice(loc, key, before, next));
    opsets.set(key, next);
  }
  return opsets;
}

const readDefaults = (skeleton: Uint8Array): readonly (readonly AttributeProto[])[] =>
  attributeDefaults(skeleton).map((attributes) => attributes.map((bytes) => onnx.AttributeProto.decode(bytes)));

function readFunctions(
  functions: readonly onnxProto.onnx.IFunctionProto[],
  skeleton: Uint8Array,
  context: Context,
): ReadonlyMap<string, OnnxFunction> {
  const defaults = functions.length === 0 ? [] : decoding(context.loc, () => readDefaults(skeleton));
  const entries = functions.map((proto, position) => {
    const attributes = defaults[position] ?? [];
    const body: OnnxFunction = {
      inputs: proto.input ?? [],
      outputs: proto.output ?? [],
      nodes: (proto.node ?? []).map((node) => readNode(node, context)),
      defaults: readAttributes(attributes, context),
      opsets: opsetsOf(proto.opsetImport ?? [], context),
    };
    return [functionKey(canonicalDomain(proto.domain), proto.name ?? ""), body] as const;
  });
  const byKey = new Map(entries);
  for (const key of repeated(entries.map(([name]) => name))) context.diagnostics.push(functionTwice(context.loc, key));
  return byKey;
}

/** Names that stand in the list more than once. */
function repeated(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(names.filter((name) => seen.size === seen.add(name).size));
}

const canonicalDomain = (domain: string | null | undefined): string =>
  domain === undefined || domain === null || domain === "ai.onnx" ? "" : domain;

function readGraph(graph: GraphProto, context: Context): OnnxGraph {
  return {
    name: graph.name ?? "",
    nodes: (graph.node ?? []).map((node) => readNode(node, context)),
    initializers: [
      ...(graph.initializer ?? []).map((tensor) => readTensor(tensor, context)),
      ...(graph.sparseInitializer ?? []).map((tensor) => readSparseTensor(tensor)),
    ],
    inputs: (graph.input ?? []).map(readValueInfo),
    outputs: (graph.output ?? []).map(readValueInfo),
    valueInfo: (graph.valueInfo ?? []).map(readValueInfo),
  };
}

function readNode(node: onnxProto.onnx.INodeProto, context: Context): OnnxNode {
  return {
    name: node.name ?? "",
    opType: node.opType ?? "",
    domain: canonicalDomain(node.domain),
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes: readAttributes(node.attribute ?? [], context, node),
  };
}

/** Of an attribute that is given twice the last value counts. */
function readAttributes(
  attributes: readonly AttributeProto[],
  context: Context,
  node: onnxProto.onnx.INodeProto = {},
): ReadonlyMap<string, OnnxAttribute> {
  const read = new Map(attributes.map((attribute) => [attribute.name ?? "", readAttribute(attribute, context)]));
  if (read.size === attributes.length) return read;
  for (const name of repeated(attributes.map((attribute) => attribute.name ?? "")))
    context.diagnostics.push(attributeTwice(nodeLocation(context.loc, node), name));
  return read;
}

const nodeLocation = (loc: Location, { name, output }: onnxProto.onnx.INodeProto): Location => ({
  ...loc,
  node: name || (output?.[0] ?? ""),
});

function readTensor(tensor: onnxProto.onnx.ITensorProto, context: Context): OnnxTensor {
  const dims = (tensor.dims ?? []).map(toNumber);
  const name = tensor.name ?? "";
  const base = { name, dims, type: tensor.dataType ?? 0 };
  context.diagnostics.push(...dataProblems(tensor, dims, context.loc));
  if (!isReadable(tensor, context)) return base;
  const found = tensorElements(tensor, dims, context.readExternal);
  if ("unread" in found) return { ...base, unread: found.unread };
  const elements = exactElements(tensor, found.elements, context);
  return elements === undefined
    ? { ...base, unread: `an element of tensor '${name}' is beyond 2^53` }
    : { ...base, elements };
}

/** Says so where the file states data that we may not or cannot read. */
function isReadable(tensor: onnxProto.onnx.ITensorProto, { loc, diagnostics, dataFiles }: Context): boolean {
  const wrong = externalProblem(tensor, loc);
  const place = externalPlace(tensor);
  if (place !== undefined) dataFiles.add(place.location);
  if (wrong !== undefined) diagnostics.push(wrong);
  return wrong === undefined;
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

function readAttribute(attribute: AttributeProto, context: Context): OnnxAttribute {
  if (attribute.refAttrName) return { kind: "reference", value: attribute.refAttrName };
  if (Number(attribute.type) === OMITTED) return { kind: "too long to be read" };
  switch (attribute.type || impliedType(attribute)) {
    case TYPES.INT:
      return readInteger(attribute, context);
    case TYPES.FLOAT:
      return { kind: "float", value: attribute.f ?? 0 };
    case TYPES.STRING:
      return { kind: "string", value: text(attribute.s) };
    case TYPES.INTS:
      return readIntegers(attribute, context);
    case TYPES.FLOATS:
      return { kind: "floats", value: attribute.floats ?? [] };
    case TYPES.STRINGS:
      return { kind: "strings", value: (attribute.strings ?? []).map(text) };
    case TYPES.TENSOR:
      return attribute.t ? { kind: "tensor", value: readTensor(attribute.t, context) } : { kind: "other" };
    case TYPES.SPARSE_TENSOR:
      return attribute.sparseTensor
        ? { kind: "tensor", value: readSparseTensor(attribute.sparseTensor) }
        : { kind: "other" };
    case TYPES.GRAPH:
      return { kind: "graphs", value: attribute.g ? [readGraph(attribute.g, context)] : [] };
    case TYPES.GRAPHS:
      return { kind: "graphs", value: (attribute.graphs ?? []).map((graph) => readGraph(graph, context)) };
    default:
      return { kind: "other" };
  }
}

const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());

const TOO_LARGE: OnnxAttribute = { kind: "integer beyond 2^53" };

function readInteger({ name, i }: AttributeProto, context: Context): OnnxAttribute {
  const value = exactInteger(i);
  if (!Number.isNaN(value)) return { kind: "int", value };
  context.diagnostics.push(integerTooLarge(context.loc, `attribute '${name ?? ""}' is ${i}, which`));
  return TOO_LARGE;
}

function readIntegers({ name, ints }: AttributeProto, context: Context): OnnxAttribute {
  const value = (ints ?? []).map((integer) => exactInteger(integer));
  const wrong = value.findIndex(Number.isNaN);
  if (wrong < 0) return { kind: "ints", value };
  context.diagnostics.push(integerTooLarge(context.loc, `attribute '${name ?? ""}' lists ${ints?.[wrong]}, which`));
  return TOO_LARGE;
}

/** Elements of an integer tensor with one that a number cannot hold are not known. */
function exactElements(
  { name, dataType }: onnxProto.onnx.ITensorProto,
  elements: readonly number[],
  context: Context,
): readonly number[] | undefined {
  if (!isInteger(dataType ?? 0) || !elements.some(Number.isNaN)) return elements;
  context.diagnostics.push(integerTooLarge(context.loc, `an element of tensor '${name ?? ""}'`));
  return undefined;
}

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
