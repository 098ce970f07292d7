/** Files of the user: read with messages that help. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import {
  endlessPipe,
  fileNameNeeded,
  fileNotFound,
  notAFile,
  notARegularFile,
  unreadableFile,
} from "../ir/diagnostics/command.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";

/** Most that is read from a pipe, which does not say how much will come, bytes. */
const PIPE_LIMIT = 2 ** 30;

/** Bytes that are asked of a pipe at once. */
const PIPE_CHUNK = 2 ** 16;

/**
 * The whole of a file, or of a pipe that the shell made.
 *
 * @throws DiagnosticError when there is no such file, with near matches, or it cannot be read
 */
export function readBytes(file: string): Uint8Array {
  return attempt(file, () => (inputKind(file) === "pipe" ? readPipe(file) : readFileSync(file)));
}

/** @throws DiagnosticError as `readBytes`, or when it is longer than a text can be */
export const readText = (file: string): string => {
  const bytes = readBytes(file);
  return attempt(file, () => new TextDecoder().decode(bytes));
};

/**
 * What can be read to its end: a regular file, or a pipe without a name, as of process substitution. Nobody may ever write to a
 * named pipe, and devices never end.
 *
 * @throws DiagnosticError for anything else
 */
export function inputKind(file: string): "file" | "pipe" {
  const stats = attempt(file, () => statSync(file));
  if (stats.isFile()) return "file";
  if (stats.isFIFO() && !isNamed(file)) return "pipe";
  if (stats.isDirectory()) throw new DiagnosticError([notAFile(file)]);
  throw new DiagnosticError([notARegularFile(file, stats.isFIFO() ? "a named pipe" : "a device or a socket")]);
}

/** Some systems list the pipes of a process under `/dev/fd`; on others their links lead to what is no path. */
function isNamed(pipe: string): boolean {
  const path = realpathSync(pipe);
  return existsSync(path) && !path.startsWith("/dev/fd/");
}

function readPipe(file: string): Uint8Array {
  const handle = openSync(file, "r");
  const chunks: Uint8Array[] = [];
  try {
    for (let size = 0; ; ) {
      const chunk = new Uint8Array(PIPE_CHUNK);
      const count = readSync(handle, chunk);
      if (count === 0) return Buffer.concat(chunks, size);
      size += count;
      if (size > PIPE_LIMIT) throw new DiagnosticError([endlessPipe(file, PIPE_LIMIT)]);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(handle);
  }
}

/** Whether there is a regular file of that name, and a way to it. */
export function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false; // whoever reads the file says why not
  }
}

/**
 * Runs what reads a file.
 *
 * @throws DiagnosticError when the system refuses
 */
export function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof DiagnosticError) throw cause;
    throw new DiagnosticError([readProblem(file, cause)]);
  }
}

/** The diagnostic of a file that could not be read, with near matches where there is none of that name. */
function readProblem(file: string, cause: unknown): Diagnostic {
  const code = codeOf(cause);
  if (code === "ENOENT" && (file === "" || file === "-")) return fileNameNeeded(file);
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

/** What the system calls it. */
export const reasonOf = (cause: unknown): string => codeOf(cause) ?? String(cause);
