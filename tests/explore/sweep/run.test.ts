import { describe, expect, it } from "vitest";
import { type BatchPool, runBatches, type TimedBatch } from "../../../src/explore/sweep/run.js";

const batchOf = (indices: readonly number[], milliseconds: number): TimedBatch => ({
  results: indices.map((index) => ({ index, outcome: { infeasible: [] }, line: String(index) })),
  ...{ cached: 0, damaged: 0, unkept: 0, milliseconds },
});

/** Takes turns in an odd order, and notes how much ran at once. */
function stub(width: number, millisecondsPerPoint: number) {
  const seen = { sizes: [] as number[], running: 0, most: 0 };
  const pool: BatchPool = {
    width,
    async run(indices) {
      seen.sizes.push(indices.length);
      seen.most = Math.max(seen.most, ++seen.running);
      await new Promise((resolve) => setTimeout(resolve, indices[0]! % 3));
      seen.running--;
      return batchOf(indices, indices.length * millisecondsPerPoint);
    },
  };
  return { pool, seen };
}

const upTo = (count: number): Iterator<number> => Array.from({ length: count }, (_, index) => index).values();

async function collect(batches: AsyncIterable<TimedBatch>): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { results } of batches) found.push(...results.map(({ index }) => index));
  return found.sort((a, b) => a - b);
}

describe("a run", () => {
  it.each([1, 2, 5])(
    "does every point once with %s workers, and keeps no more than two batches each",
    async (width) => {
      const { pool, seen } = stub(width, 20);
      expect(await collect(runBatches(upTo(200), pool))).toEqual(Array.from({ length: 200 }, (_, index) => index));
      expect(seen.most).toBeLessThanOrEqual(2 * width);
      expect(seen.most).toBeGreaterThanOrEqual(width);
    },
  );

  it("sends slow points one by one and fast ones by the hundred", async () => {
    const slow = stub(1, 300);
    await collect(runBatches(upTo(20), slow.pool));
    expect(Math.max(...slow.seen.sizes)).toBe(1);
    const fast = stub(1, 0.01);
    await collect(runBatches(upTo(20_000), fast.pool));
    expect(Math.max(...fast.seen.sizes)).toBe(1024);
  });

  it("ends at once when there is nothing to do", async () => {
    expect(await collect(runBatches(upTo(0), stub(2, 1).pool))).toEqual([]);
  });

  it("hands on what a worker fails with", async () => {
    const pool: BatchPool = { width: 2, run: () => Promise.reject(new Error("no memory")) };
    await expect(collect(runBatches(upTo(5), pool))).rejects.toThrow("no memory");
  });

  it("stops when it is told to, even while all workers are busy", async () => {
    const stop = new AbortController();
    const pool: BatchPool = { width: 1, run: ([first]) => (first === 0 ? Promise.resolve(batchOf([0], 1)) : never()) };
    setTimeout(() => stop.abort(), 20);
    expect(await collect(runBatches(upTo(9), pool, stop.signal))).toEqual([0]);
  });
});

const never = (): Promise<TimedBatch> => new Promise(() => {});
