/** What must be kept while each layer of a stack works on a tile. */
import { PLACEMENT, type PlacedNode, type PlacedTileType, STACKS, TILING } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { RuleSet } from "../ir/rules.js";
import { weightBits } from "../passes/depth-first/cuts.js";
import { type GraphNode, type NodeGraph, predecessors } from "../passes/depth-first/graph.js";
import { cacheBits, keptIn, totalCacheBits } from "../passes/depth-first/kept-buffers.js";
import { type StackView, stackViews } from "../passes/depth-first/network-view.js";
import { policiesOf } from "../passes/depth-first/policies.js";
import { operandKey } from "../passes/depth-first/trace.js";

/** Bits that are live while one layer works on a tile of the most frequent type. */
export interface LiveData {
  readonly stack: string;
  readonly layer: string;
  /** What the layer reads, reused overlap included, and the new part of what it writes. */
  readonly input: number;
  readonly output: number;
  /** Maps of other layers that wait for a later reader. */
  readonly waiting: number;
  /** Overlap of the layer's own inputs that is kept for the next tile, and over the whole width for the next row of tiles. */
  readonly keptColumns: number;
  readonly keptRows: number;
  readonly weights: number;
  /** Weights of all layers of the stack. */
  readonly stackWeights: number;
  /**
   * Everything at this moment: new parts of input and output, waiting maps, the kept overlap of all layers of the stack and all
   * its weights. Reused overlap counts once, as kept.
   */
  readonly total: number;
}

/** Live data of every layer of every stack that runs depth-first. */
export function liveData(module: Module, rules: RuleSet): readonly LiveData[] {
  const placements = module.get(PLACEMENT);
  const isDepthFirst = new Set(module.get(STACKS).flatMap(({ id, alone }) => (alone === undefined ? [id] : [])));
  return stackViews(module).flatMap((view, s) =>
    isDepthFirst.has(view.stack.id) ? ofStack(module, view, s, mostFrequent(placements[s]!.tileTypes), rules) : [],
  );
}

const mostFrequent = (types: readonly PlacedTileType[]): PlacedTileType =>
  types.reduce((best, type) => (type.count > best.count ? type : best));

function ofStack(
  module: Module,
  { stack, graph, full }: StackView,
  s: number,
  type: PlacedTileType,
  rules: RuleSet,
): readonly LiveData[] {
  const reuse = { x: type.hCache.read !== undefined, y: type.vCache.read !== undefined };
  const trace = policiesOf(rules).regions(graph, { x: type.width, y: type.height }, reuse);
  const caches = cacheBits(graph, full, trace);
  const kept = keptIn(module.get(TILING)[s]!.overlap); // one tiling per stack
  const all = totalCacheBits(caches);
  const allKept = (kept.columns ? all.columns : 0) + (kept.rows ? all.rows : 0);
  const stackWeights = graph.nodes.reduce((sum, node) => sum + weightBits(node), 0);
  const placed = new Map(type.nodes.map((node) => [node.id, node]));
  return graph.nodes.flatMap((node, position): readonly LiveData[] => {
    if (node.layer === undefined) return [];
    const { inputBits: input, outputBits: output } = placed.get(node.id)!; // every node of the stack is placed
    const own = node.inputs.map((operand) => caches.get(operandKey(node, operand))!); // and every operand traced
    const waiting = waitingBits(graph, position, placed);
    const fresh = predecessors(node).reduce((sum, id) => sum + placed.get(id)!.outputBits, 0);
    return [
      {
        stack: stack.id,
        layer: node.layer.name,
        input,
        output,
        waiting,
        keptColumns: kept.columns ? own.reduce((sum, { columns }) => sum + columns, 0) : 0,
        keptRows: kept.rows ? own.reduce((sum, { rows }) => sum + rows, 0) : 0,
        weights: weightBits(node),
        stackWeights,
        total: fresh + output + waiting + allKept + stackWeights,
      },
    ];
  });
}

/** Outputs of earlier nodes that a later node reads, without those that the node at `position` reads itself. */
function waitingBits(graph: NodeGraph, position: number, placed: ReadonlyMap<string, PlacedNode>): number {
  const read = new Set(predecessors(graph.nodes[position]!)); // a position of the list
  const later = new Set(graph.nodes.slice(position + 1).flatMap(predecessors));
  const waits = ({ id }: GraphNode): boolean => later.has(id) && !read.has(id);
  return graph.nodes
    .slice(0, position)
    .filter(waits)
    .reduce((sum, { id }) => sum + placed.get(id)!.outputBits, 0);
}
