import { describe, expect, it, test } from "vitest";
import { COST_BEHAVIOURS } from "../../src/backend/cost/behaviours.js";
import { POLICIES, quirksOf, rulePath } from "../../src/explore/rule-path.js";
import { DEFINES, EXACT } from "../../src/ir/rules.js";
import { DEPTH_FIRST_BEHAVIOURS } from "../../src/passes/depth-first/behaviours.js";

const TABLES = { ...DEPTH_FIRST_BEHAVIOURS, ...COST_BEHAVIOURS };

describe("the path between two rule sets", () => {
  const path = rulePath(DEFINES, EXACT);

  it("changes every policy once, one at a time, and ends in the second", () => {
    expect(path.map(({ policy }) => policy)).toEqual(POLICIES);
    expect([...POLICIES, "name"].sort()).toEqual(Object.keys(DEFINES).sort());
    let before = DEFINES;
    for (const { policy, from, to, rules } of path) {
      expect({ ...rules, name: "" }).toEqual({ ...before, name: "", [policy]: to });
      expect(from).toBe(before[policy]);
      expect(to).not.toBe(from);
      before = rules;
    }
    expect(before).toEqual(EXACT);
  });

  it("never runs exact regions with the published mapper, nor the published mapper without a limit, in either direction", () => {
    for (const { rules } of [...path, ...rulePath(EXACT, DEFINES)]) {
      if (rules.geometry === "clipped") expect(rules.mapper).toBe("block-sums");
      if (rules.mapper === "published") expect(rules.loopLimit).toBe(6);
    }
  });

  it("is the same backwards", () => {
    const back = rulePath(EXACT, DEFINES);
    expect(back.map(({ policy }) => policy)).toEqual(POLICIES.toReversed());
    expect(back.at(-1)?.rules).toEqual(DEFINES);
  });

  it("has a step for what differs and for nothing else", () => {
    expect(rulePath(EXACT, EXACT)).toEqual([]);
    const path = rulePath(DEFINES, { ...DEFINES, name: "mine", words: "granules", levels: "highest" });
    expect(path.map(({ policy, to }) => `${policy} ${to}`)).toEqual(["levels highest", "words granules"]);
    expect(path.at(-1)?.rules.name).toBe("mine");
  });
});

describe("quirks of a step", () => {
  test.each`
    policy         | from           | to              | mends                            | restores
    ${"leftover"}  | ${"published"} | ${"last"}       | ${["DF-Q28"]}                    | ${[]}
    ${"leftover"}  | ${"last"}      | ${"published"}  | ${[]}                            | ${["DF-Q28"]}
    ${"levels"}    | ${"published"} | ${"corrected"}  | ${["DF-Q3", "DF-Q8", "DF-Q9"]}   | ${[]}
    ${"levels"}    | ${"highest"}   | ${"corrected"}  | ${["DF-Q3"]}                     | ${[]}
    ${"words"}     | ${"published"} | ${"granules"}   | ${["SL-Q14", "SL-Q15"]}          | ${[]}
    ${"mapper"}    | ${"published"} | ${"block-sums"} | ${["SL-Q4", "SL-Q19", "SL-Q22"]} | ${[]}
    ${"loopLimit"} | ${6}           | ${"none"}       | ${[]}                            | ${[]}
  `("$policy from $from to $to", ({ mends, restores, ...change }) => {
    expect(quirksOf(change, TABLES)).toEqual({ mends, restores });
  });

  it("are mended once on the way from published to exact", () => {
    const mended = rulePath(DEFINES, EXACT).flatMap((change) => quirksOf(change, TABLES).mends);
    const twice = mended.filter((quirk, index) => mended.indexOf(quirk) !== index);
    expect(twice).toEqual(["DF-Q3"]); // a budget of weights, and a home of weights
    const all = Object.values(TABLES).flatMap((table) => Object.values(table).flatMap(({ quirks }) => quirks));
    expect([...new Set(all)].filter((quirk) => !mended.includes(quirk))).toEqual([]);
  });
});
