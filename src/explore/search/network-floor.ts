/**
 * Energy that no schedule of a network goes below, whatever its stacks, tiles and homes: every layer computes at least what the outputs of
 * the network need of it, moves each of these elements at least once between the array and the lowest memories that could be their homes,
 * and weights, inputs and outputs of the network cross the ports of the outermost memories once (EM §1–3).
 */
import { chain, type Hierarchy, type Memory, type MemoryOperand, replicas } from "../../ir/accelerator.js";
import type { CostModel, MappingProblem } from "../../ir/cost-model.js";
import { PRECISION, STACKS } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { outputTensors } from "../../ir/network.js";
import { weightBits } from "../../passes/depth-first/cuts.js";
import { chainTop } from "../../passes/depth-first/levels.js";
import { fitted } from "../../passes/exact/fitting-unrolling.js";
import { stackGeometry } from "../../passes/exact/geometry.js";
import { layerProblems, type ProblemSource, tileShapes } from "../../passes/exact/layer-problems.js";
import { perBit, touchedEnergy } from "../../passes/exact/node-layers.js";
import { isMapped } from "../../passes/exact/node-steps.js";
import { stacksAt } from "../../passes/exact/partition.js";
import { exactViews, problemSource } from "../../passes/exact/stack-view.js";
import { type TileNode, tileNodes } from "../../passes/exact/tile-nodes.js";

/** @returns pJ, of all layers and inputs */
export const networkFloor = (module: Module, costModel: CostModel): number =>
  [...networkFloors(module, costModel).values()].reduce((sum, floor) => sum + floor, 0);

/** @returns pJ of every layer and input of the network */
export function networkFloors(module: Module, costModel: CostModel): ReadonlyMap<string, number> {
  const source = problemSource(module);
  const whole = stacksAt(module.network, [], module.get(PRECISION)); // one stack
  const [view] = exactViews(module.with(STACKS, whole));
  if (view === undefined) return new Map();
  const { x, y } = view.maps.maps.at(-1)!.extents; // a stack has an output
  const tiling = {
    stack: view.stack.id,
    tile: { width: x, height: y },
    overlap: "recompute",
    order: "x-first",
  } as const;
  const [type] = tileNodes(view.maps, stackGeometry(view.maps, tiling), source.stored); // one tile
  const outputs = outputTensors(module.network);
  const { nodes } = type!; // one tile
  const needed = neededInFull(nodes, outputs);
  const claimed = nodes.filter(({ index }) => needed.has(index));
  const floorOf = (node: TileNode): number =>
    layerFloor(node, source, costModel) + crossingFloor(node, claimed, outputs, source.hierarchy);
  return new Map(claimed.map((node) => [node.map.node.id, floorOf(node)]));
}

/**
 * Maps of which every element is needed: the network writes them, or a layer touches all of them whose own map is needed in full. Of others
 * small tiles may leave out what lies between the windows, and with it what that would take.
 *
 * @param nodes - readers after what they read
 */
function neededInFull(nodes: readonly TileNode[], outputs: ReadonlySet<string>): ReadonlySet<number> {
  const needed = new Set<number>();
  for (const node of nodes.toReversed()) {
    if (outputs.has(node.map.tensor)) needed.add(node.index);
    if (!needed.has(node.index) || !isMapped(node)) continue;
    for (const { source, touched } of node.reads) if (touched === 1) needed.add(source);
  }
  return needed;
}

/**
 * With all operands in the lowest memories, which have room for everything. Of maps that are not read in full only what is touched counts:
 * small tiles need not read what lies between.
 */
function layerFloor(node: TileNode, source: ProblemSource, costModel: CostModel): number {
  if (node.tile === undefined || !isMapped(node)) return 0;
  const { output, weights } = node.map.node;
  const lowestOf = (operand: MemoryOperand) => lowest(source.hierarchy, operand);
  if (node.reads.some(({ touched }) => touched < 1)) {
    const [constant] = weights;
    return touchedEnergy(node, {
      inputs: node.reads.map(({ operand }) => lowestOf(operand.memoryOperand)),
      output: lowestOf(output.memoryOperand),
      ...(constant && { weights: lowestOf(constant.memoryOperand) }),
    });
  }
  const operands = [output, ...node.reads.map(({ operand }) => operand), ...weights];
  const homes = new Map(operands.map(({ name, memoryOperand }) => [name, lowestOf(memoryOperand)]));
  const problems = layerProblems(
    node.tile,
    homes,
    source,
    new Set(),
    fitted(tileShapes(node.tile, source), source, costModel),
  );
  return problems.reduce((sum, problem) => sum + costModel.boundLayer(withAllRoom(problem)), 0);
}

const withAllRoom = (problem: MappingProblem): MappingProblem => ({
  ...problem,
  available: Object.fromEntries(problem.hierarchy.memories.map(({ id }) => [id, Number.POSITIVE_INFINITY])),
});

/** Homes have one instance. */
const lowest = (hierarchy: Hierarchy, operand: MemoryOperand): Memory =>
  chain(hierarchy, operand).find((memory) => replicas(hierarchy.array, memory) === 1) ?? chainTop(hierarchy, operand);

/** What has to come from outside, and to go there, where the lowest homes are on chip. */
function crossingFloor(
  node: TileNode,
  nodes: readonly TileNode[],
  outputs: ReadonlySet<string>,
  hierarchy: Hierarchy,
): number {
  const { map, newBits } = node;
  const { memoryOperand } = map.node.output;
  const top = chainTop(hierarchy, memoryOperand);
  const isOnChip = lowest(hierarchy, memoryOperand).id !== top.id;
  const enters = isOnChip && map.node.layer === undefined ? touchedBits(node, nodes) * perBit(top).read : 0;
  const leaves = isOnChip && isMapped(node) && outputs.has(map.tensor) ? newBits * perBit(top).write : 0;
  return enters + leaves + weightsFloor(node, hierarchy);
}

/** What some layer needs of a map at least; nothing is claimed of layers that only move data. */
function touchedBits({ index }: TileNode, nodes: readonly TileNode[]): number {
  const readers = nodes.filter((node) => node.tile !== undefined && isMapped(node)).flatMap(({ reads }) => reads);
  return Math.max(0, ...readers.filter(({ source }) => source === index).map(({ bits, touched }) => bits * touched));
}

/** Nothing is claimed of scattered weights: not every tap of a transposed convolution need be used. */
function weightsFloor(node: TileNode, hierarchy: Hierarchy): number {
  const { weights, layer } = node.map.node;
  const [operand] = weights;
  const isScattered = layer?.operands.some(({ axes }) => axes.some(({ kind }) => kind === "transposed"));
  if (operand === undefined || operand.bits === 0 || node.tile === undefined || !isMapped(node) || isScattered === true)
    return 0;
  const top = chainTop(hierarchy, operand.memoryOperand);
  return lowest(hierarchy, operand.memoryOperand).id === top.id ? 0 : weightBits(node.map.node) * perBit(top).read;
}
