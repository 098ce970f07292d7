import { describe, expect, it, test } from "vitest";
import { axisRegions, axisTile } from "../../../src/passes/regions/axis-regions.js";
import { chain, everything, pointwise, resize, shown, sizes, slice, tensorOf, window, withKept } from "./axis-stack.js";

/** Regions of one tensor as text. */
function regionsOf(graph: ReturnType<typeof chain>, tile: number, id: string) {
  const { need, computed, kept, owed } = tensorOf(axisRegions(graph, tile), id);
  return { N: shown(need), C: shown(computed), K: shown(kept), O: shown(owed) };
}

describe("EM §1, the example", () => {
  const graph = chain(12, [
    [window({ taps: 3, before: 1 }), 12],
    [window({ taps: 3, stride: 2 }), 5],
  ]);

  test.each`
    tensor  | isKept   | N                  | C                   | K               | O
    ${"t2"} | ${true}  | ${"0-2 2-4 4-5"}   | ${"0-2 2-4 4-5"}    | ${"∅ ∅ ∅"}      | ${"0-2 2-4 4-5"}
    ${"t1"} | ${true}  | ${"0-5 4-9 8-11"}  | ${"0-5 5-9 9-11"}   | ${"4-5 8-9 ∅"}  | ${"∅ ∅ ∅"}
    ${"t0"} | ${true}  | ${"0-6 4-10 8-12"} | ${"0-6 6-10 10-12"} | ${"4-6 8-10 ∅"} | ${"∅ ∅ ∅"}
    ${"t1"} | ${false} | ${"0-5 4-9 8-11"}  | ${"0-5 4-9 8-11"}   | ${"∅ ∅ ∅"}      | ${"∅ ∅ ∅"}
    ${"t0"} | ${false} | ${"0-6 3-10 7-12"} | ${"0-6 3-10 7-12"}  | ${"∅ ∅ ∅"}      | ${"∅ ∅ ∅"}
  `("$tensor, kept: $isKept", ({ tensor, isKept, N, C, K, O }) => {
    expect(regionsOf(withKept(graph, isKept), 2, tensor)).toEqual({ N, C, K, O });
  });

  it("computes 11 of 12 columns when they are kept, 13 when not, and fetches 18 then", () => {
    const [kept, recomputed] = [axisRegions(graph, 2), axisRegions(withKept(graph, false), 2)];
    expect(sizes(tensorOf(kept, "t1").computed)).toBe(11);
    expect(tensorOf(kept, "t1").span).toEqual({ lo: 0, hi: 11 });
    expect(sizes(tensorOf(kept, "t0").computed)).toBe(12);
    expect(sizes(tensorOf(recomputed, "t1").computed)).toBe(13);
    expect(sizes(tensorOf(recomputed, "t0").computed)).toBe(18);
  });

  it("keeps an input's overlap or fetches it again, whatever the others do", () => {
    const tensors = graph.tensors.map((tensor) => ({ ...tensor, isKept: tensor.id !== "t0" }));
    // the second tile of the middle tensor is [5, 9), which needs [4, 10) of the input
    expect(regionsOf({ ...graph, tensors }, 2, "t0").C).toBe("0-6 4-10 8-12");
  });

  it("gives the regions of one tile", () => {
    expect(axisTile(tensorOf(axisRegions(graph, 2), "t1"), 1)).toEqual({
      need: { lo: 4, hi: 9 },
      computed: { lo: 5, hi: 9 },
      kept: { lo: 8, hi: 9 },
      keptBefore: { lo: 4, hi: 5 },
      owed: undefined,
      reads: [{ lo: 4, hi: 9 }],
    });
  });

  it("knows the largest extents", () => {
    const axis = axisRegions(graph, 2);
    expect(tensorOf(axis, "t1").peaks).toEqual({ need: 5, computed: 5, kept: 1, keptTwice: 5, fresh: 5 });
    expect(tensorOf(axis, "t0").peaks).toEqual({ need: 6, computed: 6, kept: 2, keptTwice: 6, fresh: 6 });
  });
});

