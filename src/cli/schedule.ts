/** `kerf schedule`: model and accelerator in, table and JSON out. */
import { contentSha256 } from "../backend/emit/digest.js";
import { printSummary } from "../backend/emit/summary.js";
import { readDecisions } from "../frontend/decisions/read.js";
import { readAccelerator } from "../frontend/zigzag/accelerator.js";
import { readMapping } from "../frontend/zigzag/mapping.js";
import type { Accelerator } from "../ir/accelerator.js";
import { missingOption } from "../ir/diagnostics/command.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { COSTS } from "../ir/facts.js";
import { printModule } from "../ir/print.js";
import { emitSchedule, type ScheduleOptions, type StackChoice, schedule } from "../kerf.js";
import { builtInArchitectures, findArchitecture } from "../node/architectures.js";
import { readText } from "../node/files.js";
import { positiveIntOrNone, splitNames, tileSize } from "../passes/options.js";
import { loadModel } from "./model.js";
import { observerFor } from "./observe.js";
import { parseChoice, parseWith, refuseTogether } from "./options.js";
import { type MessageOptions, refuseWarnings, showDiagnostics } from "./output.js";
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
  readonly decisions?: string;
  readonly loopLimit?: string;
  readonly bind?: string;
  readonly seed?: string;
  readonly pipeline?: string;
  readonly printBefore?: string;
  readonly printAfter?: string;
  readonly timing?: true;
  readonly strict?: true;
}

const PIPELINE_CHOICES = ["stacks", "tile", "overlap", "order"];

/** @throws DiagnosticError for wrong input and infeasible requests */
export function runSchedule(modelFile: string, flags: ScheduleFlags): void {
  requireResultPlace(flags);
  const options = scheduleOptions(flags);
  const stated = loadDecisions(flags.decisions);
  const { accelerator, diagnostics: aboutAccelerator } = loadAccelerator(flags);
  const model = loadModel(modelFile, flags.bind);
  const early = [...stated.diagnostics, ...aboutAccelerator, ...model.diagnostics];
  showDiagnostics(early, flags);
  const result = schedule(model.network, accelerator, { ...options, ...stated.options });
  showDiagnostics(result.diagnostics, flags);
  if (flags.strict) refuseWarnings([...early, ...result.diagnostics], result.module.network.coverage);
  const isComplete = result.module.has(COSTS);
  if (!isComplete && (flags.out !== undefined || flags.json)) throw new DiagnosticError([incompletePipeline()]);
  writeResult(
    flags,
    () => emitSchedule(result, model.network, { ...statedOptions(flags), ...stated.record }, early),
    () => (isComplete ? printSummary(result.module, "defines") : printModule(result.module)),
  );
}

function scheduleOptions(flags: ScheduleFlags): ScheduleOptions {
  refuseTogether({ ...flags }, "pipeline", PIPELINE_CHOICES, "the pipeline's text states these choices");
  parseChoice("--cost-model", flags.costModel ?? "defines", ["defines"]);
  const { tile, overlap, order, loopLimit, stacks, pipeline, seed } = flags;
  return {
    costModel: "defines",
    observer: observerFor(flags),
    ...(stacks !== undefined && { stacks: parseStacks(stacks) }),
    ...(tile !== undefined && { tile: parseWith("--tile", tile, tileSize("full", "for example 60x72")) }),
    ...(overlap !== undefined && {
      overlap: parseChoice("--overlap", overlap, ["recompute", "h-cached", "fully-cached"]),
    }),
    ...(order !== undefined && { order: parseChoice("--order", order, ["x-first", "y-first"]) }),
    ...(loopLimit !== undefined && {
      loopLimit: parseWith("--loop-limit", loopLimit, positiveIntOrNone("none", "for example 6")),
    }),
    ...(pipeline !== undefined && { pipeline }),
    ...(seed !== undefined && { seed: parseSeed(seed) }),
  };
}

function parseStacks(text: string): StackChoice {
  if (text === "auto" || text === "single" || text === "per-layer") return text;
  return { cuts: splitNames(text) };
}

const parseSeed = (text: string): number =>
  parseWith("--seed", text, {
    help: "for example 0",
    syntax: "a whole number",
    fallback: 0,
    parse: (digits) => (/^\d{1,15}$/.test(digits) ? Number(digits) : undefined),
    print: String,
  });

/** The accelerator of `--arch`; `--mapping` replaces its dataflows. */
function loadAccelerator(flags: ScheduleFlags): { accelerator: Accelerator; diagnostics: readonly Diagnostic[] } {
  if (flags.arch === undefined) {
    const hint = `name a YAML file or one of ${builtInArchitectures().join(", ")}`;
    throw new DiagnosticError([missingOption("--arch", hint)]);
  }
  const { text, file } = findArchitecture(flags.arch);
  const { accelerator, diagnostics } = readAccelerator(text, file);
  if (flags.mapping === undefined) return { accelerator, diagnostics };
  const mapping = readMapping(readText(flags.mapping), flags.mapping);
  return {
    accelerator: { ...accelerator, dataflows: mapping.dataflows },
    diagnostics: [...diagnostics, ...mapping.diagnostics],
  };
}

/** The decisions of `--decisions`; the schedule records them by the hash of their text, free of paths. */
function loadDecisions(file: string | undefined) {
  if (file === undefined) return { diagnostics: [], options: {}, record: {} };
  const text = readText(file);
  const { decisions, diagnostics } = readDecisions(text, file);
  return { diagnostics, options: { decisions }, record: { decisions: `sha256:${contentSha256(text)}` } };
}

/** What decides the result, free of paths and of how it is shown. */
const statedOptions = ({ costModel, stacks, tile, overlap, order, loopLimit, bind, seed, pipeline }: ScheduleFlags) =>
  JSON.parse(
    JSON.stringify({
      costModel: costModel ?? "defines",
      stacks,
      tile,
      overlap,
      order,
      loopLimit,
      bind,
      seed,
      pipeline,
    }),
  ) as Record<string, unknown>; // a round trip drops the options that were not given

const incompletePipeline = (): Diagnostic => ({
  code: "incomplete-pipeline",
  severity: "error",
  message: "the pipeline ends before its costs are known, so there is no schedule to write",
  where: { field: "--pipeline" },
  hint: "end it with evaluate, or leave --out and --json out and use --print-after",
});
