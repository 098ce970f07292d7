/** Models of any size are read piece by piece, and nothing outside their folder is read at all. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import type { ByteSource } from "../../src/frontend/onnx/byte-source.js";
import { importOnnx } from "../../src/frontend/onnx/import.js";
import { externalReader, openFile } from "../../src/node/model-file.js";
import { scratchFolder } from "../support/cli.js";
import { model, node } from "../support/onnx-builder.js";
import { codesOf } from "../support/onnx-import.js";
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
  `("refuses $why", ({ path, code }) => expect(codesOf(() => openFile(path))).toEqual([code]));
});

describe("external data", () => {
  const minusOne = new Uint8Array(BigInt64Array.of(-1n).buffer);
  mkdirSync(place("net/data"), { recursive: true });
  writeFileSync(place("outside.bin"), minusOne);
  writeFileSync(place("net/shape.bin"), minusOne);
  writeFileSync(place("net/data/shape.bin"), minusOne);
  writeFileSync(place("net/short.bin"), minusOne.subarray(0, 7));
  symlinkSync("../outside.bin", place("net/leads-out.bin"));
  symlinkSync("data/shape.bin", place("net/leads-in.bin"));
  symlinkSync("nowhere", place("net/leads-nowhere.bin"));
  const read = (location: string) => {
    const bytes = model({
      inputs: { x: [2, 3] },
      initializers: { s: { dims: [1], type: 7, external: location } },
      nodes: [node("Reshape", ["x", "s"], ["y"], {}, "r")],
    });
    return importOnnx(bytes, { file: "net.onnx", readExternal: externalReader(place("net/net.onnx")) });
  };

  test.each(["shape.bin", "data/shape.bin", "./data/shape.bin", "leads-in.bin"])("is read from %s", (location) =>
    expect(read(location).network.coverage[0]?.status).toBe("view"),
  );

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
