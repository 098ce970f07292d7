import { describe, expect, it, test } from "vitest";
import { energyScale, grouped, inScale, percent, size } from "../../../src/backend/emit/quantities.js";
import { ellipsis, printTable } from "../../../src/backend/emit/table.js";

describe("printTable", () => {
  it("aligns every column, counting characters rather than bytes", () => {
    const rows = [
      ["name", "µJ"],
      ["é", "1.5"],
      ["conv1", "12.25"],
    ];
    expect(printTable(rows, ["left", "right"], " ")).toEqual([" name      µJ", " é        1.5", " conv1  12.25"]);
  });
});

test.each`
  text            | limit | expected
  ${"short"}      | ${8}  | ${"short"}
  ${"0123456789"} | ${5}  | ${"01…89"}
  ${"0123456789"} | ${6}  | ${"012…89"}
`("ellipsis of $text to $limit", ({ text, limit, expected }) => expect(ellipsis(text, limit)).toBe(expected));

describe("quantities", () => {
  test.each`
    actual                                           | expected
    ${grouped(20187977)}                             | ${"20 187 977"}
    ${grouped(999)}                                  | ${"999"}
    ${percent(1, 4)}                                 | ${"25.0 %"}
    ${percent(1, 0)}                                 | ${"–"}
    ${size(8388608)}                                 | ${"1.0 MiB"}
    ${size(16)}                                      | ${"16 bit"}
    ${inScale(2154699943.145, energyScale(2.154e9))} | ${"2.155"}
    ${energyScale(2.154e9).unit}                     | ${"mJ"}
    ${energyScale(0).unit}                           | ${"pJ"}
  `("$expected", ({ actual, expected }) => expect(actual).toBe(expected));
});

it("writes control characters out", () =>
  expect(printTable([["a\nb\u001b[31m"]], ["left"])).toEqual(["a\\u{a}b\\u{1b}[31m"]));
