import { describe, expect, it, test } from "vitest";
import { createCostModel } from "../../../src/backend/cost/cost-model.js";
import { MAPPINGS, PLACEMENT, TILING } from "../../../src/ir/facts.js";
import type { Module } from "../../../src/ir/module.js";
import type { Network } from "../../../src/ir/network.js";
import { DEFINES, type RuleSet } from "../../../src/ir/rules.js";
import { type CostedStack, conservationNotes } from "../../../src/passes/depth-first/conservation.js";
import { stackViews } from "../../../src/passes/depth-first/network-view.js";
import { codes, compile } from "../../support/compile.js";
import { conv, fsrcnn, moduleOf, network, residual } from "../../support/networks.js";

const notesOf = (layers: Network, tiles: object, rules: RuleSet = DEFINES) =>
  compile(moduleOf(layers), { tiles: { ...tiles }, stacks: { rule: "single" }, costModel: createCostModel(rules) })
    .diagnostics;

const tile = (width: number, height = width) => ({ tile: { width, height } });
/** Unrolled by 4 along rows and columns, so that 16 divides and 18 does not. */
const pair = (OX: number) =>
  network(conv("a", { K: 4, C: 4, OX: OX + 2, F: 3 }), conv("b", { K: 4, C: 4, OX, F: 3, from: "a" }));

describe("what breaks a law is named", () => {
  test.each`
    layers                                | tiles                                           | expected
    ${"one layer that divides the array"} | ${{}}                                           | ${[]}
    ${"a pair"}                           | ${{}}                                           | ${["inputs-truncated"]}
    ${"a pair"}                           | ${{ ...tile(8), overlap: "recompute" }}         | ${["inputs-truncated"]}
    ${"a residual block in small tiles"}  | ${{ ...tile(4), overlap: "fully-cached" }}      | ${["residual-overlap-not-read"]}
    ${"FSRCNN"}                           | ${{ ...tile(60, 72), overlap: "h-cached" }}     | ${["input-overlap-not-written", "inputs-truncated"]}
    ${"FSRCNN"}                           | ${{ ...tile(960, 4), overlap: "fully-cached" }} | ${["input-overlap-not-written", "inputs-truncated", "memory-overcommitted"]}
  `("$layers, $tiles: $expected", ({ layers, tiles, expected }) => {
    expect(codes(notesOf(NETWORKS[layers as keyof typeof NETWORKS](), tiles))).toEqual(expected);
  });
});

const NETWORKS = {
  "one layer that divides the array": () => network(conv("a", { K: 4, C: 4, OX: 16, F: 3 })),
  "a pair": () => pair(16),
  "a residual block in small tiles": () => residual(8),
  FSRCNN: fsrcnn,
};

describe("the figures", () => {
  it("count the overlap of the input over all tiles (DF-Q10)", () => {
    // worked example, h-cached: 4 columns of 50 rows on 15 tiles of the first row, of 86 rows on 15·7 others
    const [note] = notesOf(fsrcnn(), { ...tile(60, 72), overlap: "h-cached" });
    expect(note?.message).toContain(`${4 * 8 * (15 * 50 + 105 * 86)} bit`);
    expect(note).toMatchObject({ severity: "info", hint: "" });
  });

  it("add kept overlap to what a layer uses (DF-Q9, DF-Q13)", () => {
    // layer 1 in the first row of 960×4 tiles, 14 rows high, beside ΣV of DF §13.1
    const used = 970 * 14 * 56 * 8 + 970 * 14 * 12 * 8;
    const notes = notesOf(fsrcnn(), { ...tile(960, 4), overlap: "fully-cached" });
    expect(notes.at(-1)?.message).toContain(`'sram_1MB_A' of 8388608 bit would hold up to ${used + 1_635_776} bit`);
  });

  it("say how far maps grow for want of padding (DF §1.4)", () => {
    // b declares 16x16 and computes it; a declares 16x16 too, but b's 3x3 window asks for 18x18: 324 instead of 256, with b's 256.
    const grown = network(conv("a", { OX: 16, F: 3 }), conv("b", { OX: 16, F: 3, from: "a" }));
    const [note] = notesOf(grown, {});
    expect(note?.code).toBe("padding-dropped");
    expect(note?.message).toContain("(1.13 times); 'a' grows most, from 16x16 to 18x18");
  });

  it("name the layers and the quirk once", () => {
    expect(notesOf(pair(16), {})[0]?.message).toMatch(/input reads of 'a' are.*SL-Q9.*SL-Q11/);
    expect(notesOf(residual(8), tile(4))[0]?.message).toMatch(/that 'd' need.*DF-Q11/);
  });

  it("vanish under rules that mend the quirk", () => {
    const mended: RuleSet = { ...DEFINES, copies: "corrected", regions: "corrected", sizes: "whole" };
    expect(notesOf(fsrcnn(), { ...tile(60, 72), overlap: "h-cached" }, mended)).toEqual([]);
    expect(notesOf(residual(8), tile(4), mended)).toEqual([]);
  });
});

describe("what no quirk explains is a defect", () => {
  const { module } = compile(moduleOf(pair(16)), { tiles: { ...tile(8) } });
  const stackOf = (changed: Module): CostedStack => {
    const placement = changed.get(PLACEMENT)[0]!;
    const types = placement.tileTypes.map((type, t) => ({ type, layers: changed.get(MAPPINGS)[0]![t]!, copies: [] }));
    return { ...stackViews(changed)[0]!, overlap: changed.get(TILING)[0]!.overlap, placement, types };
  };
  const check = (stack: CostedStack) => conservationNotes([stack], module.accelerator.memories, DEFINES);
  const whole = stackOf(module);

  it("accepts the stack as it is", () => expect(() => check(whole)).not.toThrow());

  it("refuses tiles that do not cover the output", () => {
    expect(() => check({ ...whole, types: whole.types.slice(1) })).toThrow(
      "tiles of stack 0 cover 192 elements of 256",
    );
  });

  it("refuses operations that are missing, or done twice without need", () => {
    const [first, ...others] = whole.types;
    const without = [{ ...first!, layers: first!.layers.slice(1) }, ...others];
    expect(() => check({ ...whole, types: without })).toThrow(/layer 'a' executes \d+ operations in stack 0/);
    const twice = [{ ...first!, layers: [...first!.layers, ...first!.layers] }, ...others];
    expect(() => check({ ...whole, types: twice })).toThrow(/of which 46656 are needed/);
    expect(() => check({ ...whole, types: twice, overlap: "recompute" })).not.toThrow();
  });
});
