/** What the mapper is asked about one layer on one tile (EM §3): windows that meet borders, transposed convolutions as their phases. */
import {
  type Accelerator,
  chain,
  cutAbove,
  type Hierarchy,
  levelOf,
  type Memory,
  type MemoryOperand,
} from "../../ir/accelerator.js";
import type { AxisMap, Dim, TransposedMap, WindowMap } from "../../ir/axis-map.js";
import type { LaidAxis, MappingProblem, OperandShape, OperationCost, WindowShape } from "../../ir/cost-model.js";
import type { LayerUnrolling, Work } from "../../ir/facts.js";
import { extent, type Interval } from "../../ir/interval.js";
import {
  iterations,
  type Layer,
  type Loop,
  loopSize,
  type Operand,
  type Tensor,
  type TensorId,
} from "../../ir/network.js";
import type { GraphNode } from "../depth-first/graph.js";
import { inEquationOrder, onlyChainsOf, ownChains } from "../depth-first/mapping-problem.js";
import type { SizedOperand } from "../depth-first/operands.js";
import { axisNames, layoutFor } from "./layouts.js";
import { operationCost } from "./operation-cost.js";
import { BOTH, type Both, type DirectedLoops, type Direction } from "./stack-maps.js";
import { hittingPairs, type TapPhase, tapPhases } from "./tap-phases.js";

/** A layer on one tile: what it computes, and what it reads of each of its inputs. */
export interface LayerTile {
  readonly node: GraphNode;
  readonly directed: DirectedLoops;
  /** Box of the output that is computed. */
  readonly computed: Both<Interval>;
  /** By operand: the box that it reads, and the axes of the tensor that the directions run along. */
  readonly reads: ReadonlyMap<string, OperandBox>;
}

export interface OperandBox {
  readonly box: Both<Interval | undefined>;
  readonly maps: Both<AxisMap | "all">;
}

/** Highest memory of each operand of the layer, by operand name; absent: the top of its chain. */
export type Homes = ReadonlyMap<string, Memory>;

/** What problems of a network's layers are made of besides the tile. */
export interface ProblemSource extends Pick<Accelerator, "vectorUnit" | "paddedMacs"> {
  readonly hierarchy: Hierarchy;
  readonly unrolling: ReadonlyMap<string, LayerUnrolling>;
  readonly stored: ReadonlyMap<TensorId, Tensor>;
  /** What the whole machine draws in every cycle, pJ; absent where it states nothing. */
  readonly staticEnergy?: number;
  /** Bits of an output element of a layer while it is summed. */
  partialBits(layer: string): number;
}

/** A layer on one tile, wherever its operands live. */
export interface TileShapes {
  readonly tile: LayerTile;
  /** Output first. */
  readonly operands: readonly SizedOperand[];
  readonly links: ReadonlyMap<string, MemoryOperand>;
  readonly unrolling: LayerUnrolling["unrolling"];
  /** One per phase of a transposed convolution; one for every other layer. */
  readonly phases: readonly PhaseShape[];
}

interface PhaseShape {
  readonly phase: Phases;
  readonly loops: readonly Loop[];
  readonly operands: readonly OperandShape[];
  readonly operation: OperationCost | undefined;
}

export function tileShapes(tile: LayerTile, source: ProblemSource): TileShapes {
  const { node } = tile;
  const { layer } = node;
  if (layer === undefined) throw new Error(`'${node.id}' is no layer`);
  const unrolling = source.unrolling.get(node.id)?.unrolling;
  if (unrolling === undefined) throw new Error(`layer '${node.id}' has no unrolling`);
  const operands = [node.output, ...inEquationOrder(node)];
  const { links } = ownChains(operands, source.hierarchy);
  const phases = phasesOf(tile).map((phase): PhaseShape => {
    const loops = loopsOf(tile, phase);
    const shapes = operands.map(
      (operand): OperandShape => ({
        name: operand.name,
        memoryOperand: links.get(operand.name)!, // every operand has a link
        bits: operand.name === node.output.name ? node.partialBits : operand.bits,
        ...indexOf(operand, { tile, phase, loops, stored: source.stored }),
      }),
    );
    const operation = operationCost(layer, loops, shapes, { ...source, array: source.hierarchy.array });
    return { phase, loops, operands: shapes, operation };
  });
  return { tile, operands, links, unrolling, phases };
}

