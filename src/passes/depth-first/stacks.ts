/** Stacks from cuts (DF §3.2): every layer in one stack, every stack with one output. */
import type { StackInput } from "../../ir/facts.js";
import { type Layer, loopSize, type Network, outputOf, type TensorId, tensorId } from "../../ir/network.js";
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
 * Splits a graph at cuts, each the last node of its stack.
 *
 * @param cuts - ids of nodes, in any order
 * @param isAbsent - cuts that are taken for no cut (DF-Q2): such a stack runs to the end of the network, and the next starts at its inputs
 */
export function splitAt(
  graph: NodeGraph,
  cuts: readonly string[],
  isAbsent: (cut: string) => boolean = () => false,
): readonly StackNodes[] {
  const end = graph.nodes.at(-1)?.id;
  const asked = new Set(cuts);
  const ordered = graph.nodes.map(({ id }) => id).filter((id) => asked.has(id) && id !== end);
  const done = new Set<string>();
  return [...ordered, end].flatMap((cut, index): readonly StackNodes[] => {
    const previous = ordered[index - 1];
    const before = previous === undefined || isAbsent(previous) ? new Set<string>() : new Set(done);
    const sink = cut !== undefined && isAbsent(cut) ? end : cut;
    if (sink === undefined || cut === undefined) return [];
    const members = [...ancestors(graph, sink)].filter((id) => !before.has(id));
    for (const id of ancestors(graph, cut)) done.add(id);
    return members.length === 0 ? [] : [{ members: new Set(members), sink }];
  });
}

/** A node and everything that it depends on. */
export function ancestors(graph: NodeGraph, id: string): ReadonlySet<string> {
  const found = new Set<string>();
  const work = [id];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    work.push(...predecessors(graph.byId.get(next)!)); // producers are nodes of the graph
  }
  return found;
}

/**
 * Cuts that must be added so that every layer outside the published domain stands alone, no stack writes more than one feature map
 * that others read, and every output of the network ends a stack.
 */
export function forcedCuts(graph: NodeGraph, cuts: readonly string[], outside: ReadonlySet<string>): readonly string[] {
  const layers = graph.nodes.filter(({ layer }) => layer !== undefined);
  const outputs = layers.filter(({ id }) => graph.consumers.get(id)?.length === 0).map(({ id }) => id);
  const feeding = layers.filter(({ id }) => graph.consumers.get(id)?.some((node) => outside.has(node.id)));
  const all = new Set([...cuts, ...outputs, ...outside, ...feeding.map(({ id }) => id)]);
  for (let known = 0; known < all.size; ) {
    known = all.size;
    for (const { members, sink } of splitAt(graph, [...all])) {
      const leaves = (id: string): boolean =>
        id !== sink && graph.byId.get(id)?.layer !== undefined && isReadOutside(graph, id, members);
      for (const id of members) if (leaves(id)) all.add(id);
    }
  }
  return [...all].filter((id) => !cuts.includes(id) && id !== graph.nodes.at(-1)?.id);
}

const isReadOutside = (graph: NodeGraph, id: string, members: ReadonlySet<string>): boolean =>
  graph.consumers.get(id)?.some((consumer) => !members.has(consumer.id)) ?? false;

/** Feature maps that enter the network: read by layers, written by none. Their bits are what the model states, else the readers'. */
export function networkInputs(
  network: Network,
  produced: ReadonlySet<TensorId>,
  bitsOf: (layer: Layer, operand: string) => number,
): readonly StackInput[] {
  const reads = network.layers.flatMap((layer) => dataInputs(layer).map((operand) => ({ layer, operand })));
  const entering = new Set(reads.map(({ operand }) => operand.tensor).filter((tensor) => !produced.has(tensor)));
  return [...network.tensors.values()]
    .filter(({ id }) => entering.has(id))
    .map((tensor) => {
      const readers = reads.filter(({ operand }) => operand.tensor === tensor.id);
      const roles = readers[0]!.operand.axes.map(axisRole); // someone reads it
      const bits = tensor.bits ?? Math.max(...readers.map(({ layer, operand }) => bitsOf(layer, operand.name)));
      return { id: tensor.id, tensor: tensor.id, loops: loopsOfMap(tensor.dims, roles), bits };
    });
}

/** Extents of a stored feature map as `B K OY OX`; axes that are neither batch, rows nor columns are channels. */
function loopsOfMap(dims: readonly number[], roles: readonly string[]): StackInput["loops"] {
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
    tensor: tensorOf(producer),
    loops: [
      { dim: "B", size: most("B") },
      { dim: "K", size: Math.min(...wanted.map(({ K }) => K)) },
      { dim: "OY", size: most("OY") },
      { dim: "OX", size: most("OX") },
    ],
    bits: Math.max(...operands.map(({ operand }) => operand.bits)),
  };
}

/** A network input is a node named after its tensor. */
function tensorOf({ id, layer }: GraphNode): TensorId {
  if (layer === undefined) return tensorId(id);
  const { tensor } = outputOf(layer);
  if (tensor === undefined) throw new Error(`layer '${id}' writes no tensor`);
  return tensor;
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
