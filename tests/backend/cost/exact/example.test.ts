/** The worked example of EM §3, every number. */
import { describe, expect, it } from "vitest";
import { layerCost } from "../../../../src/backend/cost/exact/evaluate.js";
import { exactLayer } from "../../../../src/backend/cost/exact/exact-layer.js";
import { type CutOrder, orderFigures } from "../../../../src/backend/cost/exact/figures.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import { hierarchy } from "../mapper/fixtures.js";

const level = { read: 1, write: 1, ports: "1r1w" } as const;

/** Ports of the width of an element count elements; those of 64 bit count words. */
const EXAMPLE_ARRAY = hierarchy({ D1: 2 }, 1, [
  { ...level, id: "W register", size: 8, width: 8, holds: { I2: 0 }, served: [] },
  { ...level, id: "O register", size: 16, width: 16, holds: { O: 0 }, served: [] },
  { ...level, id: "I buffer", size: 512, width: 8, holds: { I1: 0 }, served: ["D1"] },
  { ...level, id: "top", size: 1e6, width: 64, holds: { O: 1, I1: 1, I2: 1 }, served: ["D1"] },
]);

const EXAMPLE: MappingProblem = {
  loops: [
    { dim: "K", size: 2 },
    { dim: "C", size: 3 },
    { dim: "OX", size: 7 },
    { dim: "FX", size: 3 },
  ],
  operands: [
    { name: "O", memoryOperand: "O", bits: 16, relevant: ["K", "OX"], windows: [] },
    { name: "W", memoryOperand: "I2", bits: 8, relevant: ["K", "C", "FX"], windows: [] },
    {
      name: "I",
      memoryOperand: "I1",
      bits: 8,
      relevant: ["C"],
      windows: [{ out: "OX", tap: "FX", stride: 1, dilation: 1, clip: { shift: -1, extent: 7 } }],
    },
  ],
  finalOutputBits: 8,
  hierarchy: EXAMPLE_ARRAY,
  unrolling: [{ arrayDim: "D1", dim: "OX", size: 2 }],
};

const ORDER: CutOrder = {
  loops: [
    { dim: "FX", size: 3 },
    { dim: "OX", size: 2 },
    { dim: "C", size: 3 },
    { dim: "OX", size: 2 },
    { dim: "K", size: 2 },
  ],
  positions: [[1], [0], [2]],
};

describe("the example of the specification", () => {
  const layer = exactLayer(EXAMPLE);
  const cost = layerCost(layer, orderFigures(layer, ORDER), [[1], [1], [1]]);
  const { O, W, I } = cost.accesses;

  it("takes 72 cycles for 126 operations", () => {
    expect(cost.temporalCycles).toBe(72);
    expect(cost.macEnergy).toBe(126);
  });

  it("moves 54 inputs in 12 words, and reads 114 for the array", () => {
    expect(I![0]).toEqual({ tl: 114, fl: 0, th: 0, fh: 54 });
    expect(I![1]!.tl).toBe(12);
  });

  it("reads 72 weights and writes 126", () => {
    expect(W![0]!.fh).toBe(126);
    expect(W![1]!.tl).toBe(72); // a word each
  });

  it("sends 42 sums up, 14 of them complete, and 28 down", () => {
    expect(O![0]).toEqual({ tl: 112, fl: 126, th: 42, fh: 28 });
    expect(O![1]).toEqual({ tl: 16, fl: 24, th: 0, fh: 0 });
  });
});
