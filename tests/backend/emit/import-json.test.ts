import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it, test } from "vitest";
import { importDocument, printImport } from "../../../src/backend/emit/import-json.js";
import { importJsonSchema } from "../../../src/backend/emit/import-schema.js";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { REPOSITORY } from "../../support/cli.js";
import { modelBytes, modelNames } from "../../support/models.js";
import { model, node } from "../../support/onnx-builder.js";

const shipped = JSON.parse(readFileSync(join(REPOSITORY, "schema/import-v1.json"), "utf8"));

const mixed = model({
  inputs: { x: [1, 4, "H", 8], z: [1, 4, 8, 8] },
  initializers: { w: [4, 4, 3, 3] },
  nodes: [
    node("Conv", ["x", "w"], ["a"], {}, "symbolic"),
    node("Conv", ["z", "w"], ["b"], {}, "known"),
    node("Flatten", ["b"], ["c"], {}, "view"),
    node("Fancy", ["b"], ["d"], {}, "unknown", "acme"),
  ],
  outputs: { a: undefined, c: undefined, d: [3] },
  domains: { acme: 1 },
});

describe("kerf import --json", () => {
  it("has the shape that the package ships", () => expect(importJsonSchema()).toEqual(shipped));

  const files = [...modelNames.map((name) => [name, modelBytes(name)] as const), ["mixed", mixed] as const];
  test.each(files)("of %s validates, has the contract's fields, and adds up", (name, bytes) => {
    const { network, totals, diagnostics } = importOnnx(bytes, { file: `${name}.onnx` });
    const document = JSON.parse(JSON.stringify(importDocument(network, totals, diagnostics)));
    const validate = new Ajv2020({ strict: false }).compile(shipped);
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(Object.keys(document)).toEqual([
      "format",
      "version",
      "model",
      "totals",
      "layers",
      "coverage",
      "diagnostics",
    ]);
    const byOp: readonly { macs: number }[] = Object.values(document.totals.byOp);
    expect(byOp.reduce((sum, { macs }) => sum + macs, 0)).toBe(document.totals.macs);
    const ids = new Set(document.layers.map(({ id }: { id: string }) => id));
    for (const { layer } of document.coverage) if (layer !== undefined) expect(ids).toContain(layer);
  });
});

describe("kerf import as text", () => {
  const { network, totals } = importOnnx(mixed, { file: "mixed.onnx" });
  const text = printImport(network, totals);

  it("counts the MACs of an operator once, whatever became of its nodes", () => {
    expect(text).toMatch(/Conv +1 +lowered +5 184/);
    expect(text).toMatch(/Conv +1 +refused +– +dimension 'H' is not known/);
    expect(text).toMatch(/all +4 +5 184/);
  });

  it("says what to bind, and which layer each node went to", () => {
    expect(text).toMatch(/symbolic +--bind 'H=<n>'/);
    expect(text).toMatch(/known +Conv +K4 C4 OY6 OX6 FY3 FX3 +5 184 +view/);
    expect(text).toMatch(/unknown +Fancy +K3|unknown +Fancy +G3/);
  });
});
