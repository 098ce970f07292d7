/** Entry of a worker thread: evaluates batches of points. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { workerData } from "node:worker_threads";
import { createCostModel } from "../backend/cost/cost-model.js";
import { contentSha256 } from "../backend/emit/digest.js";
import { createPointEvaluator, runBatch } from "../explore/sweep/batch.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import type { Outcome } from "../ir/sweep.js";
import { diskCache } from "./result-cache.js";
import type { WorkerAnswer, WorkerQuestion, WorkerTask } from "./sweep-pool.js";

/** Heap that makes a worker look what is in use, and what former points may keep, bytes: two workers stay within 600 MB. */
const HEAP_LIMIT = 120e6;
const KEPT_LIMIT = 100e6;

const [, task] = workerData as [unknown, WorkerTask]; // as the pool lays it out
const evaluator = createPointEvaluator(task, createCostModel);
const cache = task.cache === undefined ? undefined : diskCache(task.cache);

/** Collects garbage now: left alone, the engine lets a heap grow to several times of what is in use. */
const collectGarbage = exposedCollector();

function exposedCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void; // what the flag exposes
}

const heapSize = (): number => getHeapStatistics().used_heap_size;

/** Asks about a point, and gives back what former ones left behind when that is too much. */
function tidily<T>(ask: () => T): T {
  const found = ask();
  if (heapSize() <= HEAP_LIMIT) return found;
  collectGarbage();
  if (heapSize() <= KEPT_LIMIT) return found;
  evaluator.forget();
  collectGarbage();
  return found;
}

const outcome = (index: number): Outcome => tidily(() => evaluator.outcome(index));

export default function answerBatch({ indices, bounds }: WorkerQuestion): WorkerAnswer {
  const started = performance.now();
  const answered = <T extends object>(answer: T) => ({ ...answer, milliseconds: performance.now() - started });
  try {
    if (bounds !== undefined) {
      return answered({ bounds: indices.map((index) => ({ index, ...tidily(() => evaluator.bound(index, bounds)) })) });
    }
    return answered(runBatch(indices, task, { outcome }, contentSha256, cache));
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return { diagnostics: error.diagnostics, failure: error.failure };
  }
}
