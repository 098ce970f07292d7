import { execFileSync, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeAtomically } from "../../src/node/files.js";
import { REPOSITORY, scratchFolder } from "../support/cli.js";

describe("writeAtomically", () => {
  const folder = scratchFolder();

  it("replaces a file and leaves nothing beside it", () => {
    const file = join(folder, "a", "x.json");
    mkdirSync(join(folder, "a"));
    writeAtomically(file, "one");
    writeAtomically(file, "two");
    expect(readFileSync(file, "utf8")).toBe("two");
    expect(readdirSync(join(folder, "a"))).toEqual(["x.json"]);
  });

  it("writes through a link", () => {
    const [target, link] = [join(folder, "real.json"), join(folder, "link.json")];
    writeFileSync(target, "old");
    symlinkSync(target, link);
    writeAtomically(link, "new");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).toBe("new");
  });

  it("leaves the old file when the new one does not fit, and says so", () => {
    const file = join(folder, "full.json");
    writeFileSync(file, "old");
    const entry = join(REPOSITORY, "dist/cli/main.js");
    const command = `ulimit -f 20; exec "${process.execPath}" "${entry}" schedule models/fsrcnn.onnx --arch meta-prototype-df --tile 60x72 --out "${file}"`;
    const { status, stderr } = spawnSync("bash", ["-c", command], { cwd: REPOSITORY, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/error\[unwritable-file\].*EFBIG/);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("feeds a pipe and leaves it a pipe", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const command = `cat "${pipe}" & "${process.execPath}" dist/cli/main.js import models/fsrcnn.onnx --quiet --out "${pipe}" >&2; wait`;
    const { stdout } = spawnSync("bash", ["-c", command], { cwd: REPOSITORY, encoding: "utf8" });
    expect(JSON.parse(stdout)).toMatchObject({ format: "kerf/import" });
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    rmSync(pipe);
  });
});
