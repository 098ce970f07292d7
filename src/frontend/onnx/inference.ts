/** Walks the graph in topological order and finds out the shape of every value, and the elements of the small constant ones. */

import {
  badDimension,
  declaredShapeDiffers,
  tensorTooLarge,
  tooManyAxes,
  tooManyParts,
} from "../../ir/diagnostics/onnx.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { attributeReader } from "./attributes.js";
import { quantisedBits } from "./data-type.js";
import { definedTwice, type Expansion, placeExpansion } from "./expansion.js";
import { contradicts, type Extent, isKnown, MAX_RANK, printShape, product, type Shape } from "./extent.js";
import type { Wiring } from "./graph.js";
import { localFunction } from "./local-function.js";
import { functionKey, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValueInfo } from "./model.js";
import type { Inferred, InputValue, NodeContext, OperatorDefinition } from "./operator.js";
import { findOperator } from "./operators/registry.js";
import { isExtent, type Symbols } from "./symbols.js";
import { ELEMENT_LIMIT } from "./tensor-elements.js";
import { weigh } from "./weight.js";

/** Why a shape is not known: the first thing that stood in the way. */
export interface Cause {
  readonly reason: string;
  /** Type of the operator that is not understood. */
  readonly operator?: string;
}

/** A value of the graph; `shape` is absent where even its rank is not known. */
export interface Value extends Omit<InputValue, "shape"> {
  readonly shape?: Shape;
  readonly cause?: Cause;
}

export interface InferredNode {
  readonly id: string;
  readonly node: OnnxNode;
  readonly loc: Location;
  /** Operator type with its domain, unless that is the default one. */
  readonly opType: string;
  /** Absent for an operator that is not understood. */
  readonly definition: OperatorDefinition | undefined;
  readonly inputs: readonly (Value | undefined)[];
  /** Absent where the rank of an input is not known. */
  readonly context: NodeContext | undefined;
  /** Per output of the node; what is declared fills what could not be computed. */
  readonly outputs: readonly Value[];
  /** Multiply-accumulates; present for operators that are counted and whose outputs are inferred. */
  readonly macs?: Extent;
  /** The nodes that run in its place. */
  readonly parts?: Parts;
}

/** Nodes that stand for one of the graph. */
export interface Parts {
  readonly nodes: readonly InferredNode[];
  readonly expansion: Expansion;
}

export interface Inference {
  /** In topological order. */
  readonly nodes: readonly InferredNode[];
  readonly values: ReadonlyMap<string, Value>;
  readonly diagnostics: readonly Diagnostic[];
}

/** An input or initializer of the graph is in `values` before the first node is asked. */
export function inferGraph(model: OnnxModel, wiring: Wiring, symbols: Symbols, loc: Location): Inference {
  const { graph } = model;
  const diagnostics: Diagnostic[] = [];
  const values = new Map<string, Value>();
  const check = (name: string, shape: Shape, where: Location): void => {
    for (const wrong of checkShape(name, shape, where)) diagnostics.push(wrong);
  };
  for (const tensor of graph.initializers) {
    check(tensor.name, tensor.dims, loc);
    values.set(tensor.name, constantValue(tensor));
  }
  for (const input of graph.inputs) if (!values.has(input.name)) values.set(input.name, inputValue(input, symbols));
  const declared = declaredShapes([...graph.valueInfo, ...graph.outputs], symbols);
  const contradictions: Contradiction[] = [];
  const budget = createBudget(model);
  const walk: Walk = { ...model, values, loc, errors: diagnostics, depth: 0, budget };
  const nodes = wiring.order.flatMap((position) => {
    const node = graph.nodes[position];
    if (node === undefined) return [];
    const inferred = inferNode(node, wiring.ids[position] ?? "", walk);
    const outputs = inferred.outputs.map((value) => complete(value, declared.get(value.name), contradictions));
    for (const value of outputs) {
      check(value.name, value.shape ?? [], inferred.loc);
      if (value.name !== "") values.set(value.name, value);
    }
    return [{ ...inferred, outputs }];
  });
  if (budget.refused.length > 0) diagnostics.push(tooManyParts(loc, budget.limit, budget.refused));
  diagnostics.push(...reportContradictions(contradictions, loc));
  return { nodes, values, diagnostics };
}

const constantValue = (tensor: OnnxTensor): Value => ({
  name: tensor.name,
  type: tensor.type,
  shape: tensor.dims,
  isConstant: true,
  isGraphInput: false,
  ...bitsEntry(quantisedBits(tensor.type)),
  ...(tensor.elements !== undefined && { elements: tensor.elements }),
});

