import { tileConflict } from "../ir/diagnostics/decisions.js";
import { orderUnsupported, tileClamped } from "../ir/diagnostics/schedule.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { OVERLAP_MODES, STACKS, type StackTiling, TILE_ORDERS, TILING } from "../ir/facts.js";
import { decisionFor } from "./decisions.js";
import { stackViews } from "./depth-first/network-view.js";
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
    if (options.order !== "x-first") throw new DiagnosticError([orderUnsupported(options.order, costModel.rules.name)]);
    const clamped: { readonly asked: string; readonly stack: string; readonly used: string }[] = [];
    const conflicts: Diagnostic[] = [];
    const tilings = stackViews(module).map(({ stack, graph, full }): StackTiling => {
      const stated = decisionFor(module, stack);
      const { tile, overlap, order } = { ...options, ...stated };
      const output = full.get(graph.sink.id)!; // the sink is one of the network's nodes
      const whole = { width: output.x, height: output.y };
      const used = stack.alone === undefined ? clampedTo(whole, tile) : whole;
      if (order !== "x-first") conflicts.push(orderUnsupported(order, costModel.rules.name, stated?.where));
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

type Size = Exclude<TileSize, "full">;

const clampedTo = (whole: Size, tile: TileSize): Size =>
  tile === "full" ? whole : { width: Math.min(tile.width, whole.width), height: Math.min(tile.height, whole.height) };

const isSame = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;
