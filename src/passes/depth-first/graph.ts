/** Layers and stack inputs as the nodes of a graph: the published model's workload (DF §1.1). */
import { Graph } from "graphlib";
import type { MemoryOperand } from "../../ir/accelerator.js";
import { type Dim, loopsOf } from "../../ir/axis-map.js";
import { defaultLink } from "../../ir/dataflow.js";
import type { LayerPrecision, LayerUnrolling, StackInput } from "../../ir/facts.js";
import { PRECISION, UNROLLING } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import {
  inputsOf,
  type Layer,
  type Loop,
  loopSize,
  type Operand,
  outputOf,
  type TensorId,
  weightsOf,
} from "../../ir/network.js";
import { relevance, type SizedOperand } from "./operands.js";

/** An operand that another node produces. */
export interface InputOperand extends SizedOperand {
  readonly producer: string;
}

export interface GraphNode {
  readonly id: string;
  /** Absent for a stack input. */
  readonly layer?: Layer;
  /** What it writes. */
  readonly tensor: TensorId;
  /** Declared sizes. */
  readonly loops: readonly Loop[];
  readonly inputs: readonly InputOperand[];
  readonly weights: readonly SizedOperand[];
  readonly output: SizedOperand;
  /** Bits of an output element while it is summed. */
  readonly partialBits: number;
}

export interface NodeGraph {
  /** In topological order, generation after generation. */
  readonly nodes: readonly GraphNode[];
  readonly byId: ReadonlyMap<string, GraphNode>;
  /** Consumers of each node, each once, in the order of the network. */
  readonly consumers: ReadonlyMap<string, readonly GraphNode[]>;
  /** First node that nothing in the graph consumes, stack inputs before layers. */
  readonly sink: GraphNode;
}

/** What a node's operands are made of besides the layer itself. */
export interface GraphSource {
  readonly precision: ReadonlyMap<string, LayerPrecision>;
  readonly unrolling: ReadonlyMap<string, LayerUnrolling>;
  /** Elements of each tensor. */
  readonly stored: ReadonlyMap<TensorId, number>;
  /** Layers outside the published domain: their operands are as large as their tensors. */
  readonly outside: ReadonlySet<string>;
}

export function graphSource(module: Module, outside: ReadonlySet<string>): GraphSource {
  const tensors = [...module.network.tensors.values()];
  const stored = tensors.map(({ id, dims }) => [id, dims.reduce((product, size) => product * size, 1)] as const);
  return {
    precision: module.get(PRECISION),
    unrolling: module.get(UNROLLING),
    stored: new Map(stored),
    outside,
  };
}

/**
 * @param layers - in the order of the network
 * @param inputs - feature maps that the layers read and none of them writes
 * @throws Error when a layer reads a feature map that is neither: a defect of whoever formed the stack
 */
export function nodeGraph(source: GraphSource, layers: readonly Layer[], inputs: readonly StackInput[]): NodeGraph {
  const producerOf = new Map<TensorId, string>(inputs.map(({ tensor, id }) => [tensor, id]));
  for (const layer of layers) producerOf.set(writtenBy(layer), layer.id);
  const layerNodes = layers.map((layer) => layerNode(source, layer, producerOf));
  const readers = layerNodes.flatMap(({ inputs: operands }) => operands);
  const inputNodes = inputs.map((input) => inputNode(input, readers));
  const nodes = [...inputNodes, ...layerNodes];
  const consumers = consumersOf(nodes);
  const sink = nodes.find(({ id }) => consumers.get(id)?.length === 0);
  if (sink === undefined) throw new Error("a graph without a sink");
  return {
    nodes: inGenerations(nodes, consumers),
    byId: new Map(nodes.map((node) => [node.id, node])),
    consumers,
    sink,
  };
}

/** Producers of a node, each once. */
export const predecessors = (node: GraphNode): readonly string[] => [
  ...new Set(node.inputs.map(({ producer }) => producer)),
];

/** Whether a layer has operands that occupy the weight chain; a pooling window has one of 0 bits. */
export const hasWeights = ({ weights }: GraphNode): boolean => weights.length > 0;

/**
 * Operands on the activation chain. A product of two feature maps keeps the second, `W`, on the weight chain: the mapper fetches it
 * from there.
 */
export function activations({ inputs }: GraphNode): readonly InputOperand[] {
  const main = inputs.find(({ name }) => name !== "W") ?? inputs[0];
  return inputs.filter(({ memoryOperand }) => memoryOperand === main?.memoryOperand);
}