const bitsEntry = (bits: number | undefined) => (bits === undefined ? {} : { bits });

function inputValue(info: OnnxValueInfo, symbols: Symbols): Value {
  const base = {
    name: info.name,
    type: info.type,
    isConstant: false,
    isGraphInput: true,
    ...bitsEntry(quantisedBits(info.type)),
  };
  const shape = symbols.shapeOf(info);
  return shape === undefined
    ? { ...base, cause: { reason: `graph input '${info.name}' has no shape` } }
    : { ...base, shape };
}

function declaredShapes(infos: readonly OnnxValueInfo[], symbols: Symbols): ReadonlyMap<string, Shape> {
  return new Map(
    infos.flatMap((info) => {
      const shape = symbols.shapeOf(info);
      return shape === undefined ? [] : [[info.name, shape] as const];
    }),
  );
}

/** What the walk through a graph and the graphs inside it carries along. */
interface Walk extends Pick<OnnxModel, "opsets" | "functions"> {
  readonly values: Map<string, Value>;
  readonly loc: Location;
  readonly errors: Diagnostic[];
  /** Graphs in graphs around the current one. */
  readonly depth: number;
  readonly budget: Budget;
}

/** Parts that may be made: a few functions that call each other can stand for any number of nodes. */
interface Budget {
  readonly limit: number;
  left: number;
  /** Nodes that are not told as their parts, as these would be too many. */
  readonly refused: string[];
}

/** Graphs inside graphs are followed to this depth. */
const MAX_DEPTH = 64;

/** Parts for the smallest file; per node of the file, until there are many; and per node of any file. */
const PARTS = { least: 20_000, perNode: 20, many: 150_000, always: 4 };

function createBudget({ graph, functions }: Pick<OnnxModel, "graph" | "functions">): Budget {
  const written = [graph, ...functions.values()].reduce((sum, { nodes }) => sum + weigh(nodes).nodes, 0);
  const limit = Math.max(PARTS.least, Math.min(PARTS.many, PARTS.perNode * written), PARTS.always * written);
  return { limit, left: limit, refused: [] };
}

function inferNode(node: OnnxNode, id: string, walk: Walk): InferredNode {
  const loc = { ...walk.loc, node: id };
  const opType = node.domain === "" ? node.opType : `${node.domain}::${node.opType}`;
  const body = walk.functions.get(functionKey(node.domain, node.opType));
  const definition = body === undefined || node.isInternal ? findOperator(node) : localFunction(body);
  const inputs = node.inputs.map((name) => (name === "" ? undefined : (walk.values.get(name) ?? nothing(name))));
  const context = contextOf(node, inputs, walk, loc);
  const base = { id, node, loc, opType, definition, inputs, context };
  const isConstant = inputs.every((value) => value?.isConstant ?? true) && isDeterministic(node, definition);
  if (definition === undefined) return { ...base, outputs: unknownOutputs(notUnderstood(id, opType)) };
  const needed =
    definition.expandsUnknown === undefined ? context : (context ?? partialContext(node, inputs, walk, loc));
  if (needed === undefined) return { ...base, outputs: unknownOutputs(causeOf(inputs)) };
  try {
    const expanded = expandNode(base, needed, walk);
    if (expanded !== undefined && "reason" in expanded) return { ...base, outputs: unknownOutputs(expanded) };
    if (expanded !== undefined) return expanded;
    if (context === undefined) return { ...base, outputs: unknownOutputs(causeOf(inputs)) };
    const results = definition.infer(context);
    const outputs = node.outputs.map((name, i) => toValue(name, results[i], isConstant, inputs[0], loc));
    return { ...base, outputs, ...macsOf(definition, context, results) };
  } catch (cause) {
    if (!(cause instanceof DiagnosticError)) throw cause;
    for (const diagnostic of cause.diagnostics) walk.errors.push(diagnostic);
    return { ...base, outputs: unknownOutputs({ reason: `node '${id}' is wrong` }) };
  }

  function unknownOutputs(why: Cause): readonly Value[] {
    return node.outputs.map((name) => ({ name, type: 0, isConstant, isGraphInput: false, cause: why }));
  }
}

const nothing = (name: string): Value => ({
  name,
  type: 0,
  isConstant: false,
  isGraphInput: false,
  cause: { reason: `nothing has written '${name}' when it is read` },
});

