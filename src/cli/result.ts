/** Where a command's result goes: a readable text on stdout, JSON to a file or to stdout. */
import { requireWritable, writeAtomically } from "../node/files.js";

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

/** Refuses a result file that cannot be written before the work begins. */
export function requireResultPlace({ out }: ResultOptions): void {
  if (out !== undefined && out !== "-") requireWritable(out);
}
