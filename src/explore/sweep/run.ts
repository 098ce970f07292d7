/** A sweep as a stream of finished batches, from workers that are kept busy. */
import type { BatchResult } from "./batch.js";

/** Workers, however they are made. */
export interface BatchPool<T extends Timed = TimedBatch> {
  /** Batches that run at the same time. */
  readonly width: number;
  run(indices: readonly number[]): Promise<T>;
}

export interface Timed {
  /** Time that the batch took, ms; decides about the size of the next ones and about nothing else. */
  readonly milliseconds: number;
}

export interface TimedBatch extends BatchResult, Timed {}

/** Time that a batch should take, ms: short enough to lose little, long enough to be worth sending. */
const BATCH_TIME = 100;
const LARGEST_BATCH = 1024;

/**
 * Batches in the order in which they finish.
 *
 * @param indices - points to do
 * @param signal - when aborted, nothing more is started and what has not finished is left out
 * @throws DiagnosticError when the input is wrong
 */
export async function* runBatches<T extends Timed>(
  indices: Iterator<number>,
  pool: BatchPool<T>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  const flight = new Flight(pool);
  const stop = (): void => flight.wake();
  signal?.addEventListener("abort", stop);
  let size = 1;
  try {
    while (signal?.aborted !== true) {
      while (flight.count < 2 * pool.width) {
        const batch = take(indices, size);
        if (batch.length === 0) break;
        flight.start(batch);
      }
      if (flight.count === 0) return;
      await flight.news();
      for (const finished of flight.landed()) {
        size = nextSize(finished);
        yield finished.result;
      }
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Batches under way. One waiter at a time: a race of promises would hold on to every result until the last. */
class Flight<T extends Timed> {
  readonly #pool: BatchPool<T>;
  #landed: Finished<T>[] = [];
  #failure: { readonly cause: unknown } | undefined;
  #wake = (): void => {};
  /** Batches that have not landed, or that nobody has fetched. */
  count = 0;

  constructor(pool: BatchPool<T>) {
    this.#pool = pool;
  }

  start(batch: readonly number[]): void {
    this.count++;
    this.#pool
      .run(batch)
      .then(
        (result) => void this.#landed.push({ result, size: batch.length }),
        (cause: unknown) => {
          this.#failure ??= { cause };
        },
      )
      .then(() => this.#wake());
  }

  wake(): void {
    this.#wake();
  }

  /** Waits for a batch to land, or to be woken. */
  async news(): Promise<void> {
    if (this.#landed.length > 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** @throws what a batch failed with */
  landed(): readonly Finished<T>[] {
    if (this.#failure !== undefined) throw this.#failure.cause;
    const landed = this.#landed;
    this.#landed = [];
    this.count -= landed.length;
    return landed;
  }
}

interface Finished<T extends Timed> {
  readonly result: T;
  readonly size: number;
}

/** As many points as fill the time of a batch; at most twice as many as before. */
function nextSize({ result, size }: Finished<Timed>): number {
  const fitting = Math.floor((size * BATCH_TIME) / Math.max(result.milliseconds, 1e-3));
  return Math.max(1, Math.min(fitting, 2 * size, LARGEST_BATCH));
}

function take(indices: Iterator<number>, size: number): readonly number[] {
  const batch: number[] = [];
  while (batch.length < size) {
    const next = indices.next();
    if (next.done === true) break;
    batch.push(next.value);
  }
  return batch;
}
