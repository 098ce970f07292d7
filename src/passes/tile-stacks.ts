import { tileConflict } from "../ir/diagnostics/decisions.js";
import { orderUnsupported, tileClamped } from "../ir/diagnostics/schedule.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import {
  OVERLAP_MODES,
  STACKS,
  type Stack,
  type StackTiling,
  TILE_ORDERS,
  TILING,
  type TileOrder,
} from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { RuleSet } from "../ir/rules.js";
import { decisionFor } from "./decisions.js";
import { stackViews } from "./depth-first/network-view.js";
import { exactViews } from "./exact/stack-view.js";
import { choice, printTileSize, type TileSize, tileSize } from "./options.js";
import { definePass } from "./pass.js";

export const tileStacks = definePass({
  name: "tile-stacks",
  description: "gives every stack its tile size, what happens to the overlap of tiles, and their order",
  options: {
    tile: tileSize("full", "tile of a stack's output, elements"),
    overlap: choice(
      "fully-cached",
      OVERLAP_MODES,
      "overlap of neighbouring tiles: computed again, kept along rows of tiles, or kept in both directions",
    ),
    order: choice("x-first", TILE_ORDERS, "order of tiles"),
  },
  requires: [STACKS],
  provides: [TILING],
  run(module, { costModel, report }, options) {
    const { geometry, name } = costModel.rules;
    const isOrderKnown = (order: TileOrder): boolean => geometry === "clipped" || order === "x-first";
    if (!isOrderKnown(options.order)) throw new DiagnosticError([orderUnsupported(options.order, name)]);
    const clamped: { readonly asked: string; readonly stack: string; readonly used: string }[] = [];
    const conflicts: Diagnostic[] = [];
    const tilings = OUTPUTS[geometry](module).map(({ stack, whole }): StackTiling => {
      const stated = decisionFor(module, stack);
      const { tile, overlap, order } = { ...options, ...stated };
      const used = stack.alone === undefined ? clampedTo(whole, tile) : whole;
      if (!isOrderKnown(order)) conflicts.push(orderUnsupported(order, name, stated?.where));
      if (tile !== "full" && !isSame(used, tile)) {
        if (stated?.members !== undefined && stated.tile !== undefined) {
          conflicts.push(tileConflict(stated, printTileSize(tile), stack.id, printTileSize(whole), stack.alone));
        } else if (stack.alone === undefined)
          clamped.push({ asked: printTileSize(tile), stack: stack.id, used: printTileSize(used) });
      }
      return { stack: stack.id, tile: used, overlap, order };
    });
    if (conflicts.length > 0) throw new DiagnosticError(conflicts, "infeasible");
    for (const asked of new Set(clamped.map((entry) => entry.asked)))
      report(
        tileClamped(
          asked,
          clamped.filter((entry) => entry.asked === asked),
        ),
      );
    return module.with(TILING, tilings);
  },
});

/** Every stack with the extent of its output. */
const OUTPUTS: Readonly<
  Record<RuleSet["geometry"], (module: Module) => readonly { readonly stack: Stack; readonly whole: Size }[]>
> = {
  traced: (module) =>
    stackViews(module).map(({ stack, graph, full }) => {
      const { x, y } = full.get(graph.sink.id)!; // the sink is one of the network's nodes
      return { stack, whole: { width: x, height: y } };
    }),
  clipped: (module) =>
    exactViews(module).map(({ stack, maps }) => {
      const { x, y } = maps.maps.at(-1)!.extents; // a stack has an output
      return { stack, whole: { width: x, height: y } };
    }),
};

type Size = Exclude<TileSize, "full">;

const clampedTo = (whole: Size, tile: TileSize): Size =>
  tile === "full" ? whole : { width: Math.min(tile.width, whole.width), height: Math.min(tile.height, whole.height) };

const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;
