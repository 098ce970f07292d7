/** A function that the model defines is an operator that stands for the function's nodes. */
import { outputCount as tooManyOutputs, wrongInputCount } from "../../ir/diagnostics/onnx.js";
import { MAX_DEPTH } from "./budget.js";
import type { Expansion } from "./expansion.js";
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxNode } from "./model.js";
import { wholeLayer } from "./opaque.js";
import { fail, type NodeContext, type OperatorDefinition } from "./operator.js";

type Attributes = ReadonlyMap<string, OnnxAttribute>;

export const localFunction = (body: OnnxFunction): OperatorDefinition => ({
  opTypes: [],
  expandsUnknown: true,
  expand: (node) => [callOf(body, node)],
  infer: ({ outputCount }) =>
    Array.from({ length: outputCount }, () => ({
      reason: `local functions call each other more than ${MAX_DEPTH} deep`,
    })),
  lower: (node) => ({ layers: node.outputs.map((dims, i) => wholeLayer("opaque", node.inputs, dims, i)) }),
});

/** @throws DiagnosticError when the call has more inputs or outputs than the function */
function callOf(body: OnnxFunction, node: NodeContext): Expansion {
  const { inputs, outputCount, loc, opType } = node;
  if (inputs.length > body.inputs.length)
    fail(wrongInputCount(loc, opType, inputs.length, `at most ${body.inputs.length}, as the function has`));
  if (outputCount > body.outputs.length)
    fail(tooManyOutputs(loc, opType, outputCount, `the function gives ${body.outputs.length}`));
  const given = new Map([...body.defaults, ...node.attributes.all()]);
  const nodes = body.nodes.map((inner) => resolve(inner, given));
  return {
    nodes,
    inputs: body.inputs,
    outputs: body.outputs,
    opsets: body.opsets,
    isInlined: true,
    reason: `inlined: a local function of ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`,
  };
}

/** Attributes that refer to the caller's take its values; those that it leaves out are left out. */
function resolve(node: OnnxNode, given: Attributes): OnnxNode {
  if (!mayRefer(node)) return node;
  const attributes = [...node.attributes].flatMap(([name, attribute]) => {
    if (attribute.kind === "graphs")
      return [[name, { kind: "graphs", value: attribute.value.map((graph) => resolveIn(graph, given)) }] as const];
    if (attribute.kind !== "reference") return [[name, attribute] as const];
    const value = given.get(attribute.value);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...node, attributes: new Map(attributes) };
}

function mayRefer({ attributes }: OnnxNode): boolean {
  for (const { kind } of attributes.values()) if (kind === "graphs" || kind === "reference") return true;
  return false;
}

const resolveIn = (graph: OnnxGraph, given: Attributes): OnnxGraph => ({
  ...graph,
  nodes: graph.nodes.map((node) => resolve(node, given)),
});
