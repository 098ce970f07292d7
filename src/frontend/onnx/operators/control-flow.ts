/** Bodies of control flow: their nodes are costed as often as they run. */
import { attributeValue, operandValue } from "../../../ir/diagnostics/onnx.js";
import { normalizeAxis } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { type Expansion, INTERNAL, part } from "../expansion.js";
import { numbersOf } from "../fold.js";
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from "../model.js";
import { fail, type NodeContext, type OperatorDefinition } from "../operator.js";
import { costedWhole } from "../recipe.js";
import { MAX_EXTENT } from "../symbols.js";

const tooLittleKnown = (what: string) => (node: NodeContext) =>
  Array.from({ length: node.outputCount }, () => ({ reason: `${what} of '${node.loc.node ?? ""}' is not known` }));

function bodyOf(node: NodeContext, name: string): OnnxGraph {
  const graph = node.attributes.graph(name);
  return graph ?? fail(attributeValue(node.loc, name, "left out", "a graph"));
}

/** A condition that is known chooses its branch; else the branch that computes more stands for both. */
export const branch: OperatorDefinition = {
  opTypes: ["If"],
  expandsUnknown: true,
  expand(node) {
    const condition = numbersOf(node.inputs[0])?.[0];
    const names = ["then_branch", "else_branch"];
    const chosen = condition === undefined ? names : [condition !== 0 ? "then_branch" : "else_branch"];
    return chosen.map((name) => {
      const { nodes, outputs, initializers } = bodyOf(node, name);
      const why =
        chosen.length > 1
          ? "which branch runs is decided at run time; costed as its larger one"
          : "the condition is known; it runs as its";
      return {
        nodes,
        inputs: [],
        outputs: outputs.map((output) => output.name),
        initializers,
        reason: `${why}, ${name}`,
      };
    });
  },
  infer: tooLittleKnown("the branch"),
  ...costedWhole(),
};

const int = (value: number): OnnxAttribute => ({ kind: "int", value });
const inner = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
) => part(opType, inputs, [output], attributes, INTERNAL);

/** Names of the values around a body, beside those that the body gives its own. */
const outer = (i: number): string => `:outer-${i}`;

/** Inputs: the trip count, the condition to go on, and what the iterations hand on to each other. */
export const loop: OperatorDefinition = {
  opTypes: ["Loop"],
  expandsUnknown: true,
  expand: (node) => [loopOf(node)],
  infer: tooLittleKnown("the body"),
  ...costedWhole(),
};

function loopOf(node: NodeContext): Expansion {
  const body = bodyOf(node, "body");
  const limit = numbersOf(node.inputs[0])?.[0];
  if (limit !== undefined && !Number.isInteger(limit))
    fail(operandValue(node.loc, "the trip count", String(limit), "a whole number"));
  const isOff = node.inputs[1] !== undefined && numbersOf(node.inputs[1])?.[0] === 0;
  if (isOff || (limit !== undefined && limit < 1))
    return neverRuns(node, { first: 2, end: node.inputs.length }, body.outputs.length - 1);
  const isBounded = limit !== undefined && limit < MAX_EXTENT;
  const times = isBounded ? limit : 1;
  const isExact = isBounded && goesOn(node, body);
  const [iteration, condition, ...carried] = body.inputs.map(({ name }) => name);
  const enter = [
    ...(iteration === undefined ? [] : [inner("Carry", [":iteration"], iteration)]),
    ...(condition === undefined
      ? []
      : [inner("Carry", [node.inputs[1] === undefined ? ":condition" : outer(1)], condition)]),
    ...carried.map((name, i) => inner("Carry", [outer(i + 2)], name)),
  ];
  const results = body.outputs.slice(1).map(({ name }) => name);
  const leave = results.map((name, i) =>
    i < carried.length
      ? inner("Result", [name, outer(i + 2)], `:result-${i}`, { times: int(times) })
      : inner("Stack", [name], `:result-${i}`, isExact ? { times: int(times) } : {}),
  );
  return {
    nodes: [...enter, ...body.nodes, ...leave],
    inputs: node.inputs.map((_, i) => outer(i)),
    outputs: results.map((_, i) => `:result-${i}`),
    initializers: [...body.initializers, scalar(":iteration", DATA_TYPE.int64), scalar(":condition", DATA_TYPE.bool)],
    repeat: times,
    reason: isBounded
      ? `its body is costed ${isExact ? "" : "at most "}${times} times`
      : "how often its body runs is decided at run time; costed once",
  };
}

