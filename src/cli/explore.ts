/** `kerf explore`: a sweep over a grid of decisions and machines; lines as they come, then what is worth knowing about them. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { slurmScript } from "../backend/emit/slurm.js";
import { printSweep } from "../backend/emit/sweep-text.js";
import type { SweepWork } from "../explore/sweep/batch.js";
import { runBatches } from "../explore/sweep/run.js";
import { pointAt, pointNumbersOf, type Shard, type SweepSpace, shardSize } from "../explore/sweep/space.js";
import { SweepReducer } from "../explore/sweep/summary.js";
import { missingOption } from "../ir/diagnostics/command.js";
import { damagedCache, interrupted, needsOption, unkeptResults } from "../ir/diagnostics/explore.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { architectureFile } from "../node/architectures.js";
import { readShards } from "../node/merge-files.js";
import { writeAtomically } from "../node/output-file.js";
import { requireCacheFolder } from "../node/result-cache.js";
import { createSweepPool } from "../node/sweep-pool.js";
import { positiveInt, splitNames } from "../passes/options.js";
import { sweepArguments } from "./explore-arguments.js";
import { runMerge } from "./explore-merge.js";
import {
  addLine,
  isOnStdout,
  journalOf,
  LineSink,
  outFile,
  type Resumed,
  requireAllowed,
  resumeFrom,
  writeFront,
  writeStdout,
} from "./explore-output.js";
import {
  type ExploreFlags,
  type ExploreRequest,
  exploreRequest,
  type Question,
  questionOf,
  shardFrom,
} from "./explore-request.js";
import { Interrupted } from "./interrupted.js";
import { parseChoice, parseWith, refuseTogether } from "./options.js";
import { showDiagnostics } from "./output.js";
import { clearProgress, progressClock, showsProgress } from "./progress.js";
import { requireResultPlace } from "./result.js";

/** Most worker threads: beyond that there is no machine to use them. */
const MOST_JOBS = 1024;

/**
 * @param modelFile - may be absent for `--merge` alone
 * @throws DiagnosticError for wrong input, and when no point is feasible
 * @throws Interrupted when the user stopped it; what is known was printed
 */
export async function runExplore(modelFile: string | undefined, flags: ExploreFlags): Promise<void> {
  requireConsistent(flags);
  if (flags.merge !== undefined) return runMerge(modelFile, flags);
  if (modelFile === undefined)
    throw new DiagnosticError([
      missingOption("<model>", "name an .onnx file or a .workload.yaml; only --merge does without"),
    ]);
  const early = splitNames(flags.arch ?? "").map(architectureFile);
  requireResultPlace(flags, [modelFile, ...early, flags.mapping]);
  const request = exploreRequest(modelFile, flags);
  requireResultPlace(flags, request.inputs);
  showDiagnostics(request.diagnostics, flags);
  if (flags.emit !== undefined) return emitJob(modelFile, flags, request);
  await runSweep(request, flags);
}

function requireConsistent(flags: ExploreFlags): void {
  const options = { ...flags };
  refuseTogether(options, "merge", ["shard", "resume", "cache", "jobs", "emit"], "merging computes nothing");
  refuseTogether(options, "emit", ["shard", "resume", "frontier", "json"], "the job's tasks choose their own");
  refuseTogether(options, "shard", ["frontier"], "the front of a part says nothing; use it with --merge");
  refuseTogether(options, "shard", ["shards"], "--shard 3/64 states the number of shards already");
  const needs = (
    option: keyof ExploreFlags,
    text: string,
    other: boolean,
    needed: string,
    why: string,
  ): Diagnostic[] => (flags[option] !== undefined && !other ? [needsOption(text, needed, why)] : []);
  const isFile = flags.out !== undefined && flags.out !== "-";
  const problems = [
    ...needs("resume", "--resume", isFile, "--out <file>", "it goes on with the results in a file"),
    ...needs("emit", "--emit", flags.shards !== undefined, "--shards <n>", "a job has one task per shard"),
    ...needs(
      "shards",
      "--shards",
      (flags.emit ?? flags.merge) !== undefined,
      "--emit slurm or --merge",
      "a single shard is run with --shard <i>/<n>",
    ),
  ];
  if (problems.length > 0) throw new DiagnosticError(problems);
  if (flags.emit !== undefined) parseChoice("--emit", flags.emit, ["slurm"]);
}

/** The script of a job array: to `--out`, else to stdout. */
function emitJob(modelFile: string, flags: ExploreFlags, { sweep }: ExploreRequest): void {
  questionOf(flags, sweep.work.machines);
  const shards = parseWith("--shards", flags.shards ?? "", positiveInt(1, "for example 64"));
  const file = outFile(flags);
  const results = file === undefined ? "results" : file.replace(/\.\w+$/, "");
  const script = slurmScript({ shards, sweep: sweepArguments(modelFile, flags), results, points: sweep.space.points });
  if (file === undefined) process.stdout.write(script);
  else writeAtomically(file, script);
}

