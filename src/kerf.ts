/**
 * The library: everything that the command line does, without file access. Bytes in, objects out.
 *
 * @packageDocumentation
 */
import { COST_BEHAVIOURS } from "./backend/cost/behaviours.js";
import { createCostModel } from "./backend/cost/cost-model.js";
import { costModelsSharingMappers } from "./backend/cost/cost-models.js";
import { contentSha256 } from "./backend/emit/digest.js";
import { scheduleDocument } from "./backend/emit/schedule-json.js";
import type { ScheduleDocument } from "./backend/emit/schedule-schema.js";
import { diffEnd, distinctNotes, walkRules } from "./explore/diff.js";
import { rulePath } from "./explore/rule-path.js";
import {
  COST_MODELS,
  type CostModelName,
  type EffectiveOptions,
  OPEN_CHOICES,
  PLAIN_CHOICES,
  type ScheduleOptions,
  type StackChoice,
  type StatedChoices,
} from "./explore/schedule-options.js";
import { isClosed, searchSchedule } from "./explore/search/search-schedule.js";
import { createPointEvaluator, type ResultCache, runBatch, type SweepWork } from "./explore/sweep/batch.js";
import { decodeLine } from "./explore/sweep/line.js";
import { type AxisSizes, type Machine, planSweep, type SweepPlan } from "./explore/sweep/plan.js";
import { type BatchPool, runBatches } from "./explore/sweep/run.js";
import { pointNumbersOf } from "./explore/sweep/space.js";
import { readDecisions } from "./frontend/decisions/read.js";
import { importOnnx } from "./frontend/onnx/import.js";
import { type AcceleratorFile, readAccelerator } from "./frontend/zigzag/accelerator.js";
import { readMapping } from "./frontend/zigzag/mapping.js";
import { readWorkload } from "./frontend/zigzag/workload.js";
import type { Accelerator } from "./ir/accelerator.js";
import type { CostModel } from "./ir/cost-model.js";
import { DECISIONS } from "./ir/decisions.js";
import { exactOnly } from "./ir/diagnostics/schedule.js";
import { type Diagnostic, DiagnosticError } from "./ir/diagnostics.js";
import type { ScheduleDiff } from "./ir/diff.js";
import { OVERLAP_MODES, type OverlapMode, SEARCHED, type SearchedSpace, type TileOrder } from "./ir/facts.js";
import { createModule, type Module } from "./ir/module.js";
import type { Network } from "./ir/network.js";
import type { RuleSet } from "./ir/rules.js";
import type { SweepLine } from "./ir/sweep.js";
import { DEPTH_FIRST_BEHAVIOURS } from "./passes/depth-first/behaviours.js";
import { joinNames } from "./passes/options.js";
import {
  checkPipeline,
  type Pipeline,
  parsePipeline,
  pipelineStep,
  printPipeline,
  runPipeline,
} from "./passes/pipeline.js";
import { DEFAULT_ORDER, PASSES } from "./passes/registry.js";

