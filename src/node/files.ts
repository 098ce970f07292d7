/** Files of the user: read with messages that help, written whole or not at all. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileNotFound, notAFile, unreadableFile, unwritableFile } from "../ir/diagnostics/command.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";

/** @throws DiagnosticError when there is no such file, with near matches, or it cannot be read */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new DiagnosticError([readProblem(file, cause)]);
  }
}

/** @throws DiagnosticError as `readBytes` */
export const readText = (file: string): string => new TextDecoder().decode(readBytes(file));

/**
 * Writes beside the target and renames, so that an interruption leaves the old file or the new one. A link stays a link; what is
 * no regular file (a pipe, a device) is written to directly.
 *
 * @throws DiagnosticError when the folder is missing or not writable, or the disk is full
 */
export function writeAtomically(file: string, content: string): void {
  try {
    const target = existsSync(file) ? realpathSync(file) : file;
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing === undefined || existing.isFile()) replaceFile(target, content);
    else writeFileSync(target, content);
  } catch (cause) {
    throw new DiagnosticError([unwritableFile(file, reasonOf(cause))]);
  }
}

function replaceFile(file: string, content: string): void {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(draft, content, { flag: "wx", flush: true });
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw cause;
  }
}

/**
 * Checks before long work that a result can be written where it is asked for.
 *
 * @throws DiagnosticError when the folder is missing or not writable, or the target is a folder
 */
export function requireWritable(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new DiagnosticError([unwritableFile(file, reasonOf(cause))]);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new DiagnosticError([unwritableFile(file, "EISDIR")]);
}

/**
 * Makes a folder and those above it; one that exists is left as it is.
 *
 * @throws DiagnosticError when a file stands in the way or the place is not writable
 */
export function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new DiagnosticError([unwritableFile(folder, reasonOf(cause))]);
  }
}

export const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

/** The diagnostic of a file that could not be read, with near matches where there is none of that name. */
export function readProblem(file: string, cause: unknown): Diagnostic {
  const code = codeOf(cause);
  if (code === "ENOENT" || code === "ENOTDIR") return fileNotFound(file, filesBeside(file));
  return code === "EISDIR" ? notAFile(file) : unreadableFile(file, reasonOf(cause));
}

function filesBeside(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file)).sort();
  } catch {
    return []; // the folder itself is missing: there is nothing to suggest
  }
}

const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;

const reasonOf = (cause: unknown): string => codeOf(cause) ?? String(cause);
