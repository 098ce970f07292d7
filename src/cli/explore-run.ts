/** A sweep that runs: points are computed, written as they come, and counted. */
import { availableParallelism } from "node:os";
import type { SweepWork } from "../explore/sweep/batch.js";
import { BoundTable, isBounded, PromisingPoints } from "../explore/sweep/bounds.js";
import { runBatches } from "../explore/sweep/run.js";
import { pointAt, pointNumbersOf, type Shard, type SweepSpace, shardSize } from "../explore/sweep/space.js";
import { SweepReducer } from "../explore/sweep/summary.js";
import { damagedCache, unkeptResults, waitingForSigns } from "../ir/diagnostics/explore.js";
import type { Diagnostic } from "../ir/diagnostics.js";
import type { Metric } from "../ir/sweep.js";
import { type FileLock, lockFile } from "../node/file-lock.js";
import { requireCacheFolder } from "../node/result-cache.js";
import { createSweepPool, type SweepPool } from "../node/sweep-pool.js";
import { positiveInt } from "../passes/options.js";
import { duration } from "./duration.js";
import { addLine, isOnStdout, LineSink, type Resumed, resumeFrom, writeStdout } from "./explore-output.js";
import { type ExploreFlags, type Question, questionOf, shardFrom } from "./explore-request.js";
import { parseWith } from "./options.js";
import { showDiagnostics } from "./output.js";
import { clearProgress, progressClock, showsProgress } from "./progress.js";

/** Most worker threads: beyond that there is no machine to use them. */
const MOST_JOBS = 1024;

/** What is asked for, before any file is looked at. */
interface RunChoices {
  readonly question: Question;
  readonly shard: Shard | undefined;
  readonly jobs: number;
  /** Since the command began, ms. */
  readonly budget: number;
}

/** A sweep that is ready to run. */
export interface Run extends RunChoices {
  readonly work: SweepWork;
  /** File that grows line by line. */
  readonly journal: string | undefined;
  readonly lock: FileLock;
  readonly resumed: Resumed;
  readonly reducer: SweepReducer;
  /** Points to know at the end. */
  readonly points: number;
}

