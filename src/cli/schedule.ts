/** `kerf schedule`: model and accelerator in, table and JSON out. */
import { contentSha256 } from "../backend/emit/digest.js";
import { energyText } from "../backend/emit/quantities.js";
import { printSummary } from "../backend/emit/summary.js";
import { isOpenChoice } from "../explore/search/search-schedule.js";
import type { AcceleratorFile } from "../frontend/zigzag/accelerator.js";
import type { RecordedChoices } from "../ir/decisions.js";
import { badOption, incompletePipeline, missingOption } from "../ir/diagnostics/command.js";
import { exactOnly } from "../ir/diagnostics/schedule.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { COSTS, OVERLAP_MODES, TILE_ORDERS } from "../ir/facts.js";
import { printModule } from "../ir/print.js";
import {
  COST_MODELS,
  type CostModelName,
  type DiffOptions,
  emitSchedule,
  loadAccelerator,
  readDecisions,
  type ScheduleOptions,
  type StackChoice,
  type StatedChoices,
  schedule,
  withMapping,
} from "../kerf.js";
import { architectureFile, builtInArchitectures, findArchitecture } from "../node/architectures.js";
import { readText } from "../node/files.js";
import { positiveIntOrNone, splitNames, tileSize } from "../passes/options.js";
import { duration } from "./duration.js";
import { loadModel } from "./model.js";
import { observerFor } from "./observe.js";
import { parseChoice, parseWith, refuseTogether } from "./options.js";
import { type MessageOptions, report } from "./output.js";
import { clearProgress, printStatus, showsProgress } from "./progress.js";
import { type ResultOptions, requireResultPlace, writeResult } from "./result.js";

/** Options as commander hands them over: texts, or absent. */
export interface ScheduleFlags extends MessageOptions, ResultOptions {
  readonly arch?: string;
  readonly mapping?: string;
  readonly costModel?: string;
  readonly stacks?: string;
  readonly tile?: string;
  readonly overlap?: string;
  readonly order?: string;
  readonly budget?: string;
  readonly decisions?: string;
  readonly loopLimit?: string;
  readonly bind?: string;
  readonly seed?: string;
  readonly pipeline?: string;
  readonly printBefore?: string;
  readonly printAfter?: string;
  readonly timing?: true;
  readonly strict?: true;
  readonly pipelineCopies?: boolean;
  readonly steadyState?: boolean;
}

const COST_MODEL_NAMES = Object.keys(COST_MODELS) as CostModelName[]; // the object's own keys
const PIPELINE_CHOICES = ["stacks", "tile", "overlap", "order", "pipelineCopies", "steadyState"];

/** @throws DiagnosticError for wrong input and infeasible requests */
export function runSchedule(modelFile: string, given: ScheduleFlags): void {
  const { arch, mapping, decisions } = given;
  requireResultPlace(given, [modelFile, arch && architectureFile(arch), mapping, decisions]);
  scheduleOptions(given); // mistakes of the command line come first
  searchLimits(given);
  const stated = loadDecisions(given);
  const { flags } = stated;
  const options = scheduleOptions(flags);
  const { accelerator, diagnostics: aboutAccelerator } = loadArchitecture(flags);
  const model = loadModel(modelFile, flags.bind);
  requireResultPlace(flags, model.dataFiles);
  requireSizes(model.diagnostics);
  const early = [...stated.diagnostics, ...aboutAccelerator, ...model.diagnostics];
  report(early, model.network.coverage, flags);
  const search = searchLimits(flags);
  const result = schedule(model.network, accelerator, { ...options, ...stated.options, search });
  clearProgress(flags);
  report(result.diagnostics, [], flags);
  const isComplete = result.module.has(COSTS);
  if (!isComplete && (flags.out !== undefined || flags.json)) throw new DiagnosticError([incompletePipeline()]);
  const bind = flags.bind === undefined ? {} : { bind: flags.bind };
  const extra = { options: { ...bind, ...stated.record }, diagnostics: early };
  writeResult(
    flags,
    () => emitSchedule(result, model.network, extra),
    () => (isComplete ? printSummary(result.module, result.options.costModel) : printModule(result.module)),
  );
}

