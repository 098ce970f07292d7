import type { CostModel } from "../ir/cost-model.js";
import {
  type LayerMapping,
  MAPPINGS,
  PLACEMENT,
  type PlacedTileType,
  STACKS,
  type StackPlacement,
  UNROLLING,
} from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { isComputed } from "./assign-dataflow.js";
import type { NodeGraph } from "./depth-first/graph.js";
import { stackViews } from "./depth-first/network-view.js";
import { placedProblem } from "./depth-first/place-nodes.js";
import { definePass } from "./pass.js";

export const mapLoops = definePass({
  name: "map-loops",
  description: "finds the loop order of every layer on every tile type, and the memory level of every loop",
  options: {},
  requires: [STACKS, PLACEMENT, UNROLLING],
  provides: [MAPPINGS],
  run(module, { costModel }) {
    const placements = module.get(PLACEMENT);
    const mappings = stackViews(module).map(({ graph }, index) => {
      const placement = placements[index]!; // one per stack
      return placement.tileTypes.map((type) => mapLayers(module, costModel, graph, placement, type));
    });
    return module.with(MAPPINGS, mappings);
  },
});

function mapLayers(
  module: Module,
  costModel: CostModel,
  graph: NodeGraph,
  placement: StackPlacement,
  type: PlacedTileType,
): readonly LayerMapping[] {
  return type.nodes.flatMap((placed) => {
    const node = graph.byId.get(placed.id)!; // placed nodes are nodes of the stack
    if (node.layer === undefined || !isComputed(node.layer)) return [];
    const problem = placedProblem(node, placed, type, placement, module.accelerator, module.get(UNROLLING));
    const result = costModel.mapLayer(problem);
    if (!result.feasible) throw new Error(`layer '${node.id}' was placed where it cannot be mapped`);
    return [{ layer: node.layer.id, problem, result }];
  });
}
