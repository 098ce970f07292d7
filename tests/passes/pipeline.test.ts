import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { DiagnosticError } from "../../src/ir/diagnostics.js";
import { STACKS, TILING } from "../../src/ir/facts.js";
import { choice, names, positiveInt, positiveIntOrNone, tileSize } from "../../src/passes/options.js";
import { definePass } from "../../src/passes/pass.js";
import { checkPipeline, parsePipeline, pipelineStep, printPipeline } from "../../src/passes/pipeline.js";

const cut = definePass({
  name: "cut",
  description: "provides stacks",
  options: { cuts: names("layers"), rule: choice("auto", ["auto", "single"], "rule"), most: positiveInt(8, "longest") },
  requires: [],
  provides: [STACKS],
  run: (module) => module,
});
const tile = definePass({
  name: "tile",
  description: "provides tilings",
  options: { tile: tileSize("full", "tile"), limit: positiveIntOrNone("none", "limit") },
  requires: [STACKS],
  provides: [TILING],
  run: (module) => module,
});
const REGISTRY = [cut, tile];
const codes = (action: () => unknown): readonly string[] => {
  try {
    action();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
};

describe("parsePipeline", () => {
  test.each`
    text                                          | expected
    ${"cut"}                                      | ${"cut{rule=auto most=8}"}
    ${" cut { rule=single } , tile{tile=60x72} "} | ${"cut{rule=single most=8},tile{tile=60x72 limit=none}"}
    ${"cut{cuts=conv1,conv5 most=3}"}             | ${"cut{cuts=conv1,conv5 rule=auto most=3}"}
    ${'cut{cuts="a b,c{}"}'}                      | ${'cut{cuts="a b,c{}" rule=auto most=8}'}
    ${"cut{cuts=a\\,b,c}"}                        | ${"cut{cuts=a\\,b,c rule=auto most=8}"}
    ${"tile{limit=6 tile=full}"}                  | ${"tile{tile=full limit=6}"}
  `("$text", ({ text, expected }) => expect(printPipeline(parsePipeline(text, REGISTRY))).toBe(expected));

  test.each`
    text                       | expected
    ${"cutt"}                  | ${["unknown-pass"]}
    ${"cut{colour=red}"}       | ${["unknown-pass-option"]}
    ${"cut{__proto__=1}"}      | ${["unknown-pass-option"]}
    ${"cut{rule=fast most=0}"} | ${["bad-option-value", "bad-option-value"]}
    ${"cut{most=3 most=4}"}    | ${["duplicate-pass-option"]}
    ${"tile{tile=0x4}"}        | ${["bad-option-value"]}
    ${"cut{rule"}              | ${["pipeline-syntax"]}
    ${"cut{"}                  | ${["pipeline-syntax"]}
    ${"cut tile"}              | ${["pipeline-syntax"]}
    ${"cut,"}                  | ${["pipeline-syntax"]}
    ${'cut{cuts="\\q"}'}       | ${["pipeline-syntax"]}
  `("refuses $text", ({ text, expected }) => expect(codes(() => parsePipeline(text, REGISTRY))).toEqual(expected));

  it("reads back what it prints, whatever the names", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => !text.includes("\\"));
    fc.assert(
      fc.property(fc.array(name), fc.integer({ min: 1 }), (cuts, most) => {
        const pipeline = [pipelineStep(cut, { cuts, most })];
        expect(parsePipeline(printPipeline(pipeline), REGISTRY)).toEqual(pipeline);
      }),
    );
  });
});

describe("checkPipeline", () => {
  it("names the fact that is missing and the pass that provides it", () => {
    const run = () => checkPipeline(parsePipeline("tile", REGISTRY), REGISTRY);
    expect(codes(run)).toEqual(["missing-fact"]);
    expect(run).toThrow(/tile needs 'stacks'.*\n.*add cut before it/);
  });

  it("accepts a fact that an earlier pass provides", () =>
    expect(() => checkPipeline(parsePipeline("cut,tile", REGISTRY), REGISTRY)).not.toThrow());

  it("refuses an empty pipeline", () => expect(codes(() => checkPipeline([], REGISTRY))).toEqual(["empty-pipeline"]));
});