/**
 * How a search shows where it is, and when it has to end; the time counts from the start of the command.
 *
 * @throws DiagnosticError when nothing is left open that could take time
 */
function searchLimits(flags: ScheduleFlags): NonNullable<ScheduleOptions["search"]> {
  const { budget } = flags;
  const most = budget === undefined ? Number.POSITIVE_INFINITY : parseWith("--budget", budget, duration);
  const { stacks, tile, overlap, order, pipeline, costModel = "exact" } = flags;
  const choices = [stacks, tile, overlap, order];
  const isOpen =
    costModel === "exact" && pipeline === undefined && choices.some((each) => each === undefined || isOpenChoice(each));
  if (budget !== undefined && !isOpen)
    throw new DiagnosticError([
      badOption("--budget", budget, "a search", "leave something open, for example the tile"),
    ]);
  return {
    ...(budget !== undefined && { isOver: () => performance.now() > most }),
    ...(showsProgress(flags) && {
      progress: (evaluated: number, energy: number) =>
        printStatus(`${evaluated} tilings of stacks searched, best so far ${energyText(energy)}`),
    }),
  };
}

/** A schedule of a part would pass for one of the whole: what a dimension without a number leaves out is an error here. */
export function requireSizes(diagnostics: readonly Diagnostic[]): void {
  const unknown = diagnostics.filter(({ code }) => code === "unknown-dimension");
  if (unknown.length > 0) throw new DiagnosticError(unknown.map((found) => ({ ...found, severity: "error" })));
}

/** @throws DiagnosticError when an option is wrong, or contradicts another */
export function scheduleOptions(flags: ScheduleFlags): ScheduleOptions {
  return { ...commonOptions(flags), ...openChoices(flags) };
}

/**
 * Of commands that search for no schedule.
 *
 * @throws DiagnosticError when an option is wrong, or contradicts another
 */
export const statedOptions = (flags: ScheduleFlags): DiffOptions & ReturnType<typeof commonOptions> => ({
  ...commonOptions(flags),
  ...statedChoices(flags),
});

function commonOptions(flags: ScheduleFlags) {
  refuseTogether({ ...flags }, "pipeline", PIPELINE_CHOICES, "the pipeline's text states these choices");
  const { loopLimit, pipeline, seed } = flags;
  const costModel = parseChoice("--cost-model", flags.costModel ?? "exact", COST_MODEL_NAMES);
  const { pipelineCopies, steadyState } = flags;
  requireExact(costModel, { "--pipeline-copies": pipelineCopies, "--steady-state": steadyState });
  return {
    costModel,
    ...(pipelineCopies && { pipelineCopies }),
    ...(steadyState && { steadyState }),
    observer: observerFor(flags),
    ...(loopLimit !== undefined && {
      loopLimit: parseWith("--loop-limit", loopLimit, positiveIntOrNone("none", "for example 6")),
    }),
    ...(pipeline !== undefined && { pipeline }),
    ...(seed !== undefined && { seed: parseSeed(seed) }),
  };
}

function statedChoices({ stacks, tile, overlap, order }: ScheduleFlags): StatedChoices {
  return {
    ...(stacks !== undefined && { stacks: parseStacks(stacks) }),
    ...(tile !== undefined && { tile: parseWith("--tile", tile, tileSize("full", "for example 60x72")) }),
    ...(overlap !== undefined && { overlap: parseChoice("--overlap", overlap, OVERLAP_MODES) }),
    ...(order !== undefined && { order: parseChoice("--order", order, TILE_ORDERS) }),
  };
}