/** Equal for layers on tiles that make equal problems at equal homes of one machine, where no memory states a layout. */
export const shapesKey = ({ tile: { node }, unrolling, phases }: TileShapes, { staticEnergy }: ProblemSource): string =>
  JSON.stringify([
    phases.map(({ loops, operands, operation }) => [loops, operands, operation]),
    node.output.bits,
    unrolling,
    staticEnergy,
  ]);

/**
 * One problem per phase of a transposed convolution; one for every other layer.
 *
 * @param wholes - operands of which the whole tensor lies in the home
 * @param shapes - of the tile
 */
export function layerProblems(
  tile: LayerTile,
  homes: Homes,
  source: ProblemSource,
  wholes: ReadonlySet<string> = new Set(),
  shapes = tileShapes(tile, source),
): readonly MappingProblem[] {
  const { node } = tile;
  const { staticEnergy } = source;
  const hierarchy = hierarchyAt(shapes, homes, source);
  const isLaidOut = hierarchy.memories.some(({ layout }) => layout !== undefined);
  return shapes.phases.map(({ phase, loops, operands, operation }) => {
    const laidOut = (shape: OperandShape, i: number): OperandShape => {
      if (!wholes.has(shape.name)) return shape;
      const home = chain(hierarchy, shape.memoryOperand).at(-1);
      const operand = shapes.operands[i]!; // one shape each
      const terms = home && layoutFor(home, node.weights.includes(operand) ? "weights" : "map");
      const axes = terms && laidAxes(operand, { tile, phase, loops, stored: source.stored });
      return terms === undefined || axes === undefined ? shape : { ...shape, layout: { terms, axes } };
    };
    return {
      loops,
      operands: isLaidOut ? operands.map(laidOut) : operands, // the same list for all homes
      finalOutputBits: node.output.bits,
      hierarchy,
      unrolling: addedBelowHome(shapes.unrolling, operands[0]!, hierarchy), // the output is an operand
      ...(operation && { operation }),
      ...(staticEnergy !== undefined && staticEnergy > 0 && { staticEnergy }),
    };
  });
}

/** Machines have few different parts that layers may use; each is made once, so that whoever knows one knows them all. */
const PARTS = new WeakMap<Hierarchy, Map<string, Hierarchy>>();

/** The memories that a layer may use. */
function hierarchyAt({ operands }: TileShapes, homes: Homes, { hierarchy }: ProblemSource): Hierarchy {
  const parts = PARTS.get(hierarchy) ?? new Map<string, Hierarchy>();
  PARTS.set(hierarchy, parts);
  const key = operands.map(({ name, memoryOperand }) => `${memoryOperand} ${homes.get(name)?.id}`).join("\n");
  const known = parts.get(key) ?? partAt(operands, homes, hierarchy);
  parts.set(key, known);
  return known;
}

function partAt(operands: readonly SizedOperand[], homes: Homes, machine: Hierarchy): Hierarchy {
  const { links, hierarchy } = ownChains(operands, machine);
  const cut = operands.reduce((rest, { name }) => {
    const [top, link] = [homes.get(name), links.get(name)!]; // every operand has a link
    return top === undefined || levelOf(top, link) === undefined ? rest : cutAbove(rest, link, top);
  }, hierarchy);
  return onlyChainsOf(cut, new Set(links.values()));
}

/**
 * The unrolling without reductions over array dims that neither the output's home nor a level below it serves: instances of the home
 * would each hold a part of the sum, and nothing above adds them. These units idle.
 */
function addedBelowHome(
  unrolling: LayerUnrolling["unrolling"],
  output: OperandShape,
  hierarchy: Hierarchy,
): LayerUnrolling["unrolling"] {
  const served = new Set(chain(hierarchy, output.memoryOperand).flatMap((memory) => memory.served));
  return unrolling.filter(({ arrayDim, dim }) => served.has(arrayDim) || output.relevant.includes(dim));
}

/**
 * Work of a layer on a box of its output. Windows that hang over the border count whole; of a transposed convolution the pairs of input
 * and tap that hit the box.
 */
