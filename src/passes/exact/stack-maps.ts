/**
 * The feature maps of a stack along the two directions in which its output is cut into tiles (EM §1). Columns and rows of the output are
 * followed back through the maps of all operands: which loop of each layer, and which axis of each tensor, they run along.
 */
import type { Memory } from "../../ir/accelerator.js";
import { type AxisMap, type Dim, loopsOf } from "../../ir/axis-map.js";
import {
  type Layer,
  type Loop,
  loopSize,
  type Operand,
  outputOf,
  type Tensor,
  type TensorId,
} from "../../ir/network.js";
import { dataInputs, type GraphNode, type InputOperand, type NodeGraph } from "../depth-first/graph.js";
import { axisNames, type StoredAxis } from "./layouts.js";

/** Direction of a feature map: `x` columns, `y` rows. */
export type Direction = "x" | "y";
export const BOTH: readonly Direction[] = ["x", "y"];
export type Both<T> = Readonly<Record<Direction, T>>;

export const both = <T>(value: (direction: Direction) => T): Both<T> => ({ x: value("x"), y: value("y") });

/** An operand of a layer of the stack that reads a feature map of the stack. */
export interface MapReader {
  readonly node: GraphNode;
  readonly operand: InputOperand;
  /** How the reading layer indexes the map; `all`: it needs the whole extent, whatever it computes. */
  readonly maps: Both<AxisMap | "all">;
  /** Sizes of the maps' tap loops. */
  readonly taps: Both<number>;
}

/** A feature map that a layer of the stack writes, or that the stack reads from outside. */
export interface FeatureMap {
  /** Writes it; a stack input has no layer. */
  readonly node: GraphNode;
  readonly tensor: TensorId;
  /** Elements; 1 along a direction in which tiles do not cut it. */
  readonly extents: Both<number>;
  /** Bits of one column of one row: of all its channels. */
  readonly cellBits: number;
  /** Whether it is needed outside of the stack. */
  readonly leaves: boolean;
  /** Memory on chip that holds all of it between stacks; absent where that is the top of each chain. */
  readonly place?: Memory;
  readonly readers: readonly MapReader[];
  /** Of the whole tensor, outermost first. */
  readonly axes: readonly StoredAxis[];
  /** Positions that are apart by this lie alike in every memory: 1 unless a layout cuts the map into blocks. Absent: 1. */
  readonly periods?: Both<number>;
}

/** Bits of a whole map. */
export const mapBits = ({ extents, cellBits }: Pick<FeatureMap, "extents" | "cellBits">): number =>
  extents.x * extents.y * cellBits;

/** Loop of a layer that runs along each direction, where there is one. */
export type DirectedLoops = Readonly<Partial<Record<Direction, Dim>>>;

export interface StackMaps {
  /** Stack inputs, then outputs of layers in topological order; the last is the stack's output. */
  readonly maps: readonly FeatureMap[];
  /** By node. */
  readonly loops: ReadonlyMap<string, DirectedLoops>;
}

/** Axis of a tensor that each direction runs along. */
type DirectedAxes = Partial<Record<Direction, number>>;

const OUTPUT_LOOPS: Both<Dim> = { x: "OX", y: "OY" };

/**
 * @param order - layers of the stack in topological order, the one whose output is cut into tiles last
 * @param stored - all tensors of the network
 * @param leaving - tensors that are needed outside of the stack
 */
export function stackMaps(
  graph: NodeGraph,
  order: readonly string[],
  stored: ReadonlyMap<TensorId, Tensor>,
  leaving: ReadonlySet<TensorId>,
): StackMaps {
  const layers = order.map((id) => graph.byId.get(id)!); // layers of the stack are its nodes
  const inputs = graph.nodes.filter(({ layer }) => layer === undefined);
  const nodes = [...inputs, ...layers];
  const { axes, loops } = followBack(nodes);
  const maps = nodes.map((node): FeatureMap => {
    const dims = stored.get(node.tensor)?.dims ?? [];
    const own = axes.get(node.id) ?? {};
    const extents = both((direction) => (own[direction] === undefined ? 1 : (dims[own[direction]] ?? 1)));
    const elements = dims.reduce((product, extent) => product * extent, 1);
    return {
      node,
      tensor: node.tensor,
      extents,
      cellBits: (elements / (extents.x * extents.y)) * node.output.bits,
      leaves: leaving.has(node.tensor),
      axes: storedAxes(node, layers, dims, own),
      readers: layers.flatMap((reader) => readersOf(node, reader, own, loops.get(reader.id) ?? {})),
    };
  });
  return { maps, loops };
}

