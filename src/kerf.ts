/**
 * The library: everything that the command line does, without file access. Bytes in, objects out.
 *
 * @packageDocumentation
 */
import { createCostModel } from "./backend/cost/cost-model.js";
import { scheduleDocument } from "./backend/emit/schedule-json.js";
import type { ScheduleDocument } from "./backend/emit/schedule-schema.js";
import { readDecisions } from "./frontend/decisions/read.js";
import { importOnnx } from "./frontend/onnx/import.js";
import { type AcceleratorFile, readAccelerator } from "./frontend/zigzag/accelerator.js";
import { readMapping } from "./frontend/zigzag/mapping.js";
import { readWorkload } from "./frontend/zigzag/workload.js";
import type { Accelerator } from "./ir/accelerator.js";
import { DECISIONS, type Decisions } from "./ir/decisions.js";
import type { Diagnostic } from "./ir/diagnostics.js";
import type { OverlapMode, TileOrder } from "./ir/facts.js";
import { createModule, type Module } from "./ir/module.js";
import type { Network } from "./ir/network.js";
import { DEFINES, EXACT } from "./ir/rules.js";
import type { TileSize } from "./passes/options.js";
import {
  checkPipeline,
  type Pipeline,
  type PipelineObserver,
  parsePipeline,
  pipelineStep,
  printPipeline,
  runPipeline,
} from "./passes/pipeline.js";
import { DEFAULT_ORDER, PASSES } from "./passes/registry.js";

export { importDocument, printImport } from "./backend/emit/import-json.js";
export type { ScheduleDocument } from "./backend/emit/schedule-schema.js";
export { studyCsv } from "./backend/emit/study-csv.js";
export { studyHtml } from "./backend/emit/study-html.js";
export { printStudy } from "./backend/emit/study-text.js";
export { printSummary } from "./backend/emit/summary.js";
export { STUDIES } from "./explore/studies/registry.js";
export type { Study, StudyChoices, StudyContext } from "./explore/studies/study.js";
export type { OnnxImport } from "./frontend/onnx/import.js";
export type { Accelerator, Dataflow, Memory } from "./ir/accelerator.js";
export type { CostModel, MappingProblem, MappingResult } from "./ir/cost-model.js";
export { countLayers, type ImportTotals } from "./ir/counts.js";
export * from "./ir/decisions.js";
export { type Diagnostic, DiagnosticError, printDiagnostic } from "./ir/diagnostics.js";
export * from "./ir/facts.js";
export { createModule, type Module } from "./ir/module.js";
export type { Layer, Network, Operand, Tensor } from "./ir/network.js";
export { printModule } from "./ir/print.js";
export { DEFINES, EXACT, type RuleSet } from "./ir/rules.js";
export type { StudyBlock, StudyResult } from "./ir/study.js";
export { VERSION } from "./ir/version.js";
export * from "./passes/options.js";
export { definePass, type Pass, type PassContext } from "./passes/pass.js";
export { type Pipeline, type PipelineObserver, parsePipeline, printPipeline } from "./passes/pipeline.js";
export { PASSES } from "./passes/registry.js";
export { createCostModel, importOnnx, readAccelerator as loadAccelerator, readDecisions, readWorkload as loadWorkload };

/** How stacks are formed: the published weight rule, one stack, one per layer, or cuts after the named layers. */
export type StackChoice = "auto" | "single" | "per-layer" | { readonly cuts: readonly string[] };

/** Rule sets by the name that users give them. */
export const COST_MODELS = { exact: EXACT, defines: DEFINES } as const;
export type CostModelName = keyof typeof COST_MODELS;

