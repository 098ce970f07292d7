/** ZigZag mapping files: spatial mappings by layer, operator type or `default` (contract: `--mapping`). */
import type { Dataflow } from "../../ir/accelerator.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import { readDataflows } from "./dataflow.js";
import { parseYaml } from "./yaml-document.js";

export interface MappingFile {
  /** In the order of the file. */
  readonly dataflows: readonly Dataflow[];
  /** Warnings, and notes on fields that decide nothing here. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a mapping file. Whether its array dimensions exist is known only with an accelerator and is not checked here.
 *
 * @param file - the file as the user named it
 * @throws DiagnosticError with every mistake that was found, each with its line and column
 */
export function readMapping(text: string, file: string): MappingFile {
  const document = parseYaml(text, file, "a list of mappings: name, spatial_mapping, memory_operand_links");
  const { dataflows, diagnostics: found } = readDataflows(document, [], document.value);
  const diagnostics = [...document.warnings, ...found];
  if (diagnostics.some(({ severity }) => severity === "error")) throw new DiagnosticError(diagnostics);
  return { dataflows, diagnostics };
}
