/** Imports spoilt models one after the other and tells its parent when each begins and how it ended. */
import { readFileSync } from "node:fs";
import { importDocument, printImport } from "../../dist/backend/emit/import-json.js";
import { importOnnx } from "../../dist/frontend/onnx/import.js";
import { DiagnosticError } from "../../dist/ir/diagnostics.js";
import { verifyNetwork } from "../../dist/ir/verify.js";
import { spoil } from "./mutate.mjs";

const [first = "0", count = "0", seed = "0", ...files] = process.argv.slice(2);
const models = files.map((file) => readFileSync(file));

for (let index = Number(first); index < Number(first) + Number(count); index++) {
  const model = models[index % models.length];
  if (model === undefined) throw new Error("no models to spoil");
  const bytes = spoil(model, (Number(seed) * 1_000_003 + index) >>> 0);
  await tell({ began: index });
  const used = process.cpuUsage();
  const problem = problemOf(bytes);
  const { user, system } = process.cpuUsage(used);
  await tell({ ended: index, milliseconds: (user + system) / 1000, bytes: process.memoryUsage().rss, ...problem });
}

/** @param {Uint8Array} bytes */
function problemOf(bytes) {
  try {
    const { network, totals, diagnostics } = importOnnx(bytes, { file: "spoilt.onnx" });
    JSON.stringify(importDocument(network, totals, diagnostics));
    printImport(network, totals);
    const violations = verifyNetwork(network);
    return violations.length > 0 ? { problem: violations.slice(0, 3).join("; ") } : { outcome: "imported" };
  } catch (cause) {
    if (cause instanceof DiagnosticError) return { outcome: "refused" };
    return { problem: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
  }
}

/** @param {object} message */
function tell(message) {
  return new Promise((resolve) => process.send?.(message, resolve));
}
