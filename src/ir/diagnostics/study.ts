/** Diagnostics of `kerf study`. */
import { type Diagnostic, suggest } from "../diagnostics.js";

export const unknownStudy = (name: string, known: readonly string[]): Diagnostic => ({
  code: "unknown-study",
  severity: "error",
  message: `there is no study '${name}'`,
  where: { field: "<name>" },
  hint: suggest(name, known),
});

/** Studies run in one worker so far. */
export const oneWorker = (jobs: number): Diagnostic => ({
  code: "one-worker",
  severity: "info",
  message: `found ${jobs} workers; studies run in one`,
  where: { field: "--jobs" },
  hint: "leave --jobs out",
});
