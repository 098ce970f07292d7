import { orderUnsupported, tileClamped } from "../ir/diagnostics/schedule.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { STACKS, type StackTiling, TILING } from "../ir/facts.js";
import { stackViews } from "./depth-first/network-view.js";
import { choice, printTileSize, tileSize } from "./options.js";
import { definePass } from "./pass.js";

export const tileStacks = definePass({
  name: "tile-stacks",
  description: "gives every stack its tile size, what happens to the overlap of tiles, and their order",
  options: {
    tile: tileSize("full", "tile of a stack's output, elements"),
    overlap: choice(
      "fully-cached",
      ["recompute", "h-cached", "fully-cached"],
      "overlap of neighbouring tiles: computed again, kept along rows of tiles, or kept in both directions",
    ),
    order: choice("x-first", ["x-first", "y-first"], "order of tiles"),
  },
  requires: [STACKS],
  provides: [TILING],
  run(module, { costModel, report }, { tile, overlap, order }) {
    if (order !== "x-first") throw new DiagnosticError([orderUnsupported(order, costModel.rules.name)]);
    const clamped: { readonly stack: string; readonly used: string }[] = [];
    const tilings = stackViews(module).map(({ stack, graph, full }): StackTiling => {
      const output = full.get(graph.sink.id)!; // the sink is one of the network's nodes
      const whole = { width: output.x, height: output.y };
      if (tile === "full" || stack.alone !== undefined) return { stack: stack.id, tile: whole, overlap, order };
      const used = { width: Math.min(tile.width, whole.width), height: Math.min(tile.height, whole.height) };
      if (used.width < tile.width || used.height < tile.height)
        clamped.push({ stack: stack.id, used: printTileSize(used) });
      return { stack: stack.id, tile: used, overlap, order };
    });
    if (clamped.length > 0) report(tileClamped(printTileSize(tile), clamped));
    return module.with(TILING, tilings);
  },
});
