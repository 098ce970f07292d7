import { describe, expect, it, test } from "vitest";
import { createCostModel } from "../../../../src/backend/cost/cost-model.js";
import type { Mapping, MappingConflict, StatedMapping } from "../../../../src/ir/cost-model.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import { conv, depthwise, META_PROTOTYPE, TPU_LIKE } from "./fixtures.js";

const model = createCostModel(DEFINES);
const UNROLLING = { D1: ["K", 32], D2: ["C", 2], D3: ["OX", 4], D4: ["OY", 4] } as const;
const PROBLEM = conv({ B: 1, K: 56, C: 3, OY: 18, OX: 15, FY: 3, FX: 3 }, META_PROTOTYPE, UNROLLING);

function bestOf(problem = PROBLEM): { readonly mapping: Mapping; readonly energy: number } {
  const result = model.mapLayer(problem);
  if (!result.feasible) throw new Error(`no room in ${result.memory}`);
  return { mapping: result.mapping, energy: result.cost.energy };
}

function conflictsOf(stated: StatedMapping): readonly MappingConflict[] {
  const result = model.evaluateMapping(PROBLEM, stated);
  return result.feasible ? [] : result.conflicts;
}

const { mapping, energy } = bestOf();

describe("a stated mapping", () => {
  test.each([
    ["convolution", PROBLEM],
    ["depthwise", depthwise({ G: 20, OY: 9, OX: 31, FY: 3, FX: 3 }, META_PROTOTYPE, { D3: ["OX", 4] })],
    ["another machine", conv({ K: 70, C: 40, OY: 7, OX: 7 }, TPU_LIKE, { D1: ["K", 32], D2: ["C", 32] })],
  ])("that the search found costs what the search said: %s", (_name, problem) => {
    const found = model.mapLayer(problem);
    if (!found.feasible) throw new Error("infeasible");
    expect(model.evaluateMapping(problem, found.mapping)).toMatchObject({ mapping: found.mapping, cost: found.cost });
  });

  it("is cut by capacity where only its order is stated, and where only some operands' levels are", () => {
    const { loops, boundaries } = mapping;
    expect(model.evaluateMapping(PROBLEM, { loops })).toMatchObject({ mapping, cost: { energy } });
    expect(model.evaluateMapping(PROBLEM, { loops, boundaries: { I: boundaries.I! } })).toMatchObject({ mapping });
  });

  it("is searched where nothing but levels and unrolling is stated", () => {
    const { levels, spatial } = mapping;
    expect(model.evaluateMapping(PROBLEM, { levels, spatial })).toBe(model.mapLayer(PROBLEM));
  });

  it("never costs less than the best one of its space, whatever the order", () => {
    const loops = [...mapping.loops].reverse();
    const result = model.evaluateMapping(PROBLEM, { loops });
    expect(result.feasible && result.cost.energy).toBeGreaterThanOrEqual(energy);
  });

  it("ignores array dims that unroll nothing", () => {
    const spatial = [...mapping.spatial, { arrayDim: "D2", dim: "FX", size: 1 }];
    expect(conflictsOf({ ...mapping, spatial })).toEqual([]);
  });
});

describe("a mapping that contradicts its problem", () => {
  const loops = mapping.loops;
  const all = loops.length;
  const withoutOX = loops.filter(({ dim }) => dim !== "OX");
  const cases: readonly (readonly [string, StatedMapping, readonly MappingConflict[]])[] = [
    [
      "leaves out iterations",
      { loops: withoutOX },
      [{ kind: "extent", dim: "OX", stated: 1, needed: 4 }], // 15 columns, four at a time
    ],
    [
      "names a loop that the layer lacks",
      { loops: [...loops, { dim: "G", size: 2 }] },
      [{ kind: "dim", dim: "G", known: ["B", "K", "C", "OY", "OX", "FY", "FX"] }],
    ],
    [
      "names an operand that the layer lacks",
      { ...mapping, levels: { ...mapping.levels, X: ["dram"] } },
      [{ kind: "operand", operand: "X", known: ["O", "W", "I"] }],
    ],
    [
      "puts an operand where it does not live",
      { ...mapping, levels: { I: ["sram_64KB"] } },
      [{ kind: "levels", operand: "I", stated: ["sram_64KB"], found: ["sram_64KB", "sram_1MB_A", "dram"] }],
    ],
    [
      "unrolls something else",
      { ...mapping, spatial: [{ arrayDim: "D1", dim: "C", size: 3 }] },
      [{ kind: "unrolling", stated: [{ arrayDim: "D1", dim: "C", size: 3 }], found: mapping.spatial }],
    ],
    ...[
      [all, all],
      [0, all, all - 1],
      [all, 0, all],
      [0, 0, 0],
    ].map(
      (cut) =>
        [
          `cuts at ${cut.join(" ")}`,
          { loops, boundaries: { ...mapping.boundaries, I: cut } },
          [
            {
              kind: "boundaries",
              operand: "I",
              stated: cut,
              levels: ["sram_64KB", "sram_1MB_A", "dram"],
              loops: all,
            },
          ],
        ] as const,
    ),
  ];
  test.each(cases)("%s", (_name, stated, expected) => expect(conflictsOf(stated)).toEqual(expected));

  it("says what overflows a register: 8 bit hold one weight, two are kept", () => {
    const order = [{ dim: "K", size: 2 }, ...loops.filter(({ dim }) => dim !== "K")];
    const boundaries = { O: [0, all, all, all], W: [1, all, all, all], I: [all, all, all] };
    expect(conflictsOf({ loops: order, boundaries })).toContainEqual({
      kind: "capacity",
      memory: "rf_1B",
      size: 8,
      needs: [{ operand: "W", bits: 16 }],
    });
  });

  it("names both operands where neither overflows the memory alone", () => {
    // 12 maps of 256×256 outputs and 4 of 258×258 inputs, 8 bit each, where no operand has its lowest level (SL-Q25)
    const problem = conv({ K: 12, C: 4, OY: 256, OX: 256, FY: 3, FX: 3 }, META_PROTOTYPE, UNROLLING);
    const { mapping: best } = bestOf(problem);
    const count = best.loops.length;
    const boundaries = {
      ...best.boundaries,
      I: [best.boundaries.I![0]!, count, count],
      O: [...best.boundaries.O!.slice(0, 2), count, count],
    };
    const result = model.evaluateMapping(problem, { loops: best.loops, boundaries });
    const needs = [
      { operand: "O", bits: 12 * 256 * 256 * 8 },
      { operand: "I", bits: 4 * 258 * 258 * 8 },
    ];
    expect(result).toEqual({
      feasible: false,
      conflicts: [{ kind: "capacity", memory: "sram_1MB_A", size: 8388608, needs }],
    });
  });
});
