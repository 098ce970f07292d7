/** Where a network is cut into stacks by the weights that its layers hold (DF §3.1). */
import { chain, type Hierarchy } from "../../ir/accelerator.js";
import type { RuleSet } from "../../ir/rules.js";
import { type GraphNode, type NodeGraph, predecessors } from "./graph.js";
import { operandBits } from "./operands.js";

export interface CutsPolicy {
  /** Nodes after which the weight budget ends a stack, in topological order; stack inputs may be among them. */
  automatic(graph: NodeGraph, hierarchy: Hierarchy): readonly string[];
  /** Whether a cut after this node is taken for no cut at all. */
  isAbsent(cut: string, graph: NodeGraph): boolean;
}

/** Bits of one instance of the highest memory on chip on the weight chain (DF-Q3); the only memory where there is one. */
export function weightBudget(graph: NodeGraph, hierarchy: Hierarchy): number {
  const operand = graph.nodes.flatMap(({ weights }) => weights)[0]?.memoryOperand ?? "I2";
  const memories = chain(hierarchy, operand);
  return (memories.at(-2) ?? memories.at(-1))?.size ?? 0;
}

/**
 * Units that are never cut inside: from one point at which a single feature map is alive to the next. A node that forks still closes
 * its own unit; the fan-out of the first node is not counted.
 */
function units(graph: NodeGraph): readonly (readonly GraphNode[])[] {
  const [first, ...rest] = graph.nodes;
  const found: GraphNode[][] = [[...(first === undefined ? [] : [first])]];
  let branches = 1;
  for (const [index, node] of rest.entries()) {
    branches -= predecessors(node).length - 1;
    found.at(-1)!.push(node); // starts with one unit
    if (branches === 1 && index < rest.length - 1) found.push([]);
    branches += (graph.consumers.get(node.id)?.length ?? 0) - 1;
  }
  return found;
}

/** Greedy packing of units; one that is too large for the budget alone is broken down completely (DF-Q4). */
const published: CutsPolicy = {
  automatic(graph, hierarchy) {
    const budget = weightBudget(graph, hierarchy);
    const cuts: string[] = [];
    let packed = 0;
    let last: string | undefined;
    const cutAfter = (id: string | undefined): void => {
      if (id !== undefined && cuts.at(-1) !== id) cuts.push(id);
    };
    for (const unit of units(graph)) {
      const weight = unit.reduce((sum, node) => sum + weightBits(node), 0);
      if (weight > budget) {
        cutAfter(last);
        for (const { id } of unit) cuts.push(id);
        packed = 0;
      } else if (packed + weight > budget) {
        cutAfter(last);
        packed = weight;
      } else packed += weight;
      last = unit.at(-1)?.id;
    }
    return cuts;
  },
  isAbsent: (cut, graph) => cut === "0" && graph.nodes.every(({ id }) => /^-?\d+$/.test(id)), // names are never taken so: DF-Q2
};

/** Bits of a node's constant operands. */
export const weightBits = ({ weights, loops }: GraphNode): number =>
  weights.reduce((sum, operand) => sum + operandBits(operand, loops), 0);

/** Bits of the constant operands of a whole graph. */
export const totalWeightBits = (graph: NodeGraph): number =>
  graph.nodes.reduce((sum, node) => sum + weightBits(node), 0);

/** `published` stands for DF-Q2, Q3 and Q4. */
export const CUTS: Readonly<Record<RuleSet["cuts"], CutsPolicy>> = { published };
