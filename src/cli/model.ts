/** The model of a command, whatever its format. */
import { importOnnx } from "../frontend/onnx/import.js";
import type { Diagnostic } from "../ir/diagnostics.js";
import type { Network } from "../ir/network.js";
import { readBytes } from "../node/files.js";
import { parseBindings } from "./options.js";

/** @throws DiagnosticError when the file is missing or not a model */
export function loadModel(
  file: string,
  bind: string | undefined,
): { network: Network; diagnostics: readonly Diagnostic[] } {
  return importOnnx(readBytes(file), { file, bind: bind === undefined ? new Map() : parseBindings(bind) });
}
