/** The reference's accelerators and networks, run through our passes, and a comparison that knows which numbers are energies. */
import { createCostModel } from "../../../src/backend/cost/cost-model.js";
import { readAccelerator } from "../../../src/frontend/zigzag/accelerator.js";
import { readMapping } from "../../../src/frontend/zigzag/mapping.js";
import { readWorkload } from "../../../src/frontend/zigzag/workload.js";
import type { OverlapMode } from "../../../src/ir/facts.js";
import { createModule, type Module } from "../../../src/ir/module.js";
import { DEFINES } from "../../../src/ir/rules.js";
import { assignDataflow } from "../../../src/passes/assign-dataflow.js";
import { evaluate } from "../../../src/passes/evaluate.js";
import { mapLoops } from "../../../src/passes/map-loops.js";
import { partitionStacks } from "../../../src/passes/partition-stacks.js";
import { pipelineStep, runPipeline } from "../../../src/passes/pipeline.js";
import { placeOperands } from "../../../src/passes/place-operands.js";
import { setPrecision } from "../../../src/passes/set-precision.js";
import { tileStacks } from "../../../src/passes/tile-stacks.js";
import { alwaysFeasible } from "../../support/compile.js";
import { readShared } from "../../support/shared.js";

/** What a file of golden numbers says about its run. */
export interface ReferenceRun {
  /** `Meta_prototype_DF`, possibly after a dotted path. */
  readonly accelerator: string;
  /** `fsrcnn`, possibly after a dotted path and `workload_`. */
  readonly workload: string;
  readonly mode: number;
  readonly tile_x: number;
  readonly tile_y: number;
}

const MODES: Readonly<Record<number, OverlapMode>> = { 1: "recompute", 2: "h-cached", 3: "fully-cached" };

/** One for all runs: what a layer costs does not depend on who asks. */
const costModel = createCostModel(DEFINES);

/** The network on the accelerator, with precision and unrolling of every layer. */
export function referenceModule({ accelerator, workload }: Pick<ReferenceRun, "accelerator" | "workload">): Module {
  const name = accelerator.split(".").at(-1)!.toLowerCase();
  const network = workload.split("workload_").at(-1)!;
  const folder = ["golden", "defines", "workloads", name.replace(/_df$/, "")];
  const { dataflows } = readMapping(readShared(...folder, `${network}.mapping.yaml`), network);
  const read = readWorkload(readShared(...folder, `${network}.workload.yaml`), `${network}.workload.yaml`);
  const hardware = readAccelerator(readShared("golden", "defines", "accelerators", `${name}.yaml`), name);
  return runPipeline(
    createModule(read.network, { ...hardware.accelerator, dataflows }),
    [pipelineStep(setPrecision), pipelineStep(assignDataflow), pipelineStep(partitionStacks)],
    { costModel, seed: 0, report: () => {} },
  );
}

/** The module after `place-operands`, without the mapper. */
export const planned = (run: ReferenceRun): Module =>
  runPipeline(referenceModule(run), [tiled(run), pipelineStep(placeOperands)], {
    costModel: alwaysFeasible,
    seed: 0,
    report: () => {},
  });

/** The module after `evaluate`. */
export const evaluated = (run: ReferenceRun): Module =>
  runPipeline(
    referenceModule(run),
    [tiled(run), pipelineStep(placeOperands), pipelineStep(mapLoops), pipelineStep(evaluate)],
    { costModel, seed: 0, report: () => {} },
  );

const tiled = ({ tile_x, tile_y, mode }: ReferenceRun) =>
  pipelineStep(tileStacks, { tile: { width: tile_x, height: tile_y }, overlap: overlapOf(mode) });

export const overlapOf = (mode: number): OverlapMode => MODES[mode]!;

/**
 * Places where two structures differ, of the structure `expected`: what only `found` has is not looked at. Numbers below a key
 * that `isRounded` accepts may differ by a rounding error, 1e-9 of their value; all others must be equal.
 */
export function differences(
  found: unknown,
  expected: unknown,
  isRounded: (key: string) => boolean = () => false,
  path = "",
  rounded = false,
): readonly string[] {
  if (typeof found === "number" && typeof expected === "number") {
    const isNear = Math.abs(found - expected) <= 1e-9 * Math.abs(expected);
    return found === expected || (rounded && isNear) ? [] : [`${path}: ${found}, not ${expected}`];
  }
  if (!isContainer(found) || !isContainer(expected))
    return found === expected ? [] : [`${path}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
  const lengths =
    Array.isArray(expected) && Array.isArray(found) && found.length !== expected.length
      ? [`${path}: ${found.length} entries, not ${expected.length}`]
      : [];
  const inside = Object.entries(expected).flatMap(([key, value]) =>
    differences(
      Object.hasOwn(found, key) ? found[key] : undefined,
      value,
      isRounded,
      `${path}/${key}`,
      rounded || isRounded(key),
    ),
  );
  return [...lengths, ...inside];
}

const isContainer = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
