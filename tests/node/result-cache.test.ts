import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import type { Outcome } from "../../src/ir/sweep.js";
import { diskCache, requireCacheFolder } from "../../src/node/result-cache.js";

const root = mkdtempSync(join(tmpdir(), "kerf-cache-"));
afterAll(() => rmSync(root, { recursive: true }));

const KEY = "ab12".padEnd(64, "0");
const OUTCOME: Outcome = {
  ...{ energyPj: 1.5, latencyCycles: 7, peakBits: 8, dramBits: 9 },
  peakBitsByMemory: { sram: 8 },
};
const entryOf = (folder: string, key: string): string => join(folder, key.slice(0, 2), `${key}.json`);

function filled(name: string): string {
  const folder = join(root, name);
  requireCacheFolder(folder);
  expect(diskCache(folder).set(KEY, OUTCOME)).toBe(true);
  return folder;
}

describe("a cache", () => {
  it("gives back what was put in, by key alone", () => {
    const cache = diskCache(filled("plain"));
    expect(cache.get(KEY)).toEqual(OUTCOME);
    expect(cache.get(KEY.replace("1", "2"))).toBeUndefined();
    const failure = { infeasible: [{ code: "too-big", message: "no room" }] };
    cache.set(KEY, failure);
    expect(cache.get(KEY)).toEqual(failure);
  });

  test.each<readonly [string, (text: string) => string]>([
    ["an empty entry", () => ""],
    ["a torn entry", (text) => text.slice(0, 60)],
    ["an entry without its end", (text) => text.slice(0, -1)],
    ["a flipped digit", (text) => text.replace("1.5", "1.4")],
    ["another sum", (text) => text.replace(/\n./, (sum) => (sum === "\n0" ? "\n1" : "\n0"))],
    ["zeros, as a crash of the system leaves them", (text) => "\0".repeat(text.length)],
    ["something else", () => "hello\nworld\n"],
  ])("notices %s", (name, spoil) => {
    const folder = filled(name.replaceAll(/\W/g, "-"));
    const file = entryOf(folder, KEY);
    writeFileSync(file, spoil(readFileSync(file, "utf8")));
    expect(diskCache(folder).get(KEY)).toBe("damaged");
    diskCache(folder).set(KEY, OUTCOME);
    expect(diskCache(folder).get(KEY)).toEqual(OUTCOME);
  });

  it("notices an entry under another key", () => {
    const folder = filled("moved");
    const other = KEY.replace("2", "3");
    writeFileSync(entryOf(folder, other), readFileSync(entryOf(folder, KEY)));
    expect(diskCache(folder).get(other)).toBe("damaged");
  });

  it("says when it could not keep a result, and leaves no draft", () => {
    const folder = filled("blocked");
    const blocked = "ff".padEnd(64, "0");
    writeFileSync(join(folder, "ff"), "a file where a folder should be");
    expect(diskCache(folder).set(blocked, OUTCOME)).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["ab", "ff"]);
  });

  it("needs a folder that can be written to", () => {
    writeFileSync(join(root, "file"), "");
    expect(() => requireCacheFolder(join(root, "file"))).toThrow("cannot be written");
  });
});

/** Writes and reads the same few entries as fast as it can; ends with 1 when it reads anything but an entry. */
const WRITER = `
import { diskCache } from ${JSON.stringify(new URL("../../dist/node/result-cache.js", import.meta.url).href)};
const cache = diskCache(process.argv[1]);
const outcome = (n) => ({ energyPj: n, latencyCycles: n, peakBits: n, dramBits: n, peakBitsByMemory: { m: n } });
for (let round = 0; round < 300; round++) {
  const n = round % 7;
  const key = String(n).repeat(64);
  cache.set(key, outcome(n));
  const found = cache.get(key);
  if (found === undefined || found === "damaged" || found.energyPj !== n) process.exit(1);
}`;

it("is never half-written for others, however many write at once", async () => {
  const folder = filled("shared");
  const writers = Array.from({ length: 4 }, () => {
    const writer = spawn(process.execPath, ["--input-type=module", "-e", WRITER, folder]);
    return new Promise((resolve) => writer.on("close", resolve));
  });
  expect(await Promise.all(writers)).toEqual([0, 0, 0, 0]);
  const drafts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".tmp"));
  expect(drafts).toEqual([]);
});
