/** Runs the built command as a user would. */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ENTRY = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** Nothing is searched. */
export const PLAIN = ["--stacks", "auto", "--tile", "full", "--overlap", "fully-cached", "--order", "x-first"] as const;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `kerf` with these arguments in the repository (or `cwd`) and waits for it. */
export function kerf(args: readonly string[], cwd = REPOSITORY): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

/** A folder of its own for one test's files. */
export const scratchFolder = (): string => mkdtempSync(join(tmpdir(), "kerf-"));