export interface ScheduleOptions {
  /** `exact` where it is absent. */
  readonly costModel?: CostModelName;
  readonly stacks?: StackChoice;
  readonly tile?: TileSize;
  readonly overlap?: OverlapMode;
  readonly order?: TileOrder;
  /** Largest number of loop factors of a layer; 6 with `defines`, as in the reference. */
  readonly loopLimit?: number | "none";
  /** Decisions that are taken as they are stated; the rest is decided as usual. */
  readonly decisions?: Decisions;
  /** Replaces the default pipeline; the choices above then do not apply. */
  readonly pipeline?: string;
  /** Of everything random. */
  readonly seed?: number;
  readonly observer?: PipelineObserver;
}

export interface ScheduleResult {
  /** The module with the facts of every pass that ran. */
  readonly module: Module;
  /** The passes that ran, with all their options. */
  readonly pipeline: string;
  /** What decides the result beside network, accelerator and pipeline, defaults filled in. */
  readonly options: { readonly costModel: CostModelName; readonly loopLimit: number | "none"; readonly seed: number };
  /** Notes and warnings of the passes, in order. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles a network for an accelerator.
 *
 * @throws DiagnosticError when the input is wrong or no schedule exists
 */
export function schedule(network: Network, accelerator: Accelerator, options: ScheduleOptions = {}): ScheduleResult {
  const { costModel = "exact", seed = 0 } = options;
  const rules = { ...COST_MODELS[costModel], ...(options.loopLimit !== undefined && { loopLimit: options.loopLimit }) };
  const pipeline = pipelineFor(options);
  checkPipeline(pipeline, PASSES);
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => void diagnostics.push(diagnostic);
  const context = { costModel: createCostModel(rules), seed, report };
  const initial = createModule(network, accelerator);
  const start = options.decisions === undefined ? initial : initial.with(DECISIONS, options.decisions);
  const module = runPipeline(start, pipeline, context, options.observer);
  const resolved = { costModel, loopLimit: rules.loopLimit, seed };
  return { module, pipeline: printPipeline(pipeline), options: resolved, diagnostics };
}

/**
 * `schedule.json` of a result whose pipeline ran to its end.
 *
 * @param source - the network that was scheduled, as imported
 * @param extra - what else the document records: further options, and what the readers of model and accelerator reported
 */
export function emitSchedule(
  { module, pipeline, ...result }: ScheduleResult,
  source: Network,
  extra: { readonly options?: Readonly<Record<string, unknown>>; readonly diagnostics?: readonly Diagnostic[] } = {},
): ScheduleDocument {
  const options = { ...result.options, ...extra.options };
  const diagnostics = [...(extra.diagnostics ?? []), ...result.diagnostics];
  return scheduleDocument(module, {
    options,
    pipeline,
    source,
    diagnostics,
    isExact: result.options.costModel === "exact",
  });
}

/**
 * The accelerator with the dataflows of a mapping file in place of its own.
 *
 * @param file - the mapping file as the user named it
 * @throws DiagnosticError with every mistake in the file, array dimensions that the accelerator lacks among them
 */
export function withMapping(accelerator: Accelerator, text: string, file: string): AcceleratorFile {
  const { dataflows, diagnostics } = readMapping(text, file, accelerator.array.dims);
  return { accelerator: { ...accelerator, dataflows }, diagnostics };
}

/** The passes that `options` ask for, with the values of all their options. */
export function pipelineFor(options: ScheduleOptions): Pipeline {
  if (options.pipeline !== undefined) return parsePipeline(options.pipeline, PASSES);
  const { stacks = "auto", tile = "full", overlap = "fully-cached", order = "x-first" } = options;
  const given: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "partition-stacks": stackOptions(stacks),
    "tile-stacks": { tile, overlap, order },
  };
  return DEFAULT_ORDER.map((pass) => pipelineStep(pass, given[pass.name]));
}

/** No cuts are one stack. */
const stackOptions = (stacks: StackChoice): Readonly<Record<string, unknown>> => {
  if (typeof stacks === "string") return { rule: stacks };
  return stacks.cuts.length === 0 ? { rule: "single" } : { cuts: stacks.cuts };
};