/** Named by the layer that writes the map, or by the first that reads it. */
function storedAxes(
  node: GraphNode,
  layers: readonly GraphNode[],
  dims: readonly number[],
  directed: DirectedAxes,
): readonly StoredAxis[] {
  const reader = layers.flatMap(({ layer }) => layer?.operands ?? []).find(({ tensor }) => tensor === node.tensor);
  const operand = node.layer === undefined ? reader : outputOf(node.layer);
  const names = axisNames(operand?.axes ?? [], dims.length);
  return dims.map((extent, axis) => {
    const direction = BOTH.find((candidate) => directed[candidate] === axis);
    return { name: names[axis]!, extent, ...(direction && { direction }) };
  });
}

/** From the last layer to the inputs: a reader says which axes of what it reads its own loops run along; the last reader counts. */
function followBack(nodes: readonly GraphNode[]) {
  const axes = new Map<string, DirectedAxes>();
  const loops = new Map<string, DirectedLoops>();
  for (const node of nodes.toReversed()) {
    if (node.layer === undefined) continue;
    const own = ownDirections(node.layer, axes.get(node.id) ?? {});
    axes.set(node.id, own.axes);
    loops.set(node.id, own.loops);
    for (const operand of dataInputs(node.layer)) {
      const producer = node.inputs.find(({ name }) => name === operand.name)!.producer; // every data input is one of its node
      axes.set(producer, askedAxes(operand, own.loops, node.layer.loops, axes.get(producer) ?? {}));
    }
  }
  return { axes, loops };
}

/** Loops of a layer along the axes that its readers ask for; the columns and rows of its own output where no reader asks. */
function ownDirections(
  layer: Layer,
  asked: DirectedAxes,
): { readonly axes: DirectedAxes; readonly loops: DirectedLoops } {
  const maps = outputOf(layer).axes;
  const axes: DirectedAxes = {};
  const loops: Partial<Record<Direction, Dim>> = {};
  for (const direction of BOTH) {
    const axis = asked[direction] ?? maps.findIndex((map) => soleLoop(map, layer.loops) === OUTPUT_LOOPS[direction]);
    const loop = maps[axis] && soleLoop(maps[axis], layer.loops);
    if (loop === undefined || Object.values(loops).includes(loop)) continue;
    axes[direction] = axis;
    loops[direction] = loop;
  }
  return { axes, loops };
}

/** The axes of a tensor, with those that one more operand asks for. */
function askedAxes(
  { axes }: Operand,
  directed: DirectedLoops,
  loops: readonly Loop[],
  known: DirectedAxes,
): DirectedAxes {
  const asked = { ...known };
  for (const direction of BOTH) {
    const loop = directed[direction];
    const isCut = loop !== undefined && loopSize(loops, loop, 1) > 1; // a single index has nothing to be cut: producers go their own way
    const axis = isCut ? axes.findIndex((map) => movingLoop(map, loops) === loop) : -1;
    if (axis >= 0 && asked[direction] === undefined && !Object.values(asked).includes(axis)) asked[direction] = axis;
  }
  return asked;
}

function readersOf(
  producer: GraphNode,
  node: GraphNode,
  axes: DirectedAxes,
  directed: DirectedLoops,
): readonly MapReader[] {
  const { layer } = node;
  if (layer === undefined) return [];
  return node.inputs
    .filter((operand) => operand.producer === producer.id)
    .map((operand) => {
      const { axes: maps } = layer.operands.find(({ name }) => name === operand.name)!; // operands of a node are its layer's
      const along = both((direction): AxisMap | "all" => {
        const map = maps[axes[direction] ?? -1];
        const loop = directed[direction];
        return map !== undefined && loop !== undefined && movingLoop(map, layer.loops) === loop ? map : "all";
      });
      return { node, operand, maps: along, taps: both((direction) => tapsOf(along[direction], layer.loops)) };
    });
}

/** The one loop of more than one iteration that indexes an axis directly; of a single index the loop that is named. */
function soleLoop(map: AxisMap, loops: readonly Loop[]): Dim | undefined {
  if (map.kind !== "pointwise") return undefined;
  const long = map.loops.filter((dim) => loopSize(loops, dim, 1) > 1);
  return long.length > 1 ? undefined : (long[0] ?? map.loops.at(-1));
}

/** The loop of the output that an axis moves along with. */
function movingLoop(map: AxisMap, loops: readonly Loop[]): Dim | undefined {
  if (map.kind === "pointwise") return soleLoop(map, loops);
  return map.kind === "whole" ? undefined : loopsOf(map)[0];
}

const tapsOf = (map: AxisMap | "all", loops: readonly Loop[]): number =>
  map !== "all" && (map.kind === "window" || map.kind === "transposed") ? loopSize(loops, map.tap, 1) : 1;
