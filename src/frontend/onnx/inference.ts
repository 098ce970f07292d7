/** Walks the graph in topological order and finds out the shape of every value, and the elements of the small constant ones. */

import { badDimension, declaredShapeDiffers, tensorTooLarge } from "../../ir/diagnostics/onnx.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { Location } from "../../ir/location.js";
import { attributeReader } from "./attributes.js";
import { contradicts, type Extent, isKnown, printShape, product, type Shape } from "./extent.js";
import type { Wiring } from "./graph.js";
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from "./model.js";
import type { Inferred, InputValue, NodeContext, OperatorDefinition } from "./operator.js";
import { findOperator } from "./operators/registry.js";
import { isExtent, type Symbols } from "./symbols.js";
import { ELEMENT_LIMIT } from "./tensor-elements.js";

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
  for (const tensor of graph.initializers) {
    diagnostics.push(...checkShape(tensor.name, tensor.dims, loc));
    values.set(tensor.name, constantValue(tensor));
  }
  for (const input of graph.inputs) if (!values.has(input.name)) values.set(input.name, inputValue(input, symbols));
  const declared = declaredShapes([...graph.valueInfo, ...graph.outputs], symbols);
  const contradictions: Contradiction[] = [];
  const nodes = wiring.order.flatMap((position) => {
    const node = graph.nodes[position];
    if (node === undefined) return [];
    const inferred = inferNode(node, wiring.ids[position] ?? "", model, values, loc, diagnostics);
    const outputs = inferred.outputs.map((value) => complete(value, declared.get(value.name), contradictions));
    for (const value of outputs) {
      diagnostics.push(...checkShape(value.name, value.shape ?? [], inferred.loc));
      values.set(value.name, value);
    }
    return [{ ...inferred, outputs }];
  });
  diagnostics.push(...reportContradictions(contradictions, loc));
  return { nodes, values, diagnostics };
}

const constantValue = (tensor: OnnxTensor): Value => ({
  name: tensor.name,
  type: tensor.type,
  shape: tensor.dims,
  isConstant: true,
  isGraphInput: false,
  ...(tensor.elements !== undefined && { elements: tensor.elements }),
});

function inputValue(info: OnnxValueInfo, symbols: Symbols): Value {
  const base = { name: info.name, type: info.type, isConstant: false, isGraphInput: true };
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

function inferNode(
  node: OnnxNode,
  id: string,
  model: OnnxModel,
  values: ReadonlyMap<string, Value>,
  file: Location,
  errors: Diagnostic[],
): InferredNode {
  const loc = { ...file, node: id };
  const opType = node.domain === "" ? node.opType : `${node.domain}::${node.opType}`;
  const definition = findOperator(node.domain, node.opType);
  const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
  const context = contextOf(node, inputs, model, loc);
  const base = { id, node, loc, opType, definition, inputs, context };
  const isConstant = inputs.every((value) => value?.isConstant ?? true) && isDeterministic(node, definition);
  const outputs = (results: readonly Inferred[]) =>
    node.outputs.map((name, i) => toValue(name, results[i], isConstant, inputs[0]?.type ?? 0));
  if (definition === undefined) return { ...base, outputs: unknownOutputs(node, notUnderstood(id, opType)) };
  if (context === undefined) return { ...base, outputs: unknownOutputs(node, causeOf(inputs)) };
  try {
    return { ...base, outputs: outputs(definition.infer(context)) };
  } catch (cause) {
    if (!(cause instanceof DiagnosticError)) throw cause;
    errors.push(...cause.diagnostics);
    return { ...base, outputs: unknownOutputs(node, { reason: `node '${id}' is wrong` }) };
  }

  function unknownOutputs(of: OnnxNode, why: Cause): readonly Value[] {
    return of.outputs.map((name) => ({ name, type: 0, isConstant, isGraphInput: false, cause: why }));
  }
}

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
  definition !== undefined ||
  (node.inputs.length > 0 && [...node.attributes.values()].every(({ kind }) => kind !== "graphs"));

function contextOf(
  node: OnnxNode,
  values: readonly (Value | undefined)[],
  model: OnnxModel,
  loc: Location,
): NodeContext | undefined {
  const inputs: (InputValue | undefined)[] = [];
  for (const value of values) {
    if (value !== undefined && value.shape === undefined) return undefined;
    inputs.push(value?.shape === undefined ? undefined : { ...value, shape: value.shape });
  }
  const opset = model.opsets.get(node.domain) ?? model.opsets.get("") ?? 1;
  const attributes = attributeReader(node.attributes, loc);
  return { opType: node.opType, opset, attributes, inputs, outputCount: node.outputs.length, loc };
}

function toValue(name: string, result: Inferred | undefined, isConstant: boolean, inputType: number): Value {
  if (result === undefined || "reason" in result) {
    const reason = result?.reason ?? `output '${name}' is not one that the operator has`;
    return { name, type: 0, isConstant, isGraphInput: false, cause: { reason } };
  }
  const { shape, type = inputType } = result;
  const elements = isKnown(shape) && product(shape) <= ELEMENT_LIMIT ? result.elements : undefined;
  const base = { name, type, shape, isGraphInput: false };
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
  const wrong = shape.flatMap((extent, axis) =>
    typeof extent === "number" && !isExtent(extent) ? [badDimension(loc, name, extent, axis)] : [],
  );
  if (wrong.length > 0 || !isKnown(shape) || product(shape) <= Number.MAX_SAFE_INTEGER) return wrong;
  return [tensorTooLarge(loc, name, printShape(shape))];
}
