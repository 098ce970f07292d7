/** Turns inferred nodes into layers and views, and says in the coverage ledger what became of each node. */

import {
  bindable,
  operatorNotUnderstood,
  shapeNotKnown,
  tooManyIterations,
  tooManyMacs,
  unknownDimension,
} from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import type { CoverageEntry, CoverageStatus, Layer, LayerId, Network } from "../../ir/network.js";
import { isKnown, product, unknownOf } from "./extent.js";
import { REPEAT } from "./feature-map.js";
import type { Inference, InferredNode, Parts } from "./inference.js";
import { createNetworkBuilder, type NetworkBuilder, type SizedInput, type Source } from "./network-builder.js";
import { wholeLayer } from "./opaque.js";
import type { InputValue, LayerSpec, LoweringContext } from "./operator.js";
import type { Cause, Value } from "./values.js";

type Lowered = Pick<Network, "layers" | "tensors"> & {
  /** One entry per node, in topological order. */
  readonly coverage: readonly CoverageEntry[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Why a node is refused: a dimension without a number, or anything else. */
export type Refusal = Cause & { readonly symbol?: string };

/** @param outputs - names of the graph's outputs */
export function lowerGraph(inference: Inference, outputs: readonly string[], loc: Location): Lowered {
  const builder = createNetworkBuilder(loc);
  for (const value of inference.values.values())
    if (value.isGraphInput && value.shape !== undefined && isPositive(value.shape))
      builder.storageOf(value, value.shape);
  const state: State = { builder, refused: new Map(), networkOutputs: new Set(outputs), repeat: 1, enclosing: 1 };
  const results = inference.nodes.map((node) => ({ node, result: lowerNode(node, node.id, state) }));
  const all = withParts(results);
  return {
    ...builder.finish(outputs),
    coverage: results.map(({ node, result }) => entryOf(node, result)),
    diagnostics: [
      ...all.flatMap(({ result }) => result.errors ?? []),
      ...reportNotUnderstood(all, loc),
      ...reportRefused(all, loc),
    ],
  };
}

interface State {
  readonly builder: NetworkBuilder;
  /** Why the values of earlier nodes are not there. */
  readonly refused: Map<string, Refusal>;
  readonly networkOutputs: ReadonlySet<string>;
  /** How often the current nodes run, and how often the node that they stand for. */
  readonly repeat: number;
  readonly enclosing: number;
}

interface NodeResult {
  readonly status: CoverageStatus;
  readonly layer?: LayerId;
  readonly refusal?: Refusal;
  readonly errors?: readonly Diagnostic[];
  /** What became of the nodes that stand for it, and in words which those are. */
  readonly parts?: Results;
  readonly note?: string;
}

type Results = readonly { readonly node: InferredNode; readonly result: NodeResult }[];

/** Nodes, each followed by its parts at any depth; a node is reported through its parts alone. */
const withParts = (results: Results): Results =>
  results.flatMap((entry) => (entry.result.parts === undefined ? [entry] : withParts(entry.result.parts)));

function entryOf({ id, opType }: InferredNode, { status, layer, refusal, note }: NodeResult): CoverageEntry {
  const reason = refusal?.reason ?? note;
  return {
    node: id,
    opType,
    status,
    ...(layer !== undefined && { layer }),
    ...(reason !== undefined && { reason }),
  };
}

/** @param owner - node of the model that the node is or stands for */
function lowerNode(node: InferredNode, owner: string, state: State): NodeResult {
  const result =
    node.parts === undefined ? lowerSingle(node, owner, state) : lowerExpanded(node, node.parts, owner, state);
  if (result.refusal !== undefined)
    for (const { name } of node.outputs) if (!state.refused.has(name)) state.refused.set(name, result.refusal);
  return result;
}

/** Where its parts cannot be costed, a node is costed as a whole if its outputs are declared. */
function lowerExpanded(node: InferredNode, expanded: Parts, owner: string, state: State): NodeResult {
  const result = lowerParts(expanded, owner, state);
  const isWritten = ({ name, shape }: Value) =>
    name !== "" &&
    shape !== undefined &&
    isKnown(shape) &&
    state.builder.storageOf({ name, isConstant: false, isGraphInput: false }, shape) !== undefined;
  if (result.refusal === undefined || node.outputs.some(isWritten)) return result;
  const { definition: _, ...unknown } = node;
  const whole = lowerSingle({ ...unknown, definition: undefined }, owner, state);
  return whole.refusal === undefined ? { ...whole, parts: result.parts ?? [], note: result.refusal.reason } : result;
}

function lowerParts({ nodes, expansion }: Parts, owner: string, state: State): NodeResult {
  const inside = { ...state, repeat: state.repeat * (expansion.repeat ?? 1), enclosing: state.repeat };
  const parts = nodes.map((node) => ({ node, result: lowerNode(node, owner, inside) }));
  const results = parts.map(({ result }) => result);
  const refusal = results.find((result) => result.refusal !== undefined)?.refusal;
  const layer = results.find((result) => result.layer !== undefined && result.status !== "view")?.layer;
  const status = WORST_FIRST.find((candidate) => results.some((result) => result.status === candidate)) ?? "view";
  const base = { status, parts, ...(layer !== undefined && { layer }) };
  return refusal === undefined ? { ...base, note: expansion.reason } : { ...base, refusal };
}

/** What became of a node whose parts became different things. */
const WORST_FIRST: readonly CoverageStatus[] = ["refused", "opaque", "lowered", "moved", "view", "folded"];

function lowerSingle(node: InferredNode, owner: string, state: State): NodeResult {
  const { builder } = state;
  const refusal = refusalOf(node);
  const isConstant = node.outputs.every(({ name, isConstant }) => name === "" || isConstant);
  if (isConstant && (refusal === undefined || node.definition !== undefined)) return { status: "folded" };
  if (refusal !== undefined) return { status: "refused", refusal };
  const source = withoutEmpty(sourceOf(node, owner), node);
  const homeless = source.inputs.find((value) => value !== undefined && !hasStorage(value, builder));
  if (homeless !== undefined) {
    const reason = `its input '${homeless.name}' has no elements`;
    return { status: "refused", refusal: state.refused.get(homeless.name) ?? { reason } };
  }
  if (node.definition === undefined)
    return {
      ...addLayers(source, [opaqueLayer(source, 0)], state),
      note: `operator '${node.opType}' is not understood`,
    };
  try {
    const lowering = node.definition.lower(contextOf(node, source, state));
    if ("layers" in lowering && !lowering.layers.every((spec) => fits(spec, source)))
      return { status: "refused", refusal: CONTRADICTION };
    if ("view" in lowering) return addView(source, lowering.view, state);
    const result = addLayers(source, lowering.layers, state);
    return result.status === "opaque" ? { ...result, note: "costed as data movement: its parts are not told" } : result;
  } catch (cause) {
    if (!(cause instanceof DiagnosticError)) throw cause;
    return { status: "refused", refusal: { reason: "the node is wrong" }, errors: cause.diagnostics };
  }
}

const CONTRADICTION: Refusal = { reason: "its shapes, of which some are only declared, contradict each other" };

/** Something about the node's values that is not known, or nothing. */
export function refusalOf({ inputs, outputs }: Pick<InferredNode, "inputs" | "outputs">): Refusal | undefined {
  for (const value of [...inputs, ...outputs]) {
    if (value === undefined || value.name === "") continue; // an optional input or output that is left out
    if (value.shape === undefined) return value.cause ?? { reason: `the shape of '${value.name}' is not known` };
    const { symbol, reason } = unknownOf(value.shape) ?? {};
    if (reason !== undefined) return { reason };
    if (symbol !== undefined)
      return { symbol, reason: `dimension '${symbol}' is not known: --bind '${bindable(symbol)}=…'` };
  }
  const asked = outputs.filter(({ name }) => name !== "");
  const isEmpty = asked.length > 0 && asked.every(({ shape }) => shape?.includes(0));
  return isEmpty ? { reason: `its output '${asked[0]?.name}' has no elements` } : undefined;
}

const isPositive = (shape: readonly unknown[]): shape is readonly number[] =>
  shape.every((extent) => typeof extent === "number" && extent > 0);

const hasStorage = (value: InputValue, builder: NetworkBuilder): boolean =>
  isKnown(value.shape) &&
  (value.isConstant || isPositive(value.shape)) &&
  builder.storageOf(value, value.shape) !== undefined;

function sourceOf({ id, node, loc, inputs, outputs }: InferredNode, owner: string): Source {
  return {
    id,
    node: owner,
    opType: node.opType,
    loc,
    inputs: inputs.map((value) => (value === undefined ? undefined : sized(value))),
    outputs: outputs.map((value) => ({
      name: value.name,
      dims: value.name === "" ? (knownDims(value) ?? []) : dimsOf(value),
      ...(value.bits !== undefined && { bits: value.bits }),
    })),
  };
}

const withoutEmpty = (source: Source, { definition }: InferredNode): Source =>
  definition?.skipsEmpty === undefined
    ? source
    : { ...source, inputs: source.inputs.map((value) => (value?.shape.includes(0) ? undefined : value)) };

const knownDims = ({ shape }: Value): readonly number[] | undefined =>
  shape !== undefined && isKnown(shape) ? shape : undefined;

function sized(value: Value): SizedInput {
  if (isSized(value)) return value;
  throw new Error(`the shape of '${value.name}' is not known`);
}

const isSized = (value: Value): value is Value & SizedInput => value.shape !== undefined && isKnown(value.shape);

function dimsOf(value: Value): readonly number[] {
  const dims = knownDims(value);
  if (dims === undefined) throw new Error(`the shape of '${value.name}' is not known`);
  return dims;
}

function contextOf(node: InferredNode, source: Source, { networkOutputs }: State): LoweringContext {
  if (node.context === undefined) throw new Error(`'${node.id}' is lowered though an input is not known`);
  const isNetworkOutput = networkOutputs.has(source.outputs[0]?.name ?? "");
  return { ...node.context, inputs: source.inputs, outputs: source.outputs.map(({ dims }) => dims), isNetworkOutput };
}

/** Whether the operands of a layer have an axis map per axis: a declared shape may have another rank than the operator gives. */
function fits({ operands, output = 0 }: LayerSpec, { inputs, outputs }: Source): boolean {
  const ranks = operands.map(({ input, role }) => {
    if (input !== undefined) return inputs[input]?.shape.length;
    return role === "output" ? outputs[output]?.dims.length : undefined;
  });
  return operands.every(({ axes }, i) => ranks[i] === undefined || ranks[i] === axes.length);
}

function addView(source: Source, input: number, state: State): NodeResult {
  const { builder } = state;
  const [output] = source.outputs;
  const value = source.inputs[input];
  const storage = value && builder.storageOf(value, dimsOf(value));
  if (output === undefined || storage === undefined) throw new Error(`'${source.id}' shows nothing`);
  if (product(output.dims) !== product(storage.stored)) return { status: "refused", refusal: CONTRADICTION };
  if (output.name !== "") builder.addView(output.name, output.dims, storage);
  addFurtherOutputs(source, new Set([0]), "movement", state);
  return { status: "view", ...(storage.producer !== undefined && { layer: storage.producer }) };
}

function addLayers(source: Source, specs: readonly LayerSpec[], state: State): NodeResult {
  const written = new Set(specs.map(({ output = 0 }) => output));
  const wanted = specs.flatMap((spec) => wantedSpec(spec, source, written)).map((spec) => repeated(spec, state));
  const error = wanted.map((spec) => iterationError(spec, source.loc)).find((found) => found !== undefined);
  if (error !== undefined)
    return { status: "refused", refusal: { reason: "its loops run more than 2^53 times" }, errors: [error] };
  const layers = wanted.map((spec) => state.builder.addLayer(source, spec));
  const kind = specs.some((spec) => spec.kind !== "opaque") ? "movement" : "opaque";
  const others = addFurtherOutputs(source, new Set(wanted.map(({ output = 0 }) => output)), kind, state);
  const layer = [...layers, ...others][0];
  return { status: statusOf(specs), ...(layer !== undefined && { layer }) };
}

/** Somebody asks for the output, and it has elements. */
const isWanted = (output: Source["outputs"][number] | undefined): boolean =>
  output !== undefined && output.name !== "" && !output.dims.includes(0);

/**
 * The layer of an output that nobody asks for falls away, unless another output of the same shape is computed with it: the positions
 * of maxima.
 */
function wantedSpec(spec: LayerSpec, { outputs }: Source, written: ReadonlySet<number>): readonly LayerSpec[] {
  const { output: index = 0 } = spec;
  if (isWanted(outputs[index])) return [spec];
  const dims = outputs[index]?.dims ?? [];
  const isAlike = (other: Source["outputs"][number]) =>
    other.dims.length === dims.length && other.dims.every((extent, axis) => extent === dims[axis]);
  const other = outputs.findIndex((output, i) => !written.has(i) && isWanted(output) && isAlike(output));
  return index === 0 && other >= 0 ? [{ ...spec, output: other }] : [];
}

/** A layer that runs again and again has one more loop, which indexes nothing. */
function repeated(spec: LayerSpec, { repeat, enclosing }: State): LayerSpec {
  const times = spec.isOnce ? enclosing : repeat;
  if (times === 1) return spec;
  return { ...spec, loops: [{ dim: REPEAT, size: times }, ...spec.loops], macs: (spec.macs ?? 0) * times };
}

function iterationError({ loops, macs = 0 }: LayerSpec, loc: Location): Diagnostic | undefined {
  if (product(loops.map(({ size }) => size)) <= Number.MAX_SAFE_INTEGER) return undefined;
  return macs > Number.MAX_SAFE_INTEGER ? tooManyMacs(loc) : tooManyIterations(loc);
}

const opaqueLayer = ({ inputs, outputs }: Source, index: number): LayerSpec =>
  wholeLayer("opaque", inputs, outputs[index]?.dims ?? [], index);

/** Outputs that the operator's layers do not write (the positions of a maximum) are costed as data movement. */
const addFurtherOutputs = (
  source: Source,
  written: ReadonlySet<number>,
  kind: "movement" | "opaque",
  state: State,
): readonly LayerId[] =>
  source.outputs.flatMap((output, index) =>
    isWanted(output) && !written.has(index)
      ? [state.builder.addLayer(source, repeated({ ...opaqueLayer(source, index), kind }, state))]
      : [],
  );

function statusOf(specs: readonly LayerSpec[]): CoverageStatus {
  const isAll = (kind: Layer["kind"]) => specs.every((spec) => spec.kind === kind);
  if (isAll("opaque")) return "opaque";
  return isAll("movement") ? "moved" : "lowered";
}

function reportNotUnderstood(results: Results, loc: Location): readonly Diagnostic[] {
  const unknown = results.filter(
    ({ node, result }) => result.status === "opaque" || (node.definition === undefined && result.status === "refused"),
  );
  const stopped = groupBy(results, ({ result }) => result.refusal?.operator ?? "");
  return [...groupBy(unknown, ({ node }) => node.opType)].map(([opType, group]) => {
    const namesOf = (status: CoverageStatus) =>
      group.filter(({ result }) => result.status === status).map(({ node }) => node.id);
    const behind = opType === "" ? 0 : (stopped.get(opType)?.length ?? 0);
    const refused = namesOf("refused");
    return operatorNotUnderstood(loc, opType, namesOf("opaque"), refused, Math.max(0, behind - refused.length));
  });
}

/** One warning per symbol and per other reason; nodes behind an operator that is not understood are reported with it. */
function reportRefused(results: Results, loc: Location): readonly Diagnostic[] {
  const refused = results.flatMap(({ node, result: { refusal, errors } }) =>
    refusal === undefined || refusal.operator !== undefined || errors !== undefined ? [] : [{ id: node.id, refusal }],
  );
  const reasons = groupBy(refused, ({ refusal }) => refusal.reason);
  return [...reasons].map(([reason, group]) => {
    const ids = group.map(({ id }) => id);
    const symbol = group[0]?.refusal.symbol;
    return symbol === undefined ? shapeNotKnown(loc, reason, ids) : unknownDimension(loc, symbol, ids);
  });
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
