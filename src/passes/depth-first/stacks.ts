/** Stacks from cuts (DF §3.2): every layer in one stack, every stack with one output. */
import type { StackInput } from "../../ir/facts.js";
import { type Layer, loopSize, type Network, outputOf, type TensorId } from "../../ir/network.js";
import { axisRole } from "./domain.js";
import { dataInputs, type GraphNode, type NodeGraph, predecessors } from "./graph.js";
import { elements, extentAlong, loopsAt, type Pair } from "./operands.js";

/** Nodes of one stack, and where its sink stands. */
export interface StackNodes {
  /** Layers and network inputs of the stack, in the order of the network. */
  readonly members: ReadonlySet<string>;
  readonly sink: string;
}

/**
 * Splits a graph at cuts, each the last node of its stack. A stack is what its last node depends on and no earlier stack has.
 *
 * @param cuts - ids of nodes, in any order
 * @param isAbsent - cuts that are taken for no cut (DF-Q2): such a stack runs to the end of the network, and the next starts at its inputs
 */
export function splitAt(
  graph: NodeGraph,
  cuts: readonly string[],
  isAbsent: (cut: string) => boolean = () => false,
): readonly StackNodes[] {
  const end = graph.nodes.at(-1);
  if (end === undefined) return [];
  const asked = new Set([...cuts, end.id]);
  const ordered = graph.nodes.map(({ id }) => id).filter((id) => asked.has(id));
  const done = new Set<string>();
  return ordered.flatMap((cut, index): readonly StackNodes[] => {
    const previous = ordered[index - 1];
    const isFromStart = previous === undefined || isAbsent(previous);
    const sink = isAbsent(cut) ? end.id : cut;
    const members = dependencies(graph, sink, isFromStart ? new Set() : done);
    for (const id of dependencies(graph, cut, done)) done.add(id);
    return members.size === 0 ? [] : [{ members, sink }];
  });
}

/** A node and everything that it depends on, except `known` nodes and what these depend on. */
function dependencies(graph: NodeGraph, id: string, known: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const work = [id];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (found.has(next) || known.has(next)) continue;
    found.add(next);
    work.push(...predecessors(graph.byId.get(next)!)); // producers are nodes of the graph
  }
  return found;
}

/**
 * Cuts that must be added so that every layer outside the published domain stands alone, no stack writes more than one feature map
 * that others read, and every output of the network ends a stack.
 *
 * @param outputs - tensors that leave the network
 */
export function forcedCuts(
  graph: NodeGraph,
  cuts: readonly string[],
  outside: ReadonlySet<string>,
  outputs: ReadonlySet<TensorId>,
): readonly string[] {
  const layers = graph.nodes.filter(({ layer }) => layer !== undefined);
  const readers = ({ id }: GraphNode): readonly GraphNode[] => graph.consumers.get(id) ?? [];
  const isForced = (node: GraphNode): boolean =>
    outside.has(node.id) ||
    outputs.has(node.tensor) ||
    readers(node).length === 0 ||
    readers(node).some(({ id }) => outside.has(id));
  const all = new Set([...cuts, ...layers.filter(isForced).map(({ id }) => id)]);
  for (let known = 0; known < all.size; ) {
    known = all.size;
    for (const { members, sink } of splitAt(graph, [...all])) {
      const leaves = (node: GraphNode): boolean => readers(node).some(({ id }) => !members.has(id));
      for (const node of layers) if (members.has(node.id) && node.id !== sink && leaves(node)) all.add(node.id);
    }
  }
  const [asked, end] = [new Set(cuts), graph.nodes.at(-1)?.id];
  return [...all].filter((id) => !asked.has(id) && id !== end);
}

/**
 * Feature maps that enter the network: read by layers, written by none. Their bits are what the model states, else the readers'; which
 * axes are rows and columns is what a reader says that the published model covers, where there is one.
 */
export function networkInputs(
  network: Network,
  outside: ReadonlySet<string>,
  bitsOf: (layer: Layer, operand: string) => number,
): readonly StackInput[] {
  const produced = new Set(network.layers.map((layer) => outputOf(layer).tensor));
  const reads = network.layers.flatMap((layer) => dataInputs(layer).map((operand) => ({ layer, operand })));
  const layerIds = new Set<string>(network.layers.map(({ id }) => id));
  return [...network.tensors.values()].flatMap((tensor): readonly StackInput[] => {
    const readers = reads.filter(({ operand }) => operand.tensor === tensor.id);
    const teller = readers.find(({ layer }) => !outside.has(layer.id)) ?? readers[0];
    if (teller === undefined || produced.has(tensor.id)) return [];
    const bits = tensor.bits ?? Math.max(...readers.map(({ layer, operand }) => bitsOf(layer, operand.name)));
    const id = layerIds.has(tensor.id) ? `${tensor.id} (input)` : tensor.id;
    return [{ id, tensor: tensor.id, loops: loopsOfMap(tensor.dims, teller.operand.axes.map(axisRole)), bits }];
  });
}

/** Extents of a stored feature map as `B K OY OX`; axes that are neither batch, rows nor columns are channels. */
export function loopsOfMap(dims: readonly number[], roles: readonly string[]): StackInput["loops"] {
  const product = (role: string): number =>
    dims.reduce((size, extent, axis) => (roles[axis] === role ? size * extent : size), 1);
  return (["B", "K", "OY", "OX"] as const).map((dim) => ({ dim, size: product(dim) }));
}

/**
 * A feature map that another stack wrote, as large as its readers in this stack want it: the largest map, the smallest number of
 * channels (DF §3.2). Layers outside the published domain read it as it is stored.
 */
export function artificialInput(
  number: number,
  producer: GraphNode,
  readers: readonly GraphNode[],
  full: ReadonlyMap<string, Pair>,
  outside: ReadonlySet<string>,
): StackInput {
  const operands = readers.flatMap((node) =>
    node.inputs.filter((operand) => operand.producer === producer.id).map((operand) => ({ node, operand })),
  );
  const wanted = operands.map(({ node, operand }) =>
    outside.has(node.id) ? declaredExtents(producer) : wantedExtents(node, operand, full),
  );
  const most = (key: "B" | "OX" | "OY"): number => Math.max(...wanted.map((extents) => extents[key]));
  return {
    id: `substack_input_layer_${number}`,
    tensor: producer.tensor,
    loops: [
      { dim: "B", size: most("B") },
      { dim: "K", size: Math.min(...wanted.map(({ K }) => K)) },
      { dim: "OY", size: most("OY") },
      { dim: "OX", size: most("OX") },
    ],
    bits: Math.max(...operands.map(({ operand }) => operand.bits)),
  };
}

type Extents = Readonly<Record<"B" | "K" | "OY" | "OX", number>>;

function wantedExtents(
  node: GraphNode,
  operand: GraphNode["inputs"][number],
  full: ReadonlyMap<string, Pair>,
): Extents {
  const loops = loopsAt(node.loops, full.get(node.id)!); // the trace of the network reaches every node
  const [OX, OY] = [extentAlong(operand, loops, "OX"), extentAlong(operand, loops, "OY")];
  const B = operand.relevant.includes("B") ? loopSize(loops, "B") : 1;
  return { B, K: elements(operand, loops) / (B * OX * OY), OY, OX };
}

function declaredExtents({ loops, output }: GraphNode): Extents {
  const [B, OY, OX] = [loopSize(loops, "B", 1), loopSize(loops, "OY", 1), loopSize(loops, "OX", 1)];
  return { B, K: elements(output, loops) / (B * OX * OY), OY, OX };
}
