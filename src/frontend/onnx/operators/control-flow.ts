/** Bodies of control flow: their nodes are costed as often as they run. */
import {
  attributeValue,
  missingOperand,
  operandValue,
  outputCount,
  shapeMismatch,
} from "../../../ir/diagnostics/onnx.js";
import { normalizeAxis } from "../axes.js";
import { DATA_TYPE } from "../data-type.js";
import { type Expansion, INTERNAL, part } from "../expansion.js";
import { contradicts } from "../extent.js";
import { numbersOf } from "../fold.js";
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from "../model.js";
import { fail, type NodeContext, type OperatorDefinition } from "../operator.js";
import { costedWhole } from "../recipe.js";
import { MAX_EXTENT } from "../symbols.js";

const tooLittleKnown = (what: string) => (node: NodeContext) =>
  Array.from({ length: node.outputCount }, () => ({ reason: `${what} of '${node.loc.node ?? ""}' is not known` }));

/** @param outputs - those of the body that are not outputs of the node */
function bodyOf(node: NodeContext, name: string, outputs = 0): OnnxGraph {
  const graph = node.attributes.graph(name);
  if (graph === undefined) return fail(attributeValue(node.loc, name, "left out", "a graph"));
  const found = graph.outputs.length - outputs;
  if (found < node.outputCount)
    fail(outputCount(node.loc, node.opType, node.outputCount, `'${name}' gives ${Math.max(0, found)}`));
  return graph;
}

/** @throws DiagnosticError when the body takes more or fewer values than the node hands to it */
function checkBodyInputs({ loc }: NodeContext, { inputs }: OnnxGraph, handed: number): void {
  if (inputs.length !== handed)
    fail(shapeMismatch(loc, `'body' takes ${inputs.length} values`, `${handed}, as the node hands them to it`));
}

/** A condition that is known chooses its branch; else the branch that computes more stands for both. */
export const branch: OperatorDefinition = {
  opTypes: ["If"],
  expandsUnknown: true,
  expand(node) {
    if (node.inputs.length === 0) fail(missingOperand(node.loc, node.opType, 0));
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
  const body = bodyOf(node, "body", 1);
  checkBodyInputs(node, body, Math.max(2, node.inputs.length));
  const trips = tripsOf(node, body);
  if (trips === 0) return neverRuns(node, { first: 2, end: node.inputs.length }, body.outputs.length - 1);
  const { times, isExact, reason } = trips;
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
    reason,
  };
}

interface Trips {
  readonly times: number;
  /** It runs as often, whatever it computes. */
  readonly isExact: boolean;
  readonly reason: string;
}

/** Limits from here on mean that there is none, unless the loop runs that often for certain. */
const NO_LIMIT = MAX_EXTENT - 1;

