/** The command line of `kerf explore` as a planned sweep. */

import { type MachineReader, machinesOf } from "../explore/sweep/machines.js";
import {
  frontOption,
  limitOption,
  objectiveOption,
  orderAxis,
  overlapAxis,
  shardOption,
  stackAxis,
  tileAxis,
} from "../explore/sweep/options.js";
import type { Shard } from "../explore/sweep/space.js";
import { parseVariation } from "../frontend/yaml/change.js";
import { badOption } from "../ir/diagnostics/command.js";
import { stacksRepeated, tilesClamped, unknownMemory } from "../ir/diagnostics/explore.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { Network } from "../ir/network.js";
import type { FrontMetric, Metric, MetricLimit } from "../ir/sweep.js";
import {
  COST_MODELS,
  type CostModelName,
  type ExploreOptions,
  loadAccelerator,
  type Machine,
  type PlannedSweep,
  planExplore,
  withMapping,
} from "../kerf.js";
import { architectureFile, findArchitecture } from "../node/architectures.js";
import { buildDigest } from "../node/build.js";
import { readText } from "../node/files.js";
import { positiveIntOrNone, splitNames } from "../passes/options.js";
import { loadModel } from "./model.js";
import { parseChoice, parseWith } from "./options.js";
import type { MessageOptions } from "./output.js";
import type { ResultOptions } from "./result.js";
import { missingArchitecture, parseSeed, requireExact, requireSizes } from "./schedule.js";

/** Options as commander hands them over: texts, lists of texts, or absent. */
export interface ExploreFlags extends MessageOptions, ResultOptions {
  readonly arch?: string;
  readonly mapping?: string;
  readonly costModel?: string;
  readonly stacks?: readonly string[];
  readonly tiles?: string;
  readonly overlaps?: string;
  readonly order?: string;
  readonly loopLimit?: string;
  readonly bind?: string;
  readonly vary?: readonly string[];
  readonly objective?: string;
  readonly limit?: readonly string[];
  readonly frontier?: true;
  readonly front?: string;
  readonly pipelineCopies?: true;
  readonly steadyState?: true;
  readonly seed?: string;
  readonly jobs?: string;
  readonly resume?: true;
  readonly cache?: string;
  readonly budget?: string;
  readonly csv?: string;
  readonly shard?: string;
  readonly shards?: string;
  readonly emit?: string;
  readonly merge?: readonly string[];
}

/** What is asked of the results, whatever the points are. */
export interface Question {
  readonly objective: Metric;
  readonly limits: readonly MetricLimit[];
  /** Of the Pareto front. */
  readonly frontMetrics: readonly FrontMetric[];
}

export interface ExploreRequest {
  readonly sweep: PlannedSweep;
  /** `fsrcnn on tpu-like, cost model exact`. */
  readonly title: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Files that the command reads. */
  readonly inputs: readonly string[];
}

/** @throws DiagnosticError with what is wrong with options or files */
export function exploreRequest(modelFile: string, flags: ExploreFlags): ExploreRequest {
  const options = exploreOptions(flags);
  const read = loadMachines(flags);
  const model = loadModel(modelFile, flags.bind);
  requireSizes(model.diagnostics);
  const sweep = planExplore(model.network, read.machines, { ...options, build: buildDigest() });
  return {
    sweep,
    title: titleOf(model.network, read.machines, options),
    diagnostics: [...read.diagnostics, ...model.diagnostics, ...planNotes(sweep)],
    inputs: [modelFile, ...read.files, ...model.dataFiles],
  };
}

function titleOf({ name }: Network, machines: readonly Machine[], { costModel }: ExploreOptions): string {
  const names = [...new Set(machines.map(({ arch }) => arch))];
  return `${name} on ${names.join(", ")}, cost model ${costModel}`;
}

const planNotes = ({ repeated, clamped }: PlannedSweep): readonly Diagnostic[] => [
  ...repeated.map(({ arch, stacks, as }) => stacksRepeated(arch, stacks, as)),
  ...(clamped.length > 0 ? [tilesClamped(clamped)] : []),
];

const COST_MODEL_NAMES = Object.keys(COST_MODELS) as CostModelName[]; // the object's own keys

