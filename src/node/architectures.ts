/** Accelerators by name or file. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unknownAccelerator } from "../ir/diagnostics/command.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { isFile, readText } from "./files.js";

const FOLDER = fileURLToPath(new URL("../../architectures/", import.meta.url));

export interface AcceleratorSource {
  readonly text: string;
  /** What to call it in messages. */
  readonly file: string;
}

/** Names of the built-in accelerators, sorted. */
export const builtInArchitectures = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();

/** Where a built-in accelerator (by name, with dashes or underscores) or one of the user stands; the file may be absent. */
export const architectureFile = (nameOrFile: string): string => builtInFile(nameOrFile) ?? nameOrFile;

function builtInFile(nameOrFile: string): string | undefined {
  const name = nameOrFile.replaceAll("_", "-").toLowerCase();
  return builtInArchitectures().includes(name) ? join(FOLDER, `${name}.yaml`) : undefined;
}

/**
 * A built-in accelerator by name, else a file.
 *
 * @throws DiagnosticError when it is neither, with near matches
 */
export function findArchitecture(nameOrFile: string): AcceleratorSource {
  const builtIn = builtInFile(nameOrFile);
  if (builtIn !== undefined) return { text: readText(builtIn), file: basename(builtIn) };
  if (isFile(nameOrFile) || /[\\/]|\.ya?ml$/.test(nameOrFile)) return { text: readText(nameOrFile), file: nameOrFile };
  throw new DiagnosticError([unknownAccelerator(nameOrFile, builtInArchitectures())]);
}
