import { describe, expect, it, test } from "vitest";
import { decouple } from "../../../../src/backend/cost/mapper/decouple.js";
import { layerModel } from "../../../../src/backend/cost/mapper/layer-model.js";
import { roundHalfEven, SIZES } from "../../../../src/backend/cost/mapper/sizes.js";
import { mapSpatially } from "../../../../src/backend/cost/mapper/spatial.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import { conv, depthwise, META_PROTOTYPE, SINGLE_MEMORY, TPU_LIKE } from "./fixtures.js";

const sizes = SIZES.published.rule;
const mapped = (problem: MappingProblem) => mapSpatially(layerModel(problem), problem.unrolling, sizes);

describe("sizes", () => {
  test.each`
    stride | dilation | out      | tap  | expected | why
    ${1}   | ${1}     | ${4}     | ${3} | ${6}     | ${"A + B − 1"}
    ${2}   | ${1}     | ${4}     | ${3} | ${9}     | ${"2A + 1"}
    ${3}   | ${1}     | ${4}     | ${1} | ${4}     | ${"untouched columns are not counted"}
    ${1}   | ${1}     | ${3.875} | ${1} | ${3}     | ${"fractions are cut off (Q9)"}
    ${2}   | ${2}     | ${4}     | ${3} | ${6}     | ${"a common step divides out"}
    ${1}   | ${4}     | ${1}     | ${3} | ${9}     | ${"dilation over-counts (Q13)"}
  `("window extent $expected: $why", ({ stride, dilation, out, tap, expected }) =>
    expect(sizes.windowExtent({ out: "OX", tap: "FX", stride, dilation }, out, tap)).toBe(expected),
  );

  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [2.4999, 2],
    [2.5001, 3],
    [7, 7],
  ])("rounds %d to %d", (x, expected) => expect(roundHalfEven(x)).toBe(expected));
});

describe("decoupling", () => {
  it("splits unrolled outputs and taps into distinct columns and copies (SL §2.4)", () => {
    const input = layerModel(conv({ OX: 4, FX: 3 }, SINGLE_MEMORY)).operands[2]!;
    const levels = [[{ dim: "OX", size: 4 }], [{ dim: "FX", size: 3 }]];
    expect(decouple(input, levels, sizes)).toEqual({ all: [4, 3], relevant: [4, 1.5] });
  });

  it("truncates fractional columns (SL §2.2)", () => {
    const input = layerModel(conv({ OX: 62, FX: 1 }, SINGLE_MEMORY)).operands[2]!;
    const products = decouple(input, [[{ dim: "OX", size: 3.875 }]], sizes);
    expect(products.relevant).toEqual([3]);
    expect(products.all[0]).toBeCloseTo(3.875, 12);
  });
});

describe("spatial mapping", () => {
  it("shares remainders evenly over the steps (SL §2.1)", () => {
    const problem = conv({ K: 56, C: 1, OX: 62 }, META_PROTOTYPE, { D1: ["K", 32], D2: ["C", 2], D3: ["OX", 4] });
    expect(mapped(problem).unrolling.map(({ size }) => size)).toEqual([28, 1, 3.875]);
  });

  it("puts loops under the memory that serves their array dim (SL §2.1)", () => {
    const { fractional } = mapped(
      conv({ K: 28, OY: 4, OX: 4 }, META_PROTOTYPE, { D1: ["K", 32], D3: ["OX", 4], D4: ["OY", 4] }),
    );
    const dims = fractional.map(({ loops }) => loops.map((level) => level.map(({ dim }) => dim).join(" ")));
    expect(dims).toEqual([
      ["", "K OX OY", "", "", ""],
      ["OX OY", "K", "", "", ""],
      ["K OX OY", "", "", ""],
    ]);
  });

  it("counts distinct words per level (SL §2.3)", () => {
    const sizesOf = { K: 12, C: 2, OY: 4, OX: 57, FX: 1, FY: 1 };
    const unrolling = { D1: ["K", 12], D2: ["C", 2], D3: ["OX", 4], D4: ["OY", 4] } as const;
    const [output, , input] = mapped(conv(sizesOf, META_PROTOTYPE, unrolling)).fractional;
    expect(output!.unitUnique[1]).toBeCloseTo(182.4, 10);
    expect(output!.boost[1]).toBe(182);
    expect(input!.boost[0]).toBe(24);
  });

  test.each`
    name           | problem                                                                                                                | unitCount                                                    | boost
    ${"conv"}      | ${conv({ K: 56, OY: 72, OX: 60, FY: 5, FX: 5 }, META_PROTOTYPE, { D1: ["K", 32], D3: ["OX", 4], D4: ["OY", 4] })}      | ${[[448, 448, 1, 1, 1], [448, 28, 1, 1, 1], [448, 1, 1, 1]]} | ${[[1, 448, 1, 1], [1, 28, 1, 1], [16, 1, 1]]}
    ${"depthwise"} | ${depthwise({ G: 32, OY: 28, OX: 28, FY: 3, FX: 3 }, META_PROTOTYPE, { D1: ["G", 32], D3: ["OX", 4], D4: ["OY", 4] })} | ${[[512, 512, 1, 1, 1], [512, 32, 1, 1, 1], [512, 1, 1, 1]]} | ${[[1, 512, 1, 1], [1, 32, 1, 1], [512, 1, 1]]}
  `("instances and words of a $name layer (SL §12.1, §12.3)", ({ problem, unitCount, boost }) => {
    const { fractional } = mapped(problem);
    expect(fractional.map((operand) => operand.unitCount)).toEqual(unitCount);
    expect(fractional.map((operand) => operand.boost)).toEqual(boost);
  });

  it("ignores loops that the layer does not have, and refuses array dims that do not exist", () => {
    expect(mapped(conv({ K: 8 }, TPU_LIKE, { D2: ["C", 32] })).unrolling).toEqual([]);
    expect(() => mapped(conv({ K: 8 }, TPU_LIKE, { D9: ["K", 32] }))).toThrow("'D9'");
  });
});
