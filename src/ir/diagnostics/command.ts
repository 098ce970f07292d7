/** Diagnostics of files and command-line options. */
import { type Diagnostic, nearMatches, suggest } from "../diagnostics.js";
import type { CoverageEntry } from "../network.js";
import { commandError as error } from "./make.js";

export const fileNotFound = (file: string, neighbours: readonly string[]): Diagnostic =>
  error(
    "file-not-found",
    "there is no such file",
    { file },
    nearMatches(baseName(file), neighbours).length === 0 ? "check the path" : suggest(baseName(file), neighbours),
  );

export const notAFile = (file: string): Diagnostic =>
  error("not-a-file", "found a folder, expected a file", { file }, "name a file in it");

export const unreadableFile = (file: string, reason: string): Diagnostic =>
  error("unreadable-file", `the file cannot be read: ${reason}`, { file }, "check its permissions");

export const notARegularFile = (file: string, found: string): Diagnostic =>
  error(
    "unreadable-file",
    `found ${found}, expected a regular file`,
    { file },
    "write the data to a file and name that; a pipe of the shell works, too: <(command)",
  );

export const endlessPipe = (file: string, limit: number): Diagnostic =>
  error(
    "unreadable-file",
    `more than ${limit} bytes came through the pipe`,
    { file },
    "write them to a file and name that",
  );

/** Most commands take `-` for a standard stream; Kerf does so for results only. */
export const fileNameNeeded = (found: string): Diagnostic =>
  error(
    "file-not-found",
    `found '${found}', expected the name of a file${found === "-" ? "; standard input is not read" : ""}`,
    {},
    "name a file",
  );

export const outputIsInput = (output: string, input: string): Diagnostic =>
  error(
    "output-is-input",
    `'${output}' is ${output === input ? "an input of the command" : `the input '${input}'`}, which the result would replace`,
    { field: "--out" },
    "name another file for the result",
  );

export const unwritableFile = (file: string, reason: string): Diagnostic =>
  error(
    "unwritable-file",
    `the file cannot be written: ${reason}`,
    { file },
    reason === "ENOSPC" ? "free some space on the disk" : "name a file in a folder that you may write to",
  );

export const unknownAccelerator = (name: string, known: readonly string[]): Diagnostic =>
  error(
    "unknown-accelerator",
    `there is no built-in accelerator '${name}', nor a file of that name`,
    { field: "--arch" },
    suggest(name, known),
  );

export const badOption = (option: string, found: string, expected: string, hint = ""): Diagnostic =>
  error("bad-option-value", `found '${found}', expected ${expected}`, { field: option }, hint);

export const missingOption = (option: string, hint: string): Diagnostic =>
  error("missing-option", "this option is needed", { field: option }, hint);

export const conflictingOptions = (option: string, other: string, why: string): Diagnostic =>
  error(
    "conflicting-options",
    `cannot be combined with ${other}: ${why}`,
    { field: option },
    `leave one of the two out`,
  );

/** What the command-line parser itself refuses: unknown commands and options, missing arguments. */
export const badCommandLine = (message: string): Diagnostic =>
  error("bad-command-line", message, {}, "run 'kerf --help' or 'kerf <command> --help'");

const baseName = (file: string): string => file.replace(/^.*[\\/]/, "");

/** A pipeline that stops early has nothing to write. */
export const incompletePipeline = (): Diagnostic =>
  error(
    "incomplete-pipeline",
    "the pipeline ends before its costs are known, so there is no schedule to write",
    { field: "--pipeline" },
    "end it with evaluate, or leave --out and --json out and use --print-after",
  );

/** A node that `--strict` does not let pass. */
export const nodeNotUnderstood = ({ node, opType, status, reason }: CoverageEntry): Diagnostic =>
  error(
    `node-${status}`,
    `operator ${opType} is ${status}${reason === undefined ? "" : `: ${reason}`}`,
    { node },
    "leave --strict out to go on without it",
  );

/** Workload files state every size. */
export const nothingToBind = (found: string): Diagnostic =>
  error(
    "nothing-to-bind",
    `found '${found}', but a workload file states all its dimensions`,
    { field: "--bind" },
    "leave --bind out",
  );

export const bindingOutOfRange = (symbol: string, found: string): Diagnostic =>
  error(
    "bad-option-value",
    `'${symbol}' is bound to ${found}, expected a whole number from 1 to 2^31`,
    { field: "--bind" },
    "for example N=1,H=224",
  );

export const boundTwice = (symbol: string, first: number, second: number): Diagnostic =>
  error(
    "contradicting-bindings",
    `'${symbol}' is bound to ${first} and to ${second}`,
    { field: "--bind" },
    "state one value for it",
  );

export const unwritableOutput = (reason: string): Diagnostic =>
  error("unwritable-output", `standard output cannot be written: ${reason}`, {}, "write to a file with --out");
