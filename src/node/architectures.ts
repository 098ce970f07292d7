/** Accelerators by name or file. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
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

/**
 * A built-in accelerator by name (dashes or underscores), else a file.
 *
 * @throws DiagnosticError when it is neither, with near matches
 */
export function findArchitecture(nameOrFile: string): AcceleratorSource {
  const known = builtInArchitectures();
  const name = nameOrFile.replaceAll("_", "-").toLowerCase();
  if (known.includes(name)) return { text: readText(join(FOLDER, `${name}.yaml`)), file: `${name}.yaml` };
  if (isFile(nameOrFile) || /[\\/]|\.ya?ml$/.test(nameOrFile)) return { text: readText(nameOrFile), file: nameOrFile };
  throw new DiagnosticError([unknownAccelerator(nameOrFile, known)]);
}