function layerNode(source: GraphSource, layer: Layer, producerOf: ReadonlyMap<TensorId, string>): GraphNode {
  const precision = source.precision.get(layer.id);
  if (precision === undefined) throw new Error(`layer '${layer.id}' has no precision`);
  const sized = (operand: Operand, bits: number): SizedOperand => ({
    name: operand.name,
    memoryOperand: linkOf(layer, operand, source.unrolling),
    bits,
    ...relevance(operand, layer.loops),
    ...storedElements(source, layer, operand),
  });
  const bitsOf = ({ name }: Operand): number => precision.operands[name] ?? 0;
  return {
    id: layer.id,
    layer,
    tensor: writtenBy(layer),
    loops: layer.loops,
    inputs: dataInputs(layer).map((operand) => {
      const producer = producerOf.get(operand.tensor);
      if (producer === undefined) throw new Error(`nothing in the stack gives layer '${layer.id}' '${operand.tensor}'`);
      return { ...sized(operand, bitsOf(operand)), producer };
    }),
    weights: weightsOf(layer)
      .filter((operand) => !isConstantMap(layer, operand))
      .map((operand) => sized(operand, bitsOf(operand))),
    output: sized(outputOf(layer), precision.finalOutput),
    partialBits: bitsOf(outputOf(layer)),
  };
}

function writtenBy(layer: Layer): TensorId {
  const { tensor } = outputOf(layer);
  if (tensor === undefined) throw new Error(`layer '${layer.id}' writes no tensor`);
  return tensor;
}

type StoredOperand = Operand & { readonly tensor: TensorId };

/**
 * Operands that hold a feature map: everything that is no constant, and constants with rows or columns of their own that are combined
 * with a feature map element by element. These enter the network like an input, tile by tile, beside the other operand.
 */
export const dataInputs = (layer: Layer): readonly StoredOperand[] =>
  layer.operands.filter(
    (operand): operand is StoredOperand =>
      operand.tensor !== undefined && (operand.role === "input" || isConstantMap(layer, operand)),
  );

function isConstantMap({ kind, loops }: Layer, { role, axes }: Operand): boolean {
  const isLong = (dim: Dim): boolean => (dim === "OX" || dim === "OY") && loopSize(loops, dim) > 1;
  return kind === "elementwise" && role === "weight" && axes.flatMap(loopsOf).some(isLong);
}

/** Memory operand of a layer's operand; a constant map takes that of the feature map beside it. */
export function linkOf(layer: Layer, operand: Operand, unrolling: ReadonlyMap<string, LayerUnrolling>): MemoryOperand {
  const linked = isConstantMap(layer, operand) ? (inputsOf(layer)[0] ?? operand) : operand;
  return unrolling.get(layer.id)?.links[linked.name] ?? defaultLink(linked); // moved layers have no dataflow
}

function storedElements({ outside, stored }: GraphSource, layer: Layer, { tensor }: Operand) {
  if (!outside.has(layer.id) || tensor === undefined) return {};
  const count = stored.get(tensor);
  return count === undefined ? {} : { stored: count };
}

/** A stack input has a single operand, its output, on the activation chain; all its loops count (DF §1.1). */
function inputNode({ id, tensor, loops, bits }: StackInput, readers: readonly InputOperand[]): GraphNode {
  const memoryOperand = readers.find(({ producer }) => producer === id)?.memoryOperand ?? "I1";
  const output = { name: "O", memoryOperand, bits, relevant: loops.map(({ dim }) => dim), windows: [] };
  return { id, tensor, loops, inputs: [], weights: [], output, partialBits: bits };
}

/** Keys are positions: graphlib lists such keys in ascending order, which is the order of the network, and no name can clash. */
function consumersOf(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly GraphNode[]> {
  const graph = new Graph();
  const position = new Map(nodes.map(({ id }, index) => [id, String(index)]));
  for (const index of position.values()) graph.setNode(index);
  for (const node of nodes)
    for (const producer of predecessors(node)) graph.setEdge(position.get(producer)!, position.get(node.id)!); // both are nodes
  return new Map(
    nodes.map(({ id }, index) => [id, (graph.successors(String(index)) ?? []).map((i) => nodes[Number(i)]!)]),
  );
}

/** Level-wise Kahn order: a node belongs to the generation after its last producer (DF §1.1). */
function inGenerations(
  nodes: readonly GraphNode[],
  consumers: ReadonlyMap<string, readonly GraphNode[]>,
): readonly GraphNode[] {
  const missing = new Map(nodes.map((node) => [node.id, predecessors(node).length]));
  const ordered: GraphNode[] = [];
  let generation = nodes.filter(({ id }) => missing.get(id) === 0);
  while (generation.length > 0) {
    ordered.push(...generation);
    const next: GraphNode[] = [];
    for (const consumer of generation.flatMap(({ id }) => consumers.get(id) ?? [])) {
      const left = (missing.get(consumer.id) ?? 0) - 1;
      missing.set(consumer.id, left);
      if (left === 0) next.push(consumer);
    }
    generation = next;
  }
  if (ordered.length !== nodes.length) throw new Error("a graph with a cycle");
  return ordered;
}