function exploreOptions(flags: ExploreFlags): ExploreOptions {
  const { pipelineCopies, steadyState, loopLimit } = flags;
  const costModel = parseChoice("--cost-model", flags.costModel ?? "exact", COST_MODEL_NAMES);
  requireExact(costModel, { "--pipeline-copies": pipelineCopies, "--steady-state": steadyState });
  const { widths, heights } =
    flags.tiles === undefined ? tileAxis.fallback : parseWith("--tiles", flags.tiles, tileAxis);
  const overlaps =
    flags.overlaps === undefined ? overlapAxis.fallback : parseWith("--overlaps", flags.overlaps, overlapAxis);
  const orders = flags.order === undefined ? orderAxis.fallback : parseWith("--order", flags.order, orderAxis);
  const known = flags.order === "search" && COST_MODELS[costModel].geometry === "traced" ? orderAxis.fallback : orders;
  const stacks = [...new Set(flags.stacks ?? ["auto"])].map((text) => parseWith("--stacks", text, stackAxis).rule);
  return {
    costModel,
    stacks,
    widths,
    heights,
    overlaps,
    orders: known,
    ...(pipelineCopies && { pipelineCopies }),
    ...(steadyState && { steadyState }),
    ...(flags.seed !== undefined && { seed: parseSeed(flags.seed) }),
    ...(loopLimit !== undefined && {
      loopLimit: parseWith("--loop-limit", loopLimit, positiveIntOrNone("none", "for example 6")),
    }),
  };
}

/** The accelerators of `--arch`, with all combinations of `--vary`; `--mapping` replaces their dataflows. */
function loadMachines(flags: ExploreFlags) {
  const names = splitNames(flags.arch ?? "");
  if (names.length === 0) throw new DiagnosticError([missingArchitecture()]);
  const variations = (flags.vary ?? []).map((text) => {
    const variation = parseVariation(text);
    if (variation !== undefined) return variation;
    const hint = "for example memories.sram_64KB.size=524288,1048576";
    throw new DiagnosticError([badOption("--vary", text, "<path of a field>=<value>[,…]", hint)]);
  });
  const mapping = flags.mapping === undefined ? undefined : readText(flags.mapping);
  const readers = names.map((name): MachineReader => {
    const { text, file } = findArchitecture(name);
    return (changes) => {
      const read = loadAccelerator(text, file, changes);
      if (mapping === undefined) return read;
      const mapped = withMapping(read.accelerator, mapping, flags.mapping ?? "");
      return { ...mapped, diagnostics: [...read.diagnostics, ...mapped.diagnostics] };
    };
  });
  const files = [...names.map(architectureFile), ...(flags.mapping === undefined ? [] : [flags.mapping])];
  return { ...machinesOf(readers, variations), files };
}

/**
 * @param machines - whose memories `peak:<memory>` may name; without them any name will do
 * @throws DiagnosticError when an option has another form, or a machine lacks a memory
 */
export function questionOf(flags: ExploreFlags, machines: readonly Machine[]): Question {
  const objective =
    flags.objective === undefined
      ? objectiveOption.fallback
      : parseWith("--objective", flags.objective, objectiveOption);
  const limits = (flags.limit ?? []).map((text) => parseWith("--limit", text, limitOption)!); // a parsed limit is one
  const frontMetrics =
    flags.front === undefined ? frontOption.fallback : parseWith("--front", flags.front, frontOption);
  requireMemory("--objective", objective, machines);
  for (const { metric } of limits) requireMemory("--limit", metric, machines);
  return { objective, limits, frontMetrics };
}

function requireMemory(option: string, metric: Metric, machines: readonly Machine[]): void {
  if (!metric.startsWith("peak:")) return;
  const memory = metric.slice("peak:".length);
  for (const { arch, accelerator } of machines) {
    const known = accelerator.memories.map(({ id }) => id);
    if (!known.includes(memory)) throw new DiagnosticError([unknownMemory(option, memory, arch, known)]);
  }
}

export const shardFrom = ({ shard }: ExploreFlags): Shard | undefined =>
  shard === undefined ? undefined : parseWith("--shard", shard, shardOption);
