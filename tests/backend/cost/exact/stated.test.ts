import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { exactLayer } from "../../../../src/backend/cost/exact/exact-layer.js";
import { createExactMapping, temporalFactors } from "../../../../src/backend/cost/exact/mapper.js";
import { evaluateStatedExactly } from "../../../../src/backend/cost/exact/stated.js";
import type { MappingConflict, MappingProblem, StatedMapping } from "../../../../src/ir/cost-model.js";
import { DEFINES, type RuleSet } from "../../../../src/ir/rules.js";
import "../../../support/seed.js";
import { conv, META_PROTOTYPE } from "../mapper/fixtures.js";
import { pricesOf } from "./naive-search.js";
import { tightProblem } from "./tight-cases.js";

const RULES: RuleSet = { ...DEFINES, loopLimit: "none" };
const mapLayer = createExactMapping(RULES).mapLayer;
const evaluate = (problem: MappingProblem, stated: StatedMapping) =>
  evaluateStatedExactly(problem, stated, RULES, mapLayer);

const UNROLLING = { D1: ["K", 32], D2: ["C", 2], D3: ["OX", 4], D4: ["OY", 4] } as const;
const PROBLEM = conv({ B: 1, K: 56, C: 3, OY: 18, OX: 15, FY: 3, FX: 3 }, META_PROTOTYPE, UNROLLING);

function found(problem: MappingProblem) {
  const result = mapLayer(problem);
  if (!result.feasible) throw new Error(`no room in ${result.memory}`);
  return result;
}

const { mapping, cost } = found(PROBLEM);

function conflictsOf(stated: StatedMapping, problem = PROBLEM): readonly MappingConflict[] {
  const result = evaluate(problem, stated);
  return result.feasible ? [] : result.conflicts;
}

describe("a stated mapping", () => {
  it("that the search found costs what the search said", () => {
    expect(evaluate(PROBLEM, mapping)).toMatchObject({ mapping, cost });
    fc.assert(
      fc.property(tightProblem(6), (problem) => {
        const best = mapLayer(problem);
        if (!best.feasible) return;
        expect(evaluate(problem, best.mapping)).toMatchObject({ mapping: best.mapping, cost: best.cost });
      }),
      { numRuns: 200 },
    );
  });

  it("is cut as is cheapest for it where only its order is stated", () => {
    fc.assert(
      fc.property(tightProblem(4), fc.array(fc.nat(100), { minLength: 5, maxLength: 5 }), (problem, keys) => {
        const layer = exactLayer(problem);
        const factors = temporalFactors(layer, RULES);
        fc.pre(factors.length <= 5);
        const loops = factors
          .map((loop, i) => ({ loop, key: keys[i]! }))
          .sort((a, b) => a.key - b.key)
          .map(({ loop }) => loop);
        const prices = pricesOf(layer, [loops]);
        const result = evaluate(problem, { loops });
        expect(result.feasible).toBe(prices.length > 0);
        if (!result.feasible) return;
        const least = Math.min(...prices.map(({ energy }) => energy));
        const tied = prices.filter(({ energy }) => energy <= least + 1e-6);
        expect(result.cost.memoryEnergy).toBeCloseTo(least, 6);
        expect(result.cost.latencyCycles).toBe(Math.min(...tied.map(({ latency }) => latency)));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps the cuts that are stated and finds the others", () => {
    const { loops, boundaries } = mapping;
    const cut = { I: [0, loops.length, loops.length] };
    const result = evaluate(PROBLEM, { loops, boundaries: cut });
    expect(result).toMatchObject({
      feasible: true,
      mapping: { loops, boundaries: { ...boundaries, I: [0, loops.length, loops.length] } },
    });
    expect(result.feasible && result.cost.energy).toBeGreaterThan(cost.energy);
  });

  it("is reported with stationary cuts: blocks stay while loops run that do not index them", () => {
    const { loops } = mapping;
    expect(loops[0]!.dim).toMatch(/C|FX|FY/); // reductions are innermost
    const stated = { loops, boundaries: { ...mapping.boundaries, O: [0, ...mapping.boundaries.O!.slice(1)] } };
    expect(evaluate(PROBLEM, stated)).toMatchObject({ mapping: { boundaries: mapping.boundaries }, cost });
  });

  it("is searched where nothing but levels and unrolling is stated", () => {
    const { levels, spatial } = mapping;
    expect(evaluate(PROBLEM, { levels, spatial })).toBe(mapLayer(PROBLEM));
  });

  it("may have loops of one iteration", () => {
    const loops = [...mapping.loops, { dim: "B", size: 1 }];
    const boundaries = Object.fromEntries(
      Object.entries(mapping.boundaries).map(([name, cut]) => [name, [...cut.slice(0, -1), loops.length]]),
    );
    expect(evaluate(PROBLEM, { loops, boundaries })).toMatchObject({ cost });
  });
});

describe("a mapping that contradicts its problem", () => {
  const { loops } = mapping;
  const all = loops.length;
  const cases: readonly (readonly [string, StatedMapping, readonly MappingConflict[]])[] = [
    [
      "leaves out iterations",
      { loops: loops.filter(({ dim }) => dim !== "OX") },
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
    ].map(
      (cut) =>
        [
          `cuts at ${cut.join(" ")}`,
          { loops, boundaries: { ...mapping.boundaries, I: cut } },
          [{ kind: "boundaries", operand: "I", stated: cut, levels: ["sram_64KB", "sram_1MB_A", "dram"], loops: all }],
        ] as const,
    ),
  ];
  test.each(cases)("%s", (_name, stated, expected) => expect(conflictsOf(stated)).toEqual(expected));

  it("says what overflows a register: 8 bit hold one weight, two are kept", () => {
    const order = [{ dim: "K", size: 2 }, ...loops.filter(({ dim }) => dim !== "K")];
    const boundaries = { O: [0, all, all, all], W: [1, all, all, all], I: [all, all, all] };
    const conflicts = [{ kind: "capacity", memory: "rf_1B", size: 8, needs: [{ operand: "W", bits: 16 }] }];
    expect(conflictsOf({ loops: order, boundaries })).toEqual(conflicts);
  });

  it("names the fewest operands that overflow together, and the room that is left", () => {
    const boundaries = { ...mapping.boundaries, O: [0, all, all, all], I: [all, all, all] };
    const outputs = 56 * 18 * 15 * 8; // finished before they get there
    const inputs = 3 * 20 * 17 * 8;
    const order = [...loops].sort((a, b) => Number("KOYOX".includes(a.dim)) - Number("KOYOX".includes(b.dim)));
    const stated = { loops: order, boundaries: { O: boundaries.O, I: boundaries.I } };
    const available = { sram_64KB: outputs + inputs - 1 };
    expect(conflictsOf(stated, { ...PROBLEM, available })).toEqual([
      {
        kind: "capacity",
        memory: "sram_64KB",
        size: available.sram_64KB,
        needs: [
          { operand: "O", bits: outputs },
          { operand: "I", bits: inputs },
        ],
      },
    ]);
  });

  it("says where an order leaves no room for the cuts that are open", () => {
    const boundaries = { I: [all, all, all] };
    const available = { sram_64KB: 3 * 20 * 17 * 8 };
    expect(conflictsOf({ loops, boundaries }, { ...PROBLEM, available })).toEqual([
      { kind: "order", memory: "sram_64KB", needs: available.sram_64KB + 32 * 4 * 4 * 8 }, // and one output of each unit
    ]);
  });
});
