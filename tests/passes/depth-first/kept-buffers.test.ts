import { describe, expect, it, test } from "vitest";
import { DEFINES } from "../../../src/ir/rules.js";
import { keptIn } from "../../../src/passes/depth-first/kept-buffers.js";
import { stackViews } from "../../../src/passes/depth-first/network-view.js";
import { stackMemories } from "../../../src/passes/depth-first/place-stack.js";
import { policiesOf } from "../../../src/passes/depth-first/policies.js";
import { compile } from "../../support/compile.js";
import { add, builtIn, fsrcnn, moduleOf, network, pool, residual } from "../../support/networks.js";

const { keptBuffers, levels, regions } = policiesOf(DEFINES);

function planOf(
  specs: ReturnType<typeof fsrcnn>,
  [width, height]: readonly [number, number],
  later: readonly [boolean, boolean],
  mode: "recompute" | "h-cached" | "fully-cached",
) {
  const { module } = compile(moduleOf(specs), { stacks: { rule: "single" }, upTo: "partition-stacks" });
  const { graph, full } = stackViews(module)[0]!;
  const kept = keptIn(mode);
  const tile = { width, height, isFirstColumn: !later[0], isFirstRow: !later[1] };
  const demand = keptBuffers(graph, full, tile, kept, regions);
  return { demand, plan: levels.plan(stackMemories(graph, builtIn()), demand, kept) };
}

// DF §13.1: live features by mode, and with kept columns and rows when fully cached.
describe("FSRCNN in tiles of 60×72", () => {
  test.each`
    height | later             | recompute    | hCached      | fullyCached  | withColumns  | withRows
    ${36}  | ${[false, false]} | ${1_751_680} | ${1_751_680} | ${1_751_680} | ${1_751_680} | ${3_387_456}
    ${36}  | ${[true, false]}  | ${1_751_680} | ${1_501_440} | ${1_501_440} | ${1_570_112} | ${3_205_888}
    ${72}  | ${[false, true]}  | ${3_122_560} | ${3_122_560} | ${2_741_760} | ${2_741_760} | ${4_377_536}
    ${72}  | ${[true, true]}   | ${3_122_560} | ${2_676_480} | ${2_608_384} | ${2_733_952} | ${4_369_728}
  `(
    "$height high, later column and row: $later",
    ({ height, later, recompute, hCached, fullyCached, withColumns, withRows }) => {
      const alive = (mode: "recompute" | "h-cached") => planOf(fsrcnn(), [60, height], later, mode).demand.alive;
      expect([alive("recompute"), alive("h-cached")]).toEqual([recompute, hCached]);
      const { demand, plan } = planOf(fsrcnn(), [60, height], later, "fully-cached");
      expect(demand).toMatchObject({ alive: fullyCached, withColumns, withRows, corner: 3_456 });
      expect([plan.io.id, plan.columns?.id, plan.rows?.id]).toEqual(["sram_1MB_A", "sram_1MB_A", "sram_1MB_A"]);
      expect(plan.weights?.id).toBe("sram_32KB");
    },
  );

  it("plans no memory for what the mode does not keep", () => {
    expect(planOf(fsrcnn(), [60, 72], [true, true], "recompute").plan).not.toHaveProperty("columns");
    expect(planOf(fsrcnn(), [60, 72], [true, true], "h-cached").plan).not.toHaveProperty("rows");
  });
});

it("writes no more columns than the tile has new ones (DF §6.5)", () => {
  const narrow = planOf(fsrcnn(), [1, 72], [true, true], "fully-cached").demand;
  expect([...narrow.writeColumns.values()].every((count) => count <= 1)).toBe(true);
  expect(narrow.readColumns.get("0.I")).toBe(4);
});

// Maps of 4 channels of 8 bit: 14×14 is 6272 bit, 12×12 4608, 10×10 3200, 8×8 2048.
test.each`
  specs                                             | expected               | why
  ${network(add("d", ["x", "y"], { K: 4, OX: 8 }))} | ${3 * 2048}            | ${"an addition reads two maps and writes one"}
  ${residual()}                                     | ${6272 + 4608}         | ${"the first convolution needs most"}
  ${network(pool("p", { K: 4, OX: 8 }))}            | ${16 * 16 * 32 + 2048} | ${"the taps of a pooling window hold nothing"}
`("live bits: $why (DF §6.2)", ({ specs, expected }) => {
  expect(planOf(specs, [8, 8], [false, false], "recompute").demand.alive).toBe(expected);
});
