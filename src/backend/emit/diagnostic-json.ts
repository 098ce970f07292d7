import type { Diagnostic } from "../../ir/diagnostics.js";

/** A diagnostic in a document, which must not depend on where the model lies: its file loses its folders. */
export function diagnosticJson({ where: { file, ...place }, ...diagnostic }: Diagnostic): Diagnostic {
  return { ...diagnostic, where: file === undefined ? place : { file: file.replace(/^.*[\\/]/, ""), ...place } };
}
