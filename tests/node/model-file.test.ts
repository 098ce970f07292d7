/** Models of any size are read piece by piece, and nothing outside their folder is read at all. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import type { ByteSource } from "../../src/frontend/onnx/byte-source.js";
import { importOnnx } from "../../src/frontend/onnx/import.js";
import { readText } from "../../src/node/files.js";
import { externalReader, openFile } from "../../src/node/model-file.js";
import { REPOSITORY, scratchFolder } from "../support/cli.js";
import { model, node } from "../support/onnx-builder.js";
import { codesOf, diagnosticsOf } from "../support/onnx-import.js";
import { writeSparseModel } from "../support/sparse-model.js";

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);

describe("a model file of 1.5 GB", () => {
  it("is imported without its weights", () => {
    const size = writeSparseModel(place("big.onnx"), 40, 1024);
    const file = openFile(place("big.onnx"));
    let read = 0;
    const counted: ByteSource = {
      size: file.size,
      read(offset, length) {
        read += length;
        return file.read(offset, length);
      },
    };
    const before = process.memoryUsage().rss;
    const { totals } = importOnnx(counted, { file: "big.onnx" });
    file.close();
    expect(size).toBeGreaterThan(1_500_000_000);
    expect(totals).toMatchObject({ macs: 40 * 9 * 1024 ** 2 * 64, weightElements: 40 * 9 * 1024 ** 2 });
    expect(read / size).toBeLessThan(0.002);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });
});

describe("openFile", () => {
  execFileSync("mkfifo", [place("pipe")]);
  symlinkSync("pipe", place("to-pipe"));
  symlinkSync("loop", place("loop"));

  it("reads at any place", () => {
    writeFileSync(place("digits"), "0123456789");
    const file = openFile(place("digits"));
    expect([file.size, ...file.read(3, 4)]).toEqual([10, 51, 52, 53, 54]);
    expect(codesOf(() => file.read(8, 4))).toEqual(["unreadable-file"]);
    file.close();
  });

  test.each`
    path                 | code                 | why
    ${place("none")}     | ${"file-not-found"}  | ${"nothing"}
    ${folder}            | ${"not-a-file"}      | ${"a folder"}
    ${"/dev/zero"}       | ${"unreadable-file"} | ${"a device that never ends"}
    ${place("digits/x")} | ${"file-not-found"}  | ${"a file taken for a folder"}
    ${""}                | ${"file-not-found"}  | ${"no name"}
    ${"-"}               | ${"file-not-found"}  | ${"standard input"}
    ${place("loop")}     | ${"unreadable-file"} | ${"a link that leads to itself"}
    ${place("pipe")}     | ${"unreadable-file"} | ${"a named pipe, which nobody may ever write to"}
    ${place("to-pipe")}  | ${"unreadable-file"} | ${"a link to one"}
    ${"n".repeat(300)}   | ${"unreadable-file"} | ${"a name that is too long"}
  `("refuses $why", ({ path, code }) => {
    expect(codesOf(() => openFile(path))).toEqual([code]);
    expect(codesOf(() => readText(path))).toEqual([code]);
  });

  it.each(["", "-"])("says that a file is to be named where there is '%s'", (name) =>
    expect(diagnosticsOf(() => openFile(name))).toMatchObject([
      { message: expect.stringContaining("the name of a file") },
    ]),
  );
});

describe("a pipe of the shell", () => {
  const importing = (command: string) =>
    spawnSync("bash", ["-c", command.replace("kerf", `"${process.execPath}" dist/cli/main.js`)], {
      cwd: REPOSITORY,
      encoding: "utf8",
    });
  const unnamed = (stdout: string): string => stdout.replace(/^[^:\n]+: /, "");
  const direct = unnamed(importing("kerf import models/fsrcnn.onnx").stdout);

  test.each([
    "kerf import <(cat models/fsrcnn.onnx)",
    "kerf import <(sleep 0.5; cat models/fsrcnn.onnx)",
    "cat models/fsrcnn.onnx | kerf import /dev/stdin",
    "kerf import /dev/stdin < models/fsrcnn.onnx",
  ])("is read to its end: %s", (command) => {
    const { status, stdout } = importing(command);
    expect(status).toBe(0);
    expect(unnamed(stdout)).toBe(direct);
  });

  it("carries accelerators, too", () => {
    const { status, stdout } = importing("kerf arch check <(cat architectures/tpu-like.yaml)");
    expect(status).toBe(0);
    expect(stdout).toContain("'tpu-like' is a valid accelerator");
  });

  it("may be empty", () => {
    const { status, stderr } = importing("kerf import <(true)");
    expect(status).toBe(2);
    expect(stderr).toContain("error[empty-file]");
  });
});

const minusOne = new Uint8Array(BigInt64Array.of(-1n).buffer);
const needing = (location: string): Uint8Array =>
  model({
    inputs: { x: [2, 3] },
    initializers: { s: { dims: [1], type: 7, external: location } },
    nodes: [node("Reshape", ["x", "s"], ["y"], {}, "r")],
  });
const importNamed = (file: string, location: string) =>
  importOnnx(needing(location), { file, readExternal: externalReader(file) });

describe("external data", () => {
  mkdirSync(place("net/data"), { recursive: true });
  writeFileSync(place("outside.bin"), minusOne);
  writeFileSync(place("net/shape.bin"), minusOne);
  writeFileSync(place("net/data/shape.bin"), minusOne);
  writeFileSync(place("net/short.bin"), minusOne.subarray(0, 7));
  symlinkSync("../outside.bin", place("net/leads-out.bin"));
  symlinkSync("data/shape.bin", place("net/leads-in.bin"));
  symlinkSync("nowhere", place("net/leads-nowhere.bin"));
  const read = (location: string) => importNamed(place("net/net.onnx"), location);

  test.each(["shape.bin", "data/shape.bin", "./data/shape.bin", "data/../shape.bin", "leads-in.bin"])(
    "is read from %s",
    (location) => expect(read(location).network.coverage[0]?.status).toBe("view"),
  );

  it("is read by a path that leaves a folder within the model's again", () => {
    const readExternal = externalReader(place("net/net.onnx"));
    expect(readExternal("data/../shape.bin", 0, 8)).toEqual(minusOne);
    expect(codesOf(() => readExternal("data/../../outside.bin", 0, 8))).toEqual(["external-data-outside"]);
  });

  test.each(["absent.bin", "short.bin", "leads-nowhere.bin", "data"])("may be absent: %s", (location) => {
    expect(read(location).network.coverage[0]).toMatchObject({ status: "refused" });
  });

  test.each([
    "../outside.bin",
    place("outside.bin"),
    "leads-out.bin",
    "data/../../outside.bin",
    "C:\\x",
    "\\\\host\\x",
  ])("is never read from %s", (location) => expect(codesOf(() => read(location))).toEqual(["external-data-outside"]));
});

describe("external data of a model behind a symbolic link", () => {
  for (const folder of ["cache/blobs", "cache/snapshots/1/onnx", "elsewhere", "links"])
    mkdirSync(place(folder), { recursive: true });
  for (const file of ["cache/blobs/b", "cache/secret", "elsewhere/s.bin"]) writeFileSync(place(file), minusOne);
  writeFileSync(place("cache/blobs/m"), "");
  writeFileSync(place("cache/plain.onnx"), "");
  symlinkSync("../../../blobs/m", place("cache/snapshots/1/onnx/model.onnx"));
  symlinkSync("../../../blobs/b", place("cache/snapshots/1/onnx/model.onnx_data"));
  symlinkSync("../../../secret", place("cache/snapshots/1/onnx/leads-out"));
  symlinkSync("blobs/b", place("cache/leads-in"));
  symlinkSync("../elsewhere/s.bin", place("cache/leads-out"));
  symlinkSync("../cache/snapshots/1/onnx/model.onnx", place("links/twice.onnx"));
  symlinkSync("../cache", place("links/folder"));

  test.each([
    ["cache/snapshots/1/onnx/model.onnx", "model.onnx_data", "a link to a file beside the model's own"],
    ["cache/snapshots/1/onnx/model.onnx", "b", "a file beside the one that the link leads to"],
    ["links/twice.onnx", "b", "the same behind two links"],
    ["links/folder/plain.onnx", "leads-in", "a folder that is a link"],
  ])("%s reads %s: %s", (file, location) =>
    expect(importNamed(place(file), location).network.coverage[0]?.status).toBe("view"),
  );

  test.each([
    ["cache/snapshots/1/onnx/model.onnx", "leads-out"],
    ["links/folder/plain.onnx", "leads-out"],
    ["cache/plain.onnx", "leads-out"],
    ["cache/snapshots/1/onnx/model.onnx", "../secret"],
  ])("%s never reads %s", (file, location) =>
    expect(codesOf(() => importNamed(place(file), location))).toEqual(["external-data-outside"]),
  );
});
