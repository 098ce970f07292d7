/** Runs the passes of a schedule on a small network. */
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import type { CostModel } from "../../src/ir/cost-model.js";
import type { Diagnostic } from "../../src/ir/diagnostics.js";
import type { Module } from "../../src/ir/module.js";
import { DEFINES } from "../../src/ir/rules.js";
import { assignDataflow } from "../../src/passes/assign-dataflow.js";
import { evaluate } from "../../src/passes/evaluate.js";
import { mapLoops } from "../../src/passes/map-loops.js";
import { partitionStacks } from "../../src/passes/partition-stacks.js";
import { pipelineStep, runPipeline } from "../../src/passes/pipeline.js";
import { placeOperands } from "../../src/passes/place-operands.js";
import { setPrecision } from "../../src/passes/set-precision.js";
import { tileStacks } from "../../src/passes/tile-stacks.js";

type Given = Readonly<Record<string, unknown>>;

/** Up to the pass of that name; without one, all of them. */
export interface CompileOptions {
  readonly stacks?: Given;
  readonly tiles?: Given;
  readonly upTo?: "partition-stacks" | "tile-stacks" | "place-operands";
  readonly costModel?: CostModel;
}

/** One for all tests of a file: results depend on the question alone. */
const published = createCostModel(DEFINES);

export function compile(
  module: Module,
  { stacks, tiles, upTo, costModel = published }: CompileOptions = {},
): { readonly module: Module; readonly diagnostics: readonly Diagnostic[] } {
  const all = [
    pipelineStep(setPrecision),
    pipelineStep(assignDataflow),
    pipelineStep(partitionStacks, stacks),
    pipelineStep(tileStacks, tiles),
    pipelineStep(placeOperands),
    pipelineStep(mapLoops),
    pipelineStep(evaluate),
  ];
  const last = all.findIndex(({ pass }) => pass.name === upTo);
  const steps = last < 0 ? all : all.slice(0, last + 1);
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => void diagnostics.push(diagnostic);
  return { module: runPipeline(module, steps, { costModel, seed: 0, report }), diagnostics };
}

/** Finds a mapping for everything and costs nothing: for tests of what comes before the mapper. */
export const alwaysFeasible: CostModel = {
  rules: DEFINES,
  priceLayer: () => ({ energy: 0, occupancy: {}, leavesSums: false }),
  boundLayer: () => 0,
  mapLayer: () => ({ feasible: true }) as ReturnType<CostModel["mapLayer"]>, // nobody looks at the mapping
  evaluateMapping: published.evaluateMapping,
  copyCost: published.copyCost,
  copyPhase: published.copyPhase,
};

export const codes = (diagnostics: readonly Diagnostic[]): readonly string[] => diagnostics.map(({ code }) => code);
