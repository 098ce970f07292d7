/** Imports spoilt models one after the other and tells its parent when each begins and how it ended. */
import { readFileSync } from "node:fs";
import { importDocument, printImport } from "../../dist/backend/emit/import-json.js";
import { importOnnx } from "../../dist/frontend/onnx/import.js";
import { DiagnosticError } from "../../dist/ir/diagnostics.js";
import { verifyNetwork } from "../../dist/ir/verify.js";
import { spoil } from "./mutate.mjs";
import { createRandom, pick } from "./random.mjs";
import { seedModels } from "./seeds.mjs";

const SIZES = [1, 2, 5, 16, 17, 224, 65_536];
const ODD_SIZES = [2 ** 31, 2 ** 31 + 1, 2 ** 53, 0, -1, 1.5, Number.NaN];

const [first = "0", count = "0", seed = "0", seeds = "", ...files] = process.argv.slice(2);
const models = [
  ...files.map((file) => ({ bytes: readFileSync(file), symbols: [] })),
  ...(seeds === "with-seeds" ? seedModels() : []),
];

for (let index = Number(first); index < Number(first) + Number(count); index++) {
  const model = models[index % models.length];
  if (model === undefined) throw new Error("no models to spoil");
  const caseSeed = (Number(seed) * 1_000_003 + index) >>> 0;
  const bytes = spoil(model.bytes, caseSeed);
  await tell({ began: index });
  const used = process.cpuUsage();
  const problem = problemOf(bytes, bindingsOf(model.symbols, caseSeed));
  const { user, system } = process.cpuUsage(used);
  await tell({ ended: index, milliseconds: (user + system) / 1000, bytes: process.memoryUsage().rss, ...problem });
}

/**
 * Values for the symbols of a model, sensible more often than not.
 *
 * @param {readonly string[]} symbols
 * @param {number} caseSeed
 * @returns {Readonly<Record<string, number>>}
 */
function bindingsOf(symbols, caseSeed) {
  const random = createRandom(~caseSeed);
  const sizeOf = () => pick(random, random() < 0.9 ? SIZES : ODD_SIZES);
  return Object.fromEntries(symbols.filter(() => random() < 0.8).map((name) => [name, sizeOf()]));
}

/**
 * @param {Uint8Array} bytes
 * @param {Readonly<Record<string, number>>} bindings
 */
function problemOf(bytes, bindings) {
  try {
    const { network, totals, diagnostics } = importOnnx(bytes, { file: "spoilt.onnx", bind: bindings });
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
