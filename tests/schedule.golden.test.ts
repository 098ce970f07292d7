import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scheduleSchema } from "../src/backend/emit/schedule-schema.js";
import { importOnnx } from "../src/frontend/onnx/import.js";
import { DiagnosticError } from "../src/ir/diagnostics.js";
import { emitSchedule, schedule } from "../src/kerf.js";
import { builtIn } from "./support/networks.js";
import { hasShared, sharedFiles, sharedPath } from "./support/shared.js";

const files = sharedFiles(".onnx", "onnx");

describe.skipIf(!hasShared)("every ONNX file that has layers", () => {
  it.each(files)("%s schedules, or says why not", (file) => {
    const { network } = importOnnx(readFileSync(sharedPath("onnx", file)), { file });
    if (network.layers.length === 0) {
      expect(() => schedule(network, builtIn("meta-prototype-df"))).toThrow(DiagnosticError);
      return;
    }
    const result = schedule(network, builtIn("meta-prototype-df"));
    const { success, error } = scheduleSchema.safeParse(emitSchedule(result, network));
    expect(error?.message).toBeUndefined();
    expect(success).toBe(true);
    expect(result.module.network.coverage.length).toBe(network.coverage.length);
  });
});
