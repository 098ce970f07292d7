/** Diagnostics of `kerf study`. */
import { type Diagnostic, suggest } from "../diagnostics.js";

export const unknownStudy = (name: string, known: readonly string[]): Diagnostic => ({
  code: "unknown-study",
  severity: "error",
  message: `there is no study '${name}'`,
  where: { field: "<name>" },
  hint: suggest(name, known),
});

/** A study of one machine was given several, or none. */
export const oneMachine = (study: string, found: readonly string[]): Diagnostic => ({
  code: "bad-option-value",
  severity: "error",
  message: `found ${found.length} accelerators, expected one: ${study} runs on a single machine`,
  where: { field: "--arch" },
  hint: "name one of them, or run the study once for each",
});

/** Studies run in one worker so far. */
export const oneWorker = (jobs: number): Diagnostic => ({
  code: "one-worker",
  severity: "info",
  message: `found ${jobs} workers; studies run in one`,
  where: { field: "--jobs" },
  hint: "leave --jobs out",
});