export { diffDocument } from "./backend/emit/diff-json.js";
export { printDiff } from "./backend/emit/diff-text.js";
export { importDocument, printImport } from "./backend/emit/import-json.js";
export type { ScheduleDocument } from "./backend/emit/schedule-schema.js";
export { studyCsv } from "./backend/emit/study-csv.js";
export { studyHtml } from "./backend/emit/study-html.js";
export { printStudy } from "./backend/emit/study-text.js";
export { printSummary } from "./backend/emit/summary.js";
export { printSweep } from "./backend/emit/sweep-text.js";
export * from "./explore/schedule-options.js";
export { STUDIES } from "./explore/studies/registry.js";
export type { Study, StudyChoices, StudyContext } from "./explore/studies/study.js";
export type { ResultCache, SweepWork } from "./explore/sweep/batch.js";
export type { AxisSizes, Machine } from "./explore/sweep/plan.js";
export type { BatchPool, TimedBatch } from "./explore/sweep/run.js";
export type { OnnxImport } from "./frontend/onnx/import.js";
export type { Accelerator, Dataflow, Memory } from "./ir/accelerator.js";
export type { CostModel, MappingProblem, MappingResult } from "./ir/cost-model.js";
export { countLayers, type ImportTotals } from "./ir/counts.js";
export * from "./ir/decisions.js";
export { type Diagnostic, DiagnosticError, printDiagnostic } from "./ir/diagnostics.js";
export * from "./ir/diff.js";
export * from "./ir/facts.js";
export { createModule, type Module } from "./ir/module.js";
export type { Layer, Network, Operand, Tensor } from "./ir/network.js";
export { printModule } from "./ir/print.js";
export { DEFINES, EXACT, type RuleSet } from "./ir/rules.js";
export type { StudyBlock, StudyResult } from "./ir/study.js";
export * from "./ir/sweep.js";
export { VERSION } from "./ir/version.js";
export * from "./passes/options.js";
export { definePass, type Pass, type PassContext } from "./passes/pass.js";
export { type Pipeline, type PipelineObserver, parsePipeline, printPipeline } from "./passes/pipeline.js";
export { PASSES } from "./passes/registry.js";
export { createCostModel, importOnnx, readAccelerator as loadAccelerator, readDecisions, readWorkload as loadWorkload };

export interface ScheduleResult {
  /** The module with the facts of every pass that ran. */
  readonly module: Module;
  /** The passes that ran, with all their options. */
  readonly pipeline: string;
  /** What decides the result beside network, accelerator and pipeline, defaults filled in. */
  readonly options: EffectiveOptions;
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
  const priced = createCostModel(rules);
  const choices = closed(network, accelerator, priced, options);
  const result = compile(network, accelerator, priced, choices);
  return { ...result, options: { costModel, loopLimit: rules.loopLimit, seed, ...lateChoices(pipelineFor(choices)) } };
}

/** Options with nothing left open. */
type CompileOptions = Omit<ScheduleOptions, keyof StatedChoices | "search"> &
  StatedChoices & { readonly searched?: SearchedSpace };

/**
 * Searches for what the options leave open.
 *
 * @throws DiagnosticError when nothing fits, or the rules know of no search
 */
function closed(
  network: Network,
  accelerator: Accelerator,
  costModel: CostModel,
  options: ScheduleOptions,
): CompileOptions {
  const isExact = costModel.rules.geometry === "clipped";
  const usual = isExact && options.pipeline === undefined ? OPEN_CHOICES : PLAIN_CHOICES;
  const { stacks, tile, overlap, order, search = {}, ...rest } = { ...usual, ...options };
  const request = { stacks, tile, overlap, order, between: options.between ?? ("searched" as const) };
  if (isClosed(request)) return { ...rest, ...request };
  if (!isExact) throw new DiagnosticError([exactOnly("a search", costModel.rules.name)]);
  const found = searchSchedule(startOf(network, accelerator, options), costModel, request, search);
  return { ...rest, ...(found ?? PLAIN_CHOICES) };
}

function startOf(
  network: Network,
  accelerator: Accelerator,
  { decisions }: Pick<ScheduleOptions, "decisions">,
): Module {
  const initial = createModule(network, accelerator);
  return decisions === undefined ? initial : initial.with(DECISIONS, decisions);
}

/** What a pipeline states of homes between stacks and of the evaluation, where it is not the default. */
function lateChoices(pipeline: Pipeline): Pick<EffectiveOptions, "between" | "pipelineCopies" | "steadyState"> {
  const states = (name: string, option: string, value: string): boolean =>
    pipeline.some(({ pass, options }) => pass.name === name && options[option] === value);
  return {
    ...(states("place-operands", "between", "top") && { between: "top" }),
    ...(states("evaluate", "copies", "pipelined") && { pipelineCopies: true }),
    ...(states("evaluate", "inference", "steady") && { steadyState: true }),
  };
}