export function workOn(
  layer: Layer,
  directed: DirectedLoops,
  computed: Both<Interval>,
  stored: ReadonlyMap<TensorId, Tensor>,
): Work {
  const boxed = boxedLoops(layer.loops, directed, computed);
  const scattered = transposedAxes(layer);
  const operations = scattered.reduce((count, { map, extent: inputs }) => {
    const output = outputAlong(map.out, layer, directed, computed);
    const taps = loopSize(layer.loops, map.tap);
    return (count / (extent(output) * taps)) * hittingPairs(map, output, taps, inputs);
  }, iterations(boxed));
  const whole = scattered.length > 0 ? 1 : layer.macs / iterations(layer.loops);
  return { operations, macs: layer.macs === 0 ? 0 : operations * whole };

  function transposedAxes({ operands }: Layer) {
    return operands.flatMap((operand) =>
      operand.axes.flatMap((map, axis) =>
        map.kind === "transposed" ? [{ map, extent: extentOf(operand, axis, stored) }] : [],
      ),
    );
  }
}

/** Phase along each axis of a transposed convolution, by the loop of the output. */
type Phases = ReadonlyMap<Dim, TapPhase>;

function phasesOf({ node, directed, computed }: LayerTile): readonly Phases[] {
  const layer = node.layer!; // asked of layers only
  const maps = layer.operands.flatMap(({ axes }) =>
    axes.filter((map): map is TransposedMap => map.kind === "transposed"),
  );
  return maps.reduce<readonly Phases[]>(
    (combinations, map) => {
      const phases = tapPhases(map, outputAlong(map.out, layer, directed, computed), loopSize(layer.loops, map.tap));
      return combinations.flatMap((known) => phases.map((phase) => new Map([...known, [map.out, phase]])));
    },
    [new Map()],
  );
}

/** Interval of the output that a tile computes along a loop. */
function outputAlong(loop: Dim, layer: Layer, directed: DirectedLoops, computed: Both<Interval>): Interval {
  const direction = BOTH.find((candidate) => directed[candidate] === loop);
  return direction === undefined ? { lo: 0, hi: loopSize(layer.loops, loop) } : computed[direction];
}

export const boxedLoops = (
  loops: readonly Loop[],
  directed: DirectedLoops,
  computed: Both<Interval>,
): readonly Loop[] =>
  loops.map((loop) => {
    const direction = BOTH.find((candidate) => directed[candidate] === loop.dim);
    return direction === undefined ? loop : { dim: loop.dim, size: extent(computed[direction]) };
  });

/** Loop sizes on the tile; those of a phase where there are several. */
function loopsOf({ node, directed, computed }: LayerTile, phases: Phases): readonly Loop[] {
  const sizes = new Map<Dim, number>();
  for (const map of node.layer!.operands.flatMap(({ axes }) => axes)) {
    const phase = map.kind === "transposed" ? phases.get(map.out) : undefined;
    if (map.kind !== "transposed" || phase === undefined) continue;
    sizes.set(map.out, phase.outputs).set(map.tap, phase.taps);
  }
  return boxedLoops(node.loops, directed, computed).map(({ dim, size }) => ({ dim, size: sizes.get(dim) ?? size }));
}

interface IndexContext {
  readonly tile: LayerTile;
  readonly phase: Phases;
  readonly loops: readonly Loop[];
  readonly stored: ReadonlyMap<TensorId, Tensor>;
}

/** How the loops of a tile index an operand. */
function indexOf(operand: SizedOperand, context: IndexContext): Pick<OperandShape, "relevant" | "windows" | "whole"> {
  const layer = context.tile.node.layer!; // asked of layers only
  const own = layer.operands.find(({ name }) => name === operand.name)!; // operands of a node are its layer's
  const windows = own.axes.flatMap((map, axis) => windowShape(map, axis, own, context));
  const slid = new Set(windows.flatMap(({ out, tap }) => [out, tap]));
  const plain = own.axes.filter((map) => map.kind !== "window" && map.kind !== "transposed");
  const relevant = new Set(plain.flatMap(directLoops).filter((dim) => !slid.has(dim)));
  const whole = own.axes.reduce((product, map, axis) => product * wholeFactor(map, axis, own, context), 1);
  return {
    relevant: [...relevant].filter((dim) => loopSize(context.loops, dim, 1) > 1),
    windows,
    ...(whole > 1 && { whole }),
  };
}