function macsOf({ macs }: OperatorDefinition, context: NodeContext, results: readonly Inferred[]) {
  const [first] = results;
  return macs === undefined || first === undefined || "reason" in first ? {} : { macs: macs.count(context, results) };
}

/** Of several graphs that may run, the one with the most multiply-accumulates stands for the node; one that cannot run does not. */
function expandNode(
  base: Omit<InferredNode, "outputs">,
  context: NodeContext,
  walk: Walk,
): InferredNode | Cause | undefined {
  if (base.definition?.expand === undefined || walk.depth >= MAX_DEPTH) return undefined;
  const { node } = base;
  const body = walk.functions.get(functionKey(node.domain, node.opType));
  if (!fitsBudget([body?.nodes ?? [node]], walk.budget)) return tooLarge(base.id, walk.budget);
  const expansions = base.definition.expand(context);
  if (
    !fitsBudget(
      expansions.map(({ nodes }) => nodes),
      walk.budget,
    )
  )
    return tooLarge(base.id, walk.budget);
  const candidates = expansions.map((expansion) => inferParts(base, expansion, walk));
  const sound = candidates.filter(({ errors }) => errors.length === 0);
  const wrong = candidates.flatMap(({ errors }) => errors);
  const [first, ...others] = sound.length > 0 ? sound : candidates.slice(0, 1);
  if (first === undefined) return undefined;
  if (sound.length === 0 && candidates.length > 1)
    return { reason: `none of its graphs can run: ${wrong[0]?.message}` };
  const { parts, outputs, errors } = others.reduce(
    (a, b) => (partMacs(b.parts.nodes) > partMacs(a.parts.nodes) ? b : a),
    first,
  );
  for (const error of errors) walk.errors.push(error);
  for (const value of outputs) if (value.name !== "") walk.values.set(value.name, value);
  if (wrong.length === errors.length) return { ...base, parts, outputs };
  const reason = `${parts.expansion.reason}; another one cannot run: ${wrong[0]?.message}`;
  return { ...base, parts: { ...parts, expansion: { ...parts.expansion, reason } }, outputs };
}

/** Whether the nodes, with all that is copied with them, may still be made, and are not nested without measure. */
function fitsBudget(lists: readonly (readonly OnnxNode[])[], { left }: Budget): boolean {
  const weights = lists.map(weigh);
  return weights.reduce((sum, { nodes }) => sum + nodes, 0) <= left && weights.every(({ depth }) => depth <= MAX_DEPTH);
}

function tooLarge(id: string, { limit, refused }: Budget): Cause {
  refused.push(id);
  return { reason: `with its parts there are more than ${limit} nodes` };
}

function inferParts({ id, node, loc }: Pick<InferredNode, "id" | "node" | "loc">, expansion: Expansion, walk: Walk) {
  const { values, budget } = walk;
  const errors = [...definedTwice(expansion, loc)];
  budget.left -= weigh(expansion.nodes).nodes;
  const placed = placeExpansion(expansion, id, node, (name) => values.has(name));
  for (const tensor of placed.initializers) {
    for (const wrong of checkShape(tensor.name, tensor.dims, loc)) errors.push(wrong);
    values.set(tensor.name, constantValue(tensor));
  }
  const inside = { ...walk, errors, opsets: expansion.opsets ?? walk.opsets, depth: walk.depth + 1 };
  const nodes = placed.nodes.map((part, i) => {
    const inferred = inferNode(part, placed.ids[i] ?? "", inside);
    for (const value of inferred.outputs) {
      for (const wrong of checkShape(value.name, value.shape ?? [], inferred.loc)) errors.push(wrong);
      if (value.name !== "") values.set(value.name, value);
    }
    return inferred;
  });
  const outputs = node.outputs.map((name) => values.get(name) ?? nothing(name));
  return { parts: { nodes, expansion }, outputs, errors };
}

/** Multiply-accumulates of parts as far as they are known. */
const partMacs = (nodes: readonly InferredNode[]): number =>
  nodes.reduce((sum, { macs, parts }) => {
    const own = typeof macs === "number" ? macs : 0;
    return sum + own + (parts === undefined ? 0 : (parts.expansion.repeat ?? 1) * partMacs(parts.nodes));
  }, 0);

const notUnderstood = (id: string, opType: string): Cause => ({
  reason: `operator '${opType}' of node '${id}' is not understood, and the shape of its output is not declared`,
  operator: opType,
});

