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
import { stackGeometry } from "../../passes/exact/geometry.js";
import { layerProblems, type ProblemSource } from "../../passes/exact/layer-problems.js";
import { perBit } from "../../passes/exact/node-layers.js";
import { isMapped } from "../../passes/exact/node-steps.js";
import { stacksAt } from "../../passes/exact/partition.js";
import { exactViews, problemSource } from "../../passes/exact/stack-view.js";
import { type TileNode, tileNodes } from "../../passes/exact/tile-nodes.js";

/** @returns pJ */
export function networkFloor(module: Module, costModel: CostModel): number {
  const source = problemSource(module);
  const whole = stacksAt(module.network, [], module.get(PRECISION)); // one stack
  const [view] = exactViews(module.with(STACKS, whole));
  if (view === undefined) return 0;
  const { x, y } = view.maps.maps.at(-1)!.extents; // a stack has an output
  const tiling = {
    stack: view.stack.id,
    tile: { width: x, height: y },
    overlap: "recompute",
    order: "x-first",
  } as const;
  const [type] = tileNodes(view.maps, stackGeometry(view.maps, tiling), source.stored); // one tile
  const outputs = outputTensors(module.network);
  return type!.nodes.reduce(
    (sum, node) => sum + layerFloor(node, source, costModel) + crossingFloor(node, outputs, source.hierarchy),
    0,
  );
}

/** With all operands in the lowest memories, which have room for everything. */
function layerFloor(node: TileNode, source: ProblemSource, costModel: CostModel): number {
  if (node.tile === undefined || !isMapped(node)) return 0;
  const { output, weights } = node.map.node;
  const operands = [output, ...node.reads.map(({ operand }) => operand), ...weights];
  const homes = new Map(operands.map(({ name, memoryOperand }) => [name, lowest(source.hierarchy, memoryOperand)]));
  return layerProblems(node.tile, homes, source).reduce(
    (sum, problem) => sum + costModel.boundLayer(withAllRoom(problem)),
    0,
  );
}

const withAllRoom = (problem: MappingProblem): MappingProblem => ({
  ...problem,
  available: Object.fromEntries(problem.hierarchy.memories.map(({ id }) => [id, Number.POSITIVE_INFINITY])),
});

/** Homes have one instance. */
const lowest = (hierarchy: Hierarchy, operand: MemoryOperand): Memory =>
  chain(hierarchy, operand).find((memory) => replicas(hierarchy.array, memory) === 1) ?? chainTop(hierarchy, operand);

/** What has to come from outside, and to go there, where the lowest homes are on chip. */
function crossingFloor(node: TileNode, outputs: ReadonlySet<string>, hierarchy: Hierarchy): number {
  const { map, newBits } = node;
  const { memoryOperand } = map.node.output;
  const top = chainTop(hierarchy, memoryOperand);
  const isOnChip = lowest(hierarchy, memoryOperand).id !== top.id;
  if (!isOnChip) return weightsFloor(node, hierarchy);
  const enters = map.node.layer === undefined ? newBits * perBit(top).read : 0;
  const leaves = outputs.has(map.tensor) ? newBits * perBit(top).write : 0;
  return enters + leaves + weightsFloor(node, hierarchy);
}

/** Nothing is claimed of scattered weights: not every tap of a transposed convolution need be used. */
function weightsFloor({ map: { node }, tile }: TileNode, hierarchy: Hierarchy): number {
  const [operand] = node.weights;
  const isScattered = node.layer?.operands.some(({ axes }) => axes.some(({ kind }) => kind === "transposed"));
  if (operand === undefined || operand.bits === 0 || tile === undefined || isScattered === true) return 0;
  const top = chainTop(hierarchy, operand.memoryOperand);
  return lowest(hierarchy, operand.memoryOperand).id === top.id ? 0 : weightBits(node) * perBit(top).read;
}
