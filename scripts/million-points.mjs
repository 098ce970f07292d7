/**
 * A million points through everything that a sweep does with them but their costs: run, write, summarise, resume, merge. Prints its
 * largest memory and what it found. Runs what was built.
 */
import { statSync } from "node:fs";
import { join } from "node:path";

const [folder = "", count = ""] = process.argv.slice(2);
/** @param {string} file */
const load = (file) => import(new URL(`../dist/${file}.js`, import.meta.url).href);
const { encodeLine, lineFault, outcomeOfLine } = await load("explore/sweep/line");
const { runBatches } = await load("explore/sweep/run");
const { keyText, NumberSet, pointAt, pointNumbersOf } = await load("explore/sweep/space");
const { SweepReducer } = await load("explore/sweep/summary");
const { lineAt, mergedLines, readShards, writeLines } = await load("node/merge-files");
const { eachLine, ResultFile } = await load("node/result-file");

const sizes = Array.from({ length: 1000 }, (_, index) => index + 1);
const block = { arch: "m", machine: 0, stacks: "auto", rule: "auto", base: "0".repeat(64), widths: sizes, first: 0 };
const heights = sizes.slice(0, Number(count) / 1000);
const overlaps = ["recompute"];
const space = {
  id: "0123456789abcdef",
  points: Number(count),
  blocks: [{ ...block, heights }],
  overlaps,
  orders: ["x-first"],
};

const MEMORIES = ["rf_1B", "rf_2B", "sram_32KB", "sram_1MB_W", "sram_64KB", "sram_1MB_A", "dram"];
/**
 * Numbers in no order; hundreds of thousands of them are on the front.
 *
 * @param {number} index
 */
function outcomeAt(index) {
  const n = (index * 7919) % 1_000_003;
  const peakBits = Math.round(1e12 / (n + 1)) + (index % 97);
  const peakBitsByMemory = Object.fromEntries(MEMORIES.map((memory, at) => [memory, n + at]));
  return { energyPj: n + 0.1, latencyCycles: (index * 104_729) % 999_983, peakBits, dramBits: 8 * n, peakBitsByMemory };
}
const pool = {
  width: 2,
  /** @param {readonly number[]} indices */
  async run(indices) {
    /** @param {number} index */
    const resultAt = (index) => {
      const outcome = outcomeAt(index);
      return { index, outcome, line: encodeLine(space, index, outcome, keyText(space, index)) };
    };
    return { results: indices.map(resultAt), cached: 0, damaged: 0, unkept: 0, milliseconds: 0.01 * indices.length };
  },
};
/** A cheap digest: what is measured is memory. @param {string} text */
const sameText = (text) => text;
const newReducer = () =>
  new SweepReducer({
    objective: "energy",
    limits: [],
    axes: { overlaps, widths: sizes, heights },
    points: space.points,
  });

const megabytes = () => Math.round(process.resourceUsage().maxRSS / 1024);
const found = {};
const files = [1, 2].map((shard) => join(folder, `part.${shard}-of-2.ndjson`));
const reducer = newReducer();
for (const [at, file] of files.entries()) {
  const output = new ResultFile(file);
  for await (const { results } of runBatches(
    pointNumbersOf(space.points, { index: at + 1, count: 2 }, () => false),
    pool,
  )) {
    output.append(results.map((/** @type {{ readonly line: string }} */ { line }) => line));
    for (const { index, outcome } of results) reducer.add(index, pointAt(space, index), outcome);
  }
  output.close();
}
found.front = reducer.front().length;
found.run = megabytes();

const done = new NumberSet(space.points);
const again = newReducer();
for (const file of files) {
  eachLine(file, (/** @type {{ readonly number: number }} */ placed) => {
    const line = lineAt(file, placed);
    if (lineFault(line, space, sameText) !== undefined) throw new Error(`line ${placed.number}`);
    done.add(line.index);
    again.add(line.index, line.point, outcomeOfLine(line));
  });
}
found.resumed = done.size;
found.sameFront = again.front().length === found.front;
found.resume = megabytes();

const merged = readShards(files, () => {});
writeLines(join(folder, "merged.ndjson"), mergedLines(merged));
found.bytes =
  statSync(join(folder, "merged.ndjson")).size === files.reduce((sum, file) => sum + statSync(file).size, 0);
found.merge = megabytes();
process.stdout.write(`${JSON.stringify(found)}\n`);
