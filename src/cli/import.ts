/** `kerf import`: what the frontend understood. */
import { importDocument, printImport } from "../backend/emit/import-json.js";
import { loadModel } from "./model.js";
import { type MessageOptions, report } from "./output.js";
import { type ResultOptions, requireResultPlace, writeResult } from "./result.js";

interface ImportFlags extends MessageOptions, ResultOptions {
  readonly bind?: string;
  readonly strict?: true;
}

/** @throws DiagnosticError when the file is missing or not a model, or when `--strict` finds something to refuse */
export function runImport(modelFile: string, flags: ImportFlags): void {
  requireResultPlace(flags, [modelFile]);
  const { network, totals, diagnostics, dataFiles } = loadModel(modelFile, flags.bind);
  requireResultPlace(flags, dataFiles);
  report(diagnostics, network.coverage, flags);
  writeResult(
    flags,
    () => importDocument(network, totals, diagnostics),
    () => printImport(network, totals),
  );
}
