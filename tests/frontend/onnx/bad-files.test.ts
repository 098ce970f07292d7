/** No file breaks the importer: each is refused with a message that helps, or imported with a note on what is wrong. */
import { describe, expect, it, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";
import { verifyNetwork } from "../../../src/ir/verify.js";
import { BAD_FILES } from "../../support/bad-files.js";

/** Milliseconds that a file may take: a user waits for each of them. */
const PATIENCE = 1000;
/** Diagnostics that a user is shown at most for a file with one fault that it repeats. */
const READABLE = 25;

function read(bytes: Uint8Array): { isImported: boolean; diagnostics: readonly Diagnostic[] } {
  try {
    const { network, diagnostics } = importOnnx(bytes, { file: "bad.onnx", readExternal: () => undefined });
    expect(verifyNetwork(network)).toEqual([]);
    return { isImported: true, diagnostics };
  } catch (cause) {
    if (!(cause instanceof DiagnosticError)) throw cause;
    return { isImported: false, diagnostics: cause.diagnostics };
  }
}

describe("a file with", () => {
  test.each(BAD_FILES.map((file) => [file.why, file] as const))("%s", (_why, { bytes, code, isImported }) => {
    const start = performance.now();
    const found = read(bytes);
    expect(performance.now() - start).toBeLessThan(PATIENCE);
    expect({ isImported: found.isImported, codes: found.diagnostics.map((d) => d.code) }).toEqual({
      isImported,
      codes: expect.arrayContaining([code]),
    });
    expect(found.diagnostics.length).toBeLessThanOrEqual(READABLE);
    for (const { message, where } of found.diagnostics) {
      expect(message).not.toBe("");
      expect(where.file).toBe("bad.onnx");
    }
  });

  it("a hostile name leaves the prototypes as they are", () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});
