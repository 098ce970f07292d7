/** Why a stack fits nowhere: the layer that does not, what it would need, and the tile on which it would. */
import type { CostModel } from "../../ir/cost-model.js";
import { noRoomForLayer } from "../../ir/diagnostics/schedule.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { StackTiling } from "../../ir/facts.js";
import { weightBits } from "../depth-first/cuts.js";
import { stackGeometry } from "./geometry.js";
import type { ProblemSource } from "./layer-problems.js";
import { isMapped, layerHomes } from "./node-steps.js";
import { StackCosts } from "./stack-costs.js";
import type { TiledStack } from "./stack-view.js";
import { type TileNode, type TileNodes, tileNodes } from "./tile-nodes.js";

type Tile = StackTiling["tile"];

/** The layer that fits nowhere, with all memories to itself. */
export function tooLarge(
  stack: TiledStack,
  types: readonly TileNodes[],
  source: ProblemSource,
  costModel: CostModel,
): Diagnostic {
  const misfit = firstMisfit(types, source, costModel, () => true);
  if (misfit === undefined)
    throw new Error(`stack ${stack.id} cannot be placed though each of its layers can be mapped`);
  const { node, tile, memory, needs } = misfit;
  const { layer } = node.map.node;
  const found = source.hierarchy.memories.find(({ id }) => id === memory);
  if (layer === undefined || found === undefined) throw new Error(`'${node.map.node.id}' does not fit '${memory}'`);
  const fitting = fittingTile(stack, node.index, source, costModel) ?? "none";
  const sizes = {
    inputBits: node.reads.reduce((sum, { bits }) => sum + bits, 0),
    outputBits: node.newBits,
    weightBits: weightBits(node.map.node),
  };
  const { id, size } = found;
  return noRoomForLayer(layer, { id, size, fitting, ...(needs !== undefined && { needs }) }, sizes, tile);
}

/** A layer on a tile type that cannot be mapped, with the memory that is to blame and what it would have to hold. */
interface Misfit {
  readonly node: TileNode;
  readonly tile: Tile;
  readonly memory: string;
  readonly needs?: number;
}

/** @param isMeant - whether a node is to be looked at */
function firstMisfit(
  types: readonly TileNodes[],
  source: ProblemSource,
  costModel: CostModel,
  isMeant: (node: TileNode) => boolean,
): Misfit | undefined {
  const costs = new StackCosts(source, costModel);
  for (const [index, { shape, nodes }] of types.entries()) {
    const alone = nodes.map(() => ({ part: { kind: "whole" as const }, weights: undefined }));
    for (const node of nodes.filter((each) => each.tile !== undefined && isMapped(each) && isMeant(each))) {
      const at = costs.layerAt(`${index}\n${node.index}`, node, layerHomes(node, alone, costs));
      for (const problem of costs.withRoom(at.problems, new Map())) {
        const result = costModel.mapLayer(problem);
        if (!result.feasible) return { node, tile: shape, ...result };
      }
    }
  }
  return undefined;
}

/** The tile halved until the layer can be mapped on all types; `undefined` where it cannot even on single elements. */
function fittingTile(
  { maps, tiling }: TiledStack,
  layer: number,
  source: ProblemSource,
  costModel: CostModel,
): Tile | undefined {
  const fits = (tile: Tile): boolean => {
    const geometry = stackGeometry(maps, { ...tiling, tile });
    return !firstMisfit(tileNodes(maps, geometry, source.stored), source, costModel, ({ index }) => index === layer);
  };
  if (!fits({ width: 1, height: 1 })) return undefined;
  let { width, height } = tiling.tile;
  while (width * height > 1) {
    [width, height] = [Math.ceil(width / 2), Math.ceil(height / 2)];
    if (fits({ width, height })) break;
  }
  return { width, height };
}
