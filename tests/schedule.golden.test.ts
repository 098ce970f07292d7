import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { scheduleSchema } from "../src/backend/emit/schedule-schema.js";
import { importOnnx, type OnnxImport } from "../src/frontend/onnx/import.js";
import { DiagnosticError } from "../src/ir/diagnostics.js";
import { emitSchedule, schedule } from "../src/kerf.js";
import { builtIn } from "./support/networks.js";
import { hasShared, readShared, sharedFiles, sharedPath } from "./support/shared.js";

const files = sharedFiles(".onnx", "onnx");

const manifestSchema = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      counts: z.object({ bound: z.object({ bindings: z.record(z.string(), z.number()) }).optional() }),
    }),
  ),
});
const manifest = hasShared ? manifestSchema.parse(JSON.parse(readShared("onnx", "manifest.json"))).files : [];
const bindings = new Map(manifest.map(({ file, counts }) => [file, counts.bound?.bindings ?? {}]));

/** Symbols as the manifest binds them; others that stand in the way are bound one by one until every layer has its sizes. */
function importBound(file: string): OnnxImport {
  const bytes = readFileSync(sharedPath("onnx", file));
  const bind = new Map(Object.entries(bindings.get(file) ?? {}));
  for (;;) {
    const imported = importOnnx(bytes, { file, bind });
    const symbols = imported.totals.unknown.flatMap(({ symbol }) => symbol ?? []);
    const missing = symbols.find((symbol) => !bind.has(symbol));
    if (missing === undefined) return imported;
    bind.set(missing, 128);
  }
}

const cases = files.flatMap((file) => ["meta-prototype-df", "tpu-like-df"].map((name) => [file, name] as const));

describe.skipIf(!hasShared)("every ONNX file that has layers", () => {
  it.each(cases)("%s schedules on %s, or says why not", (file, name) => {
    const { network } = importBound(file);
    if (network.layers.length === 0) {
      expect(() => schedule(network, builtIn(name))).toThrow(DiagnosticError);
      return;
    }
    const result = schedule(network, builtIn(name), { costModel: "defines" });
    const { success, error } = scheduleSchema.safeParse(emitSchedule(result, network));
    expect(error?.message).toBeUndefined();
    expect(success).toBe(true);
    expect(result.module.network.coverage.length).toBe(network.coverage.length);
  });
});
