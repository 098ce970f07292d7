/** How much memory one tile is planned to need: live feature maps and the overlap kept for later tiles (DF §6.1–6.3, §6.5). */
import type { OverlapMode } from "../../ir/facts.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { type GraphNode, type NodeGraph, predecessors } from "./graph.js";
import { elements, extentAlong, loopsAt, operandBits, type Pair } from "./operands.js";
import { operandKey, type RegionsPolicy, type Reuse, type Trace } from "./trace.js";

/** A tile as far as its plan depends on it. */
export interface TilePosition {
  readonly width: number;
  readonly height: number;
  readonly isFirstColumn: boolean;
  readonly isFirstRow: boolean;
}

/** Which overlap is kept instead of computed again. */
export interface Kept {
  readonly columns: boolean;
  readonly rows: boolean;
}

export const keptIn = (overlap: OverlapMode): Kept => ({
  columns: overlap !== "recompute",
  rows: overlap === "fully-cached",
});

/** Bits of kept overlap. */
export interface CacheBits {
  readonly columns: number;
  /** Over the full width of the feature map. */
  readonly rows: number;
  /** Counted in both. */
  readonly corner: number;
}

/** Elements by node or by operand, in the order of the trace. */
export type Counts = ReadonlyMap<string, number>;
export const NO_COUNTS: Counts = new Map();

/** What one tile needs, in bits, and how much overlap it writes and reads, in columns or rows. */
export interface BufferDemand {
  readonly alive: number;
  /** Live features with the kept columns; with the kept rows too. */
  readonly withColumns: number;
  readonly withRows: number;
  readonly corner: number;
  readonly writeColumns: Counts;
  readonly readColumns: Counts;
  readonly writeRows: Counts;
  readonly readRows: Counts;
}

/** Demand of a tile, given how regions are traced and the full extents of all feature maps. */
export type KeptBuffersPolicy = (
  graph: NodeGraph,
  full: ReadonlyMap<string, Pair>,
  tile: TilePosition,
  kept: Kept,
  trace: RegionsPolicy,
) => BufferDemand;

/**
 * Largest sum of feature maps that live at once while the nodes run in order (DF §6.2). What a node reads stands in for what its
 * producers wrote while it runs: the two differ by reused overlap.
 *
 * @param keptOf - bits that stay for later tiles once a node has run
 */
function aliveBits(graph: NodeGraph, { sizes }: Trace, keptOf: (node: GraphNode) => number = () => 0): number {
  const loopsOf = (node: GraphNode) => loopsAt(node.loops, sizes.get(node.id)!); // the trace reaches every node
  const written = new Map(graph.nodes.map((node) => [node.id, operandBits(node.output, loopsOf(node))]));
  const pending = new Map(graph.nodes.map(({ id }) => [id, graph.consumers.get(id)?.length ?? 0]));
  let [live, peak] = [0, 0];
  const change = (delta: number): void => {
    live += delta;
    peak = Math.max(peak, live);
  };
  for (const node of graph.nodes) {
    const read = node.inputs.reduce((sum, operand) => sum + operandBits(operand, loopsOf(node)), 0);
    const producers = predecessors(node);
    const ofProducers = producers.reduce((sum, id) => sum + written.get(id)!, 0); // producers are nodes of the graph
    change(-ofProducers);
    change(read);
    change(written.get(node.id)!);
    change(-read);
    change(ofProducers);
    for (const id of producers) {
      const left = pending.get(id)! - 1;
      pending.set(id, left);
      if (left === 0) change(-written.get(id)!);
    }
    change(keptOf(node));
  }
  return peak;
}

/** Kept overlap of each operand (DF §6.3): counted where it is read, not where it is written. */
export function cacheBits(
  graph: NodeGraph,
  full: ReadonlyMap<string, Pair>,
  { sizes, reads }: Trace,
): ReadonlyMap<string, CacheBits> {
  const entries = graph.nodes.flatMap((node) => {
    const loops = loopsAt(node.loops, sizes.get(node.id)!); // the trace reaches every node
    const whole = loopsAt(node.loops, full.get(node.id)!); // and so does that of the whole network
    return node.inputs.map((operand) => {
      const key = operandKey(node, operand);
      const { x, y } = reads.get(key)!;
      const column = Math.floor(elements(operand, loops) / extentAlong(operand, loops, "OX"));
      const height = extentAlong(operand, loops, "OY");
      const rows = Math.floor((column * extentAlong(operand, whole, "OX")) / height);
      const corner = Math.floor((column * x) / height);
      return [
        key,
        { columns: column * x * operand.bits, rows: rows * y * operand.bits, corner: corner * y * operand.bits },
      ] as const;
    });
  });
  return new Map(entries);
}

