/** Tile sizes traced back from the output of a graph, with the overlap between neighbouring tiles (DF §5). */
import type { Dim } from "../../ir/axis-map.js";
import { type Loop, loopSize } from "../../ir/network.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { type GraphNode, type InputOperand, type NodeGraph, predecessors } from "./graph.js";
import { DIRECTIONS, extentAlong, loopsAt, mapSize, type Pair, type SizedOperand, sameInBoth } from "./operands.js";

/** Whether overlap with the left (`x`) and the upper (`y`) neighbour is reused instead of computed again. */
export interface Reuse {
  readonly x: boolean;
  readonly y: boolean;
}

export interface Trace {
  /** Newly computed part of each node's output, elements. */
  readonly sizes: ReadonlyMap<string, Pair>;
  /** Columns and rows of an operand that the neighbouring tiles have too, by `operandKey`. */
  readonly overlap: ReadonlyMap<string, Pair>;
  /** Columns and rows of an operand that are taken from what earlier tiles kept, by `operandKey`. */
  readonly reads: ReadonlyMap<string, Pair>;
  /** Columns and rows of a node's output that the next tiles need again; nodes without consumers have none. */
  readonly kept: ReadonlyMap<string, Pair>;
}

/** Traces a tile of the graph's sink back through the graph. */
export type RegionsPolicy = (graph: NodeGraph, tile: Pair, reuse: Reuse) => Trace;

export const operandKey = (node: GraphNode, operand: SizedOperand): string => `${node.id}.${operand.name}`;

/** How far a feature map runs ahead of the sink's tile, and how much of that a consumer needs again. */
interface Ahead {
  /** Of the consumer: `operandKey`. */
  readonly operand: string;
  readonly lag: Pair;
  readonly overlap: Pair;
  /** Columns and rows of the operand. */
  readonly extent: Pair;
}

/** How branches of different length are aligned. */
interface Alignment {
  /** Half of what a window reaches beyond its stride, rounded down. `gap`: what a tile's span exceeds its stride by. */
  centre(window: { readonly stride: number; readonly reach: number; readonly gap: number }): number;
  /** What a consumer takes from kept overlap, given the farthest lag of all consumers. */
  reads(consumer: Ahead, farthest: Pair): Pair;
}

/** The centre is odd for strides beyond the window (DF-Q17); a lagging branch reads its own overlap alone (DF-Q11). */
const PUBLISHED: Alignment = {
  centre: ({ stride, gap }) => Math.floor((gap + stride - 1) / 2),
  reads: ({ overlap }) => overlap,
};

/** The centre is that of the window, whatever the tile; a lagging branch reads everything that it is behind. */
const CORRECTED: Alignment = {
  centre: ({ reach }) => Math.floor((reach - 1) / 2),
  reads({ lag, overlap, extent }, farthest) {
    const along = (key: keyof Pair): number => Math.min(extent[key], farthest[key] - lag[key] + overlap[key]);
    return { x: along("x"), y: along("y") };
  },
};

/** Accumulates what the nodes visited so far ask of their producers. */
class Tracer {
  readonly sizes = new Map<string, Pair>();
  readonly overlap = new Map<string, Pair>();
  /** Producer → operand that reads it → latest answer: a square reads its input twice. */
  readonly ahead = new Map<string, Map<string, Ahead>>();
  readonly #reuse: Reuse;
  readonly #alignment: Alignment;

  constructor(graph: NodeGraph, tile: Pair, reuse: Reuse, alignment: Alignment) {
    this.#reuse = reuse;
    this.#alignment = alignment;
    this.sizes.set(graph.sink.id, tile);
  }

  /** Asks the producers of `node`, whose output runs `lag` ahead of the sink's tile, for what it needs. */
  visit(node: GraphNode, lag: Pair): void {
    const loops = loopsAt(node.loops, this.sizes.get(node.id) ?? mapSize(node.loops));
    for (const operand of node.inputs) this.#ask(node, operand, loops, lag);
  }

  /** Largest lag that the consumers visited so far give a node. */
  lagOf(id: string): Pair {
    const lags = [...(this.ahead.get(id)?.values() ?? [])].map(({ lag }) => lag);
    return { x: Math.max(...lags.map(({ x }) => x)), y: Math.max(...lags.map(({ y }) => y)) };
  }

