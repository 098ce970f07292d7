/** How much work a list of nodes is before anybody copies it: bodies of control flow hold further nodes. */
import type { OnnxGraph, OnnxNode } from "./model.js";

export interface Weight {
  /** Nodes, initializers and outputs, those of bodies in bodies included. */
  readonly nodes: number;
  /** Bodies in bodies. */
  readonly depth: number;
}

/** Functions may hand on bodies that hold themselves many times over: each list is looked at once. */
const known = new WeakMap<readonly OnnxNode[], Weight>();

export function weigh(list: readonly OnnxNode[]): Weight {
  const before = known.get(list);
  if (before !== undefined) return before;
  let [nodes, depth] = [list.length, 0];
  for (const { attributes } of list)
    for (const attribute of attributes.values())
      if (attribute.kind === "graphs")
        for (const graph of attribute.value) {
          const inside = weigh(graph.nodes);
          nodes += inside.nodes + own(graph);
          depth = Math.max(depth, inside.depth + 1);
        }
  const weight = { nodes, depth };
  known.set(list, weight);
  return weight;
}

const own = ({ initializers, outputs }: OnnxGraph): number => initializers.length + outputs.length;
