/** The network as the published model sees it, and its stacks in the same view. */

import { PRECISION, STACKS, type Stack, type StackInput, UNROLLING } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { LayerId, Network } from "../../ir/network.js";
import { type GraphSource, graphSource, type NodeGraph, nodeGraph } from "./graph.js";
import { mapSize, type Pair } from "./operands.js";
import { artificialInput, networkInputs, type StackNodes } from "./stacks.js";
import { fullSizes } from "./trace.js";

export interface NetworkView {
  readonly network: Network;
  readonly source: GraphSource;
  readonly graph: NodeGraph;
  /** Feature maps that enter the network. */
  readonly inputs: readonly StackInput[];
  /** Extents of every feature map, traced back from the network's output (DF §1.4). */
  readonly full: ReadonlyMap<string, Pair>;
}

/** @param outside - layers outside the published domain */
export function networkView(module: Module, outside: ReadonlySet<string>): NetworkView {
  const { network } = module;
  const source = graphSource(module, outside);
  const precision = module.get(PRECISION);
  const inputs = networkInputs(network, outside, ({ id }, operand) => precision.get(id)?.operands[operand] ?? 0);
  const graph = nodeGraph(source, network.layers, inputs);
  return { network, source, graph, inputs, full: fullSizes(graph, outside) };
}

/** A stack as a graph, with the extents of all feature maps of its network and of its own inputs. */
export interface StackView {
  readonly stack: Stack;
  readonly graph: NodeGraph;
  readonly full: ReadonlyMap<string, Pair>;
}

/** What the views of a list of stacks were made of. */
interface KnownViews {
  readonly sources: readonly unknown[];
  readonly views: readonly StackView[];
}

/** By the fact: the stacks of a sweep are the same at all its points. */
const KNOWN = new WeakMap<readonly Stack[], KnownViews>();

/** The stacks that a module has been cut into. */
export function stackViews(module: Module): readonly StackView[] {
  const stacks = module.get(STACKS);
  const sources = [module.network, module.get(PRECISION), module.get(UNROLLING)];
  const known = KNOWN.get(stacks);
  if (known?.sources.every((source, i) => source === sources[i])) return known.views;
  const views = viewsOf(module, stacks);
  KNOWN.set(stacks, { sources, views });
  return views;
}

function viewsOf(module: Module, stacks: readonly Stack[]): readonly StackView[] {
  const outside = new Set(stacks.flatMap(({ alone, layers }) => (alone === undefined ? [] : layers)));
  const view = networkView(module, outside);
  return stacks.map((stack) => {
    const members = new Set<LayerId>(stack.layers);
    const layers = module.network.layers.filter(({ id }) => members.has(id));
    const graph = nodeGraph(view.source, layers, stack.inputs);
    return { stack, graph, full: withInputs(view.full, stack) };
  });
}

/** Extents under which a stack's own inputs are known: a map that another stack wrote has a name of its own here. */
function withInputs(full: ReadonlyMap<string, Pair>, { inputs }: Stack): ReadonlyMap<string, Pair> {
  const sizes = new Map(full);
  for (const { id, loops } of inputs) if (!sizes.has(id)) sizes.set(id, mapSize(loops));
  return sizes;
}

/**
 * A stack as a fact: what it reads from outside, network inputs before maps of other stacks, both in topological order.
 */
export function formStack(
  { network, source, graph, inputs, full }: NetworkView,
  { members, sink }: StackNodes,
  id: string,
  alone: ReadonlyMap<LayerId, string>,
): Stack {
  const layers = network.layers.filter((layer) => members.has(layer.id));
  const outside = graph.nodes
    .filter((node) => !members.has(node.id))
    .map((producer) => ({
      producer,
      readers: graph.consumers.get(producer.id)!.filter((node) => members.has(node.id)),
    }))
    .filter(({ readers }) => readers.length > 0);
  const read = [
    ...inputs.filter((input) => members.has(input.id)),
    ...outside.map(({ producer, readers }, number) => artificialInput(number, producer, readers, full, source.outside)),
  ];
  const own = nodeGraph(source, layers, read);
  const last = own.nodes.at(-1)?.id;
  if (last !== sink) throw new Error(`stack ${id} ends with '${last}', not with '${sink}'`);
  const reason = layers.map((layer) => alone.get(layer.id)).find((text) => text !== undefined);
  return {
    id,
    inputs: read,
    layers: own.nodes.flatMap(({ layer }) => layer?.id ?? []),
    ...(reason !== undefined && { alone: reason }),
  };
}
