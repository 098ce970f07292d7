import type { CostModel } from "../ir/cost-model.js";
import { COSTS, type LayerTotals, MAPPINGS, PLACEMENT, type PlacedTileType, STACKS, TILING } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { iterations, type LayerId } from "../ir/network.js";
import { type CostedStack, conservationNotes } from "./depth-first/conservation.js";
import { type StackView, stackViews } from "./depth-first/network-view.js";
import { loopsAt } from "./depth-first/operands.js";
import { type CostedType, requireEqual, sum, TOTALS, tileTypeCost, totalsOf } from "./depth-first/totals.js";
import { definePass } from "./pass.js";

export const evaluate = definePass({
  name: "evaluate",
  description: "adds up energy, latency and accesses over layers, copies, tiles and stacks",
  options: {},
  requires: [STACKS, TILING, PLACEMENT, MAPPINGS],
  provides: [COSTS],
  run(module, { costModel, report }) {
    const mappings = module.get(MAPPINGS);
    const stacks = module.get(PLACEMENT).map(
      ({ tileTypes }, s) =>
        tileTypes.map(
          (type, t): CostedType => ({ type, layers: mappings[s]![t]!, copies: phasesOf(type, costModel, module) }),
        ), // one entry per type
    );
    const copyCount = TOTALS[costModel.rules.totals].rule;
    const views = stackViews(module);
    for (const note of conservationNotes(
      costedStacks(module, views, stacks),
      module.accelerator.memories,
      costModel.rules,
    ))
      report(note);
    const totals = totalsOf(stacks.flat(), copyCount);
    const layers = layerTotals(module, views, stacks.flat());
    requireEqual("energy by layer", sum(layers, ({ energy }) => energy) + totals.energyByKind.copy, totals.energy);
    requireEqual("latency by layer", sum(layers, ({ latency }) => latency) + totals.copyLatency, totals.latency);
    const costs = stacks.map((types) => ({ totals: totalsOf(types, copyCount), tileTypes: types.map(tileTypeCost) }));
    requireEqual(
      "energy by stack",
      sum(costs, (stack) => stack.totals.energy),
      totals.energy,
    );
    return module.with(COSTS, { totals, stacks: costs, layers });
  },
});

/** Copy phases of one tile, one per node that has copies (DF §9.4). */
function phasesOf(type: PlacedTileType, costModel: CostModel, { accelerator }: Module): CostedType["copies"] {
  return type.nodes
    .filter(({ copies }) => copies.length > 0)
    .map(({ id, copies }) => ({ node: id, cost: costModel.copyPhase(copies, accelerator) }));
}

/** The stacks of a module with all that was decided about them; facts hold one entry per stack. */
function costedStacks(
  module: Module,
  views: readonly StackView[],
  types: readonly (readonly CostedType[])[],
): readonly CostedStack[] {
  const [tilings, placements] = [module.get(TILING), module.get(PLACEMENT)];
  return views.map((view, s) => ({
    ...view,
    overlap: tilings[s]!.overlap,
    placement: placements[s]!,
    types: types[s]!,
  }));
}

/** Each layer over all tiles of all stacks, in the order of the network. */
function layerTotals(
  module: Module,
  views: readonly StackView[],
  types: readonly CostedType[],
): readonly LayerTotals[] {
  const executed = new Map<LayerId, Omit<LayerTotals, "layer" | "neededOperations">>();
  for (const { type, layers } of types) {
    for (const { layer, problem, result } of layers) {
      const known = executed.get(layer) ?? { energy: 0, latency: 0, operations: 0 };
      executed.set(layer, {
        energy: known.energy + type.count * result.cost.energy,
        latency: known.latency + type.count * result.cost.loadedCycles,
        operations: known.operations + type.count * iterations(problem.loops),
      });
    }
  }
  const needed = neededOperations(views);
  return module.network.layers.map(({ id }) => ({
    layer: id,
    ...(executed.get(id) ?? { energy: 0, latency: 0, operations: 0 }),
    neededOperations: executed.has(id) ? (needed.get(id) ?? 0) : 0,
  }));
}

/** Operations of each layer on its full extent, once per stack that it is part of. */
function neededOperations(views: readonly StackView[]): ReadonlyMap<LayerId, number> {
  const needed = new Map<LayerId, number>();
  for (const { graph, full } of views) {
    for (const { id, layer, loops } of graph.nodes) {
      const size = full.get(id);
      if (layer === undefined || size === undefined) continue;
      needed.set(layer.id, (needed.get(layer.id) ?? 0) + iterations(loopsAt(loops, size)));
    }
  }
  return needed;
}