/** @throws DiagnosticError when the input is wrong or no schedule exists */
function compile(
  network: Network,
  accelerator: Accelerator,
  costModel: CostModel,
  options: CompileOptions,
): Omit<ScheduleResult, "options"> {
  const pipeline = pipelineFor(options);
  checkPipeline(pipeline, PASSES);
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic) => void diagnostics.push(diagnostic);
  const context = { costModel, seed: options.seed ?? 0, report };
  const stated = startOf(network, accelerator, options);
  const start = options.searched === undefined ? stated : stated.with(SEARCHED, options.searched);
  const module = runPipeline(start, pipeline, context, options.observer);
  return { module, pipeline: printPipeline(pipeline), diagnostics };
}

/** Choices that both schedules of a comparison share. */
export interface DiffOptions extends StatedChoices {
  /** Called before every schedule between the first and the second. */
  progress?(done: number, of: number, next: string): void;
}

export interface DiffResult {
  readonly diff: ScheduleDiff;
  /** Notes of both schedules, each once. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * One network under two rule sets, and the way from one to the other, policy by policy.
 *
 * @throws DiagnosticError when the input is wrong or one of the two has no schedule
 */
export function diffRuleSets(
  network: Network,
  accelerator: Accelerator,
  [from, to]: readonly [CostModelName, CostModelName],
  options: DiffOptions = {},
): DiffResult {
  const costModelFor = costModelsSharingMappers();
  const run = (rules: RuleSet) => compile(network, accelerator, costModelFor(rules), options);
  const [a, b] = [COST_MODELS[from], COST_MODELS[to]];
  const [first, second] = [run(a), run(b)];
  const ends = [diffEnd(first.module, a), diffEnd(second.module, b)] as const;
  const tables = { ...DEPTH_FIRST_BEHAVIOURS, ...COST_BEHAVIOURS };
  const path = walkRules(rulePath(a, b), tables, (rules) => run(rules).module, ends[1], options.progress);
  const diagnostics = distinctNotes([...first.diagnostics, ...second.diagnostics]);
  return { diff: { model: network.name, ends, path }, diagnostics };
}

/**
 * One network on two machines.
 *
 * @throws DiagnosticError when the input is wrong or one of the two has no schedule
 */
export function diffMachines(
  network: Network,
  accelerators: readonly [Accelerator, Accelerator],
  costModel: CostModelName = "exact",
  options: DiffOptions = {},
): DiffResult {
  const rules = COST_MODELS[costModel];
  const [a, b] = accelerators;
  const first = compile(network, a, createCostModel(rules), options);
  const second = compile(network, b, createCostModel(rules), options);
  const ends = [diffEnd(first.module, rules), diffEnd(second.module, rules)] as const;
  const diagnostics = distinctNotes([...first.diagnostics, ...second.diagnostics]);
  return { diff: { model: network.name, ends }, diagnostics };
}

/** What a sweep tries at every combination; whatever is absent has its default. */
export interface ExploreOptions extends Pick<ScheduleOptions, "costModel" | "loopLimit" | "seed"> {
  /** Ways to form stacks; `auto` alone. */
  readonly stacks?: readonly StackChoice[];
  /** Tile widths and heights, elements: stated, `all`, or `halves` (the default): the whole map, a half, … a sixteenth of it. */
  readonly widths?: AxisSizes;
  readonly heights?: AxisSizes;
  /** All. */
  readonly overlaps?: readonly OverlapMode[];
  /** `x-first` alone. */
  readonly orders?: readonly TileOrder[];
  readonly pipelineCopies?: boolean;
  readonly steadyState?: boolean;
  /** Names the code that runs where the version does not: results of other builds have other keys. */
  readonly build?: string;
}

/** A sweep before it runs: which points there are, and what its workers need. */
export interface PlannedSweep extends SweepPlan {
  readonly work: SweepWork;
}

/**
 * @throws DiagnosticError when the input is wrong, or stacks cannot be formed
 */
export function planExplore(
  network: Network,
  machines: readonly Machine[],
  options: ExploreOptions = {},
): PlannedSweep {
  const { costModel = "exact", seed = 0, stacks = ["auto"], widths = "halves", heights = "halves" } = options;
  const rules = { ...COST_MODELS[costModel], ...(options.loopLimit !== undefined && { loopLimit: options.loopLimit }) };
  const evaluation = {
    copies: options.pipelineCopies === true ? ("pipelined" as const) : ("alone" as const),
    inference: options.steadyState === true ? ("steady" as const) : ("single" as const),
  };
  const axes = {
    machines,
    stacks: stacks.map((rule) => ({ rule, text: typeof rule === "string" ? rule : joinNames(rule.cuts) })),
    widths,
    heights,
    overlaps: options.overlaps ?? OVERLAP_MODES,
    orders: options.orders ?? ["x-first" as const],
  };
  const plan = planSweep(network, axes, { evaluation, seed }, createCostModel(rules), contentSha256, options.build);
  return { ...plan, work: { network, machines, rules, space: plan.space, evaluation, seed } };
}

/** How a sweep runs. */
export interface ExploreRun {
  /** Workers; without them points are evaluated here, one after the other. */
  readonly pool?: BatchPool;
  /** Of a sweep without workers. */
  readonly cache?: ResultCache;
  readonly signal?: AbortSignal;
}

/**
 * Evaluates every point of a sweep; points come as they finish.
 *
 * @param accelerators - machines to try, each under a name of its own
 * @throws DiagnosticError when the input is wrong; a point without a schedule says so in its line
 */
export async function* explore(
  network: Network,
  accelerators: readonly Accelerator[],
  options: ExploreOptions = {},
  { pool, cache, signal }: ExploreRun = {},
): AsyncGenerator<SweepLine> {
  const machines = accelerators.map((accelerator) => ({ arch: accelerator.name, accelerator }));
  const { space, work } = planExplore(network, machines, options);
  const points = pointNumbersOf(space.points, undefined, () => false);
  for await (const { results } of runBatches(points, pool ?? localPool(work, cache), signal)) {
    for (const { line } of results) yield decodeLine(line)!; // just encoded
  }
}

/** Evaluates here, with a pause after every batch in which others get their turn. */
function localPool(work: SweepWork, cache: ResultCache | undefined): BatchPool {
  const evaluator = createPointEvaluator(work, createCostModel);
  return {
    width: 1,
    async run(indices) {
      await new Promise((resolve) => setTimeout(resolve));
      const started = performance.now();
      const batch = runBatch(indices, work, evaluator, contentSha256, cache);
      return { ...batch, milliseconds: performance.now() - started };
    },
  };
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
    loopLimit: result.options.loopLimit,
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
export function pipelineFor(options: CompileOptions): Pipeline {
  if (options.pipeline !== undefined) return parsePipeline(options.pipeline, PASSES);
  const { stacks = "auto", tile = "full", overlap = "fully-cached", order = "x-first", between = "searched" } = options;
  const given: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "partition-stacks": stackOptions(stacks),
    "tile-stacks": { tile, overlap, order },
    "place-operands": { between },
    evaluate: {
      copies: options.pipelineCopies === true ? "pipelined" : "alone",
      inference: options.steadyState === true ? "steady" : "single",
    },
  };
  return DEFAULT_ORDER.map((pass) => pipelineStep(pass, given[pass.name]));
}

/** No cuts are one stack. */
const stackOptions = (stacks: StackChoice): Readonly<Record<string, unknown>> => {
  if (typeof stacks === "string") return { rule: stacks };
  return stacks.cuts.length === 0 ? { rule: "single" } : { cuts: stacks.cuts };
};