/** A sweep that is ready to run. */
interface Run {
  readonly work: SweepWork;
  readonly question: Question;
  readonly shard: Shard | undefined;
  readonly jobs: number;
  /** File that grows line by line. */
  readonly journal: string | undefined;
  readonly resumed: Resumed;
  readonly reducer: SweepReducer;
  /** Points to know at the end. */
  readonly points: number;
}

async function runSweep({ sweep, title }: ExploreRequest, flags: ExploreFlags): Promise<void> {
  const drafts = flags.frontier && isOnStdout(flags) ? temporaryFolder() : undefined;
  try {
    const run = prepareRun(sweep.work, flags, journalOf(flags) ?? (drafts && join(drafts, "points.ndjson")));
    showDiagnostics(await runPoints(run, flags), flags);
    await report(run, title, flags);
  } finally {
    if (drafts !== undefined) rmSync(drafts, { recursive: true, force: true });
  }
}

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "kerf-"));

/** @throws DiagnosticError when an option is wrong, or the file to go on with holds something else */
function prepareRun(work: SweepWork, flags: ExploreFlags, journal: string | undefined): Run {
  const { space } = work;
  const question = questionOf(flags, work.machines);
  const shard = shardFrom(flags);
  const jobs =
    flags.jobs === undefined
      ? availableParallelism()
      : parseWith("--jobs", flags.jobs, positiveInt(1, "for example 2"));
  if (flags.cache !== undefined) requireCacheFolder(flags.cache);
  const points = shardSize(space.points, shard);
  const reducer = new SweepReducer({ ...question, axes: mapAxes(space), points });
  const isEchoed = isOnStdout(flags) && flags.frontier !== true;
  const resumed = resumeFrom(flags.resume ? journal : undefined, space, shard, (line, text) => {
    addLine(reducer, line);
    if (isEchoed) void writeStdout([text]); // lines of an earlier run count as if they were found now
  });
  return { work, question, shard, jobs: Math.min(jobs, MOST_JOBS), journal, resumed, reducer, points };
}

/** @returns warnings about the cache */
async function runPoints(run: Run, flags: ExploreFlags): Promise<readonly Diagnostic[]> {
  const { work, shard, resumed, reducer, points, journal } = run;
  const counts = { damaged: 0, unkept: 0 };
  const clock = progressClock(points, reducer.known);
  const sink = new LineSink(flags, journal, resumed.bytes);
  const cache = flags.cache === undefined ? {} : { cache: flags.cache };
  const left = Math.max(1, points - reducer.known);
  const pool = createSweepPool({ ...work, ...cache }, Math.min(run.jobs, left));
  const stop = new AbortController();
  const release = onSignal(() => stop.abort());
  try {
    const todo = pointNumbersOf(work.space.points, shard, (index) => resumed.done.has(index));
    for await (const { results, damaged, unkept } of runBatches(todo, pool, stop.signal)) {
      await sink.write(results.map(({ line }) => line));
      for (const { index, outcome } of results) reducer.add(index, pointAt(work.space, index), outcome);
      counts.damaged += damaged;
      counts.unkept += unkept;
      if (showsProgress(flags)) clock.show(reducer.known);
    }
  } finally {
    sink.close();
    release();
    clearProgress(flags);
    await pool.close();
  }
  return [
    ...(counts.damaged > 0 ? [damagedCache(counts.damaged)] : []),
    ...(counts.unkept > 0 ? [unkeptResults(counts.unkept)] : []),
  ];
}

/**
 * @throws Interrupted when points are left
 * @throws DiagnosticError when no point is feasible
 */
async function report({ work, question, shard, journal, reducer, points }: Run, title: string, flags: ExploreFlags) {
  const isInterrupted = reducer.known < points;
  if (flags.frontier && journal !== undefined && !isInterrupted) await writeFrontOf(journal, flags, reducer);
  if (!isOnStdout(flags)) {
    process.stdout.write(
      printSweep(
        title,
        reducer.summary((index) => pointAt(work.space, index)),
      ),
    );
  }
  if (isInterrupted) throw new Interrupted(interrupted(reducer.known, points, outFile(flags) !== undefined));
  if (shard === undefined) requireAllowed(reducer, question);
}

async function writeFrontOf(journal: string, flags: ExploreFlags, reducer: SweepReducer): Promise<void> {
  await writeFront(
    flags,
    readShards([journal], () => {}),
    reducer,
  );
  rmSync(journal);
}

/** All sizes of all blocks. */
export const mapAxes = ({ overlaps, blocks }: SweepSpace) => ({
  overlaps,
  widths: [...new Set(blocks.flatMap(({ widths }) => widths))],
  heights: [...new Set(blocks.flatMap(({ heights }) => heights))],
});

/** The first signal stops the sweep in an orderly way, the second at once. */
function onSignal(stop: () => void): () => void {
  let count = 0;
  const handler = (): void => {
    if (++count > 1) process.exit(130);
    stop();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}