/** Where the loops of a tile reach into the whole tensor of an operand; nothing for maps other than direct ones and windows. */
function laidAxes(operand: SizedOperand, context: IndexContext): readonly LaidAxis[] | undefined {
  const own = context.tile.node.layer!.operands.find(({ name }) => name === operand.name)!; // operands of a node are its layer's
  const dims = own.tensor === undefined ? undefined : context.stored.get(own.tensor)?.dims;
  const slid = own.axes.flatMap((map) => (map.kind === "window" ? [map.out, map.tap] : []));
  const isPlain = own.axes.every(
    (map) => map.kind === "window" || (map.kind === "pointwise" && !map.loops.some((dim) => slid.includes(dim))),
  );
  if (dims === undefined || dims.length !== own.axes.length || !isPlain || context.phase.size > 0) return undefined;
  const names = axisNames(own.axes, dims.length, own.role === "weight");
  let windows = 0;
  return own.axes.map((map, axis): LaidAxis => {
    const stored = { name: names[axis]!, extent: dims[axis]! };
    if (map.kind === "window")
      return { ...stored, offset: placeOf(map, axis, own, context).stored.lo, index: windows++ };
    return { ...stored, offset: firstOf(map, own, context.tile), index: directLoops(map) };
  });
}

/** First index along an axis that a tile reads, or computes. */
function firstOf(map: AxisMap, { name, role }: Operand, tile: LayerTile): number {
  const direction = BOTH.find((candidate) =>
    role === "output"
      ? directLoops(map).some((dim) => dim === tile.directed[candidate])
      : tile.reads.get(name)?.maps[candidate] === map,
  );
  if (direction === undefined) return 0;
  return role === "output" ? tile.computed[direction].lo : (tile.reads.get(name)?.box[direction]?.lo ?? 0);
}

function directLoops(map: AxisMap): readonly Dim[] {
  if (map.kind === "pointwise" || map.kind === "whole") return map.loops;
  return map.kind === "window" || map.kind === "transposed" ? [] : [map.out];
}

function windowShape(map: AxisMap, axis: number, own: Operand, context: IndexContext): readonly WindowShape[] {
  if (map.kind === "window") {
    const { out, stride, dilation } = map;
    const tap = ownTap(map, context.loops);
    const { lo, stored } = placeOf(map, axis, own, context);
    const shift = stride * lo - map.before - stored.lo;
    return [{ out, tap, stride, dilation, clip: { shift, extent: extent(stored) } }];
  }
  const phase = map.kind === "transposed" ? context.phase.get(map.out) : undefined;
  if (map.kind !== "transposed" || phase === undefined) return [];
  const { stored } = placeOf(map, axis, own, context);
  const clip = { shift: phase.first - stored.lo, extent: extent(stored) };
  return [{ out: map.out, tap: map.tap, stride: 1, dilation: phase.dilation, clip }];
}

/** A window of one tap may name a loop that slides along another axis as well: the tap then has no loop. */
const ownTap = ({ out, tap }: WindowMap, loops: readonly Loop[]): Dim =>
  loopSize(loops, tap, 1) === 1 ? `${out} tap` : tap;

/** First output that a tile computes along a window's loop, and what it reads of the input's axis. */
function placeOf(map: WindowMap | TransposedMap, axis: number, own: Operand, { tile, stored }: IndexContext) {
  const direction = directionOf(map, own.name, tile);
  const whole = { lo: 0, hi: extentOf(own, axis, stored) };
  if (direction === undefined)
    return { lo: outputAlong(map.out, tile.node.layer!, tile.directed, tile.computed).lo, stored: whole };
  return { lo: tile.computed[direction].lo, stored: tile.reads.get(own.name)?.box[direction] ?? { lo: 0, hi: 0 } };
}

const directionOf = (map: AxisMap, operand: string, { reads }: LayerTile): Direction | undefined =>
  BOTH.find((direction) => reads.get(operand)?.maps[direction] === map);

/** Times that an axis is read whole: an operator that needs all of it, whatever part of the output it computes. */
function wholeFactor(map: AxisMap, axis: number, own: Operand, { loops, stored }: IndexContext): number {
  if (map.kind !== "whole") return 1;
  const covered = map.loops.reduce((product, dim) => product * loopSize(loops, dim, 1), 1);
  return Math.ceil(extentOf(own, axis, stored) / covered);
}

const extentOf = ({ tensor }: Operand, axis: number, stored: ReadonlyMap<TensorId, Tensor>): number =>
  (tensor === undefined ? undefined : stored.get(tensor)?.dims[axis]) ?? 1;
