/** `kerf explore`: a sweep over a grid of decisions and machines; lines as they come, then what is worth knowing about them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { slurmScript } from "../backend/emit/slurm.js";
import { printSweep } from "../backend/emit/sweep-text.js";
import type { BoundTable } from "../explore/sweep/bounds.js";
import { pointAt } from "../explore/sweep/space.js";
import type { SweepReducer } from "../explore/sweep/summary.js";
import { missingOption } from "../ir/diagnostics/command.js";
import { budgetSpent, interrupted, needsOption } from "../ir/diagnostics/explore.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { SweepLine } from "../ir/sweep.js";
import { architectureFile } from "../node/architectures.js";
import { readShards } from "../node/merge-files.js";
import { writeAtomically } from "../node/output-file.js";
import { positiveInt, splitNames } from "../passes/options.js";
import { sweepArguments } from "./explore-arguments.js";
import { runMerge } from "./explore-merge.js";
import {
  addLine,
  isOnStdout,
  journalOf,
  outFile,
  requireAllowed,
  requireCsvPlace,
  writeCsv,
  writeFront,
} from "./explore-output.js";
import { type ExploreFlags, type ExploreRequest, exploreRequest, questionOf } from "./explore-request.js";
import { newReducer, prepareRun, type Run, type RunEnd, runPoints } from "./explore-run.js";
import { Interrupted } from "./interrupted.js";
import { parseChoice, parseWith, refuseTogether } from "./options.js";
import { showDiagnostics } from "./output.js";
import { requireResultPlace } from "./result.js";

/**
 * @param modelFile - may be absent for `--merge` alone
 * @throws DiagnosticError for wrong input, and when no point is feasible
 * @throws Interrupted when the user stopped it; what is known was printed
 */
export async function runExplore(modelFile: string | undefined, flags: ExploreFlags): Promise<void> {
  requireConsistent(flags);
  if (flags.merge !== undefined) return runMerge(modelFile, flags);
  if (modelFile === undefined)
    throw new DiagnosticError([
      missingOption("<model>", "name an .onnx file or a .workload.yaml; only --merge does without"),
    ]);
  const early = splitNames(flags.arch ?? "").map(architectureFile);
  requireResultPlace(flags, [modelFile, ...early, flags.mapping]);
  const request = exploreRequest(modelFile, flags);
  requireResultPlace(flags, request.inputs);
  requireCsvPlace(flags, request.inputs);
  showDiagnostics(request.diagnostics, flags);
  if (flags.emit !== undefined) return emitJob(modelFile, flags, request);
  await runSweep(request, flags);
}

function requireConsistent(flags: ExploreFlags): void {
  const options = { ...flags };
  refuseTogether(options, "merge", ["shard", "resume", "cache", "jobs", "emit", "budget"], "merging computes nothing");
  refuseTogether(
    options,
    "emit",
    ["shard", "resume", "frontier", "json", "budget", "csv"],
    "the job's tasks choose their own",
  );
  refuseTogether(options, "shard", ["frontier"], "the front of a part says nothing; use it with --merge");
  refuseTogether(options, "shard", ["shards"], "--shard 3/64 states the number of shards already");
  const needs = (
    option: keyof ExploreFlags,
    text: string,
    other: boolean,
    needed: string,
    why: string,
  ): Diagnostic[] => (flags[option] !== undefined && !other ? [needsOption(text, needed, why)] : []);
  const isFile = flags.out !== undefined && flags.out !== "-";
  const problems = [
    ...needs("resume", "--resume", isFile, "--out <file>", "it goes on with the results in a file"),
    ...needs("emit", "--emit", flags.shards !== undefined, "--shards <n>", "a job has one task per shard"),
    ...needs(
      "shards",
      "--shards",
      (flags.emit ?? flags.merge) !== undefined,
      "--emit slurm or --merge",
      "a single shard is run with --shard <i>/<n>",
    ),
  ];
  if (problems.length > 0) throw new DiagnosticError(problems);
  if (flags.emit !== undefined) parseChoice("--emit", flags.emit, ["slurm"]);
}

/** The script of a job array: to `--out`, else to stdout. */
function emitJob(modelFile: string, flags: ExploreFlags, { sweep }: ExploreRequest): void {
  questionOf(flags, sweep.work.machines);
  const shards = parseWith("--shards", flags.shards ?? "", positiveInt(1, "for example 64"));
  const file = outFile(flags);
  const results = file === undefined ? "results" : file.replace(/\.\w+$/, "");
  const script = slurmScript({ shards, sweep: sweepArguments(modelFile, flags), results, points: sweep.space.points });
  if (file === undefined) process.stdout.write(script);
  else writeAtomically(file, script);
}

async function runSweep({ sweep, title }: ExploreRequest, flags: ExploreFlags): Promise<void> {
  const isKept = (flags.frontier && isOnStdout(flags)) || flags.csv !== undefined;
  const drafts = isKept && journalOf(flags) === undefined ? temporaryFolder() : undefined;
  try {
    const run = await prepareRun(sweep.work, flags, journalOf(flags) ?? (drafts && join(drafts, "points.ndjson")));
    try {
      const end = await runPoints(run, flags);
      showDiagnostics(end.notes, flags);
      await report(run, end, title, flags);
    } finally {
      run.lock.release();
    }
  } finally {
    if (drafts !== undefined) rmSync(drafts, { recursive: true, force: true });
  }
}

const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "kerf-"));

/**
 * @throws Interrupted when the user stopped it
 * @throws DiagnosticError when no point is feasible
 */
async function report(run: Run, { why, bounds }: RunEnd, title: string, flags: ExploreFlags): Promise<void> {
  const { work, question, shard, journal, points } = run;
  const isFront = flags.frontier && journal !== undefined && why === "complete";
  const reducer = isFront ? await writeFrontOf(journal, flags, run, bounds) : run.reducer;
  if (!isOnStdout(flags)) {
    const summary = reducer.summary((index) => pointAt(work.space, index));
    process.stdout.write(printSweep(title, bounds === undefined ? summary : { ...summary, best: [], maps: [] })); // not all were evaluated
  }
  if (!flags.frontier && journal !== undefined && flags.csv !== undefined)
    writeCsv(flags, reducer.known === 0 ? undefined : readShards([journal], () => {}), reducer);
  const isResumable = outFile(flags) !== undefined;
  if (why === "interrupted") throw new Interrupted(interrupted(reducer.known, points, isResumable));
  if (why === "budget") showDiagnostics([budgetSpent(reducer.known, points, isResumable)], flags);
  else if (shard === undefined) requireAllowed(reducer, question);
}

/**
 * Which points were evaluated depends on what was known when, and so on the number of workers. What is said about them does not: a point
 * counts as excluded by its bound where the finished front would exclude it.
 */
async function writeFrontOf(
  journal: string,
  flags: ExploreFlags,
  { work, question, points, reducer: evaluated }: Run,
  bounds: BoundTable | undefined,
): Promise<SweepReducer> {
  const reducer = newReducer(work, question, points);
  const reasonAt = (index: number) => bounds && evaluated.excludedBy(bounds.at(index));
  const noted = (line: SweepLine): void => {
    if (reasonAt(line.index) === undefined) addLine(reducer, line);
  };
  const lines = evaluated.known === 0 ? undefined : readShards([journal], noted);
  for (let index = 0; bounds !== undefined && index < points; index++) {
    const reason = reasonAt(index);
    if (reason !== undefined) reducer.exclude(reason);
  }
  await writeFront(flags, work.space.id, lines, reducer);
  writeCsv(flags, lines, reducer);
  rmSync(journal);
  return reducer;
}
