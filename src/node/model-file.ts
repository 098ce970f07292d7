/** Model files, read piece by piece, and the data files beside them. */
import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { ByteSource } from "../frontend/onnx/byte-source.js";
import type { ReadExternal } from "../frontend/onnx/model.js";
import { notAFile, unreadableFile } from "../ir/diagnostics/command.js";
import { externalOutside } from "../ir/diagnostics/onnx.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { readBytes, readProblem } from "./files.js";

/** A file of any size; nothing of it is in memory but what is read. */
export interface OpenFile extends ByteSource {
  close(): void;
}

/**
 * Opens a file to be read at any place. A pipe has no places and is read whole.
 *
 * @throws DiagnosticError when there is no such file, it cannot be read or is no file
 */
export function openFile(file: string): OpenFile {
  const stats = attempt(file, () => statSync(file));
  if (stats.isFIFO()) return inMemory(readBytes(file));
  requireRegular(file, stats);
  const handle = attempt(file, () => openSync(file, "r"));
  return {
    size: fstatSync(handle).size,
    read: (offset, length) => readAt(file, handle, offset, length),
    close: () => closeSync(handle),
  };
}

/**
 * Reads the data files of a model. A file that is not there has no bytes; one outside the model's folder is refused, also where a
 * symbolic link leads there.
 *
 * @param modelFile - the model, as the user named it
 */
export function externalReader(modelFile: string): ReadExternal {
  const folder = dirname(modelFile);
  return (location, offset, length) => {
    const file = realPath(resolve(folder, location));
    if (file === undefined) return undefined;
    if (!isInside(realpathSync(folder), file))
      throw new DiagnosticError([externalOutside({ file: modelFile }, location)]);
    const { size } = statSync(file);
    const end = length === undefined ? size : offset + length;
    if (!statSync(file).isFile() || end > size || end <= offset) return undefined;
    const source = openFile(file);
    try {
      return source.read(offset, end - offset);
    } finally {
      source.close();
    }
  };
}

const inMemory = (bytes: Uint8Array): OpenFile => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
  close: () => {},
});

/** Devices never end. */
function requireRegular(file: string, stats: Stats): void {
  if (stats.isDirectory()) throw new DiagnosticError([notAFile(file)]);
  if (!stats.isFile()) throw new DiagnosticError([unreadableFile(file, "it is a device or a socket")]);
}

function readAt(file: string, handle: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const count = attempt(file, () => readSync(handle, bytes, filled, length - filled, offset + filled));
    if (count === 0) throw new DiagnosticError([unreadableFile(file, "it became shorter while it was read")]);
    filled += count;
  }
  return bytes;
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new DiagnosticError([readProblem(file, cause)]);
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // absent, or a link that leads nowhere
  }
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
