/** Entry of a worker thread: evaluates batches of points. */
import { getHeapStatistics } from "node:v8";
import { workerData } from "node:worker_threads";
import { createCostModel } from "../backend/cost/cost-model.js";
import { contentSha256 } from "../backend/emit/digest.js";
import { createPointEvaluator, runBatch } from "../explore/sweep/batch.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { diskCache } from "./result-cache.js";
import type { WorkerAnswer, WorkerTask } from "./sweep-pool.js";

/** Heap that former points may fill, bytes: two workers and the rest of the command stay within 600 MB. */
const HEAP_LIMIT = 120e6;

const [, task] = workerData as [unknown, WorkerTask]; // as the pool lays it out
const evaluator = createPointEvaluator(task, createCostModel);
const cache = task.cache === undefined ? undefined : diskCache(task.cache);
const isFull = (): boolean => getHeapStatistics().used_heap_size > HEAP_LIMIT;

export default function evaluateBatch(indices: readonly number[]): WorkerAnswer {
  const started = performance.now();
  try {
    const batch = runBatch(indices, task, evaluator, contentSha256, cache, isFull);
    return { ...batch, milliseconds: performance.now() - started };
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return { diagnostics: error.diagnostics, failure: error.failure };
  }
}
