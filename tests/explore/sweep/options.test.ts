import { describe, expect, test } from "vitest";
import { orderAxis, overlapAxis, shardOption, stackAxis, tileAxis } from "../../../src/explore/sweep/options.js";

describe("axes of the command line", () => {
  test.each`
    text            | expected
    ${"all"}        | ${{ widths: "all", heights: "all" }}
    ${"full"}       | ${{ widths: ["full"], heights: ["full"] }}
    ${"1,4x60"}     | ${{ widths: [1, 4], heights: [60] }}
    ${"4,fullxall"} | ${{ widths: [4, "full"], heights: "all" }}
    ${"4"}          | ${undefined}
    ${"4x"}         | ${undefined}
    ${"4x0"}        | ${undefined}
    ${"4x5x6"}      | ${undefined}
    ${"4,,5x6"}     | ${undefined}
    ${"4 x 6"}      | ${undefined}
    ${"-4x6"}       | ${undefined}
  `("tiles '$text'", ({ text, expected }) => expect(tileAxis.parse(text)).toEqual(expected));

  test.each`
    axis           | text                     | expected
    ${overlapAxis} | ${"all"}                 | ${["recompute", "h-cached", "fully-cached"]}
    ${overlapAxis} | ${"h-cached,recompute"}  | ${["h-cached", "recompute"]}
    ${overlapAxis} | ${"recompute,recompute"} | ${["recompute"]}
    ${overlapAxis} | ${"cached"}              | ${undefined}
    ${orderAxis}   | ${"search"}              | ${["x-first", "y-first"]}
    ${orderAxis}   | ${"y-first"}             | ${["y-first"]}
    ${orderAxis}   | ${""}                    | ${undefined}
  `("list '$text'", ({ axis, text, expected }) => expect(axis.parse(text)).toEqual(expected));

  test.each`
    text         | expected
    ${"single"}  | ${{ text: "single", rule: "single" }}
    ${"a,b\\,c"} | ${{ text: "a,b\\,c", rule: { cuts: ["a", "b,c"] } }}
    ${""}        | ${undefined}
  `("stacks '$text'", ({ text, expected }) => expect(stackAxis.parse(text)).toEqual(expected));

  test.each`
    text       | expected
    ${"1/64"}  | ${{ index: 1, count: 64 }}
    ${"64/64"} | ${{ index: 64, count: 64 }}
    ${"0/4"}   | ${undefined}
    ${"5/4"}   | ${undefined}
    ${"1/4/2"} | ${undefined}
    ${"1"}     | ${undefined}
  `("shard '$text'", ({ text, expected }) => expect(shardOption.parse(text)).toEqual(expected));
});
