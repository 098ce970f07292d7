/** ONNX's own models of single nodes, where the Debian package `libonnx-testdata` is installed: each imports, and is lowered or says why not. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { verifyNetwork } from "../../../src/ir/verify.js";

const root = process.env.KERF_ONNX_TESTDATA ?? "/usr/share/libonnx-testdata/data";
const folders = existsSync(root) ? readdirSync(root) : [];
const models = folders
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
  .filter((name) => existsSync(join(root, name, "model.onnx")))
  .sort();

const importNamed = (name: string) => importOnnx(readFileSync(join(root, name, "model.onnx")), { file: name });

/** Operators on texts, and on lists and optional values, of which no tensor says the size. */
const WITHOUT_TENSORS =
  /^(StringNormalizer|TfIdfVectorizer|Gradient|Sequence|SplitToSequence|Optional|ConcatFromSequence)/;

/** What is not known of a model without running it. */
const DATA_DEPENDENT = /run time|no elements|is not known|has no shape|list of tensors/;

describe.skipIf(models.length === 0)(`models of single nodes (without ${root} this is skipped)`, () => {
  test.each(models)("%s", (name) => {
    const { network, diagnostics } = importNamed(name);
    expect(verifyNetwork(network)).toEqual([]);
    expect(diagnostics.filter(({ code }) => code === "declared-shape-differs")).toEqual([]);
    for (const { opType, status, reason = "" } of network.coverage) {
      const isLeftOut = status === "refused" || status === "opaque";
      const domainless = opType.slice(opType.lastIndexOf(":") + 1);
      if (isLeftOut && !WITHOUT_TENSORS.test(domainless) && domainless !== "Scan")
        expect(reason).toMatch(DATA_DEPENDENT);
    }
  });

  it("nearly all are understood to the last node", () => {
    const understood = models.filter((name) =>
      importNamed(name).network.coverage.every(({ status }) => status !== "refused" && status !== "opaque"),
    );
    expect(understood.length / models.length).toBeGreaterThan(0.9);
  });
});
