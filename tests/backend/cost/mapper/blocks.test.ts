/** Layers of many dims: they are searched as few, and nothing is lost by it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocksOf, isTabulable, unfold } from "../../../../src/backend/cost/mapper/blocks.js";
import { branchAndBound } from "../../../../src/backend/cost/mapper/branch-and-bound.js";
import { evaluateEnergy } from "../../../../src/backend/cost/mapper/evaluate.js";
import { layerModel } from "../../../../src/backend/cost/mapper/layer-model.js";
import { loopFactors } from "../../../../src/backend/cost/mapper/loop-factors.js";
import { createMapper, unrolledLoops } from "../../../../src/backend/cost/mapper/mapper.js";
import { factorMultiset } from "../../../../src/backend/cost/mapper/orderings.js";
import { mapperPolicies } from "../../../../src/backend/cost/mapper/policies.js";
import { Pricer } from "../../../../src/backend/cost/mapper/pricer.js";
import { type SearchSpace, searchOrderings } from "../../../../src/backend/cost/mapper/search.js";
import { mapSpatially } from "../../../../src/backend/cost/mapper/spatial.js";
import { energyTables } from "../../../../src/backend/cost/mapper/tables.js";
import type { MappingProblem } from "../../../../src/ir/cost-model.js";
import type { Loop } from "../../../../src/ir/network.js";
import { DEFINES } from "../../../../src/ir/rules.js";
import { conv, META_PROTOTYPE } from "./fixtures.js";

const policies = mapperPolicies(DEFINES);

function spaceOf(problem: MappingProblem, limit: number | "none" = 6): SearchSpace {
  const layer = layerModel(problem);
  const spatial = mapSpatially(layer, problem.unrolling, policies.sizes);
  return {
    layer,
    spatial,
    factors: loopFactors(problem.loops, unrolledLoops(spatial), limit, policies.sizes),
    policies,
  };
}

/** How dims index output and input: both, or the input alone, or (a broadcast) the output alone. */
type Kind = "both" | "reduced" | "broadcast";
interface ManyDims {
  readonly sizes: readonly number[];
  readonly kinds: readonly Kind[];
}

/** A layer of dims `d0`, `d1`, …; the first ones run along the array. */
function manyDims({ sizes, kinds }: ManyDims, unrolled: number): MappingProblem {
  const loops = sizes.map((size, i) => ({ dim: `d${i}`, size }));
  const indexedBy = (without: Kind) => loops.filter((_, i) => kinds[i] !== without).map(({ dim }) => dim);
  return {
    loops,
    operands: [
      { name: "O", memoryOperand: "O", bits: 16, relevant: indexedBy("reduced"), windows: [] },
      { name: "I", memoryOperand: "I1", bits: 8, relevant: indexedBy("broadcast"), windows: [] },
    ],
    finalOutputBits: 8,
    hierarchy: META_PROTOTYPE,
    unrolling: ["D1", "D3"].slice(0, unrolled).map((arrayDim, i) => ({ arrayDim, dim: `d${i}`, size: 4 })),
  };
}

const anyLayer = (count: number): fc.Arbitrary<ManyDims> =>
  fc.record({
    sizes: fc.array(fc.constantFrom(2, 2, 3, 4), { minLength: count, maxLength: count }),
    kinds: fc.array(fc.constantFrom("both", "reduced", "broadcast"), { minLength: count, maxLength: count }),
  });

/** The least energy over the orders of the factors themselves: over all of them, where the search comes to its end. */
function leastEnergy({ layer, spatial, factors }: SearchSpace) {
  const multiset = factorMultiset(factors);
  const tables = energyTables(layer, spatial, multiset, policies, "resolve");
  const pricer = new Pricer(tables);
  const evaluated = (order: Uint8Array) => {
    const loops = Array.from(order, (f) => multiset.factors[f]!);
    const result = evaluateEnergy(layer, spatial, loops, policies);
    return result.feasible ? result.energy : Number.POSITIVE_INFINITY;
  };
  const price = (order: Uint8Array) => {
    const energy = pricer.price(order, 0);
    return Number.isNaN(energy) ? evaluated(order) : energy;
  };
  const { order, isComplete } = branchAndBound(tables, price, 20_000);
  return { energy: evaluated(order!), isComplete };
}

const sorted = (loops: readonly Loop[]) => loops.map(({ dim, size }) => `${dim} ${size}`).sort();

