/** Results of the user's commands: written whole or not at all, and never over what they were made from. */
import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { outputIsInput, unwritableFile } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { reasonOf } from "./files.js";

/** Characters of a file's name that its draft repeats: names have a longest length. */
const DRAFT_NAME = 50;

/**
 * Writes beside the target and renames, so that an interruption leaves the old file or the new one. A link stays a link; what is
 * no regular file (a pipe, a device) is written to directly.
 *
 * @throws DiagnosticError when the folder is missing or not writable, or the disk is full
 */
export function writeAtomically(file: string, content: string): void {
  fillAtomically(file, (draft, isNew) => writeFileSync(draft, content, isNew ? { flag: "wx", flush: true } : {}));
}

/**
 * As `writeAtomically`, for content that comes piece by piece.
 *
 * @param fill - writes the file of that name, which does not exist if `isNew`
 * @throws DiagnosticError when the folder is missing or not writable, or the disk is full
 */
export function fillAtomically(file: string, fill: (draft: string, isNew: boolean) => void): void {
  attempt(file, () => {
    const existing = statSync(file, { throwIfNoEntry: false });
    if (existing === undefined) replaceFile(file, fill);
    else if (existing.isFile()) replaceFile(realpathSync(file), fill);
    else fill(file, false);
  });
}

function replaceFile(file: string, fill: (draft: string, isNew: boolean) => void): void {
  const name = basename(file).slice(0, DRAFT_NAME);
  const draft = join(dirname(file), `.${name}.${randomBytes(6).toString("hex")}.tmp`);
  deferSignals();
  try {
    fill(draft, true);
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw cause;
  }
}

/** What stops a command from outside. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Whether signals wait, so that a second file does not make them wait twice. */
let isDeferring = false;

/** Signals that arrive before the event loop turns, which is after the command is done, stop the process then and not at once. */
function deferSignals(): void {
  if (isDeferring) return;
  isDeferring = true;
  for (const signal of SIGNALS) process.on(signal, stop);
  setImmediate(() => setImmediate(release)); // the first may come before the loop has looked for signals
}

function release(): void {
  for (const signal of SIGNALS) process.off(signal, stop);
  isDeferring = false;
}

function stop(signal: NodeJS.Signals): void {
  release();
  process.kill(process.pid, signal);
}

/**
 * Checks before long work that a result can be written where it is asked for, and that nothing it is made from is lost.
 *
 * @param inputs - files that the command reads
 * @throws DiagnosticError when the folder is missing or not writable, or the target is a folder, write-protected or an input
 */
export function requireWritable(file: string, inputs: readonly string[] = []): void {
  const lost = inputs.find((input) => isSameFile(file, input));
  if (lost !== undefined) throw new DiagnosticError([outputIsInput(file, lost)]);
  attempt(file, () => {
    const existing = statSync(file, { throwIfNoEntry: false });
    if (existing?.isDirectory() || /[\\/]$/.test(file)) throw new DiagnosticError([unwritableFile(file, "EISDIR")]);
    if (existing !== undefined) accessSync(file, constants.W_OK);
    if (existing === undefined || existing.isFile()) accessSync(dirname(file), constants.W_OK);
  });
}

/**
 * Checks before long work that a folder is there or can be made, and makes nothing.
 *
 * @throws DiagnosticError when a file stands in the way or the place is not writable
 */
export function requireFolder(folder: string): void {
  attempt(folder, () => {
    const existing = statSync(folder, { throwIfNoEntry: false });
    if (existing === undefined) return requireFolder(dirname(resolve(folder)));
    if (!existing.isDirectory()) throw new DiagnosticError([unwritableFile(folder, "EEXIST")]);
    accessSync(folder, constants.W_OK);
  });
}

/**
 * Makes a folder and those above it; one that exists is left as it is.
 *
 * @throws DiagnosticError when a file stands in the way or the place is not writable
 */
export function createFolder(folder: string): void {
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
}

/** By what the file system says, so whatever links and names lead there. */
function isSameFile(a: string, b: string): boolean {
  const [one, other] = [identity(a), identity(b)];
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** Nothing for what is not there, and for pipes and devices, which keep nothing. */
function identity(file: string): { readonly dev: bigint; readonly ino: bigint } | undefined {
  try {
    const stats = statSync(file, { bigint: true });
    return stats.isFile() ? stats : undefined;
  } catch {
    return undefined; // reading or writing it says why
  }
}

function attempt(file: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    if (cause instanceof DiagnosticError) throw cause;
    throw new DiagnosticError([unwritableFile(file, reasonOf(cause))]);
  }
}