/** How a sweep ended. */
export interface RunEnd {
  readonly why: "complete" | "interrupted" | "budget";
  /** Of all points, where they could exclude any. */
  readonly bounds?: BoundTable;
  /** Warnings about the cache. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Nobody else may write the journal or the table until their lock is released.
 *
 * @throws DiagnosticError when an option is wrong, somebody else writes the file, or it holds something else
 */
export async function prepareRun(work: SweepWork, flags: ExploreFlags, journal: string | undefined): Promise<Run> {
  const choices = runChoices(work, flags);
  if (flags.cache !== undefined) requireCacheFolder(flags.cache);
  const lock = await lockAll([journal, flags.csv], flags);
  try {
    return { ...choices, ...resume(work, flags, journal, choices), work, journal, lock };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/** All of the files that there are, or none of them. */
async function lockAll(files: readonly (string | undefined)[], flags: ExploreFlags): Promise<FileLock> {
  const locks: FileLock[] = [];
  const release = (): void => {
    for (const lock of locks) lock.release();
  };
  try {
    for (const file of files) if (file !== undefined) locks.push(await lockFor(file, flags));
  } catch (cause) {
    release();
    throw cause;
  }
  return {
    requireHeld() {
      for (const lock of locks) lock.requireHeld();
    },
    release,
  };
}

const lockFor = (file: string, flags: ExploreFlags): Promise<FileLock> =>
  lockFile(file, (holder, patience) => showDiagnostics([waitingForSigns(file, holder, patience / 1000)], flags));

function runChoices(work: SweepWork, flags: ExploreFlags): RunChoices {
  const { jobs, budget } = flags;
  return {
    question: questionOf(flags, work.machines),
    shard: shardFrom(flags),
    jobs:
      jobs === undefined
        ? availableParallelism()
        : Math.min(MOST_JOBS, parseWith("--jobs", jobs, positiveInt(1, "for example 2"))),
    budget: budget === undefined ? duration.fallback : parseWith("--budget", budget, duration),
  };
}

export const newReducer = ({ space }: SweepWork, question: Question, points: number): SweepReducer =>
  new SweepReducer({ ...question, axes: mapAxes(space), points });

function resume(work: SweepWork, flags: ExploreFlags, journal: string | undefined, { question, shard }: RunChoices) {
  const { space } = work;
  const points = shardSize(space.points, shard);
  const reducer = newReducer(work, question, points);
  const isEchoed = isOnStdout(flags) && flags.frontier !== true;
  const resumed = resumeFrom(flags.resume ? journal : undefined, space, shard, (line, text) => {
    addLine(reducer, line);
    if (isEchoed) void writeStdout([text]); // lines of an earlier run count as if they were found now
  });
  return { resumed, reducer, points };
}

export async function runPoints(run: Run, flags: ExploreFlags): Promise<RunEnd> {
  const { work, resumed, reducer, points, journal } = run;
  const cache = flags.cache === undefined ? {} : { cache: flags.cache };
  const left = Math.max(1, points - reducer.known);
  const stops = stopsOf(run.budget);
  const sink = new LineSink(flags, journal, resumed.bytes);
  const pool = createSweepPool({ ...work, ...cache }, Math.min(run.jobs, left));
  try {
    const metrics = flags.frontier ? boundedMetrics(run) : [];
    const bounds = metrics.length > 0 ? await boundAll(run, metrics, pool, stops.signal, flags) : undefined;
    const todo = todoOf(run, bounds);
    const notes = await evaluateAll(run, todo, sink, pool, stops.signal, flags);
    const isComplete = reducer.known + todo.skipped === points;
    return { why: isComplete ? "complete" : stops.why(), ...(bounds && { bounds }), notes };
  } finally {
    sink.close();
    stops.release();
    clearProgress(flags);
    await pool.close();
  }
}

/** Metrics by which bounds can exclude a point: those of limits, and those of a front of which they bound everything. */
function boundedMetrics({ question, work: { rules } }: Run): readonly Metric[] {
  const { limits, frontMetrics } = question;
  const limited = limits.map(({ metric }) => metric).filter((metric) => isBounded(metric, rules));
  return frontMetrics.every((metric) => isBounded(metric, rules)) ? [...frontMetrics, ...limited] : limited;
}

async function boundAll(
  { work }: Run,
  metrics: readonly Metric[],
  pool: SweepPool,
  signal: AbortSignal,
  flags: ExploreFlags,
): Promise<BoundTable> {
  const { points } = work.space;
  const table = new BoundTable(points);
  const clock = progressClock(points, 0, "bounds");
  let known = 0;
  const all = pointNumbersOf(points, undefined, () => false);
  for await (const { bounds } of runBatches(all, pool.bounds(metrics), signal)) {
    for (const { index, ...bound } of bounds) table.set(index, bound);
    known += bounds.length;
    if (showsProgress(flags)) clock.show(known);
  }
  return table;
}

interface Todo extends Iterator<number> {
  readonly skipped: number;
}

function todoOf({ work, shard, question, resumed: { done }, reducer }: Run, bounds: BoundTable | undefined): Todo {
  const isDone = (index: number): boolean => done.has(index);
  if (bounds !== undefined) return new PromisingPoints(bounds, question.objective, reducer, isDone);
  return Object.assign(pointNumbersOf(work.space.points, shard, isDone), { skipped: 0 });
}

/** @returns warnings about the cache */
async function evaluateAll(
  { work, reducer, points, lock }: Run,
  todo: Todo,
  sink: LineSink,
  pool: SweepPool,
  signal: AbortSignal,
  flags: ExploreFlags,
): Promise<readonly Diagnostic[]> {
  const counts = { damaged: 0, unkept: 0 };
  const clock = progressClock(points, reducer.known);
  for await (const { results, damaged, unkept } of runBatches(todo, pool, signal)) {
    lock.requireHeld();
    await sink.write(results.map(({ line }) => line));
    for (const { index, outcome } of results) reducer.add(index, pointAt(work.space, index), outcome);
    counts.damaged += damaged;
    counts.unkept += unkept;
    if (showsProgress(flags)) clock.show(reducer.known + todo.skipped);
  }
  return cacheNotes(counts);
}

const cacheNotes = ({
  damaged,
  unkept,
}: {
  readonly damaged: number;
  readonly unkept: number;
}): readonly Diagnostic[] => [
  ...(damaged > 0 ? [damagedCache(damaged)] : []),
  ...(unkept > 0 ? [unkeptResults(unkept)] : []),
];

/** All sizes of all blocks. */
const mapAxes = ({ overlaps, blocks }: SweepSpace) => ({
  overlaps,
  widths: [...new Set(blocks.flatMap(({ widths }) => widths))],
  heights: [...new Set(blocks.flatMap(({ heights }) => heights))],
});

/** Longest wait that a timer can have, ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * What stops a sweep in an orderly way: the first signal, and the end of its time. The second signal stops it at once.
 *
 * @param budget - ms since the command began
 */
function stopsOf(budget: number) {
  const stop = new AbortController();
  let count = 0;
  const handler = (): void => {
    if (++count > 1) process.exit(130);
    stop.abort();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, handler);
  const left = Math.max(0, budget - performance.now());
  if (left === 0) stop.abort();
  const timer = left > LONGEST_TIMER ? undefined : setTimeout(() => stop.abort(), left);
  return {
    signal: stop.signal,
    why: (): RunEnd["why"] => (count > 0 ? "interrupted" : "budget"),
    release() {
      clearTimeout(timer);
      for (const signal of signals) process.off(signal, handler);
    },
  };
}
