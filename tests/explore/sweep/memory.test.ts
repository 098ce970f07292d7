import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../../scripts/million-points.mjs", import.meta.url));
const POINTS = 1_000_000;

it("a million points are run, resumed and merged in less than 600 MB, though 400 000 of them are on the front", () => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-million-"));
  try {
    const found = JSON.parse(execFileSync(process.execPath, [SCRIPT, folder, String(POINTS)], { encoding: "utf8" }));
    expect(found).toMatchObject({ resumed: POINTS, sameFront: true, bytes: true });
    expect(found.front).toBeGreaterThan(300_000);
    expect(found.merge).toBeLessThan(600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
