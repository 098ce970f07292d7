/** Where a command's result goes: a readable text on stdout, JSON to a file or to stdout. */
import { badOption } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { requireWritable, writeAtomically } from "../node/output-file.js";

export interface ResultOptions {
  /** File for the JSON; `-` is stdout. */
  readonly out?: string;
  /** The JSON on stdout and nothing else there. */
  readonly json?: true;
}

/** Writes the JSON where it is asked for, and the text unless the JSON takes its place on stdout. */
export function writeResult({ out, json }: ResultOptions, document: () => object, text: () => string): void {
  const isOnStdout = json === true || out === "-";
  if (out !== undefined || isOnStdout) {
    const content = `${JSON.stringify(document(), undefined, 1)}\n`;
    if (out !== undefined && out !== "-") writeAtomically(out, content);
    if (isOnStdout) process.stdout.write(content);
  }
  if (!isOnStdout) process.stdout.write(text());
}

/**
 * Checks before the work begins that the result has a place.
 *
 * @param inputs - files that the command reads, which the result must not replace; absent ones do not matter
 * @throws DiagnosticError when the result file cannot be written or is an input
 */
export function requireResultPlace({ out }: ResultOptions, inputs: readonly (string | undefined)[] = []): void {
  if (out === undefined || out === "-") return;
  if (out === "") throw new DiagnosticError([badOption("--out", out, "the name of a file", "- is standard output")]);
  requireWritable(
    out,
    inputs.filter((input) => input !== undefined),
  );
}
