/** `kerf study`: published experiments, ours beside theirs. */
import { join } from "node:path";
import { createCostModel } from "../backend/cost/cost-model.js";
import { studyCsv } from "../backend/emit/study-csv.js";
import { studyHtml } from "../backend/emit/study-html.js";
import { printStudy } from "../backend/emit/study-text.js";
import { printTable } from "../backend/emit/table.js";
import { STUDIES } from "../explore/studies/registry.js";
import type { Study, StudyContext } from "../explore/studies/study.js";
import { oneMachine, oneWorker, unknownStudy } from "../ir/diagnostics/study.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { DEFINES, EXACT, type RuleSet } from "../ir/rules.js";
import type { StudyResult } from "../ir/study.js";
import { createFolder, requireFolder, writeAtomically } from "../node/output-file.js";
import { studyAccelerator, studyNetwork } from "../node/studies.js";
import { positiveInt, positiveIntOrNone, splitNames } from "../passes/options.js";
import { parseChoice, parseWith } from "./options.js";
import { type MessageOptions, showDiagnostics } from "./output.js";
import { clearProgress, printProgress, showsProgress } from "./progress.js";

interface StudyFlags extends MessageOptions {
  readonly arch?: string;
  readonly costModel?: string;
  readonly loopLimit?: string;
  readonly jobs?: string;
  /** Folder for HTML and CSV. */
  readonly out?: string;
  readonly json?: true;
}

/** @throws DiagnosticError for an unknown study or machine, and for a folder that cannot be written */
export async function runStudy(name: string, flags: StudyFlags): Promise<void> {
  if (name === "list") return void process.stdout.write(listStudies(flags));
  const study = STUDIES.find((candidate) => candidate.name === name);
  if (study === undefined) {
    throw new DiagnosticError([
      unknownStudy(
        name,
        STUDIES.map((known) => known.name),
      ),
    ]);
  }
  const accelerators = machinesFor(study, flags);
  const context = await contextFor(study, flags);
  if (flags.out !== undefined) requireFolder(flags.out); // before the work, so that a wrong folder is noticed at once
  const result = study.run(context, { accelerators });
  clearProgress(flags);
  if (flags.out !== undefined) writeFiles(flags.out, result);
  process.stdout.write(flags.json ? `${JSON.stringify(studyDocument(result), undefined, 1)}\n` : printStudy(result));
}

function machinesFor(study: Study, { arch }: StudyFlags): readonly string[] {
  if (arch === undefined) return study.accelerators;
  const named = splitNames(arch);
  if (named.length === 0 || (study.machines === "one" && named.length > 1))
    throw new DiagnosticError([oneMachine(study.name, named)]);
  return named;
}

const studyDocument = (result: StudyResult) => ({ format: "kerf/study", version: 1, ...result });

function listStudies({ json }: StudyFlags): string {
  const entries = STUDIES.map(({ name, description, accelerators }: Study) => ({ name, description, accelerators }));
  if (json) return `${JSON.stringify(entries, undefined, 1)}\n`;
  const rows = entries.map(({ name, description }) => [name, description]);
  return `${printTable(rows, ["left", "left"]).join("\n")}\n`;
}

async function contextFor(study: Study, flags: StudyFlags): Promise<StudyContext> {
  const rules = rulesFor(study, flags);
  const { jobs } = flags;
  const workers = jobs === undefined ? 1 : parseWith("--jobs", jobs, positiveInt(1, "for example 1"));
  if (workers > 1) showDiagnostics([oneWorker(workers)], flags);
  return {
    costModel: createCostModel(rules),
    exactModel: createCostModel(EXACT),
    network: studyNetwork,
    model: study.readsModels ? (await import("../node/study-models.js")).studyModel : noModels,
    accelerator: studyAccelerator,
    ...(showsProgress(flags) && { progress: printProgress }),
  };
}

/** The published rules, unless the study knows others and these are asked for. */
function rulesFor({ runsExactly }: Study, { costModel = DEFINES.name, loopLimit }: StudyFlags): RuleSet {
  const known = runsExactly ? [DEFINES, EXACT] : [DEFINES];
  const named = parseChoice(
    "--cost-model",
    costModel,
    known.map(({ name }) => name),
  );
  const rules = known.find(({ name }) => name === named)!; // one of them
  if (loopLimit === undefined) return rules;
  return { ...rules, loopLimit: parseWith("--loop-limit", loopLimit, positiveIntOrNone("none", "for example 6")) };
}

function noModels(name: string): never {
  throw new Error(`the study does not say that it reads models, and asks for '${name}'`);
}

/** `<study>.html`, and `<study>-<block>.csv` for every block. */
function writeFiles(folder: string, result: StudyResult): void {
  createFolder(folder);
  writeAtomically(join(folder, `${result.study}.html`), studyHtml(result));
  for (const block of result.blocks) writeAtomically(join(folder, `${result.study}-${block.id}.csv`), studyCsv(block));
}
