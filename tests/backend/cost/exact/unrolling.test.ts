import { describe, expect, it, test } from "vitest";
import { arrayUse, fanOut } from "../../../../src/backend/cost/exact/unrolling.js";
import type { Unroll } from "../../../../src/ir/accelerator.js";
import { picojoules } from "../../../../src/ir/units.js";

const ARRAY = {
  dims: [
    { name: "D1", size: 8 },
    { name: "D2", size: 4 },
  ],
  macEnergy: picojoules(1),
};

const use = (sizes: Readonly<Record<string, number>>, ...entries: readonly (readonly [string, string, number])[]) =>
  arrayUse(
    Object.entries(sizes).map(([dim, size]) => ({ dim, size })),
    ARRAY,
    entries.map(([arrayDim, dim, size]): Unroll => ({ arrayDim, dim, size })),
  );

describe("an unrolling as used", () => {
  test.each`
    why                                                  | sizes             | entries                             | used                    | steps
    ${"as stated, where the loop and the array have it"} | ${{ K: 16 }}      | ${[["D1", "K", 8]]}                 | ${["D1 K 8"]}           | ${{ K: 2 }}
    ${"no wider than the array"}                         | ${{ K: 16 }}      | ${[["D2", "K", 8]]}                 | ${["D2 K 4"]}           | ${{ K: 4 }}
    ${"no wider than the loop"}                          | ${{ K: 5 }}       | ${[["D1", "K", 8]]}                 | ${["D1 K 5"]}           | ${{ K: 1 }}
    ${"idle in the last step, where it does not divide"} | ${{ K: 13 }}      | ${[["D1", "K", 8]]}                 | ${["D1 K 8"]}           | ${{ K: 2 }}
    ${"no wider than what other array dims leave"}       | ${{ K: 13 }}      | ${[["D1", "K", 8], ["D2", "K", 4]]} | ${["D1 K 8", "D2 K 2"]} | ${{ K: 1 }}
    ${"array dims in declared order"}                    | ${{ K: 13 }}      | ${[["D2", "K", 4], ["D1", "K", 8]]} | ${["D1 K 8", "D2 K 2"]} | ${{ K: 1 }}
    ${"two loops on one array dim share its room"}       | ${{ K: 3, C: 9 }} | ${[["D1", "K", 3], ["D1", "C", 9]]} | ${["D1 K 3", "D1 C 2"]} | ${{ K: 1, C: 5 }}
    ${"a loop that the layer lacks takes no room"}       | ${{ K: 16 }}      | ${[["D1", "C", 8], ["D1", "K", 8]]} | ${["D1 K 8"]}           | ${{ K: 2 }}
  `("$why", ({ sizes, entries, used, steps }) => {
    const { unrolling, dims } = use(sizes, ...entries);
    expect(unrolling.map(({ arrayDim, dim, size }) => `${arrayDim} ${dim} ${size}`)).toEqual(used);
    expect(Object.fromEntries([...dims].map(([dim, each]) => [dim, each.steps]))).toEqual(steps);
  });

  it("knows the array's dims", () => {
    expect(() => use({ K: 2 }, ["D9", "K", 2])).toThrow("'D9'");
  });
});

describe("a fan", () => {
  const { dims } = use({ K: 24 }, ["D1", "K", 3], ["D2", "K", 4]);
  const steps = dims.get("K")!;

  it("puts every digit below, between or above", () => {
    const fan = (lower: readonly string[], upper: readonly string[]) => fanOut(steps, new Set(lower), new Set(upper));
    expect(fan([], ["D1"])).toMatchObject({ below: [0], between: [0, 1, 2], above: [0, 3, 6, 9] });
    expect(fan([], ["D2"])).toMatchObject({ below: [0], between: [0, 3, 6, 9], above: [0, 1, 2] });
    expect(fan(["D1"], ["D1", "D2"])).toMatchObject({ below: [0, 1, 2], between: [0, 3, 6, 9], above: [0] });
  });
});
