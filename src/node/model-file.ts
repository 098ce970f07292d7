/** Model files, read piece by piece, and the data files beside them. */
import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { ByteSource } from "../frontend/onnx/byte-source.js";
import type { ReadExternal } from "../frontend/onnx/model.js";
import { unreadableFile } from "../ir/diagnostics/command.js";
import { externalOutside } from "../ir/diagnostics/onnx-file.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { attempt, inputKind, readBytes } from "./files.js";

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
  if (inputKind(file) === "pipe") return inMemory(readBytes(file));
  const handle = attempt(file, () => openSync(file, "r"));
  return {
    size: fstatSync(handle).size,
    read: (offset, length) => readAt(file, handle, offset, length),
    close: () => closeSync(handle),
  };
}

/**
 * Reads the data files of a model, which stand where the model is named or, where that is a symbolic link, where it leads. A file
 * that is not there has no bytes. One outside both folders is refused, also where a symbolic link leads there: caches keep a model
 * and its data as links to files side by side in another folder, and those are inside the second one.
 *
 * @param modelFile - the model, as the user named it
 */
export function externalReader(modelFile: string): ReadExternal {
  return (location, offset, length) => {
    const file = locate(modelFile, location);
    if (file === undefined) return { missing: `there is no file '${location}'` };
    const stats = statSync(file);
    if (!stats.isFile()) return { missing: `'${location}' is ${stats.isDirectory() ? "a folder" : "no regular file"}` };
    const end = length === undefined ? stats.size : offset + length;
    if (end > stats.size || end <= offset)
      return { missing: `'${location}' has ${stats.size} bytes, and bytes ${offset} to ${end} are asked for` };
    const source = openFile(file);
    try {
      return source.read(offset, end - offset);
    } finally {
      source.close();
    }
  };
}

/** Where the data files of a model may stand, whether they are there or not: nothing may be written over them. */
export const dataFilePaths = (modelFile: string, locations: readonly string[]): readonly string[] =>
  locations.flatMap((location) => foldersOf(modelFile).map((folder) => resolve(folder, location)));

/** Folder where the model is named, and the one where that leads. */
const foldersOf = (modelFile: string): readonly string[] => [
  dirname(modelFile),
  dirname(realPath(modelFile) ?? modelFile),
];

/**
 * Path without links of a data file that is there.
 *
 * @throws DiagnosticError when it is in neither folder of the model
 */
function locate(modelFile: string, location: string): string | undefined {
  const folders = foldersOf(modelFile);
  const path = folders.map((folder) => resolve(folder, location)).find((candidate) => existsSync(candidate));
  const file = path === undefined ? undefined : realPath(path);
  if (file === undefined) return undefined;
  const roots = folders.flatMap((folder) => realPath(folder) ?? []);
  if (roots.some((root) => isInside(root, file))) return file;
  throw new DiagnosticError([externalOutside({ file: modelFile }, location)]);
}

const inMemory = (bytes: Uint8Array): OpenFile => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
  close: () => {},
});

function readAt(file: string, handle: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const count = attempt(file, () => readSync(handle, bytes, filled, length - filled, offset + filled));
    if (count === 0) throw new DiagnosticError([unreadableFile(file, "it became shorter while it was read")]);
    filled += count;
  }
  return bytes;
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
