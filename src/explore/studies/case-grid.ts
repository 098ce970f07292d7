/** The grid of the first DeFiNES case study, and how the other studies sweep it. */
import type { Accelerator } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { COSTS, OVERLAP_MODES, type Totals } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { type LayerId, layerId, type Network } from "../../ir/network.js";
import { evaluatePoint, prepare, sweep } from "../evaluate-point.js";
import { FULL_MAP, gridPoints, printPoint, type TileGrid, type TilePoint } from "../grid.js";
import { stackTraffic, type Traffic } from "../traffic.js";

/** 6 × 6 tile sizes in three modes: 108 points. */
export const CASE_GRID: TileGrid = {
  widths: [1, 4, 16, 60, 240, 960],
  heights: [1, 4, 18, 72, 270, 540],
  overlaps: OVERLAP_MODES,
};

/** One stack at one point. */
export interface StackCost {
  readonly totals: Totals;
  readonly traffic: readonly Traffic[];
}

/** A way to run a whole network. */
export interface Strategy {
  /** Of each stack, in order. */
  readonly points: readonly TilePoint[];
  readonly stacks: readonly StackCost[];
}

/** One point for all stacks. */
export interface UniformStrategy extends Strategy {
  readonly point: TilePoint;
}

/** The points of a strategy, each once; how many there are where they are too many to read. */
export function printPoints({ points }: Strategy): string {
  const distinct = [...new Set(points.map(printPoint))];
  return distinct.length <= 2 ? distinct.join("; ") : `${distinct.length} points on ${points.length} stacks`;
}

export const energyOf = ({ stacks }: Strategy): number => stacks.reduce((sum, { totals }) => sum + totals.energy, 0);
export const latencyOf = ({ stacks }: Strategy): number => stacks.reduce((sum, { totals }) => sum + totals.latency, 0);

/** Every point of the grid, and the uncut map, with stacks by the published weight rule. */
export function sweepStrategies(
  network: Network,
  accelerator: Accelerator,
  grid: TileGrid,
  costModel: CostModel,
): readonly UniformStrategy[] {
  const points = [...gridPoints(grid), FULL_MAP];
  const costs = sweep(prepare(network, accelerator, "auto", costModel), points, costModel, stackCosts);
  return costs.map((stacks, index) => {
    const point = points[index]!; // one result per point
    return { point, stacks, points: stacks.map(() => point) };
  });
}

/** One point, with stacks by the published weight rule. */
export const strategyAt = (
  point: TilePoint,
  network: Network,
  accelerator: Accelerator,
  costModel: CostModel,
): UniformStrategy => uniform(prepare(network, accelerator, "auto", costModel), point, costModel);

/** The whole network as one stack, its maps uncut. */
export const layerByLayer = (network: Network, accelerator: Accelerator, costModel: CostModel): UniformStrategy =>
  uniform(prepare(network, accelerator, "single", costModel), FULL_MAP, costModel);

/** Every layer a stack of its own: each map travels through the outermost memory. */
export const singleLayers = (network: Network, accelerator: Accelerator, costModel: CostModel): UniformStrategy =>
  uniform(prepare(withNames(network), accelerator, "per-layer", costModel), FULL_MAP, costModel);

function uniform(prepared: Module, point: TilePoint, costModel: CostModel): UniformStrategy {
  const stacks = stackCosts(evaluatePoint(prepared, point, costModel));
  return { point, stacks, points: stacks.map(() => point) };
}

function stackCosts(module: Module): readonly StackCost[] {
  const traffic = stackTraffic(module);
  return module.get(COSTS).stacks.map(({ totals }, s) => ({ totals, traffic: traffic[s]! })); // one list per stack
}

/** Layers under names: the published rules take a cut after layer number 0 for none (DF-Q2). */
function withNames(network: Network): Network {
  const named = (id: LayerId): LayerId => layerId(`layer-${id}`);
  return {
    ...network,
    layers: network.layers.map((layer) => ({ ...layer, id: named(layer.id) })),
    coverage: network.coverage.map((entry) =>
      entry.layer === undefined ? entry : { ...entry, layer: named(entry.layer) },
    ),
  };
}

/** How good a stack looks; smaller is better. */
export type Objective = (stack: StackCost) => number;

/**
 * The point that is best for each stack by itself.
 *
 * @param amongEquals - decides between points of equal objective; without it the first of them counts
 */
export function bestPerStack(
  strategies: readonly UniformStrategy[],
  objective: Objective,
  amongEquals: Objective = () => 0,
): Strategy {
  const isBetter = (a: StackCost, b: StackCost): boolean => {
    const difference = objective(a) - objective(b);
    return difference === 0 ? amongEquals(a) < amongEquals(b) : difference < 0;
  };
  const stacks = strategies[0]?.stacks ?? []; // every strategy has the stacks of the first
  const chosen = stacks.map((_, s) =>
    strategies.reduce((best, next) => (isBetter(next.stacks[s]!, best.stacks[s]!) ? next : best)),
  );
  return { points: chosen.map(({ point }) => point), stacks: chosen.map((strategy, s) => strategy.stacks[s]!) };
}

/** The strategy of least energy; the first of equals. */
export const bestUniform = (strategies: readonly UniformStrategy[]): UniformStrategy =>
  strategies.reduce((best, next) => (energyOf(next) < energyOf(best) ? next : best));
