/** The model of a command, whatever its format. */
import { importOnnx } from "../frontend/onnx/import.js";
import { readWorkload } from "../frontend/zigzag/workload.js";
import { countLayers, type ImportTotals } from "../ir/counts.js";
import { nothingToBind } from "../ir/diagnostics/command.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { Network } from "../ir/network.js";
import { readText } from "../node/files.js";
import { dataFilePaths, externalReader, openFile } from "../node/model-file.js";
import { parseBindings } from "./bindings.js";

export interface LoadedModel {
  readonly network: Network;
  readonly totals: ImportTotals;
  readonly diagnostics: readonly Diagnostic[];
  /** Files beside the model that hold data of it: no result may replace them. */
  readonly dataFiles: readonly string[];
}

/**
 * An `.onnx` file, or a ZigZag-style workload in YAML.
 *
 * @param bind - text of `--bind`
 * @throws DiagnosticError when the file is missing or not a model
 */
export function loadModel(file: string, bind: string | undefined): LoadedModel {
  if (/\.ya?ml$/i.test(file)) {
    if (bind !== undefined) throw new DiagnosticError([nothingToBind(bind)]);
    const { network, diagnostics } = readWorkload(readText(file), file);
    return { network, totals: countLayers(network), diagnostics, dataFiles: [] };
  }
  const bindings = bind === undefined ? new Map<string, number>() : parseBindings(bind);
  const source = openFile(file);
  try {
    const { model, ...imported } = importOnnx(source, { file, bind: bindings, readExternal: externalReader(file) });
    return { ...imported, dataFiles: dataFilePaths(file, model.dataFiles) };
  } finally {
    source.close();
  }
}
