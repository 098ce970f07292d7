/** Homes of maps between stacks against the enumeration of all of them (EM §2). */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import type { CostModel } from "../../../src/ir/cost-model.js";
import { HOMES_BOUND, TILING } from "../../../src/ir/facts.js";
import type { Module } from "../../../src/ir/module.js";
import {
  type CrossingHomes,
  type CrossingMap,
  crossingMaps,
  livesIn,
  surroundings,
} from "../../../src/passes/exact/crossing-maps.js";
import { StackPlanner } from "../../../src/passes/exact/place-stack.js";
import { exactViews, problemSource } from "../../../src/passes/exact/stack-view.js";
import "../../support/seed.js";
import { smallAccelerator } from "./random-accelerator.js";
import { ALL_KINDS } from "./random-layers.js";
import { imported, randomNetwork } from "./random-network.js";
import { exactModel, scheduleExactly } from "./scheduling.js";

it("finds homes of maps between stacks that no others are cheaper than", () => {
  let kept = 0;
  fc.assert(
    fc.property(randomNetwork(4, ALL_KINDS), smallAccelerator, (random, accelerator) => {
      const costModel = exactModel();
      const network = imported(random);
      const choices = { tile: { width: 4, height: 4 }, stacks: "per-layer" } as const;
      const found = scheduleExactly(network, accelerator, choices, costModel);
      fc.pre(found !== undefined);
      const all = allHomes(found.module, accelerator, costModel);
      fc.pre(all.length >= 2 && all.length <= 64);
      const energy = found.placements.reduce((sum, { search }) => sum + search!.energy, 0); // exact placements are searched
      const least = Math.min(...all);
      expect(Math.abs(energy / least - 1)).toBeLessThanOrEqual(1e-9);
      expect(found.module.get(HOMES_BOUND) / least - 1).toBeLessThanOrEqual(1e-9);
      if (energy < all[0]! * (1 - 1e-9)) kept++;
      const atTop = scheduleExactly(network, accelerator, { ...choices, between: "top" }, costModel)!;
      expect(atTop.placements.reduce((sum, { search }) => sum + search!.energy, 0)).toBeCloseTo(all[0]!, 3);
    }),
    { numRuns: 40, maxSkipsPerRun: 1000 },
  );
  expect(kept).toBeGreaterThan(10);
});

/** Energy with every choice of homes, in pJ; all maps at the top first; infinite where it does not fit. */
function allHomes(module: Module, { memories }: Accelerator, costModel: CostModel): readonly number[] {
  const [views, source, tilings] = [exactViews(module), problemSource(module), module.get(TILING)];
  const planners = views.map(
    ({ stack, maps }, s) => new StackPlanner({ id: stack.id, maps, tiling: tilings[s]! }, source, costModel),
  );
  const outputs = [...module.network.tensors.values()].filter(({ kind }) => kind === "output").map(({ id }) => id);
  const maps = crossingMaps(views, new Set(outputs), source.hierarchy);
  const lists = maps.reduce<readonly CrossingHomes[]>(
    (found, map) => found.flatMap((homes) => [undefined, ...map.memories].map((home) => [...homes, home])),
    [[]],
  );
  if (lists.length > 64) return [];
  return lists.map((homes) =>
    planners.reduce((sum, planner, s) => {
      if (!fits(maps, homes, s, memories)) return Number.POSITIVE_INFINITY;
      const around = surroundings(maps, homes, (map) => livesIn(map, s));
      return sum + (planner.homes(around)?.energy ?? Number.POSITIVE_INFINITY);
    }, 0),
  );
}

const fits = (
  maps: readonly CrossingMap[],
  homes: CrossingHomes,
  stack: number,
  memories: Accelerator["memories"],
): boolean =>
  memories.every(
    ({ id, size }) =>
      maps.reduce((sum, map, i) => sum + (homes[i]?.id === id && livesIn(map, stack) ? map.bits : 0), 0) <= size,
  );
