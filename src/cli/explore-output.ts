/** Where the lines of a sweep go while it runs, and what is said about it. */
import { once } from "node:events";
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { contentSha256 } from "../backend/emit/digest.js";
import { SWEEP_CSV_HEADING, sweepCsvLine } from "../backend/emit/sweep-csv.js";
import { decodeLine, lineFault, outcomeOfLine } from "../explore/sweep/line.js";
import { printLimit } from "../explore/sweep/metrics.js";
import { NumberSet, type Shard, type SweepSpace, shardOf } from "../explore/sweep/space.js";
import type { SweepReducer } from "../explore/sweep/summary.js";
import { badOption } from "../ir/diagnostics/command.js";
import { damagedLine, nothingAllowed, otherInputs, otherShard } from "../ir/diagnostics/explore.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import type { SweepLine } from "../ir/sweep.js";
import { lineAt, linesOf, type MergedFiles, mergedLines, writeLines } from "../node/merge-files.js";
import { fillAtomically, requireWritable } from "../node/output-file.js";
import { eachLine, ResultFile } from "../node/result-file.js";
import type { ExploreFlags, Question } from "./explore-request.js";

/** Points of an earlier run, and how much of its file holds them. */
export interface Resumed {
  readonly done: NumberSet;
  readonly bytes: number;
}

/**
 * Reads the results of an earlier run.
 *
 * @param file - absent, or not there yet: everything is to do
 * @param visit - called with every line
 * @throws DiagnosticError when the file holds something else
 */
export function resumeFrom(
  file: string | undefined,
  space: SweepSpace,
  shard: Shard | undefined,
  visit: (line: SweepLine, text: string) => void,
): Resumed {
  const done = new NumberSet(space.points);
  if (file === undefined || !existsSync(file)) return { done, bytes: 0 };
  const { complete } = eachLine(file, (placed) => {
    const line = lineAt(file, placed);
    const fault = lineFault(line, space, contentSha256);
    if (fault === "sweep") throw new DiagnosticError([otherInputs(file, placed.number, line.sweep, space.id)]);
    if (fault === "content") throw new DiagnosticError([damagedLine(file, placed.number, line.index)]);
    if (shard !== undefined && shardOf(line.index, shard.count) !== shard.index) {
      throw new DiagnosticError([otherShard(file, placed.number, line.index, `${shard.index}/${shard.count}`)]);
    }
    if (done.has(line.index)) return;
    done.add(line.index);
    visit(line, placed.text);
  });
  return { done, bytes: complete };
}

/** A reducer is told of a line that was read. */
export const addLine = (reducer: SweepReducer, line: SweepLine): void =>
  reducer.add(line.index, line.point, outcomeOfLine(line));

/** Whether stdout carries lines, so that nothing else may stand there. */
export const isOnStdout = ({ out, json }: ExploreFlags): boolean => json === true || out === "-";

/** The file of `--out`, unless that is stdout. */
export const outFile = ({ out }: ExploreFlags): string | undefined => (out === "-" ? undefined : out);

/** File that grows while the sweep runs. With `--frontier` the result itself is known at the end only. */
export function journalOf(flags: ExploreFlags): string | undefined {
  const file = outFile(flags);
  if (!flags.frontier) return file;
  return file === undefined ? undefined : `${file}.partial`;
}

/** Lines as they come: into the growing file, and to stdout unless only the front is asked for. */
export class LineSink {
  readonly #file: ResultFile | undefined;
  readonly #toStdout: boolean;

  /** @throws DiagnosticError when the file cannot be written */
  constructor(flags: ExploreFlags, journal: string | undefined, keep: number) {
    this.#file = journal === undefined ? undefined : new ResultFile(journal, keep);
    this.#toStdout = isOnStdout(flags) && flags.frontier !== true;
  }

  async write(lines: readonly string[]): Promise<void> {
    this.#file?.append(lines);
    if (this.#toStdout) await writeStdout(lines);
  }

  close(): void {
    this.#file?.close();
  }
}

/** Waits until the reader has taken most of it. */
export async function writeStdout(lines: readonly string[]): Promise<void> {
  if (lines.length > 0 && !process.stdout.write(`${lines.join("\n")}\n`)) await once(process.stdout, "drain");
}

/**
 * With `--frontier`: the front, and what was excluded, in place of every point.
 *
 * @param lines - of every point of the front; absent where no point was evaluated
 */
export async function writeFront(
  flags: ExploreFlags,
  sweep: string,
  lines: MergedFiles | undefined,
  reducer: SweepReducer,
): Promise<void> {
  const excluded = reducer.exclusions().map((exclusion) => JSON.stringify({ sweep, excluded: exclusion }));
  const groups = function* () {
    if (lines !== undefined) yield* linesOf(lines, indicesOf(reducer));
    yield excluded;
  };
  const file = outFile(flags);
  if (file !== undefined) writeLines(file, groups());
  if (isOnStdout(flags)) for (const lines of groups()) await writeStdout(lines);
}

function* indicesOf(reducer: SweepReducer): Generator<number> {
  for (const { index } of reducer.front()) yield index;
}

/** @throws DiagnosticError when the table has no place, or would replace what it is made from */
export function requireCsvPlace({ csv, out }: ExploreFlags, inputs: readonly string[]): void {
  if (csv === undefined) return;
  if (csv === "" || csv === "-" || csv === out)
    throw new DiagnosticError([badOption("--csv", csv, "the name of a file of its own", "for example points.csv")]);
  requireWritable(csv, inputs);
}

/**
 * With `--csv`: the same points as a table, by number.
 *
 * @param all - of every point that is known; absent where none is
 */
export function writeCsv({ csv, frontier }: ExploreFlags, all: MergedFiles | undefined, reducer: SweepReducer): void {
  if (csv === undefined) return;
  const front = new Set(frontier ? indicesOf(reducer) : []);
  fillAtomically(csv, (draft) => {
    const handle = openSync(draft, "w");
    try {
      writeSync(handle, SWEEP_CSV_HEADING);
      for (const lines of all === undefined ? [] : mergedLines(all)) {
        const points = lines.map((text) => decodeLine(text)!); // it was one when it was found
        writeSync(
          handle,
          points
            .filter(({ index }) => !frontier || front.has(index))
            .map(sweepCsvLine)
            .join(""),
        );
      }
    } finally {
      closeSync(handle);
    }
  });
}

/** @throws DiagnosticError when no point has a schedule within the limits */
export function requireAllowed(reducer: SweepReducer, { limits }: Question): void {
  if (reducer.allowed > 0 || reducer.known === 0) return;
  const reasons = reducer.exclusions().map(({ by, what, points }) => {
    if (by === "bound") return `${points} that cannot be within ${what}`;
    if (by === "infeasible") return `${points} without a schedule (${what})`;
    const limit = limits.find((candidate) => printLimit(candidate) === what);
    const least = limit === undefined ? undefined : reducer.leastOf(limit.metric);
    return `${points} over ${what}${least === undefined ? "" : `, of which the least is ${least}`}`;
  });
  throw new DiagnosticError([nothingAllowed(reasons)], "infeasible");
}
