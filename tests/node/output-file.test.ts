import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it, test } from "vitest";
import { requireFolder, requireWritable, writeAtomically } from "../../src/node/output-file.js";
import { REPOSITORY, scratchFolder } from "../support/cli.js";
import { codesOf } from "../support/onnx-import.js";

const drafts = (folder: string): readonly string[] => readdirSync(folder).filter((name) => name.endsWith(".tmp"));

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
    const command = `ulimit -f 20; exec "${process.execPath}" "${entry}" schedule models/fsrcnn.onnx --arch meta-prototype-df --cost-model defines --tile 60x72 --out "${file}"`;
    const { status, stderr } = spawnSync("bash", ["-c", command], { cwd: REPOSITORY, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/error\[unwritable-file\].*EFBIG/);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(drafts(folder)).toEqual([]);
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

  it("feeds a process of the shell", () => {
    const command = `"${process.execPath}" dist/cli/main.js import models/fsrcnn.onnx --quiet --out >(cat >&2) >/dev/null; wait`;
    const { stderr } = spawnSync("bash", ["-c", command], { cwd: REPOSITORY, encoding: "utf8" });
    expect(JSON.parse(stderr)).toMatchObject({ format: "kerf/import" });
  });

  it("writes a file of the longest name", () => {
    const file = join(folder, `${"n".repeat(250)}.json`);
    writeAtomically(file, "long");
    expect(readFileSync(file, "utf8")).toBe("long");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("leaves all or nothing, and no draft, when stopped by %s", async (signal) => {
    const place = scratchFolder();
    const file = join(place, "large.json");
    writeFileSync(file, "old");
    const module = pathToFileURL(join(REPOSITORY, "dist/node/output-file.js"));
    const program = `(await import("${module}")).writeAtomically(process.argv[1], "new ".repeat(2 ** 24)); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, file], { stdio: "inherit" });
    for (let tries = 0; drafts(place).length === 0 && tries < 3000; tries++) await setTimeout(1);
    child.kill(signal);
    expect(await once(child, "exit")).toEqual([null, signal]);
    expect(drafts(place)).toEqual([]);
    expect(readFileSync(file).length).toBe(2 ** 26);
  });
});

describe("requireFolder", () => {
  const folder = scratchFolder();
  const place = (name: string): string => join(folder, name);
  mkdirSync(place("there"));
  writeFileSync(place("file"), "");

  test.each(["there", "new", "new/deeper/still"])("makes nothing where a folder is or can be: %s", (name) => {
    const before = readdirSync(folder);
    requireFolder(place(name));
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(place("there"))).toEqual([]);
  });

  test.each(["file", "file/below", "file/below/deeper"])("refuses where a file stands in the way: %s", (name) =>
    expect(codesOf(() => requireFolder(place(name)))).toEqual(["unwritable-file"]),
  );
});

describe("requireWritable", () => {
  const folder = scratchFolder();
  const place = (name: string): string => join(folder, name);
  mkdirSync(place("sub"));
  writeFileSync(place("input.onnx"), "");
  writeFileSync(place("other.onnx"), "");
  linkSync(place("input.onnx"), place("hard.onnx"));
  symlinkSync("input.onnx", place("soft.onnx"));
  symlinkSync("loop", place("loop"));
  const [input, other] = [place("input.onnx"), place("other.onnx")];

  test.each(["input.onnx", "sub/../input.onnx", "hard.onnx", "soft.onnx"])(
    "refuses to replace an input: %s",
    (output) => {
      expect(codesOf(() => requireWritable(`${folder}/${output}`, [other, input]))).toEqual(["output-is-input"]);
    },
  );

  test.each(["other.onnx", "new.json"])("lets replace anything else: %s", (output) =>
    requireWritable(place(output), [input, place("absent")]),
  );

  it("lets devices be written that are read, too", () => requireWritable("/dev/null", ["/dev/null"]));

  test.each(["sub", "new/", "loop", "input.onnx/x", "none/x", "n".repeat(300)])("refuses %s", (output) =>
    expect(codesOf(() => requireWritable(`${folder}/${output}`))).toEqual(["unwritable-file"]),
  );
});