/** How often the body runs. */
function tripsOf(node: NodeContext, body: OnnxGraph): Trips | 0 {
  const limit = numbersOf(node.inputs[0])?.[0];
  if (limit !== undefined && !Number.isInteger(limit))
    fail(operandValue(node.loc, "the trip count", String(limit), "a whole number"));
  const start = node.inputs[1] === undefined ? 1 : numbersOf(node.inputs[1])?.[0];
  if (start === 0 || (limit !== undefined && limit < 1)) return 0;
  const next = start === undefined ? undefined : conditionAfter(body);
  if (next === false) return { times: 1, isExact: true, reason: "its condition ends it: its body is costed once" };
  const isExact = next === true && limit !== undefined && limit < 2 ** 63;
  if (limit === undefined || (!isExact && limit >= NO_LIMIT))
    return { times: 1, isExact: false, reason: "how often its body runs is decided at run time; costed once" };
  const count = limit === 1 ? "once" : `${limit} times`;
  return { times: limit, isExact, reason: `its body is costed ${isExact ? "" : "at most "}${count}` };
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

/** The condition after an iteration, where that is always the same; `true` where it is what the iteration was given. */
function conditionAfter(body: OnnxGraph): boolean | undefined {
  const writers = new Map<string, OnnxNode>(
    body.nodes.flatMap((writer) => writer.outputs.map((name) => [name, writer])),
  );
  let name = body.outputs[0]?.name ?? "";
  for (let writer = writers.get(name); writer !== undefined; writer = writers.get(name)) {
    if (writer.opType === "Constant") return truthOf(writer.attributes.get("value"));
    if (writer.opType !== "Identity" && writer.opType !== "Cast") return undefined;
    name = writer.inputs[0] ?? "";
    writers.delete(writer.outputs[0] ?? "");
  }
  if (name === body.inputs[1]?.name) return true;
  const initializer = body.initializers.find((tensor) => tensor.name === name);
  return initializer === undefined ? undefined : truthOf({ kind: "tensor", value: initializer });
}

/** Of a constant that the file holds. */
function truthOf(attribute: OnnxAttribute | undefined): boolean | undefined {
  const [element] = attribute?.kind === "tensor" ? (attribute.value.elements ?? []) : [];
  return element === undefined ? undefined : element !== 0;
}

/** Inputs: what the iterations hand on, then tensors of which each iteration takes one slice. */
export const scan: OperatorDefinition = {
  opTypes: ["Scan"],
  expandsUnknown: true,
  expand: (node) => [node.opset < 9 ? batchOf(node) : scanOf(node)],
  infer: tooLittleKnown("the body"),
  ...costedWhole(),
};

/** What operator set 8 does for each element of a batch. */
export const batchedScan: OperatorDefinition = {
  opTypes: ["ScanOfBatch"],
  domains: [INTERNAL],
  expandsUnknown: true,
  expand: (node) => [scanOf(node)],
  infer: tooLittleKnown("the body"),
  ...costedWhole(),
};

/** Operator set 8: the first input has lengths, and the first axis of all others and of all outputs is a batch. */
function batchOf(node: NodeContext): Expansion {
  const body = bodyOf(node, "body");
  const { length } = body.outputs;
  const batch = node.inputs.slice(1).find((input) => input !== undefined)?.shape[0];
  const times = typeof batch === "number" ? { times: int(batch) } : {};
  const own = node.inputs.slice(1).map((_, i) => `:own-${i}`);
  const results = body.outputs.map((_, i) => `:of-batch-${i}`);
  const attributes = { body: { kind: "graphs", value: [body] } as const, num_scan_inputs: int(scanCount(node)) };
  return {
    nodes: [
      ...own.map((name, i) => inner("ScanSlice", [outer(i + 1)], name, times)),
      part("ScanOfBatch", own, results, attributes, INTERNAL),
      ...results.map((name, i) => inner("Stack", [name], `:result-${i}`, times)),
    ],
    inputs: node.inputs.map((_, i) => outer(i)),
    outputs: Array.from({ length }, (_, i) => `:result-${i}`),
    repeat: typeof batch === "number" ? batch : 1,
    reason:
      typeof batch === "number"
        ? `costed for each of ${batch} elements of its batch`
        : "the batch is not known; costed once",
  };
}

const scanCount = ({ attributes }: NodeContext): number => attributes.int("num_scan_inputs") ?? 0;

function scanOf(node: NodeContext): Expansion {
  const body = bodyOf(node, "body");
  checkBodyInputs(node, body, node.inputs.length);
  const sliced = scanCount(node);
  const states = node.inputs.length - sliced;
  if (sliced < 1 || states < 0)
    fail(attributeValue(node.loc, "num_scan_inputs", String(sliced), `a number from 1 to ${node.inputs.length}`));
  const axisOf = (name: string, i: number) => node.attributes.ints(name)?.[i] ?? 0;
  const extents = node.inputs.slice(states).flatMap((input, i) => {
    if (input === undefined) return [];
    return [input.shape[normalizeAxis(node, axisOf("scan_input_axes", i), input.shape.length)] ?? 1];
  });
  const extent = extents.find((length) => typeof length === "number");
  if (extents.some((length) => contradicts(length, extent ?? length)))
    fail(shapeMismatch(node.loc, `the scanned inputs have ${extents.join(", ")} slices`, "as many of each"));
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
