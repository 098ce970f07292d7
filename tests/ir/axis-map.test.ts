import { describe, expect, test } from "vitest";
import { inputInterval } from "../../src/ir/axis-map.js";

describe("inputInterval", () => {
  const window = { kind: "window", out: "OX", tap: "FX", stride: 1, dilation: 1, before: 1 } as const;
  test.each`
    map                                                         | taps | lo   | hi    | extent | expected             | why
    ${window}                                                   | ${3} | ${0} | ${4}  | ${10}  | ${{ lo: 0, hi: 5 }}  | ${"padding is clipped"}
    ${{ ...window, stride: 2, before: 0 }}                      | ${3} | ${2} | ${4}  | ${12}  | ${{ lo: 4, hi: 9 }}  | ${"EM §1 example, middle tile"}
    ${{ ...window, dilation: 2, before: 0 }}                    | ${3} | ${0} | ${1}  | ${10}  | ${{ lo: 0, hi: 5 }}  | ${"dilation spreads the taps"}
    ${{ ...window, kind: "transposed", stride: 2, before: 0 }}  | ${3} | ${2} | ${5}  | ${10}  | ${{ lo: 0, hi: 3 }}  | ${"transposed convolution"}
    ${{ ...window, stride: 3 }}                                 | ${1} | ${0} | ${4}  | ${7}   | ${{ lo: 2, hi: 6 }}  | ${"windows in padding need nothing"}
    ${{ ...window, stride: 3 }}                                 | ${1} | ${0} | ${1}  | ${7}   | ${undefined}         | ${"a tile in padding"}
    ${{ ...window, stride: 3 }}                                 | ${1} | ${0} | ${2}  | ${1}   | ${undefined}         | ${"windows that jump over the axis"}
    ${{ kind: "resize", out: "OX", from: 3, to: 12, reach: 0 }} | ${1} | ${2} | ${6}  | ${3}   | ${{ lo: 0, hi: 2 }}  | ${"nearest, four-fold"}
    ${{ kind: "slice", out: "OX", offset: 9, step: -1 }}        | ${1} | ${0} | ${3}  | ${10}  | ${{ lo: 7, hi: 10 }} | ${"reversed"}
    ${{ kind: "part", out: "K", start: 8 }}                     | ${1} | ${0} | ${8}  | ${4}   | ${undefined}         | ${"another part of a concatenation"}
    ${{ kind: "part", out: "K", start: 8 }}                     | ${1} | ${6} | ${10} | ${4}   | ${{ lo: 0, hi: 2 }}  | ${"its own part"}
    ${{ kind: "whole", loops: [] }}                             | ${1} | ${3} | ${4}  | ${7}   | ${{ lo: 0, hi: 7 }}  | ${"whole axis"}
    ${{ kind: "pointwise", loops: ["OX"] }}                     | ${1} | ${3} | ${4}  | ${7}   | ${{ lo: 3, hi: 4 }}  | ${"pointwise"}
    ${{ kind: "pointwise", loops: [] }}                         | ${1} | ${3} | ${4}  | ${1}   | ${{ lo: 0, hi: 1 }}  | ${"a single index"}
  `("$why", ({ map, taps, lo, hi, extent, expected }) => {
    expect(inputInterval(map, { lo, hi }, extent, taps)).toEqual(expected);
  });
});