  result(): Trace {
    const kept = [...this.ahead].map(([id, entries]) => [id, keptOf([...entries.values()])] as const);
    const reads = [...this.ahead].flatMap(([id, entries]) =>
      [...entries.values()].map((ahead) => [ahead.operand, this.#alignment.reads(ahead, this.lagOf(id))] as const),
    );
    return {
      sizes: this.sizes,
      overlap: this.overlap,
      reads: inOrderOf(this.overlap, new Map(reads)),
      kept: new Map(kept),
    };
  }

  #ask(node: GraphNode, operand: InputOperand, loops: readonly Loop[], lag: Pair): void {
    const { producer } = operand;
    const [x, y] = DIRECTIONS.map(([key, dim]) =>
      request(operand, loops, dim, lag[key], this.#reuse[key], this.#alignment),
    );
    if (x === undefined || y === undefined) throw new Error("a feature map has two directions");
    const wanted = this.sizes.get(producer) ?? sameInBoth(0);
    this.sizes.set(producer, { x: Math.max(wanted.x, x.wanted), y: Math.max(wanted.y, y.wanted) });
    const [key, overlap, extent] = [
      operandKey(node, operand),
      { x: x.overlap, y: y.overlap },
      { x: x.span, y: y.span },
    ];
    this.overlap.set(key, overlap);
    const entries = this.ahead.get(producer) ?? new Map<string, Ahead>();
    this.ahead.set(producer, entries.set(key, { operand: key, lag: { x: x.lag, y: y.lag }, overlap, extent }));
  }
}

/** One consumer's wish along one direction. Padding is unknown to it: all windows are valid (DF §1.4). */
function request(
  operand: InputOperand,
  loops: readonly Loop[],
  dim: Dim,
  lag: number,
  isReused: boolean,
  { centre }: Alignment,
) {
  const window = operand.windows.find(({ out }) => out === dim);
  const stride = window?.stride ?? 1;
  const reach = window === undefined ? 1 : (loopSize(loops, window.tap, 1) - 1) * window.dilation + 1;
  const span = extentAlong(operand, loops, dim);
  const gap = span - loopSize(loops, dim, 1) * stride;
  const overlap = Math.max(0, gap);
  const ahead = stride * lag - centre({ stride, reach, gap }) + overlap;
  return { wanted: isReused ? span - overlap : span, span, overlap, lag: ahead };
}

/** Entries of `map` in the order in which `like` has its keys. */
const inOrderOf = <T>(like: ReadonlyMap<string, unknown>, map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
  new Map([...like.keys()].flatMap((key) => (map.has(key) ? [[key, map.get(key)!] as const] : [])));

/** From the farthest lag of any consumer down to the last element that one of them needs again. */
function keptOf(entries: readonly Ahead[]): Pair {
  const along = (key: keyof Pair): number =>
    Math.max(...entries.map(({ lag }) => lag[key])) - Math.min(...entries.map((e) => e.lag[key] - e.overlap[key]));
  return { x: along("x"), y: along("y") };
}

/** Most visits that the published order may take: nested residual blocks double them block by block. */
const VISIT_LIMIT = 1 << 16;

/**
 * The published visiting order: last in, first out, a node once per path to the sink. A node that is reached first by a short path
 * is visited last with the lag of that path (DF-Q32). A graph with more than `VISIT_LIMIT` paths is traced node by node
 * instead, since the visits double with every nested block; the schedule then says so.
 */
const depthFirst: RegionsPolicy = (graph, tile, reuse) => {
  if (hasTooManyPaths(graph)) return nodeByNode(graph, tile, reuse);
  const tracer = new Tracer(graph, tile, reuse, PUBLISHED);
  const work = [{ node: graph.sink, lag: sameInBoth(0) }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    tracer.visit(next.node, next.lag);
    for (const { producer } of next.node.inputs)
      work.push({ node: graph.byId.get(producer)!, lag: tracer.lagOf(producer) }); // producers are nodes of the graph
  }
  return tracer.result();
};

/** Whether the published visiting order would take more than `VISIT_LIMIT` visits. */
export const hasTooManyPaths = (graph: NodeGraph): boolean => pathCount(graph) > VISIT_LIMIT;

/** Paths from any node to the sink, by operands. */
function pathCount(graph: NodeGraph): number {
  const paths = new Map([[graph.sink.id, 1]]);
  let total = 0;
  for (const { id, inputs } of graph.nodes.toReversed()) {
    const count = paths.get(id) ?? 0;
    total += count;
    for (const { producer } of inputs) paths.set(producer, (paths.get(producer) ?? 0) + count);
  }
  return total;
}

/** Every node once, after all its consumers: the same sizes, and lags that are final when they are used. */
export const nodeByNode: RegionsPolicy = (graph, tile, reuse) =>
  tracedOnce(graph, new Tracer(graph, tile, reuse, PUBLISHED));

const corrected: RegionsPolicy = (graph, tile, reuse) => tracedOnce(graph, new Tracer(graph, tile, reuse, CORRECTED));

function tracedOnce(graph: NodeGraph, tracer: Tracer): Trace {
  for (const node of graph.nodes.toReversed()) {
    if (node === graph.sink) tracer.visit(node, sameInBoth(0));
    else if (tracer.sizes.has(node.id)) tracer.visit(node, tracer.lagOf(node.id));
  }
  return tracer.result();
}

export const REGIONS: Behaviours<RuleSet["regions"], RegionsPolicy> = {
  published: { quirks: ["DF-Q11", "DF-Q17", "DF-Q21", "DF-Q29", "DF-Q30", "DF-Q32"], rule: depthFirst },
  corrected: { quirks: ["DF-Q11", "DF-Q17", "DF-Q32"], rule: corrected },
};

/**
 * Extents of all feature maps of a network: traced back from its first sink at its declared size, without padding (DF §1.4, Q30).
 * Layers outside the published domain keep their declared size and read the declared size of what they read.
 */
export function fullSizes(graph: NodeGraph, outside: ReadonlySet<string>): ReadonlyMap<string, Pair> {
  const declared = (node: GraphNode): Pair => mapSize(node.loops);
  const sizes = new Map<string, Pair>([[graph.sink.id, declared(graph.sink)]]);
  const want = (id: string, wanted: Pair): void => {
    const size = sizes.get(id) ?? sameInBoth(0);
    sizes.set(id, { x: Math.max(size.x, wanted.x), y: Math.max(size.y, wanted.y) });
  };
  for (const node of graph.nodes.toReversed()) {
    const size = outside.has(node.id) ? undefined : sizes.get(node.id);
    if (size === undefined) sizes.set(node.id, declared(node));
    if (outside.has(node.id)) for (const id of predecessors(node)) want(id, declared(graph.byId.get(id)!));
    if (size === undefined) continue;
    const loops = loopsAt(node.loops, size);
    for (const operand of node.inputs)
      want(operand.producer, { x: extentAlong(operand, loops, "OX"), y: extentAlong(operand, loops, "OY") });
  }
  return sizes;
}