describe("dims that index every operand alike", () => {
  it("are searched as one, and the best order is as good", () => {
    let compared = 0;
    fc.assert(
      fc.property(anyLayer(12), fc.integer({ min: 0, max: 1 }), (layer, unrolled) => {
        const space = spaceOf(manyDims(layer, unrolled));
        const found = searchOrderings(space);
        if (!found.feasible) throw new Error("DRAM holds everything");
        expect(found.search.optimal).toBe(true);
        expect(sorted(found.best.order)).toEqual(sorted(space.factors));
        const { energy, isComplete } = leastEnergy(space);
        const ratio = found.best.energy / energy;
        expect(ratio).toBeLessThan(1 + 1e-12);
        if (!isComplete) return;
        expect(ratio).toBeGreaterThan(1 - 1e-12);
        compared++;
      }),
      { numRuns: 25 },
    );
    expect(compared).toBeGreaterThan(2);
  });

  it("leave layers of the usual number of dims as they are", () => {
    const { layer, spatial, factors } = spaceOf(
      manyDims({ sizes: Array(10).fill(6), kinds: Array(10).fill("both") }, 0),
      15,
    );
    const { blocks, isComplete } = blocksOf(layer, spatial, factors);
    expect(blocks).toEqual(factors.map((loop) => ({ loop, loops: [loop] })));
    expect(isComplete).toBe(true);
  });

  it("are not those along the array or under a window", () => {
    const sizes = Object.fromEntries(
      ["B", "K", "C", "OY", "OX", "FY", "FX", "P", "Q", "R", "S", "T"].map((dim) => [dim, 2]),
    );
    const { layer, spatial, factors } = spaceOf(conv(sizes, META_PROTOTYPE, { D1: ["P", 2], D2: ["Q", 1.5] }));
    const { blocks } = blocksOf(layer, spatial, factors);
    const standIns = Object.fromEntries(blocks.map(({ loop, loops }) => [loops[0]!.dim, loop.dim]));
    expect(standIns).toMatchObject({ OY: "OY", OX: "OX", FY: "FY", FX: "FX", Q: "Q", R: "R", S: "R", T: "R" });
  });
});

describe("layers of as many dims as a file may state", () => {
  it.each([16, 20, 28])("are mapped in no time: %i", (count) => {
    const kinds = (["both", "reduced"] as const).flatMap((kind) => Array<Kind>(count / 2).fill(kind));
    for (const layer of [kinds, kinds.map((): Kind => "both"), kinds.map((): Kind => "reduced")]) {
      const result = createMapper(DEFINES)(manyDims({ sizes: Array(count).fill(2), kinds: layer }, 2));
      if (!result.feasible) throw new Error("DRAM holds everything");
      expect(result.mapping.loops.reduce((product, { size }) => product * size, 1)).toBe(2 ** (count - 2));
      expect(result.search.optimal).toBe(true);
    }
  });

  it("keep some loops together, and claim no proof, where that alone makes tables small enough", () => {
    const sizes = { B: 210, K: 210, C: 210, OY: 210, OX: 210 };
    const space = spaceOf(conv(sizes, META_PROTOTYPE), "none");
    const { blocks, isComplete } = blocksOf(space.layer, space.spatial, space.factors);
    expect(isComplete).toBe(false);
    expect(isTabulable(blocks)).toBe(true);
    const order = unfold(
      blocks.map(({ loop }) => loop),
      blocks,
    );
    expect(sorted(order)).toEqual(sorted(space.factors));
    const found = searchOrderings(space);
    expect(found.feasible && found.search.optimal).toBe(false);
  });

  it("take the order as it is where every dim has a window of its own", () => {
    const dims = Array.from({ length: 24 }, (_, i) => `d${i}`);
    const layer = manyDims({ sizes: Array(24).fill(2), kinds: Array(24).fill("both") }, 0);
    const [output, input] = layer.operands;
    const windows = dims.slice(12).map((tap, i) => ({ out: dims[i]!, tap, stride: 2, dilation: 1 }));
    const problem = {
      ...layer,
      operands: [
        { ...output!, relevant: dims.slice(0, 12) },
        { ...input!, relevant: [], windows },
      ],
    };
    const result = createMapper(DEFINES)(problem);
    expect(result).toMatchObject({ feasible: true, search: { visited: 1, optimal: false } });
  });
});
