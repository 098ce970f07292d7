/** The folder of golden numbers and foreign models, which is no part of the repository. Tests that read it skip where it is absent. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = resolve(root, process.env.KERF_SHARED ?? "../shared");

/** Whether the folder is there; print why a test skips where it is not. */
export const hasShared = existsSync(folder);

export const sharedPath = (...parts: readonly string[]): string => resolve(folder, ...parts);

/** Files below a shared folder whose name ends in `suffix`, sorted, relative to it; none where the folder is absent. */
export function sharedFiles(suffix: string, ...parts: readonly string[]): readonly string[] {
  const path = sharedPath(...parts);
  if (!existsSync(path)) return [];
  const files = readdirSync(path, { recursive: true, encoding: "utf8" });
  return files.filter((file) => basename(file).endsWith(suffix)).sort();
}

export const readShared = (...parts: readonly string[]): string => readFileSync(sharedPath(...parts), "utf8");

export const readSharedBytes = (...parts: readonly string[]): Uint8Array => readFileSync(sharedPath(...parts));
