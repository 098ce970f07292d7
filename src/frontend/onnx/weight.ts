/** How much work a list of nodes is before anybody copies it: bodies of control flow hold further nodes, calls of functions stand for some. */
import { functionKey, type OnnxFunction, type OnnxGraph, type OnnxNode } from "./model.js";

type Functions = ReadonlyMap<string, OnnxFunction>;

export interface Weight {
  /** Nodes, initializers and outputs, those of bodies in bodies included. */
  readonly nodes: number;
  /** Nodes that are made where all of this is told as its parts: a node in a body is copied once per body around it, those of a function once per call. */
  readonly copies: number;
  /** Bodies in bodies. */
  readonly depth: number;
}

/** Functions may hand on bodies that hold themselves many times over: each list is looked at once. */
const known = new WeakMap<readonly OnnxNode[], Weight>();

/** Of a function that calls itself, inside itself. */
const NOTHING: Weight = { nodes: 0, copies: 0, depth: 0 };

/** @param functions - those that the nodes may call; of one model, as its lists are remembered */
export function weigh(list: readonly OnnxNode[], functions: Functions): Weight {
  const before = known.get(list);
  if (before !== undefined) return before;
  known.set(list, NOTHING);
  let [nodes, inside, depth] = [list.length, 0, 0];
  for (const node of list) {
    const called =
      node.isInternal || functions.size === 0 ? undefined : functions.get(functionKey(node.domain, node.opType));
    if (called !== undefined) inside += weigh(called.nodes, functions).copies;
    for (const attribute of node.attributes.values())
      for (const graph of attribute.kind === "graphs" ? attribute.value : []) {
        const body = weigh(graph.nodes, functions);
        nodes += body.nodes + own(graph);
        inside += body.copies;
        depth = Math.max(depth, body.depth + 1);
      }
  }
  const weight = { nodes, copies: nodes + inside, depth };
  known.set(list, weight);
  return weight;
}

const own = ({ initializers, outputs }: OnnxGraph): number => initializers.length + outputs.length;
