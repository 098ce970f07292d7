/** A function that the model defines is an operator that stands for the function's nodes. */
import type { Expansion } from "./expansion.js";
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxNode } from "./model.js";
import { wholeLayer } from "./opaque.js";
import type { NodeContext, OperatorDefinition } from "./operator.js";

type Attributes = ReadonlyMap<string, OnnxAttribute>;

export const localFunction = (body: OnnxFunction): OperatorDefinition => ({
  opTypes: [],
  expandsUnknown: true,
  expand: (node) => [callOf(body, node)],
  infer: ({ outputCount }) =>
    Array.from({ length: outputCount }, () => ({ reason: "local functions call each other too deeply" })),
  lower: (node) => ({ layers: node.outputs.map((dims, i) => wholeLayer("opaque", node.inputs, dims, i)) }),
});

function callOf(body: OnnxFunction, node: NodeContext): Expansion {
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
