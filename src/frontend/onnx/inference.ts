/** Walks the graph in topological order and finds out the shape of every value, and the elements of the small constant ones. */

import { operandType, tooManyParts, wrongInputCount } from "../../ir/diagnostics/onnx.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { mostInputs } from "./arity.js";
import { attributeReader } from "./attributes.js";
import { type Budget, createBudget, fitsBudget, MAX_DEPTH, tooLarge } from "./budget.js";
import { DATA_TYPE } from "./data-type.js";
import { type Contradiction, checkShape, complete, declaredShapes, reportContradictions } from "./declared-shapes.js";
import { definedTwice, type Expansion, placeExpansion } from "./expansion.js";
import type { Extent, Shape } from "./extent.js";
import type { Wiring } from "./graph.js";
import { localFunction } from "./local-function.js";
import { functionKey, type OnnxFunction, type OnnxModel, type OnnxNode } from "./model.js";
import type { Inferred, InputValue, NodeContext, OperatorDefinition } from "./operator.js";
import { findOperator } from "./operators/registry.js";
import type { Symbols } from "./symbols.js";
import {
  type Cause,
  causeOf,
  constantValue,
  inputValue,
  nothing,
  notUnderstood,
  toValue,
  type Value,
} from "./values.js";
import { weigh } from "./weight.js";

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
  const walk: Walk = { ...model, values, loc, errors: diagnostics, depth: 0, budget, calls: [] };
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

/** What the walk through a graph and the graphs inside it carries along. */
interface Walk extends Pick<OnnxModel, "opsets" | "functions"> {
  readonly values: Map<string, Value>;
  readonly loc: Location;
  readonly errors: Diagnostic[];
  /** Graphs in graphs around the current one. */
  readonly depth: number;
  readonly budget: Budget;
  /** Functions whose bodies the current nodes are in. */
  readonly calls: readonly OnnxFunction[];
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
    checkInputs(base, needed);
    const expanded = expandNode(base, needed, walk);
    if (expanded !== undefined && "reason" in expanded) return { ...base, outputs: unknownOutputs(expanded) };
    if (expanded !== undefined) return expanded;
    if (context === undefined) return { ...base, outputs: unknownOutputs(causeOf(inputs)) };
    const results = definition.infer(context);
    const outputs = node.outputs.map((name, i) => toValue(name, results[i], isConstant, inputs, loc));
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

/** @throws DiagnosticError when there are more inputs than the operator takes, or it multiplies texts */
function checkInputs({ node, opType, definition, inputs }: Omit<InferredNode, "outputs">, { loc }: NodeContext): void {
  const most = node.domain === "" ? mostInputs(node.opType) : undefined;
  const connected = node.inputs.findLastIndex((name) => name !== "") + 1;
  if (most !== undefined && connected > most)
    throw new DiagnosticError([wrongInputCount(loc, opType, connected, `at most ${most}`)]);
  const text = definition?.macs && inputs.find((value) => value?.type === DATA_TYPE.string);
  if (text) throw new DiagnosticError([operandType(loc, opType, text.name, "texts")]);
}

function macsOf({ macs }: OperatorDefinition, context: NodeContext, results: readonly Inferred[]) {
  const [first] = results;
  return macs === undefined || first === undefined || "reason" in first ? {} : { macs: macs.count(context, results) };
}

/** @returns the reason where the node's parts are too many or cannot run; nothing where it has none */
function expandNode(
  base: Omit<InferredNode, "outputs">,
  context: NodeContext,
  walk: Walk,
): InferredNode | Cause | undefined {
  if (base.definition?.expand === undefined || walk.depth >= MAX_DEPTH) return undefined;
  const { id, node } = base;
  const body = walk.functions.get(functionKey(node.domain, node.opType));
  if (body !== undefined && walk.calls.includes(body)) return { reason: `function '${base.opType}' calls itself` };
  if (!fitsBudget([body?.nodes ?? [node]], walk.functions, walk.budget)) return tooLarge(id, walk.budget);
  const expansions = base.definition.expand(context);
  const lists = expansions.map(({ nodes }) => nodes);
  if (!fitsBudget(lists, walk.functions, walk.budget)) return tooLarge(id, walk.budget);
  const inside = body === undefined ? walk : { ...walk, calls: [...walk.calls, body] };
  const candidates = expansions.map((expansion) => inferParts(base, expansion, inside));
  const chosen = candidates.length > 1 ? chooseParts(candidates) : candidates[0];
  if (chosen === undefined || "reason" in chosen) return chosen;
  for (const error of chosen.errors) walk.errors.push(error);
  for (const value of chosen.outputs) if (value.name !== "") walk.values.set(value.name, value);
  return { ...base, parts: chosen.parts, outputs: chosen.outputs };
}

/** Of several graphs that may run, the one with the most multiply-accumulates stands for the node; one that cannot run does not. */
function chooseParts(candidates: readonly Candidate[]): Candidate | Cause {
  const [first, ...others] = candidates.filter(({ errors }) => errors.length === 0);
  const wrong = candidates.flatMap(({ errors }) => errors)[0]?.message;
  if (first === undefined) return { reason: `none of its graphs can run: ${wrong}` };
  const chosen = others.reduce((a, b) => (partMacs(b.parts.nodes) > partMacs(a.parts.nodes) ? b : a), first);
  if (wrong === undefined) return chosen;
  const { nodes, expansion } = chosen.parts;
  const reason = `${expansion.reason}; another one cannot run: ${wrong}`;
  return { ...chosen, parts: { nodes, expansion: { ...expansion, reason } } };
}

/** A graph that may run in the place of a node. */
interface Candidate {
  readonly parts: Parts;
  /** Of the node. */
  readonly outputs: readonly Value[];
  /** What keeps it from running. */
  readonly errors: readonly Diagnostic[];
}

function inferParts(
  { id, node, loc }: Pick<InferredNode, "id" | "node" | "loc">,
  expansion: Expansion,
  walk: Walk,
): Candidate {
  const { values, budget } = walk;
  const errors = [...definedTwice(expansion, loc)];
  budget.left -= weigh(expansion.nodes, walk.functions).nodes;
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

const hasShape = (value: Value): value is Value & InputValue => value.shape !== undefined;

/** Inputs whose rank is not known are left out, too. */
function partialContext(
  node: OnnxNode,
  values: readonly (Value | undefined)[],
  { opsets }: Walk,
  loc: Location,
): NodeContext {
  const inputs = values.map((value) => (value !== undefined && hasShape(value) ? value : undefined));
  const opset = opsets.get(node.domain) ?? opsets.get("") ?? 1;
  const attributes = attributeReader(node.attributes, loc);
  return { opType: node.opType, opset, attributes, inputs, outputCount: node.outputs.length, loc };
}
