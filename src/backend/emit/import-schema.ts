/** Shape of `kerf import --json`, version 1. The published JSON Schema (`schema/import-v1.json`) is generated from it. */
import { z } from "zod";
import { coverageSchema, diagnosticSchema } from "./schedule-schema.js";

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();
const name = z.string();

const layer = z.strictObject({
  id: name,
  name,
  kind: z.enum(["conv", "matmul", "pool", "elementwise", "reduction", "movement", "opaque"]),
  op: name,
  nodes: z.array(name).describe("nodes of the model that the layer stands for"),
  dims: z.record(name, positive),
  macs: count,
  operands: z.array(z.strictObject({ name, role: z.enum(["output", "input", "weight"]), tensor: name.optional() })),
});

const unknown = z.strictObject({
  layer: name,
  op: name,
  symbol: name.optional().describe("dimension to bind"),
  reason: name,
});

const importSchema = z.strictObject({
  format: z.literal("kerf/import"),
  version: z.literal(1),
  model: z.strictObject({ name }),
  totals: z.strictObject({
    macs: count.describe("of Conv, ConvTranspose, Gemm, MatMul and their quantised forms, where the sizes are known"),
    weightElements: count.describe("of their constant operands, per use; bias not counted"),
    byOp: z.record(name, z.strictObject({ nodes: count, macs: count })).describe("adds up to macs"),
    unknown: z.array(unknown).describe("what is not counted, and why"),
    other: z.strictObject({ macs: count }).describe("bodies of control flow and decomposed operators"),
  }),
  layers: z.array(layer),
  coverage: z.array(coverageSchema).describe("one entry per node of the model, in its order"),
  diagnostics: z.array(diagnosticSchema),
});

/** What `kerf import` prints as JSON. */
export type ImportDocument = z.infer<typeof importSchema>;

/** The JSON Schema (2020-12) that the package ships. */
export const importJsonSchema = (): object => ({
  ...z.toJSONSchema(importSchema, { target: "draft-2020-12" }),
  $id: "kerf/import-v1",
  title: "Kerf import, version 1",
});
