/** Worker threads that evaluate points of a sweep. */
import { fileURLToPath } from "node:url";
import { Tinypool } from "tinypool";
import type { SweepWork } from "../explore/sweep/batch.js";
import type { BatchPool, TimedBatch } from "../explore/sweep/run.js";
import { type Diagnostic, DiagnosticError, type Failure } from "../ir/diagnostics.js";

/** What a worker is started with. */
export interface WorkerTask extends SweepWork {
  readonly cache?: string;
}

/** What a worker answers; errors of its input as data, since threads share no classes. */
export type WorkerAnswer = TimedBatch | { readonly diagnostics: readonly Diagnostic[]; readonly failure: Failure };

/** Room for short-lived objects in each worker, MB: the engine's own choice is several times as much and not much quicker. */
const YOUNG_MEGABYTES = 24;

const ENTRY = fileURLToPath(new URL("./sweep-worker.js", import.meta.url));

export interface SweepPool extends BatchPool {
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
  return {
    width: jobs,
    async run(indices) {
      const answer = (await pool.run(indices)) as WorkerAnswer; // the worker's only export returns one
      if ("diagnostics" in answer) throw new DiagnosticError(answer.diagnostics, answer.failure);
      return answer;
    },
    close: () => pool.destroy(),
  };
}
