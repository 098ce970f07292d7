/**
 * Spoils the built-in models, or those that are named, and seeds of what these lack, and imports them: `npm run fuzz -- [--seed n] [--cases n] [--first n] [file.onnx …]`. A case is its seed and
 * number; every batch runs in a process of its own, with a limit on memory and on the time of each case.
 */
import { fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const BATCH = 500;
/** Processor time that a case may take, and how long its process may say nothing on a busy machine. */
const LIMIT = { milliseconds: 1000, silence: 20_000, megabytes: 512 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "0" },
    cases: { type: "string", default: "1000" },
    first: { type: "string", default: "0" },
  },
});
const [seed, first, end] = [Number(values.seed), Number(values.first), Number(values.first) + Number(values.cases)];
const files = positionals.length > 0 ? positionals : builtInModels();

/** @type {{ case: number, problem: string }[]} */
const failures = [];
const counts = { imported: 0, refused: 0 };
let [slowest, largest] = [0, 0];

for (let next = first; next < end; ) next = await runBatch(next, Math.min(BATCH, end - next));

for (const failure of failures.slice(0, 20))
  console.log(`--seed ${seed} --first ${failure.case} --cases 1: ${failure.problem}`);
console.log(
  `${end - first} cases: ${counts.imported} imported, ${counts.refused} refused, ${failures.length} failed; ` +
    `slowest ${slowest.toFixed(0)} ms, largest ${(largest / 2 ** 20).toFixed(0)} MB`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

/**
 * @param {number} from - number of the first case
 * @param {number} count
 * @returns {Promise<number>} the case to go on with: after the batch, or after the one that its process died of
 */
function runBatch(from, count) {
  const worker = fileURLToPath(new URL("fuzz/worker.mjs", import.meta.url));
  const seeds = positionals.length > 0 ? "files-alone" : "with-seeds";
  const child = fork(worker, [from, count, seed, seeds, ...files].map(String), {
    execArgv: [`--max-old-space-size=${LIMIT.megabytes}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  let current = from;
  let isOpen = false;
  let watchdog = setTimeout(() => child.kill("SIGKILL"), LIMIT.silence);
  child.on("message", (/** @type {Report} */ report) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => child.kill("SIGKILL"), LIMIT.silence);
    current = report.began ?? report.ended;
    isOpen = report.began !== undefined;
    if (!isOpen) record(report);
  });
  return new Promise((resolve) =>
    child.on("exit", (code, signal) => {
      clearTimeout(watchdog);
      if (code === 0) return resolve(from + count);
      failures.push({
        case: current,
        problem: `the process ended with ${signal ?? code}${isOpen ? "" : " between cases"}`,
      });
      resolve(current + 1);
    }),
  );
}

/** @typedef {{ began?: number, ended: number, milliseconds: number, bytes: number, outcome?: "imported" | "refused", problem?: string }} Report */

/** @param {Report} report */
function record({ ended, milliseconds, bytes, outcome, problem }) {
  slowest = Math.max(slowest, milliseconds);
  largest = Math.max(largest, bytes);
  if (outcome !== undefined) counts[outcome]++;
  if (problem !== undefined) failures.push({ case: ended, problem });
  else if (milliseconds > LIMIT.milliseconds)
    failures.push({ case: ended, problem: `it took ${milliseconds.toFixed(0)} ms` });
  else if (bytes > LIMIT.megabytes * 2 ** 20)
    failures.push({ case: ended, problem: `its process grew to ${(bytes / 2 ** 20).toFixed(0)} MB` });
}

function builtInModels() {
  const folder = new URL("../models/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
  return names.sort().map((name) => fileURLToPath(new URL(name, folder)));
}
