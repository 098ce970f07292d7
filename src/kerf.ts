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
import { readAccelerator } from "./frontend/zigzag/accelerator.js";
import type { Accelerator } from "./ir/accelerator.js";
import { DECISIONS, type Decisions } from "./ir/decisions.js";
import type { Diagnostic } from "./ir/diagnostics.js";
import type { OverlapMode, TileOrder } from "./ir/facts.js";
import { createModule, type Module } from "./ir/module.js";
import type { Network } from "./ir/network.js";
import { DEFINES, type RuleSet } from "./ir/rules.js";
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

export type { ScheduleDocument } from "./backend/emit/schedule-schema.js";
export { printSummary } from "./backend/emit/summary.js";
export type { OnnxImport } from "./frontend/onnx/import.js";
export type { Accelerator, Dataflow, Memory } from "./ir/accelerator.js";
export type { CostModel, MappingProblem, MappingResult } from "./ir/cost-model.js";
export type { ImportTotals } from "./ir/counts.js";
export * from "./ir/decisions.js";
export { type Diagnostic, DiagnosticError, printDiagnostic } from "./ir/diagnostics.js";
export * from "./ir/facts.js";
export { createModule, type Module } from "./ir/module.js";
export type { Layer, Network, Operand, Tensor } from "./ir/network.js";
export { printModule } from "./ir/print.js";
export { DEFINES, type RuleSet } from "./ir/rules.js";
export { VERSION } from "./ir/version.js";
export * from "./passes/options.js";
export { definePass, type Pass, type PassContext } from "./passes/pass.js";
export { type Pipeline, type PipelineObserver, parsePipeline, printPipeline } from "./passes/pipeline.js";
export { PASSES } from "./passes/registry.js";
export { importOnnx, readAccelerator as loadAccelerator, readDecisions };

/** How stacks are formed: the published weight rule, one stack, one per layer, or cuts after the named layers. */
export type StackChoice = "auto" | "single" | "per-layer" | { readonly cuts: readonly string[] };

export interface ScheduleOptions {
  readonly costModel?: "defines";
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
  readonly pipeline: string;
  /** Notes and warnings of the passes, in order. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles a network for an accelerator.
 *
 * @throws DiagnosticError when the input is wrong or no schedule exists
 */
export function schedule(network: Network, accelerator: Accelerator, options: ScheduleOptions = {}): ScheduleResult {
  const pipeline = pipelineFor(options);
  checkPipeline(pipeline, PASSES);
  const diagnostics: Diagnostic[] = [];
  const context = {
    costModel: createCostModel(rulesFor(options)),
    seed: options.seed ?? 0,
    report: (diagnostic: Diagnostic) => void diagnostics.push(diagnostic),
  };
  const initial = createModule(network, accelerator);
  const start = options.decisions === undefined ? initial : initial.with(DECISIONS, options.decisions);
  const module = runPipeline(start, pipeline, context, options.observer);
  return { module, pipeline: printPipeline(pipeline), diagnostics };
}

/** `schedule.json` of a result whose pipeline ran to its end. */
export function emitSchedule(
  result: ScheduleResult,
  source: Network,
  options: Readonly<Record<string, unknown>> = {},
  importDiagnostics: readonly Diagnostic[] = [],
): ScheduleDocument {
  const diagnostics = [...importDiagnostics, ...result.diagnostics];
  return scheduleDocument(result.module, { options, pipeline: result.pipeline, source, diagnostics });
}

/** The passes that `options` ask for, with the values of all their options. */
export function pipelineFor(options: ScheduleOptions): Pipeline {
  if (options.pipeline !== undefined) return parsePipeline(options.pipeline, PASSES);
  const { stacks = "auto", tile = "full", overlap = "fully-cached", order = "x-first" } = options;
  const given: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "partition-stacks": typeof stacks === "string" ? { rule: stacks } : { cuts: stacks.cuts },
    "tile-stacks": { tile, overlap, order },
  };
  return DEFAULT_ORDER.map((pass) => pipelineStep(pass, given[pass.name]));
}

const rulesFor = ({ loopLimit }: ScheduleOptions): RuleSet =>
  loopLimit === undefined ? DEFINES : { ...DEFINES, loopLimit };
