/** Every ONNX file of the shared folder: imports, is valid, is covered node by node, and counts what an independent script counted. */
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { z } from "zod";
import { importOnnx } from "../../../src/frontend/onnx/import.js";
import { verifyNetwork } from "../../../src/ir/verify.js";
import { decodeGraph } from "../../support/models.js";
import { hasShared, readShared, sharedFiles, sharedPath } from "../../support/shared.js";

const byOpSchema = z.record(z.string(), z.object({ nodes: z.number(), macs: z.number().nullable() }));
const countsSchema = z.object({
  macs: z.number().nullable(),
  by_op: byOpSchema,
  quantised: z.object({ macs: z.number().nullable(), by_op: byOpSchema }),
});
const manifestSchema = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      counts: countsSchema.extend({
        weight_elements: z.number(),
        quantised: countsSchema.shape.quantised.extend({ weight_elements: z.number() }),
        batch1: countsSchema.optional(),
        bound: countsSchema.extend({ bindings: z.record(z.string(), z.number()) }).optional(),
      }),
    }),
  ),
});

const manifest = hasShared ? manifestSchema.parse(JSON.parse(readShared("onnx", "manifest.json"))).files : [];
const files = ["onnx", "golden/zigzag/inputs"].flatMap((folder) =>
  sharedFiles(".onnx", folder).map((file) => ({ folder, file })),
);

describe.skipIf(!hasShared)("the shared ONNX files", () => {
  test.each(files)("$folder/$file is imported, node by node", ({ folder, file }) => {
    const bytes = readFileSync(sharedPath(folder, file));
    const { network, diagnostics } = importOnnx(bytes, { file });
    const graph = decodeGraph(bytes);
    expect(verifyNetwork(network)).toEqual([]);
    expect(network.coverage).toHaveLength(graph.node?.length ?? 0);
    expect(new Set(network.coverage.map(({ node }) => node)).size).toBe(network.coverage.length);
    const unexplained = network.coverage.filter(({ status, reason }) => status === "refused" && reason === undefined);
    expect(unexplained).toEqual([]);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  const counted = manifest.flatMap(({ file, counts }) => {
    const { bound } = counts;
    const weights = counts.weight_elements + counts.quantised.weight_elements;
    const cases = [{ file, expected: counts.batch1 ?? counts, weights, bind: {} }];
    return bound === undefined ? cases : [...cases, { file, expected: bound, weights, bind: bound.bindings }];
  });

  test.each(counted)("$file counts as the independent script does, with $bind", ({ file, expected, weights, bind }) => {
    const { totals } = importOnnx(readFileSync(sharedPath("onnx", file)), { file, bind });
    const { quantised } = expected;
    if (expected.macs !== null && quantised.macs !== null) {
      expect(totals.unknown).toEqual([]);
      expect(totals.macs).toBe(expected.macs + quantised.macs);
    }
    expect(totals.weightElements).toBe(weights);
    for (const [opType, { nodes, macs }] of Object.entries({ ...expected.by_op, ...quantised.by_op })) {
      const ours = totals.byOp[opType];
      expect({ opType, nodes: ours?.nodes }).toEqual({ opType, nodes });
      if (macs !== null && totals.unknown.every(({ op }) => op !== opType)) expect(ours?.macs).toBe(macs);
    }
  });

  it("finds files to test", () => expect(files.length).toBeGreaterThan(0));
});