/** The same, where each may be left to a search. */
function openChoices(flags: ScheduleFlags): Pick<ScheduleOptions, keyof StatedChoices> {
  const { stacks, tile, overlap, order, ...others } = flags;
  const stated = statedChoices({
    ...others,
    ...(stacks !== undefined && stacks !== "optimal" && { stacks }),
    ...(tile !== undefined && tile !== "search" && tile !== "all" && { tile }),
    ...(overlap !== undefined && overlap !== "search" && { overlap }),
    ...(order !== undefined && order !== "search" && { order }),
  });
  return {
    ...stated,
    ...(stacks === "optimal" && { stacks }),
    ...((tile === "search" || tile === "all") && { tile }),
    ...(overlap === "search" && { overlap }),
    ...(order === "search" && { order }),
  };
}

/** @throws DiagnosticError when published rules are asked for what only the exact ones have */
export function requireExact(costModel: CostModelName, asked: Readonly<Record<string, boolean | undefined>>): void {
  if (COST_MODELS[costModel].geometry === "clipped") return;
  const wrong = Object.keys(asked).filter((option) => asked[option] === true);
  if (wrong.length > 0) throw new DiagnosticError(wrong.map((option) => exactOnly(option, costModel)));
}

function parseStacks(text: string): StackChoice {
  if (text === "auto" || text === "single" || text === "per-layer") return text;
  const cuts = splitNames(text);
  if (cuts.length === 0)
    throw new DiagnosticError([
      badOption("--stacks", text, "a rule or names of layers", "auto, single, per-layer, or layers to cut after"),
    ]);
  return { cuts };
}

export const parseSeed = (text: string): number =>
  parseWith("--seed", text, {
    help: "for example 0",
    syntax: "a whole number",
    fallback: 0,
    parse: (digits) => (/^\d{1,15}$/.test(digits) ? Number(digits) : undefined),
    print: String,
  });

/**
 * The decisions of `--decisions`, and the flags with what they leave open as the file has it; the schedule records decisions by the hash
 * of their text, free of paths.
 */
function loadDecisions(flags: ScheduleFlags) {
  const file = flags.decisions;
  if (file === undefined) return { diagnostics: [], options: {}, record: {}, flags };
  const text = readText(file);
  const { decisions, choices, diagnostics } = readDecisions(text, file);
  const { between } = choices;
  return {
    diagnostics,
    options: { decisions, ...(between !== undefined && flags.pipeline === undefined && { between }) },
    record: { decisions: `sha256:${contentSha256(text)}` },
    flags: { ...recordedFlags(choices, flags), ...flags },
  };
}

/** Choices of a schedule as flags. Those of another cost model are not its own, and a stated pipeline makes some of them itself. */
function recordedFlags(
  { costModel, loopLimit, seed, bind, pipelineCopies, steadyState }: RecordedChoices,
  given: ScheduleFlags,
): Partial<ScheduleFlags> {
  const isSame = given.costModel === undefined || given.costModel === costModel;
  const isOpen = isSame && given.pipeline === undefined;
  return {
    ...(seed !== undefined && { seed: String(seed) }),
    ...(bind !== undefined && { bind }),
    ...(isSame && costModel !== undefined && { costModel }),
    ...(isSame && loopLimit !== undefined && { loopLimit: String(loopLimit) }),
    ...(isOpen && pipelineCopies !== undefined && { pipelineCopies }),
    ...(isOpen && steadyState !== undefined && { steadyState }),
  };
}

/** The accelerator of `--arch`; `--mapping` replaces its dataflows. */
export function loadArchitecture(flags: ScheduleFlags): AcceleratorFile {
  if (flags.arch === undefined) throw new DiagnosticError([missingArchitecture()]);
  const { text, file } = findArchitecture(flags.arch);
  const read = loadAccelerator(text, file);
  if (flags.mapping === undefined) return read;
  const mapped = withMapping(read.accelerator, readText(flags.mapping), flags.mapping);
  return { ...mapped, diagnostics: [...read.diagnostics, ...mapped.diagnostics] };
}

export const missingArchitecture = (): Diagnostic =>
  missingOption("--arch", `name a YAML file or one of ${builtInArchitectures().join(", ")}`);