export function totalCacheBits(caches: ReadonlyMap<string, CacheBits>): CacheBits {
  const sum = (part: keyof CacheBits): number => [...caches.values()].reduce((total, bits) => total + bits[part], 0);
  return { columns: sum("columns"), rows: sum("rows"), corner: sum("corner") };
}

/**
 * The published plan. Caches are sized as if rows and columns were kept whatever the mode (DF-Q7); the first column's plan
 * leaves the kept columns out (DF-Q6).
 */
const published: KeptBuffersPolicy = (graph, full, tile, kept, trace) => {
  const planned = trace(graph, sizeOf(tile), { x: !tile.isFirstColumn, y: !tile.isFirstRow });
  const alive = aliveBits(graph, trace(graph, sizeOf(tile), reuseIn(tile, kept)));
  const caches = totalCacheBits(cacheBits(graph, full, planned));
  const withColumns = alive + (tile.isFirstColumn ? 0 : caches.columns);
  return { ...demandOf(tile, planned, caches, withColumns), alive };
};

/** Everything under the mode's own trace; columns that the first column has written count from then on. */
const corrected: KeptBuffersPolicy = (graph, full, tile, kept, trace) => {
  const traced = trace(graph, sizeOf(tile), reuseIn(tile, kept));
  const alive = aliveBits(graph, traced);
  const caches = totalCacheBits(cacheBits(graph, full, traced));
  const keptOf = (node: GraphNode): number => {
    const { y } = traced.sizes.get(node.id)!; // the trace reaches every node
    return operandBits(node.output, loopsAt(node.loops, { x: traced.kept.get(node.id)?.x ?? 0, y }));
  };
  const withColumns = tile.isFirstColumn ? aliveBits(graph, traced, keptOf) : alive + caches.columns;
  return { ...demandOf(tile, traced, caches, withColumns), alive };
};

const sizeOf = ({ width, height }: TilePosition): Pair => ({ x: width, y: height });

const reuseIn = ({ isFirstColumn, isFirstRow }: TilePosition, kept: Kept): Reuse => ({
  x: !isFirstColumn && kept.columns,
  y: !isFirstRow && kept.rows,
});

function demandOf(
  { isFirstColumn, isFirstRow }: TilePosition,
  trace: Trace,
  caches: CacheBits,
  withColumns: number,
): Omit<BufferDemand, "alive"> {
  return {
    withColumns,
    withRows: withColumns + caches.rows,
    corner: caches.corner,
    writeColumns: written(trace, "x", isFirstColumn),
    readColumns: isFirstColumn ? NO_COUNTS : read(trace, "x"),
    writeRows: written(trace, "y", isFirstRow),
    readRows: isFirstRow ? NO_COUNTS : read(trace, "y"),
  };
}

/** A tile that is narrower than the overlap writes only what its predecessor has not written already. */
function written({ kept, sizes }: Trace, key: keyof Pair, isFirst: boolean): Counts {
  const count = (id: string, overlap: Pair): number =>
    isFirst ? overlap[key] : Math.min(overlap[key], sizes.get(id)![key]); // kept nodes have sizes
  return new Map([...kept].map(([id, overlap]) => [id, count(id, overlap)]));
}

const read = ({ reads }: Trace, key: keyof Pair): Counts =>
  new Map([...reads].map(([operand, pair]) => [operand, pair[key]]));

export const KEPT_BUFFERS: Behaviours<RuleSet["keptBuffers"], KeptBuffersPolicy> = {
  published: { quirks: ["DF-Q6", "DF-Q7"], rule: published },
  corrected: { quirks: ["DF-Q6", "DF-Q7"], rule: corrected },
};
