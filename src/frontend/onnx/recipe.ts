/** Operators that are told as a graph of simpler ones, written down step by step. */
import type { Attributes } from "../../ir/network.js";
import { DATA_TYPE } from "./data-type.js";
import { type Expansion, part } from "./expansion.js";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./model.js";
import { wholeLayer } from "./opaque.js";
import type { NodeContext, OperatorDefinition } from "./operator.js";

/** Whole numbers, words and lists of whole numbers. */
type Plain = Readonly<Record<string, PlainValue>>;
type PlainValue = number | string | readonly number[];

export interface Recipe {
  /** Name of an input of the node; empty where it is left out. */
  input(position: number): string;
  /** Adds a node and returns the name of its output, which is its own. */
  add(
    name: string,
    opType: string,
    inputs: readonly string[],
    attributes?: Plain | ReadonlyMap<string, OnnxAttribute>,
    domain?: string,
  ): string;
  /** Adds a node with several outputs. */
  several(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: ReadonlyMap<string, OnnxAttribute>,
  ): void;
  /** Cuts a value along its last axis. */
  split(from: string, lengths: string, names: readonly string[]): void;
  /** A list of 64-bit integers as a constant. */
  integers(name: string, elements: readonly number[]): string;
  /** A float constant of which the elements do not matter. */
  zeros(name: string, dims: readonly number[]): string;
  /** A constant of one number. */
  scalar(name: string, element: number): string;
  /** @param outputs - by position; empty for one that is not computed */
  finish(outputs: readonly string[], reason?: string): Expansion;
}

/** Operator set that recipes are written in. */
const OPSETS: ReadonlyMap<string, number> = new Map([
  ["", 21],
  ["com.microsoft", 1],
]);

export function recipe(node: NodeContext): Recipe {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs = node.inputs.map((_, i) => `input ${i}`);
  const constant = (name: string, dims: readonly number[], type: number, elements: readonly number[]) => {
    initializers.push({ name, dims, type, elements });
    return name;
  };
  return {
    input: (position) => (node.inputs[position] === undefined ? "" : (inputs[position] ?? "")),
    add(name, opType, from, attributes = {}, domain = "") {
      nodes.push({ ...part(opType, from, [name], {}, domain), attributes: typed(attributes) });
      return name;
    },
    several: (opType, from, outputs, attributes) => void nodes.push({ ...part(opType, from, outputs), attributes }),
    split: (from, lengths, names) =>
      void nodes.push(part("Split", [from, lengths], names, { axis: { kind: "int", value: -1 } })),
    integers: (name, elements) => constant(name, [elements.length], DATA_TYPE.int64, elements),
    zeros: (name, dims) => {
      initializers.push({ name, dims, type: DATA_TYPE.float });
      return name;
    },
    scalar: (name, element) => constant(name, [], DATA_TYPE.float, [element]),
    finish: (
      outputs,
      reason = nodes.length === 1 ? "told as one other operator" : `told as its ${nodes.length} parts`,
    ) => ({
      nodes,
      inputs,
      outputs,
      initializers,
      opsets: OPSETS,
      reason,
    }),
  };
}

const typed = (attributes: Plain | ReadonlyMap<string, OnnxAttribute>): ReadonlyMap<string, OnnxAttribute> =>
  attributes instanceof Map
    ? attributes
    : new Map(Object.entries(attributes as Plain).map(([key, value]) => [key, attributeOf(value)] as const));

function attributeOf(value: PlainValue): OnnxAttribute {
  if (typeof value === "number") return { kind: "int", value };
  return typeof value === "string" ? { kind: "string", value } : { kind: "ints", value };
}

/** What an operator that cannot be told as its parts reads and writes. */
export const costedWhole = (attributes: Attributes = {}): Pick<OperatorDefinition, "lower"> => ({
  lower: (node) => ({
    layers: node.outputs.map((dims, i) => ({ ...wholeLayer("opaque", node.inputs, dims, i), attributes })),
  }),
});

/**
 * An operator that stands for the graph that `expand` tells.
 *
 * @param expand - `undefined` where too little is known; the node is then costed as a whole if its output is declared
 */
export const composite = (
  opTypes: readonly string[],
  domains: readonly string[],
  expand: (node: NodeContext) => Expansion | undefined,
): OperatorDefinition => ({
  opTypes,
  domains,
  expand(node) {
    const expansion = expand(node);
    return expansion === undefined ? [] : [expansion];
  },
  infer: ({ opType, outputCount, loc }) =>
    Array.from({ length: outputCount }, () => ({
      reason: `too little is known of node '${loc.node ?? opType}' to tell its parts`,
    })),
  ...costedWhole(),
});
