/** ZigZag mapping files: spatial mappings by layer, operator type or `default` (contract: `--mapping`). */
import type { ArrayDim, Dataflow } from "../../ir/accelerator.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import { parseYaml } from "../yaml/yaml-document.js";
import { readDataflows } from "./dataflow.js";

export interface MappingFile {
  /** In the order of the file. */
  readonly dataflows: readonly Dataflow[];
  /** Warnings, and notes on fields that decide nothing here. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a mapping file.
 *
 * @param file - the file as the user named it
 * @param array - dimensions that the entries may name; not checked where they are not given
 * @throws DiagnosticError with every mistake that was found, each with its line and column
 */
export function readMapping(text: string, file: string, array?: readonly ArrayDim[]): MappingFile {
  const document = parseYaml(text, file, "a list of mappings: name, spatial_mapping, memory_operand_links");
  const { dataflows, diagnostics: found } = readDataflows(document, [], document.value, array);
  const diagnostics = [...document.warnings, ...found];
  if (diagnostics.some(({ severity }) => severity === "error")) throw new DiagnosticError(diagnostics);
  return { dataflows, diagnostics };
}
