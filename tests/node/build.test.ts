import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it, test } from "vitest";
import { buildDigest } from "../../src/node/build.js";
import { scratchFolder } from "../support/cli.js";

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));

const code = join(scratch, "code");
mkdirSync(join(code, "room"), { recursive: true });
writeFileSync(join(code, "main.js"), "export const a = 1;\n");
writeFileSync(join(code, "room", "cost.js"), "export const b = 2;\n");
writeFileSync(join(code, "room", "cost.js.map"), "{}");
const known = buildDigest(code);

/** A copy with a change. */
function changed(change: (folder: string) => void): string {
  const folder = join(scratch, "changed");
  rmSync(folder, { recursive: true, force: true });
  cpSync(code, folder, { recursive: true });
  change(folder);
  return buildDigest(folder);
}

it("is the same wherever the same code lies", () => {
  expect(known).toMatch(/^[0-9a-f]{64}$/);
  expect(changed(() => {})).toBe(known);
  expect(changed((folder) => writeFileSync(join(folder, "room", "cost.js.map"), "{ }"))).toBe(known);
});

test.each<[string, (folder: string) => void]>([
  ["a changed file", (folder) => writeFileSync(join(folder, "room", "cost.js"), "export const b = 3;\n")],
  ["a further file", (folder) => writeFileSync(join(folder, "room", "more.js"), "")],
  ["a missing file", (folder) => rmSync(join(folder, "main.js"))],
  ["a renamed file", (folder) => renameSync(join(folder, "main.js"), join(folder, "entry.js"))],
])("is another one with %s", (_, change) => expect(changed(change)).not.toBe(known));

it("is that of the code that runs", () => {
  expect(buildDigest()).toMatch(/^[0-9a-f]{64}$/);
  expect(buildDigest()).not.toBe(known);
});
