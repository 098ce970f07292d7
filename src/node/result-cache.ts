/** Finished points on disk, one file each, named by content: any number of processes may write at the same time. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResultCache } from "../explore/sweep/batch.js";
import { isOutcome } from "../explore/sweep/line.js";
import type { Outcome } from "../ir/sweep.js";
import { createFolder, requireWritable } from "./output-file.js";

/** Characters of a key that name the folder of its entry: a folder with a million entries is slow. */
const PREFIX = 2;

/** @throws DiagnosticError when the folder cannot be made or written to */
export function requireCacheFolder(folder: string): void {
  createFolder(folder);
  requireWritable(join(folder, ".probe"));
}

/** @param folder - exists and can be written to */
export function diskCache(folder: string): ResultCache {
  const fileOf = (key: string) => ({ parent: join(folder, key.slice(0, PREFIX)), name: `${key}.json` });
  return {
    get(key) {
      const { parent, name } = fileOf(key);
      const text = read(join(parent, name));
      return text === undefined ? undefined : (decode(text, key) ?? "damaged");
    },
    set(key, outcome) {
      const { parent, name } = fileOf(key);
      const draft = join(parent, `.${name}.${randomBytes(6).toString("hex")}.tmp`);
      try {
        mkdirSync(parent, { recursive: true });
        writeFileSync(draft, encode(key, outcome), { flag: "wx" });
        renameSync(draft, join(parent, name));
        return true;
      } catch {
        discard(draft);
        return false; // a full disk costs time later, not the sweep
      }
    },
  };
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // its folder is none: there is no draft
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // absent, or as good as absent
  }
}

/** The entry, and on a second line the hash of the first. */
function encode(key: string, outcome: Outcome): string {
  const entry = JSON.stringify({ key, ...outcome });
  return `${entry}\n${checksum(entry)}\n`;
}

function decode(text: string, expected: string): Outcome | undefined {
  const [entry = "", sum, end] = text.split("\n");
  if (sum !== checksum(entry) || end !== "") return undefined;
  const { key, ...outcome } = JSON.parse(entry) as { readonly key: string } & Outcome; // as `encode` wrote it: the hash says so
  return key === expected && isOutcome({ ...outcome }) ? outcome : undefined;
}

const checksum = (text: string): string => createHash("sha256").update(text).digest("hex");
