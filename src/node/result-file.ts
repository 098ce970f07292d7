/** Result files of a sweep: lines that are appended as points finish, and read again to go on. */
import { closeSync, openSync, readSync, truncateSync, writeSync } from "node:fs";
import { unwritableFile } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { attempt, reasonOf } from "./files.js";

const CHUNK = 2 ** 20;
const NEWLINE = 0x0a;

/** A line of a file, without its end. */
export interface PlacedLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
}

export interface LinesEnd {
  /** Bytes of all complete lines. */
  readonly complete: number;
  /** Bytes after the last of them: of a line whose writing was interrupted. */
  readonly torn: number;
}

/**
 * Every complete line, in order; takes memory for one of them.
 *
 * @throws DiagnosticError when the file cannot be read
 */
export function eachLine(file: string, visit: (line: PlacedLine) => void): LinesEnd {
  const handle = attempt(file, () => openSync(file, "r"));
  try {
    let pending: Buffer = Buffer.alloc(0);
    let offset = 0;
    let number = 0;
    for (let chunk = readChunk(file, handle); chunk.length > 0; chunk = readChunk(file, handle)) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      let start = 0;
      for (let end = pending.indexOf(NEWLINE); end >= 0; end = pending.indexOf(NEWLINE, start)) {
        number++;
        visit({ text: pending.toString("utf8", start, end), number, offset: offset + start, length: end - start });
        start = end + 1;
      }
      offset += start;
      pending = pending.subarray(start);
    }
    return { complete: offset, torn: pending.length };
  } finally {
    closeSync(handle);
  }
}

function readChunk(file: string, handle: number): Buffer {
  const chunk = Buffer.allocUnsafe(CHUNK);
  const count = attempt(file, () => readSync(handle, chunk));
  return chunk.subarray(0, count);
}

/** A file for lines at known places, open until it is closed. */
export class LineReader {
  readonly #file: string;
  readonly #handle: number;

  /** @throws DiagnosticError when the file cannot be read */
  constructor(file: string) {
    this.#file = file;
    this.#handle = attempt(file, () => openSync(file, "r"));
  }

  read(offset: number, length: number): string {
    const bytes = Buffer.allocUnsafe(length);
    const count = attempt(this.#file, () => readSync(this.#handle, bytes, 0, length, offset));
    return bytes.toString("utf8", 0, count);
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/**
 * A file that grows line by line. Lines are written whole with their ends, so that a process that is killed leaves at most one torn
 * line, the last.
 */
export class ResultFile {
  readonly #file: string;
  readonly #handle: number;

  /**
   * @param keep - bytes at the start that stay; what follows them is cut off
   * @throws DiagnosticError when the file cannot be written
   */
  constructor(file: string, keep = 0) {
    this.#file = file;
    this.#handle = this.#attempt(() => {
      if (keep === 0) return openSync(file, "w");
      truncateSync(file, keep);
      return openSync(file, "a");
    });
  }

  /** @throws DiagnosticError when the disk is full */
  append(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const bytes = Buffer.from(`${lines.join("\n")}\n`);
    for (let written = 0; written < bytes.length; ) {
      written += this.#attempt(() => writeSync(this.#handle, bytes, written));
    }
  }

  close(): void {
    closeSync(this.#handle);
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (cause) {
      throw new DiagnosticError([unwritableFile(this.#file, reasonOf(cause))]);
    }
  }
}
