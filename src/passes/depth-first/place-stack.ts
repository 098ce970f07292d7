/** One stack: its tile types, and where everything lives on each of them. */
import { chain, type Hierarchy, levelOf, type Memory, type MemoryOperand } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { noRoomForOverlap } from "../../ir/diagnostics/schedule.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { LayerUnrolling, PlacedTileType, StackPlacement, StackTiling } from "../../ir/facts.js";
import { totalWeightBits } from "./cuts.js";
import { type GraphNode, hasWeights, type NodeGraph } from "./graph.js";
import { type Kept, keptIn, type TilePosition } from "./kept-buffers.js";
import type { PlannedLevels, StackMemories } from "./levels.js";
import type { StackView } from "./network-view.js";
import { placeNodes, type StatedHomes } from "./place-nodes.js";
import { type Policies, policiesOf } from "./policies.js";
import { type KeptOverlap, type StackTypes, type TilePlan, type TileType, tileTypes } from "./tile-types.js";
import { neededWork } from "./work.js";

export interface StackProblem extends StackView {
  readonly tiling: StackTiling;
}

/** Homes that somebody states for a layer on a tile type. */
type HomesOf = (type: Omit<PlacedTileType, "nodes">, node: GraphNode) => StatedHomes;

/** @throws DiagnosticError (infeasible) when no memory can keep the overlap, or a layer cannot be mapped */
export function placeStack(
  problem: StackProblem,
  hierarchy: Hierarchy,
  unrolling: ReadonlyMap<string, LayerUnrolling>,
  costModel: CostModel,
  homes: HomesOf = () => ({}),
): StackPlacement {
  const { stack, graph } = problem;
  const policies = policiesOf(costModel.rules);
  const { types, weightMemory } = stackTypes(problem, hierarchy, policies);
  const context = { graph, hierarchy, policies, costModel, unrolling, ...(weightMemory && { weightMemory }) };
  const placed = types.map((type, index): PlacedTileType => {
    const reuse = { x: type.columns.read !== undefined, y: type.rows.read !== undefined };
    const { sizes } = policies.regions(graph, { x: type.width, y: type.height }, reuse);
    const weightsFromTop = type.weightsFromTop && policies.weights.streamsFirstTile;
    const fact = typeFact(type, index);
    const stated = (node: GraphNode) => homes(fact, node);
    return { ...fact, weightsFromTop, nodes: placeNodes({ ...context, stated }, type, sizes) };
  });
  return {
    stack: stack.id,
    ...(weightMemory && { weightMemory: weightMemory.id }),
    weightBits: totalWeightBits(graph),
    tileTypes: placed,
    needed: neededWork(problem),
  };
}

/** Types of a stack's tiles, before anything is placed. */
export function stackTypes(
  { stack, graph, full, tiling }: StackProblem,
  hierarchy: Hierarchy,
  policies: Policies,
): StackTypes {
  const output = full.get(graph.sink.id)!; // the sink is one of the network's nodes
  const kept = keptIn(tiling.overlap);
  const memories = stackMemories(graph, hierarchy);
  const planOf = (tile: TilePosition): TilePlan => {
    const demand = policies.keptBuffers(graph, full, tile, kept, policies.regions);
    const levels = policies.levels.plan(memories, demand, kept);
    requireRoom(stack.id, levels, kept, demand, memories);
    return { demand, levels };
  };
  const tile = { x: tiling.tile.width, y: tiling.tile.height };
  return tileTypes(output, tile, kept, planOf, policies.levels, memories, policies.leftover);
}

/** Chains of a stack. A stack of an input alone has activations and outputs on one chain (DF §6.4). */
export function stackMemories(graph: NodeGraph, hierarchy: Hierarchy): StackMemories {
  const activations: MemoryOperand = graph.nodes[0]?.output.memoryOperand ?? "I1";
  const weights = graph.nodes.find(hasWeights)?.weights[0]?.memoryOperand;
  return {
    hierarchy,
    activations,
    outputs: graph.sink.output.memoryOperand,
    ...(weights !== undefined && { weights: { operand: weights, bits: totalWeightBits(graph) } }),
  };
}

function requireRoom(
  stack: string,
  levels: PlannedLevels,
  kept: Kept,
  demand: { readonly withColumns: number; readonly withRows: number },
  memories: StackMemories,
): void {
  const largest = largestSharedMemory(memories);
  const missing = [
    ...(kept.columns && levels.columns === undefined
      ? [noRoomForOverlap(stack, "columns", demand.withColumns, largest)]
      : []),
    ...(kept.rows && levels.rows === undefined ? [noRoomForOverlap(stack, "rows", demand.withRows, largest)] : []),
  ];
  if (missing.length > 0) throw new DiagnosticError(missing, "infeasible");
}

/** Largest memory that activations and outputs share: where kept overlap could live. */
function largestSharedMemory({ hierarchy, activations, outputs }: StackMemories): Memory | undefined {
  const shared = chain(hierarchy, outputs).filter((memory) => levelOf(memory, activations) !== undefined);
  return shared.reduce<Memory | undefined>(
    (best, memory) => (best && best.size >= memory.size ? best : memory),
    undefined,
  );
}

function typeFact({ columns, rows, ...type }: TileType, index: number): Omit<PlacedTileType, "nodes"> {
  const ids = ({ write, read }: KeptOverlap) => ({ ...(write && { write: write.id }), ...(read && { read: read.id }) });
  return { id: String(index), ...type, hCache: ids(columns), vCache: ids(rows) };
}
