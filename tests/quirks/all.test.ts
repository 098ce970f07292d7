/** Every policy at its last behaviour: no quirk that can be mended is left, and the laws hold without a note. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCostModel } from "../../src/backend/cost/cost-model.js";
import { COSTS } from "../../src/ir/facts.js";
import { DEFINES, type RuleSet } from "../../src/ir/rules.js";
import { codes, compile } from "../support/compile.js";
import { add, builtIn, conv, moduleOf, network, pool, residual } from "../support/networks.js";

const MENDED: RuleSet = {
  ...DEFINES,
  name: "mended",
  cuts: "corrected",
  leftover: "last",
  regions: "corrected",
  keptBuffers: "corrected",
  levels: "corrected",
  weights: "loaded",
  copies: "corrected",
  copyPhases: "writes-apart",
  totals: "scaled",
  sizes: "whole",
  capacityCuts: "checked",
  partialSums: "corrected",
  words: "granules",
  doubleBuffering: "smallest-first",
  stalls: "corrected",
  loading: "corrected",
  ties: "latency",
};

const costModel = createCostModel(MENDED);

const NETWORKS = {
  residual: () => residual(12),
  strided: () =>
    network(
      conv("a", { K: 8, C: 4, OX: 25, F: 3 }),
      conv("b", { K: 8, C: 8, OX: 12, F: 3, stride: 2, from: "a" }),
      conv("p", { K: 8, C: 8, OX: 12, stride: 2, from: "a" }),
      add("d", ["b", "p"], { K: 8, OX: 12 }),
      pool("e", { K: 8, OX: 6, from: "d" }),
    ),
} as const;

describe("all mended behaviours together", () => {
  it("schedule networks with branches, strides and pools, in any tiles, without a note", () => {
    const size = fc.integer({ min: 1, max: 13 });
    const overlap = fc.constantFrom("recompute", "h-cached", "fully-cached");
    const accelerator = fc.constantFrom("meta-prototype", "meta-prototype-df", "edge-tpu-like-df", "tesla-npu-like-df");
    fc.assert(
      fc.property(
        fc.constantFrom("residual", "strided"),
        accelerator,
        size,
        size,
        overlap,
        (name, arch, width, height, mode) => {
          const module = moduleOf(NETWORKS[name](), builtIn(arch));
          const tiles = { tile: { width, height }, overlap: mode };
          const { diagnostics, module: done } = compile(module, { tiles, costModel });
          expect(codes(diagnostics).filter((code) => code !== "tile-clamped")).toEqual([]);
          const { totals } = done.get(COSTS);
          expect(totals.offloadedLatency).toBeGreaterThanOrEqual(totals.latency);
        },
      ),
      { numRuns: 40 },
    );
  });
});