/** What goes in comes out; nothing is there of what the iterations would have left. */
function neverRuns(node: NodeContext, states: { first: number; end: number }, outputCount: number): Expansion {
  const carried = node.inputs.slice(states.first, states.end).map((_, i) => outer(i + states.first));
  return {
    nodes: [],
    inputs: node.inputs.map((_, i) => outer(i)),
    outputs: Array.from({ length: Math.max(0, outputCount) }, (_, i) => carried[i] ?? ""),
    reason: "its body never runs",
  };
}

const scalar = (name: string, type: number): OnnxTensor => ({ name, dims: [], type });

/** The condition is true from the start and the body only hands it on. */
function goesOn(node: NodeContext, body: OnnxGraph): boolean {
  if (node.inputs[1] !== undefined && numbersOf(node.inputs[1])?.[0] !== 1) return false;
  const writers = new Map<string, OnnxNode>(
    body.nodes.flatMap((writer) => writer.outputs.map((name) => [name, writer])),
  );
  let name = body.outputs[0]?.name ?? "";
  for (let writer = writers.get(name); writer !== undefined; writer = writers.get(name)) {
    if (writer.opType === "Constant") return true;
    if (writer.opType !== "Identity" && writer.opType !== "Cast") return false;
    name = writer.inputs[0] ?? "";
    writers.delete(writer.outputs[0] ?? "");
  }
  return name === body.inputs[1]?.name || body.initializers.some((tensor) => tensor.name === name);
}

/** Inputs: what the iterations hand on, then tensors of which each iteration takes one slice. Operator set 8 had a batch, too. */
export const scan: OperatorDefinition = {
  opTypes: ["Scan"],
  expandsUnknown: true,
  expand: (node) => (node.opset < 9 ? [] : [scanOf(node)]),
  infer: tooLittleKnown("the body"),
  ...costedWhole(),
};

function scanOf(node: NodeContext): Expansion {
  const body = bodyOf(node, "body");
  const sliced = node.attributes.int("num_scan_inputs") ?? 0;
  const states = node.inputs.length - sliced;
  if (sliced < 1 || states < 0)
    fail(attributeValue(node.loc, "num_scan_inputs", String(sliced), `a number from 1 to ${node.inputs.length}`));
  const axisOf = (name: string, i: number) => node.attributes.ints(name)?.[i] ?? 0;
  const first = node.inputs[states]?.shape;
  const extent = first?.[normalizeAxis(node, axisOf("scan_input_axes", 0), first.length)];
  if (extent === 0) return neverRuns(node, { first: 0, end: states }, body.outputs.length);
  const times = typeof extent === "number" ? extent : undefined;
  const enter = body.inputs.map(({ name }, i) =>
    i < states
      ? inner("Carry", [outer(i)], name)
      : inner("ScanSlice", [outer(i)], name, {
          axis: int(axisOf("scan_input_axes", i - states)),
          times: int(times ?? 1),
        }),
  );
  const leave = body.outputs.map(({ name }, i) =>
    i < states
      ? inner("Result", [name, outer(i)], `:result-${i}`, { times: int(times ?? 0) })
      : inner("Stack", [name], `:result-${i}`, {
          axis: int(axisOf("scan_output_axes", i - states)),
          ...(times !== undefined && { times: int(times) }),
        }),
  );
  return {
    nodes: [...enter, ...body.nodes, ...leave],
    inputs: node.inputs.map((_, i) => outer(i)),
    outputs: body.outputs.map((_, i) => `:result-${i}`),
    initializers: body.initializers,
    repeat: times ?? 1,
    reason:
      times === undefined ? "how often its body runs is not known; costed once" : `its body is costed ${times} times`,
  };
}
