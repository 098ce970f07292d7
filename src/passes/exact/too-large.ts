/** Why a stack fits nowhere: the layer that does not, and what it would need. */
import type { CostModel } from "../../ir/cost-model.js";
import { noRoomForLayer } from "../../ir/diagnostics/schedule.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { StackTiling } from "../../ir/facts.js";
import { weightBits } from "../depth-first/cuts.js";
import type { ProblemSource } from "./layer-problems.js";
import { isMapped, layerHomes } from "./node-steps.js";
import { StackCosts } from "./stack-costs.js";
import type { TiledStack } from "./stack-view.js";
import type { TileNode, TileNodes } from "./tile-nodes.js";

type Tile = StackTiling["tile"];

/** The layer that fits nowhere, with all memories to itself. */
export function tooLarge(
  stack: TiledStack,
  types: readonly TileNodes[],
  source: ProblemSource,
  costModel: CostModel,
): Diagnostic {
  const misfit = firstMisfit(types, source, costModel);
  if (misfit === undefined)
    throw new Error(`stack ${stack.id} cannot be placed though each of its layers can be mapped`);
  const { node, tile, memory, needs } = misfit;
  const { layer } = node.map.node;
  const found = source.hierarchy.memories.find(({ id }) => id === memory);
  if (layer === undefined || found === undefined) throw new Error(`'${node.map.node.id}' does not fit '${memory}'`);
  const sizes = {
    inputBits: node.reads.reduce((sum, { bits }) => sum + bits, 0),
    outputBits: node.newBits,
    weightBits: weightBits(node.map.node),
  };
  const { id, size } = found;
  return noRoomForLayer(layer, { id, size, ...(needs !== undefined && { needs }) }, sizes, tile);
}

/** A layer on a tile type that cannot be mapped, with the memory that is to blame and what it would have to hold. */
interface Misfit {
  readonly node: TileNode;
  readonly tile: Tile;
  readonly memory: string;
  readonly needs?: number;
}

function firstMisfit(types: readonly TileNodes[], source: ProblemSource, costModel: CostModel): Misfit | undefined {
  const costs = new StackCosts(source, costModel);
  for (const [index, { shape, nodes }] of types.entries()) {
    const alone = nodes.map(() => ({ part: { kind: "whole" as const }, weights: undefined }));
    for (const node of nodes.filter((each) => each.tile !== undefined && isMapped(each))) {
      const at = costs.layerAt(`${index}\n${node.index}`, node, layerHomes(node, alone, costs));
      for (const problem of costs.withRoom(at.problems, new Map())) {
        const result = costModel.mapLayer(problem);
        if (!result.feasible) return { node, tile: shape, ...result };
      }
    }
  }
  return undefined;
}
