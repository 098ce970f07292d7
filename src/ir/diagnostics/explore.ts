/** Diagnostics of `kerf explore`. */
import { type Diagnostic, listNames, suggest } from "../diagnostics.js";
import { commandError as error } from "./make.js";

const info = (code: string, message: string, where: Diagnostic["where"], hint = ""): Diagnostic => ({
  code,
  severity: "info",
  message,
  where,
  hint,
});

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const sameArchitectureTwice = (name: string): Diagnostic =>
  error(
    "repeated-name",
    `two accelerators are named '${name}', so that their points could not be told apart`,
    { field: "--arch" },
    "change 'name:' in one of the files, or name the accelerator once",
  );

export const variedTwice = (path: string): Diagnostic =>
  error(
    "conflicting-options",
    `'${path}' is varied twice`,
    { field: "--vary" },
    "list all of its values in one place, separated by commas",
  );

export const unknownMemory = (option: string, memory: string, arch: string, known: readonly string[]): Diagnostic =>
  error("unknown-memory", `accelerator '${arch}' has no memory '${memory}'`, { field: option }, suggest(memory, known));

/** What a point of the sweep cannot do without another option. */
export const needsOption = (option: string, needed: string, why: string): Diagnostic =>
  error("missing-option", `needs ${needed}: ${why}`, { field: option }, `add ${needed}`);

export const stacksRepeated = (arch: string, stacks: string, as: string): Diagnostic =>
  info(
    "stacks-repeated",
    `on '${arch}' the stacks '${stacks}' come to the same as '${as}': their points are listed once`,
    { field: "--stacks" },
  );

export const tilesClamped = (sizes: readonly number[]): Diagnostic =>
  info(
    "tile-clamped",
    `${plural(sizes.length, "tile size")} larger than every stack's output: ${listNames(sizes.map(String))}; clamped, and equal points are evaluated once`,
    { field: "--tiles" },
  );

export const notALine = (file: string, line: number): Diagnostic =>
  error(
    "bad-result-line",
    "this is not a line that 'kerf explore' wrote",
    { file, line },
    "remove it, and its point is computed again",
  );

export const damagedLine = (file: string, line: number, index: number): Diagnostic =>
  error(
    "bad-result-line",
    `point ${index} is not what this sweep has at that number`,
    { file, line },
    "remove the line, and the point is computed again",
  );

/** A result file that something else was computed into. */
export const otherInputs = (file: string, line: number, found: string, expected: string): Diagnostic =>
  error(
    "other-inputs",
    `holds results of another sweep (${found}; this one is ${expected}): model, accelerators, rules, tiles, stacks, modes, orders or the build of Kerf differ`,
    { file, line },
    "name another file with --out, or repeat the command that began this one; --cache lets sweeps share what they have in common",
  );

export const otherShard = (file: string, line: number, index: number, shard: string): Diagnostic =>
  error(
    "other-inputs",
    `holds point ${index} of this sweep, which does not belong to shard ${shard}`,
    { file, line },
    "give each shard a file of its own",
  );

export const otherSweep = (file: string, line: number, first: string): Diagnostic =>
  error(
    "other-inputs",
    `belongs to another sweep than '${first}'`,
    { file, line },
    "merge files of one sweep: same model, accelerators, rules and axes",
  );

export const conflictingLines = (file: string, line: number, other: string, index: number): Diagnostic =>
  error(
    "conflicting-results",
    `says something else about point ${index} than '${other}'`,
    { file, line },
    "compute that shard again",
  );

/** Another process writes the file; `lock` is how it says so. */
export const fileTaken = (
  file: string,
  { pid, host }: { readonly pid: number; readonly host: string },
  lock: string,
): Diagnostic =>
  error(
    "file-in-use",
    `process ${pid} on '${host}' is writing this file`,
    { file },
    `wait for it or end it, or name another file with --out; if that process is none of Kerf's, remove '${lock}'`,
  );

export const lockLost = (file: string): Diagnostic =>
  error(
    "file-in-use",
    "another process took this one for dead and goes on with the file",
    { file },
    "let it finish: nothing that was written is lost",
  );

export const waitingForSigns = (
  file: string,
  { pid, host }: { readonly pid: number; readonly host: string },
  seconds: number,
): Diagnostic =>
  info(
    "waiting-for-lock",
    `process ${pid} on '${host}' was writing this file; waiting up to ${seconds} s to see whether it still is`,
    { file },
  );

export const tornLine = (file: string): Diagnostic =>
  info("torn-line", "the last line was not written to its end; it counts as missing", { file });

export const noLines = (files: readonly string[]): Diagnostic =>
  error("no-results", `there is no result in ${listNames(files)}`, { field: "--merge" }, "run the shards first");

export const tooManyPoints = (file: string, points: number, most: number): Diagnostic =>
  error("too-many-points", `a sweep of ${points} points; at most ${most} can be merged`, { file }, "");

export const missingShard = (shard: number, count: number, missing: number, of: number): Diagnostic =>
  error(
    "missing-shard",
    missing === of
      ? `shard ${shard}/${count} is missing, all ${plural(of, "point")} of it`
      : `shard ${shard}/${count} is incomplete: ${missing} of its ${plural(of, "point")} are missing`,
    { field: "--merge" },
    `run it again with --shard ${shard}/${count} --resume, and name its file`,
  );

export const missingPoints = (missing: number, of: number, first: readonly number[]): Diagnostic =>
  error(
    "missing-points",
    `${missing} of ${plural(of, "point")} are missing: ${listNames(first.map(String))}${missing > first.length ? " and further ones" : ""}`,
    { field: "--merge" },
    "name the files of all shards; --shards <n> says which shards these points belong to",
  );

export const duplicateLines = (count: number): Diagnostic =>
  info("duplicate-results", `${plural(count, "line")} stood there more than once; each is written once`, {
    field: "--merge",
  });

export const damagedCache = (count: number): Diagnostic => ({
  ...info("cache-damaged", `${plural(count, "entry").replace("entrys", "entries")} of the cache were damaged`, {
    field: "--cache",
  }),
  severity: "warning",
  hint: "they were computed again and replaced",
});

export const unkeptResults = (count: number): Diagnostic => ({
  ...info("cache-unwritable", `${plural(count, "result")} could not be kept in the cache`, { field: "--cache" }),
  severity: "warning",
  hint: "free some space, or check the permissions of the folder; the results themselves are complete",
});

/** No point has a schedule within the limits. */
export const nothingAllowed = (reasons: readonly string[]): Diagnostic =>
  error(
    "nothing-feasible",
    `no point of the sweep is a schedule within the limits: ${reasons.join("; ")}`,
    {},
    "raise a limit, add smaller tiles or more stacks, or use a machine with larger memories",
  );

/** What a sweep that was stopped says. */
export const interrupted = (known: number, of: number, isResumable: boolean): Diagnostic =>
  stopped("interrupted", "stopped", known, of, isResumable);

export const budgetSpent = (known: number, of: number, isResumable: boolean): Diagnostic =>
  stopped("budget-spent", "the time of --budget is over", known, of, isResumable);

const stopped = (code: string, why: string, known: number, of: number, isResumable: boolean): Diagnostic => ({
  code,
  severity: "warning",
  message: `${why} with ${known} of ${plural(of, "point")} known`,
  where: {},
  hint: isResumable
    ? "the same command with --resume goes on"
    : "with --out and --resume the next one goes on where it stopped",
});