const causeOf = (inputs: readonly (Value | undefined)[]): Cause =>
  inputs.find((value) => value !== undefined && value.shape === undefined)?.cause ?? {
    reason: "an input is not known",
  };

/** Nodes without inputs that we do not understand may draw random numbers; bodies may read what is not constant. */
const isDeterministic = (node: OnnxNode, definition: OperatorDefinition | undefined): boolean =>
  (definition !== undefined && definition.isVariable !== true) ||
  (definition === undefined &&
    node.inputs.length > 0 &&
    [...node.attributes.values()].every(({ kind }) => kind !== "graphs"));

function contextOf(
  node: OnnxNode,
  values: readonly (Value | undefined)[],
  walk: Walk,
  loc: Location,
): NodeContext | undefined {
  const isKnown = values.every((value) => value === undefined || value.shape !== undefined);
  return isKnown ? partialContext(node, values, walk, loc) : undefined;
}

/** Inputs whose rank is not known are left out, too. */
function partialContext(
  node: OnnxNode,
  values: readonly (Value | undefined)[],
  { opsets }: Walk,
  loc: Location,
): NodeContext {
  const inputs = values.map((value) => (value?.shape === undefined ? undefined : { ...value, shape: value.shape }));
  const opset = opsets.get(node.domain) ?? opsets.get("") ?? 1;
  const attributes = attributeReader(node.attributes, loc);
  return { opType: node.opType, opset, attributes, inputs, outputCount: node.outputs.length, loc };
}

/**
 * @param first - input of the node whose type the output has where nothing else is said, as a constant of this type its bits too
 * @throws DiagnosticError `too-many-axes`
 */
function toValue(
  name: string,
  result: Inferred | undefined,
  isConstant: boolean,
  first: Value | undefined,
  loc: Location,
): Value {
  if (result === undefined || "reason" in result) {
    const reason = result?.reason ?? `output '${name}' is not one that the operator has`;
    return { name, type: 0, isConstant, isGraphInput: false, cause: { reason } };
  }
  const { shape, type = first?.type ?? 0 } = result;
  if (shape.length > MAX_RANK) throw new DiagnosticError([tooManyAxes(loc, name, shape.length, MAX_RANK)]);
  const elements = isKnown(shape) && product(shape) <= ELEMENT_LIMIT ? result.elements : undefined;
  const bits = result.bits ?? quantisedBits(type) ?? (isConstant && type === first?.type ? first.bits : undefined);
  const base = { name, type, shape, isGraphInput: false, ...bitsEntry(bits) };
  return elements === undefined ? { ...base, isConstant } : { ...base, isConstant: true, elements };
}

interface Contradiction {
  readonly value: string;
  readonly declared: string;
  readonly computed: string;
}

/** What is declared fills in what could not be computed; where both are known, the computed shape wins. */
function complete(value: Value, declared: Shape | undefined, contradictions: Contradiction[]): Value {
  if (declared === undefined) return value;
  if (value.shape === undefined) {
    const { cause: _, ...rest } = value;
    return { ...rest, shape: declared };
  }
  const { shape } = value;
  if (shape.length !== declared.length || shape.some((extent, axis) => contradicts(extent, declared[axis] ?? extent))) {
    contradictions.push({ value: value.name, declared: printShape(declared), computed: printShape(shape) });
    return value;
  }
  return { ...value, shape: shape.map((extent, axis) => better(extent, declared[axis])) };
}

const better = (computed: Extent, declared: Extent | undefined): Extent =>
  typeof computed !== "number" && typeof declared === "number" ? declared : computed;

function reportContradictions(contradictions: readonly Contradiction[], loc: Location): readonly Diagnostic[] {
  const [first, ...others] = contradictions;
  if (first === undefined) return [];
  return [declaredShapeDiffers(loc, first.value, first.declared, first.computed, others.length)];
}

function checkShape(name: string, shape: Shape, loc: Location): readonly Diagnostic[] {
  if (shape.length > MAX_RANK) return [tooManyAxes(loc, name, shape.length, MAX_RANK)];
  const wrong = shape.flatMap((extent, axis) =>
    typeof extent === "number" && !isExtent(extent) ? [badDimension(loc, name, extent, axis)] : [],
  );
  if (wrong.length > 0 || !isKnown(shape) || product(shape) <= Number.MAX_SAFE_INTEGER) return wrong;
  return [tensorTooLarge(loc, name, printShape(shape))];
}