describe("EM §1, what may surprise", () => {
  it("keeps for all later tiles where up-sampling lets a tile need nothing", () => {
    const graph = chain(4, [[resize(4, 16), 16]]);
    const N = "0-1 0-1 1-2 1-2 2-3 2-3 3-4 3-4";
    expect(regionsOf(graph, 2, "t0")).toMatchObject({ N, C: "0-1 ∅ 1-2 ∅ 2-3 ∅ 3-4 ∅", K: "0-1 ∅ 1-2 ∅ 2-3 ∅ 3-4 ∅" });
  });

  it("computes the hole that a stride beyond the kernel leaves, and keeps nothing", () => {
    const graph = chain(10, [[window({ taps: 1, stride: 3 }), 4]]);
    expect(regionsOf(graph, 2, "t0")).toMatchObject({ N: "0-4 6-10", C: "0-4 4-10", K: "∅ ∅" });
  });

  it("has nothing left to compute where the whole axis is needed", () => {
    const graph = chain(6, [[everything, 6]]);
    const all = "0-6 0-6 0-6";
    expect(regionsOf(graph, 2, "t0")).toMatchObject({ N: all, C: "0-6 ∅ ∅", K: "0-6 0-6 ∅" });
    expect(regionsOf(withKept(graph, false), 2, "t0")).toMatchObject({ N: all, C: all, K: "∅ ∅ ∅" });
  });

  it("computes everything for the first tile of a reversed axis", () => {
    const graph = chain(6, [[slice(5, -1), 6]]);
    expect(regionsOf(graph, 2, "t0")).toMatchObject({ N: "4-6 2-4 0-2", C: "0-6 ∅ ∅", K: "0-6 0-6 ∅" }); // up to the frontier
  });

  it("needs nothing for windows that lie in padding altogether", () => {
    const graph = chain(5, [[window({ taps: 1, stride: 3, before: 1 }), 2]]);
    expect(regionsOf(graph, 1, "t0")).toMatchObject({ N: "∅ 2-3", C: "∅ 2-3", K: "∅ ∅" });
    expect(regionsOf(graph, 2, "t0")).toMatchObject({ N: "2-3", C: "2-3", K: "∅" });
  });

  it("does nothing for a tensor that nobody needs", () => {
    const { tensors, output } = chain(6, [[pointwise, 6]]);
    const idle = { id: "idle", extent: 6, isKept: true, readers: [] };
    const axis = axisRegions({ tensors: [...tensors, idle], output }, 4);
    const nothing = { need: 0, computed: 0, kept: 0, keptTwice: 0, fresh: 0 };
    expect(tensorOf(axis, "idle")).toMatchObject({ span: undefined, peaks: nothing });
    expect(shown(tensorOf(axis, "idle").need)).toBe("∅ ∅");
  });
});

describe("EM §1, what is owed outside the stack", () => {
  const layers = [
    [window({ taps: 3, before: 1 }), 8],
    [window({ taps: 3, before: 1 }), 8],
  ] as const;
  const whole = { lo: 0, hi: 8 };

  test.each`
    leaves              | O                | N                | why
    ${whole}            | ${"0-4 4-7 7-8"} | ${"0-4 2-7 5-8"} | ${"as soon as a reader needs it"}
    ${{ lo: 2, hi: 5 }} | ${"2-4 4-5 ∅"}   | ${"0-4 2-7 5-8"} | ${"a part"}
    ${{ lo: 7, hi: 8 }} | ${"∅ ∅ 7-8"}     | ${"0-4 2-7 5-8"} | ${"later than the readers of the first tiles"}
  `("$why", ({ leaves, O, N }) => {
    expect(regionsOf(chain(8, layers, { leaves: { t1: leaves } }), 3, "t1")).toMatchObject({ O, N });
  });

  it("is computed in the last tile where no reader comes that far", () => {
    const graph = chain(8, [[slice(0, 1), 4]], { leaves: { t0: whole } });
    expect(regionsOf(graph, 2, "t0")).toMatchObject({ N: "0-2 2-8", C: "0-2 2-8", O: "0-2 2-8" });
  });

  it("follows the tiles in proportion where nobody reads it", () => {
    const { tensors, output } = chain(5, [[pointwise, 5]]);
    const sink = { id: "sink", extent: 7, isKept: true, readers: [], leaves: { lo: 1, hi: 7 } };
    const axis = axisRegions({ tensors: [...tensors, sink], output }, 2);
    expect(shown(tensorOf(axis, "sink").owed)).toBe("1-3 3-5 5-7"); // 1 + ⌊6·2/5⌋, 1 + ⌊6·4/5⌋
  });

  it("keeps what the stack's output owes later, if a layer of the stack reads it ahead", () => {
    const output = {
      id: "t",
      extent: 6,
      isKept: true,
      readers: [{ ...window({ taps: 3, before: 1 }), output: "sink" }],
    };
    const sink = { id: "sink", extent: 6, isKept: true, readers: [], leaves: { lo: 0, hi: 6 } };
    const axis = axisRegions({ tensors: [output, sink], output: "t" }, 2);
    const { owed, computed, kept } = tensorOf(axis, "t");
    expect([owed, computed, kept].map(shown)).toEqual(["0-2 2-4 4-6", "0-3 3-5 5-6", "1-3 3-5 ∅"]);
  });
});

describe("axisRegions refuses", () => {
  const graph = chain(6, [[pointwise, 6]]);
  test.each([0, -1, 1.5, Number.NaN])("a tile of %s", (tile) => {
    expect(() => axisRegions(graph, tile)).toThrow(RangeError);
  });
  it("a graph without its output, and readers that come first", () => {
    expect(() => axisRegions({ ...graph, output: "t9" }, 2)).toThrow("without its output 't9'");
    expect(() => axisRegions({ ...graph, tensors: graph.tensors.toReversed() }, 2)).toThrow("'t1' reads 't0'");
  });
});
