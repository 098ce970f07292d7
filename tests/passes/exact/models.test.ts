/** ResNet-18 at 224×224 under the exact model: padding enlarges nothing, whatever the schedule (EM §1). */
import { describe, expect, it } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { OVERLAP_MODES, type StackPlacement, TILE_ORDERS } from "../../../src/ir/facts.js";
import { loopSize } from "../../../src/ir/network.js";
import { modelBytes } from "../../support/models.js";
import { builtIn } from "../../support/networks.js";
import { ONE_MEMORY } from "./random-accelerator.js";
import { type Choices, placeOnly, scheduleExactly } from "./scheduling.js";

const MACS = 1_814_073_344;
const { network } = importOnnx(modelBytes("resnet18"), { file: "resnet18.onnx", bind: {} });
const [first] = network.layers;

/** Cells of the first layer's map that tiles compute, over all tiles. */
function firstCells(placements: readonly StackPlacement[]): number {
  const types = placements.flatMap(({ tileTypes }) => tileTypes);
  return types.reduce((sum, { count, nodes }) => {
    const loops = nodes.find(({ id }) => id === first!.id)?.loops ?? [];
    return sum + (loops.length === 0 ? 0 : count * loopSize(loops, "OX", 1) * loopSize(loops, "OY", 1));
  }, 0);
}

const TILES: readonly Choices["tile"][] = [
  "full",
  { width: 4, height: 72 },
  { width: 7, height: 7 },
  { width: 1, height: 5 },
];

describe("ResNet-18", () => {
  it.each(TILES)("needs its 1.814 GMACs and a first layer of 112×112 in tiles %o", (tile) => {
    for (const order of TILE_ORDERS)
      for (const stacks of ["single", "per-layer"] as const)
        for (const overlap of OVERLAP_MODES) {
          const placements = placeOnly(network, ONE_MEMORY, { tile, order, stacks, overlap });
          const needed = placements.flatMap((placement) => [...placement.needed.values()]);
          expect(needed.reduce((sum, { macs }) => sum + macs, 0)).toBe(MACS);
          const isOnce = overlap === "fully-cached" || stacks === "per-layer" || tile === "full";
          if (isOnce) expect(firstCells(placements)).toBe(112 * 112);
          else expect(firstCells(placements)).toBeGreaterThanOrEqual(112 * 112);
        }
  });

  it.each([
    ["edge-tpu-like", { tile: "full", overlap: "h-cached", stacks: "single" }],
    ["edge-tpu-like", { tile: { width: 7, height: 4 }, stacks: "per-layer", overlap: "recompute" }],
  ] as const)("has the same work on %s", (machine, chosen) => {
    const { costs, placements } = scheduleExactly(network, builtIn(machine), chosen)!;
    expect(costs.layers.reduce((sum, { executed }) => sum + executed.macs, 0)).toBe(MACS);
    expect(firstCells(placements)).toBe(112 * 112);
  });
});
