/** The passes of a schedule under the exact model. */
import { createCostModel } from "../../../src/backend/cost/cost-model.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import type { CostModel } from "../../../src/ir/cost-model.js";
import { DiagnosticError } from "../../../src/ir/diagnostics.js";
import {
  COSTS,
  type OverlapMode,
  PLACEMENT,
  type ScheduleCost,
  type StackPlacement,
  type TileOrder,
} from "../../../src/ir/facts.js";
import { createModule, type Module } from "../../../src/ir/module.js";
import type { Network } from "../../../src/ir/network.js";
import { EXACT } from "../../../src/ir/rules.js";
import type { TileSize } from "../../../src/passes/options.js";
import type { Pass } from "../../../src/passes/pass.js";
import { pipelineStep, runPipeline } from "../../../src/passes/pipeline.js";
import { DEFAULT_ORDER } from "../../../src/passes/registry.js";

/** What a user chooses. */
export interface Choices {
  readonly tile: TileSize;
  readonly overlap?: OverlapMode;
  readonly order?: TileOrder;
  readonly stacks?: "single" | "per-layer";
  readonly cuts?: readonly string[];
  readonly between?: "searched" | "top";
}

export interface Scheduled {
  readonly module: Module;
  readonly costs: ScheduleCost;
  readonly placements: readonly StackPlacement[];
}

export const exactModel = (): CostModel => createCostModel(EXACT);

/** @returns `undefined` where no schedule exists */
export function scheduleExactly(
  network: Network,
  accelerator: Accelerator,
  choices: Choices,
  costModel: CostModel = exactModel(),
): Scheduled | undefined {
  const module = compiled(network, accelerator, choices, costModel, DEFAULT_ORDER);
  return module && { module, costs: module.get(COSTS), placements: module.get(PLACEMENT) };
}

/** Tiles and their work alone: nothing is mapped. */
export function placeOnly(network: Network, accelerator: Accelerator, choices: Choices): readonly StackPlacement[] {
  const upTo = DEFAULT_ORDER.findIndex(({ name }) => name === "map-loops");
  const module = compiled(network, accelerator, choices, WITHOUT_MAPPER, DEFAULT_ORDER.slice(0, upTo));
  return module!.get(PLACEMENT); // whatever is asked of this cost model has an answer
}

function compiled(
  network: Network,
  accelerator: Accelerator,
  { tile, overlap = "fully-cached", order = "x-first", stacks = "single", cuts = [], between = "searched" }: Choices,
  costModel: CostModel,
  passes: readonly Pass[],
): Module | undefined {
  const options: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "partition-stacks": { rule: stacks, cuts },
    "tile-stacks": { tile, overlap, order },
    "place-operands": { between },
  };
  const steps = passes.map((pass) => pipelineStep(pass, options[pass.name]));
  try {
    return runPipeline(createModule(network, accelerator), steps, { costModel, seed: 0, report: () => {} });
  } catch (cause) {
    if (cause instanceof DiagnosticError && cause.failure === "infeasible") return undefined;
    throw cause;
  }
}

/** Every layer costs nothing and takes no room. */
const WITHOUT_MAPPER: CostModel = {
  ...exactModel(),
  priceLayer: () => ({ energy: 0, occupancy: {}, leavesSums: false }),
  boundLayer: () => 0,
  mapLayer: () =>
    ({ feasible: true, cost: { energy: 0, occupancy: {} } }) as unknown as ReturnType<CostModel["mapLayer"]>, // nothing else is looked at
};
