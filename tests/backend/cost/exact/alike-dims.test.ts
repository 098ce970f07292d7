/** Dims that no count can tell apart are one in the search, and themselves in what it finds (EM §3). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeAlikeDims } from "../../../../src/backend/cost/exact/alike-dims.js";
import { mapExactly } from "../../../../src/backend/cost/exact/mapper.js";
import { evaluateStatedExactly } from "../../../../src/backend/cost/exact/stated.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import { EXACT } from "../../../../src/ir/rules.js";
import "../../../support/seed.js";
import { smallMachine } from "../../../exact/machine.js";
import { randomCase } from "./random-cases.js";
import { tightProblem } from "./tight-cases.js";

const dims = Array.from({ length: 20 }, (_, i) => `A${i}`);

/** Element by element over 20 axes; the second input lacks every third one. */
const rank20 = (sizes: readonly number[], unrolled: readonly string[] = []): MappingProblem => ({
  loops: dims.map((dim, i) => ({ dim, size: sizes[i % sizes.length]! })),
  operands: [
    { name: "O", memoryOperand: "O", bits: 16, relevant: dims, windows: [] },
    { name: "X", memoryOperand: "I1", bits: 8, relevant: dims, windows: [] },
    { name: "Y", memoryOperand: "I2", bits: 8, relevant: dims.filter((_, i) => i % 3 > 0), windows: [] },
  ],
  finalOutputBits: 8,
  hierarchy: smallMachine(4000),
  unrolling: unrolled.map((dim) => ({ arrayDim: "D1", dim, size: 2 })),
});

describe("alike dims", () => {
  it("are those that index the same operands, and are not unrolled", () => {
    const { problem } = mergeAlikeDims(rank20([2, 3], ["A0"]));
    expect(problem.loops).toEqual([
      { dim: "A0", size: 2 },
      { dim: "A1", size: 2 ** 6 * 3 ** 7 },
      { dim: "A3", size: 2 ** 3 * 3 ** 3 },
    ]);
    expect(problem.operands.map(({ relevant }) => relevant)).toEqual([["A0", "A1", "A3"], ["A0", "A1", "A3"], ["A1"]]);
  });

  it("make a layer of rank 20 a small problem", () => {
    const problem = rank20([2]);
    const found = mapExactly(problem, EXACT);
    expect(found.feasible && found.search.optimal).toBe(true);
    if (!found.feasible) return;
    expect(found.mapping.loops.map(({ dim }) => dim).sort()).toEqual([...dims].sort());
    expect(found.cost.temporalCycles).toBe(2 ** 20);
  }, 5000);

  it("cost what they cost one by one", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          tightProblem(6),
          randomCase.map(({ problem }) => problem),
        ),
        (problem) => {
          const found = mapExactly(problem, { ...EXACT, loopLimit: "none" });
          fc.pre(found.feasible);
          const { loops, boundaries } = found.mapping;
          for (const { dim, size } of problem.loops) {
            const own = loops.filter((loop) => loop.dim === dim).reduce((product, loop) => product * loop.size, 1);
            expect(own).toBeLessThanOrEqual(size);
          }
          const again = evaluateStatedExactly(problem, { loops, boundaries }, EXACT, () => found);
          expect(again.feasible).toBe(true);
          if (!again.feasible) return;
          expect(again.cost.energy).toBeCloseTo(found.cost.energy, 6);
          expect(again.cost.accesses).toEqual(found.cost.accesses);
          expect(again.cost.latencyCycles).toBe(found.cost.latencyCycles);
        },
      ),
      { numRuns: 300 },
    );
  });
});
