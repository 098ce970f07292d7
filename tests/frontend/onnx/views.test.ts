import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { throughReshape } from "../../../src/frontend/onnx/views.js";
import type { AxisMap } from "../../../src/ir/axis-map.js";
import { printAxis } from "../../../src/ir/print.js";

const point = (...loops: readonly string[]): AxisMap => ({ kind: "pointwise", loops });
const window: AxisMap = { kind: "window", out: "OX", tap: "FX", stride: 1, dilation: 1, before: 0 };

describe("throughReshape", () => {
  test.each`
    stored          | viewed          | maps                                                 | expected                 | why
    ${[1, 8, 1, 1]} | ${[1, 8]}       | ${[point("OX"), point("C")]}                         | ${["OX", "C", "0", "0"]} | ${"axes of extent 1 are dropped"}
    ${[1, 8]}       | ${[1, 8, 1, 1]} | ${[point("B"), point("C"), point("OY"), window]}     | ${["B", "C"]}            | ${"and added"}
    ${[8]}          | ${[1, 8, 1]}    | ${[point("B"), window, point("OY")]}                 | ${["1·OX+1·FX"]}         | ${"whatever the map of the others"}
    ${[2, 3, 4]}    | ${[2, 12]}      | ${[point("OX"), point("C")]}                         | ${["OX", "*C", "*C"]}    | ${"a flattened map is needed whole"}
    ${[2, 12]}      | ${[2, 3, 4]}    | ${[point("B"), point("G"), point("OX")]}             | ${["B", "G·OX"]}         | ${"a split axis is indexed in mixed radix"}
    ${[2, 12]}      | ${[2, 3, 4]}    | ${[point("B"), point("G"), window]}                  | ${["B", "*G·OX·FX"]}     | ${"but not through a window"}
    ${[4, 6]}       | ${[6, 4]}       | ${[point("G"), point("OX")]}                         | ${["*G·OX", "*G·OX"]}    | ${"axes that mix"}
    ${[2, 6, 5]}    | ${[2, 2, 3, 5]} | ${[point("B"), point("G"), point("C"), point("OX")]} | ${["B", "G·C", "OX"]}    | ${"neighbours are untouched"}
    ${[]}           | ${[1]}          | ${[point("G")]}                                      | ${[]}                    | ${"a scalar"}
    ${[3, 1, 4]}    | ${[3, 4]}       | ${[point("G"), point("OX")]}                         | ${["G", "0", "OX"]}      | ${"an axis in the middle"}
  `("$stored as $viewed: $why", ({ stored, viewed, maps, expected }) => {
    expect(throughReshape(stored, viewed, maps).map(printAxis)).toEqual(expected);
  });

  it("maps every axis, and names the loops of every view axis that is longer than 1", () => {
    const factors = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
    const grouped = fc.tuple(factors, fc.array(fc.boolean()), fc.array(fc.boolean()));
    fc.assert(
      fc.property(grouped, ([extents, left, right]) => {
        const [stored, viewed] = [merge(extents, left), merge(extents, right)];
        const maps = throughReshape(
          stored,
          viewed,
          viewed.map((_, axis) => point(`L${axis}`)),
        );
        expect(maps).toHaveLength(stored.length);
        const named = maps.map(printAxis).join(" ");
        for (const [axis, extent] of viewed.entries()) if (extent > 1) expect(named).toContain(`L${axis}`);
      }),
    );
  });
});

/** Multiplies neighbouring extents where the flag says so. */
function merge(extents: readonly number[], flags: readonly boolean[]): readonly number[] {
  const result: number[] = [];
  for (const [i, extent] of extents.entries()) {
    if (i > 0 && flags[i] === true) result.push((result.pop() ?? 1) * extent);
    else result.push(extent);
  }
  return result;
}
