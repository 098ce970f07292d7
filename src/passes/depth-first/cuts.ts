/** Where a network is cut into stacks by the weights that its layers hold (DF §3.1). */
import { chain, type Hierarchy, type Memory, replicas } from "../../ir/accelerator.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { type GraphNode, type NodeGraph, predecessors } from "./graph.js";
import { operandBits } from "./operands.js";

export interface CutsPolicy {
  /** Bits of weights that one stack may hold. */
  budget(graph: NodeGraph, hierarchy: Hierarchy): number;
  /** Nodes after which the weight budget ends a stack, in topological order; stack inputs may be among them. */
  automatic(graph: NodeGraph, hierarchy: Hierarchy): readonly string[];
  /** Whether a cut after this node is taken for no cut at all. */
  isAbsent(cut: string, graph: NodeGraph): boolean;
}

/** Bits of the highest memory on chip on the weight chain; of the only memory where there is one. */
function weightBudget(graph: NodeGraph, hierarchy: Hierarchy, capacityOf: (memory: Memory) => number): number {
  const operand = graph.nodes.flatMap(({ weights }) => weights)[0]?.memoryOperand ?? "I2";
  const memories = chain(hierarchy, operand);
  const memory = memories.at(-2) ?? memories.at(-1);
  return memory === undefined ? 0 : capacityOf(memory);
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

/** Greedy packing of units into stacks; one that is too large for the budget alone is broken down completely. */
function cutsByBudget(units: readonly (readonly GraphNode[])[], budget: number): readonly string[] {
  const cuts: string[] = [];
  let packed = 0;
  let last: string | undefined;
  const cutAfter = (id: string | undefined): void => {
    if (id !== undefined && cuts.at(-1) !== id) cuts.push(id);
  };
  for (const unit of units) {
    const weight = unitWeight(unit);
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
}

const unitWeight = (unit: readonly GraphNode[]): number => unit.reduce((sum, node) => sum + weightBits(node), 0);

/** One instance of a replicated memory is the budget (DF-Q3); small layers of a large unit stay alone (DF-Q4). */
const published: CutsPolicy = {
  budget: (graph, hierarchy) => weightBudget(graph, hierarchy, ({ size }) => size),
  automatic: (graph, hierarchy) => cutsByBudget(units(graph), published.budget(graph, hierarchy)),
  isAbsent: (cut, graph) => cut === "0" && graph.nodes.every(({ id }) => /^-?\d+$/.test(id)), // names are never taken so: DF-Q2
};

/** All instances count; layers of a unit that is too large are packed one by one; every id is an id. */
const corrected: CutsPolicy = {
  budget: (graph, hierarchy) =>
    weightBudget(graph, hierarchy, (memory) => memory.size * replicas(hierarchy.array, memory)),
  automatic(graph, hierarchy) {
    const budget = corrected.budget(graph, hierarchy);
    const pieces = units(graph).flatMap((unit) => (unitWeight(unit) > budget ? unit.map((node) => [node]) : [unit]));
    return cutsByBudget(pieces, budget);
  },
  isAbsent: () => false,
};

/** Bits of a node's constant operands. */
export const weightBits = ({ weights, loops }: GraphNode): number =>
  weights.reduce((sum, operand) => sum + operandBits(operand, loops), 0);

/** Bits of the constant operands of a whole graph. */
export const totalWeightBits = (graph: NodeGraph): number =>
  graph.nodes.reduce((sum, node) => sum + weightBits(node), 0);

export const CUTS: Behaviours<RuleSet["cuts"], CutsPolicy> = {
  published: { quirks: ["DF-Q2", "DF-Q3", "DF-Q4"], rule: published },
  corrected: { quirks: ["DF-Q2", "DF-Q3", "DF-Q4"], rule: corrected },
};
