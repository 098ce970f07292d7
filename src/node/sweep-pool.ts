/** Worker threads that evaluate points of a sweep. */
import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";
import type { SweepWork } from "../explore/sweep/batch.js";
import type { PointBound } from "../explore/sweep/bounds.js";
import type { BatchPool, Timed, TimedBatch } from "../explore/sweep/run.js";
import { type Diagnostic, DiagnosticError, type Failure } from "../ir/diagnostics.js";
import type { Metric } from "../ir/sweep.js";

/** What a worker is started with. */
export interface WorkerTask extends SweepWork {
  readonly cache?: string;
}

/** What a worker is asked about points. */
export interface WorkerQuestion {
  readonly indices: readonly number[];
  /** Bounds for these are asked for; absent: outcomes. */
  readonly bounds?: readonly Metric[];
}

export interface TimedBounds extends Timed {
  readonly bounds: readonly (PointBound & { readonly index: number })[];
}

/** What a worker answers; errors of its input as data, since threads share no classes. */
export type WorkerAnswer =
  | TimedBatch
  | TimedBounds
  | { readonly diagnostics: readonly Diagnostic[]; readonly failure: Failure };

/** Room for short-lived objects in each worker, MB: the engine's own choice is several times as much and not much quicker. */
const YOUNG_MEGABYTES = 24;

const ENTRY = fileURLToPath(new URL("./sweep-worker.js", import.meta.url));

export interface SweepPool extends BatchPool {
  /** The same workers, asked what no schedule of a point goes below. */
  bounds(metrics: readonly Metric[]): BatchPool<TimedBounds>;
  /** Ends the workers, whatever they do. */
  close(): Promise<void>;
}

export function createSweepPool(task: WorkerTask, jobs: number): SweepPool {
  const pool = new Tinypool({
    filename: ENTRY,
    runtime: "worker_threads",
    minThreads: 1,
    maxThreads: jobs,
    idleTimeout: 600_000, // a worker that is started anew maps every layer anew
    isolateWorkers: false,
    workerData: task,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  });
  const ask = async (question: WorkerQuestion) => {
    const answer = (await pool.run(question)) as WorkerAnswer; // the worker's only export returns one
    if ("diagnostics" in answer) throw new DiagnosticError(answer.diagnostics, answer.failure);
    return answer;
  };
  return {
    width: jobs,
    run: async (indices) => (await ask({ indices })) as TimedBatch, // as was asked
    bounds: (bounds) => ({ width: jobs, run: async (indices) => (await ask({ indices, bounds })) as TimedBounds }),
    close: () => pool.destroy(),
  };
}
