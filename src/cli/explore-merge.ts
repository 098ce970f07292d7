/** `kerf explore --merge`: results of shards as one file, in the order of the points. */
import { printSweep } from "../backend/emit/sweep-text.js";
import { decodeLine } from "../explore/sweep/line.js";
import type { SummaryChoices } from "../explore/sweep/summary.js";
import { SweepReducer } from "../explore/sweep/summary.js";
import * as say from "../ir/diagnostics/explore.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { OVERLAP_MODES } from "../ir/facts.js";
import type { SweepLine, SweepPoint } from "../ir/sweep.js";
import { linesOf, type MergedFiles, mergedLines, readShards, writeLines } from "../node/merge-files.js";
import { positiveInt } from "../passes/options.js";
import {
  addLine,
  isOnStdout,
  outFile,
  requireAllowed,
  requireCsvPlace,
  writeCsv,
  writeFront,
  writeStdout,
} from "./explore-output.js";
import { type ExploreFlags, exploreRequest, questionOf } from "./explore-request.js";
import { parseWith } from "./options.js";
import { showDiagnostics } from "./output.js";
import { requireResultPlace } from "./result.js";

/** Missing points that a message names. */
const NAMED = 5;

/**
 * @param modelFile - with it, the lines are compared with the sweep that the options state; without it, with each other
 * @throws DiagnosticError when points are missing, files contradict each other or belong to different sweeps
 */
export async function runMerge(modelFile: string | undefined, flags: ExploreFlags): Promise<void> {
  const files = flags.merge ?? [];
  requireResultPlace(flags, files);
  requireCsvPlace(flags, files);
  const request = modelFile === undefined ? undefined : exploreRequest(modelFile, flags);
  const question = questionOf(flags, request?.sweep.work.machines ?? []);
  const axes = new AxisCollector();
  const merged = readShards(files, (line) => axes.add(line));
  const { table } = merged;
  const expected = request?.sweep.space;
  if (expected !== undefined && !table.fits({ sweep: expected.id, of: expected.points })) {
    throw new DiagnosticError([say.otherInputs(files[0] ?? "", 1, table.sweep, expected.id)]);
  }
  showDiagnostics(merged.diagnostics, flags);
  requireComplete(merged, flags);
  if (merged.duplicates > 0) showDiagnostics([say.duplicateLines(merged.duplicates)], flags);
  const reducer = new SweepReducer({ ...question, axes: axes.axes(), points: table.points });
  await writeMerged(merged, flags, reducer);
  writeCsv(flags, merged, reducer);
  if (!isOnStdout(flags))
    process.stdout.write(printSweep(request?.title ?? "merged", reducer.summary(pointReader(merged))));
  requireAllowed(reducer, question);
}

/** Tile sizes that occur. */
class AxisCollector {
  readonly #widths = new Set<number>();
  readonly #heights = new Set<number>();

  add({ point }: SweepLine): void {
    this.#widths.add(point.tile.width);
    this.#heights.add(point.tile.height);
  }

  axes(): SummaryChoices["axes"] {
    return { overlaps: OVERLAP_MODES, widths: [...this.#widths], heights: [...this.#heights] };
  }
}

function requireComplete({ table, files }: MergedFiles, flags: ExploreFlags): void {
  const missing = table.points - table.known;
  if (missing === 0) return;
  const shards = shardCount(files, flags);
  const reported: readonly Diagnostic[] =
    shards === undefined
      ? [say.missingPoints(missing, table.points, table.missingPoints(NAMED))]
      : table.incompleteShards(shards).map(({ shard, missing, of }) => say.missingShard(shard, shards, missing, of));
  throw new DiagnosticError(reported);
}

/** As stated, else as the names of the files say: `results.3-of-64.ndjson`. */
function shardCount(files: readonly string[], { shards }: ExploreFlags): number | undefined {
  if (shards !== undefined) return parseWith("--shards", shards, positiveInt(1, "for example 64"));
  const counts = new Set(files.map((file) => Number(/\b\d+-of-(\d+)\b/.exec(file)?.[1] ?? 0)));
  const [count] = counts;
  return counts.size === 1 && count !== undefined && count > 0 ? count : undefined;
}

/** Points by number, from the lines that state them. */
const pointReader =
  (merged: MergedFiles) =>
  (index: number): SweepPoint => {
    const [[text = ""] = []] = [...linesOf(merged, [index])];
    return decodeLine(text)!.point; // it was one when it was found
  };

async function writeMerged(merged: MergedFiles, flags: ExploreFlags, reducer: SweepReducer): Promise<void> {
  const noted = function* () {
    for (const lines of mergedLines(merged)) {
      for (const text of lines) addLine(reducer, decodeLine(text)!); // it was one when it was found
      yield lines;
    }
  };
  const file = outFile(flags);
  if (flags.frontier) {
    for (const _ of noted()); // the front is known at the end
    return writeFront(flags, merged.table.sweep, merged, reducer);
  }
  if (file !== undefined) writeLines(file, noted());
  else for (const _ of noted());
  if (isOnStdout(flags)) for (const lines of mergedLines(merged)) await writeStdout(lines);
}
