import { describe, expect, it, test } from "vitest";
import { DECISIONS, type MappingDecision, type StackDecision } from "../../src/ir/decisions.js";
import { DiagnosticError, type Failure } from "../../src/ir/diagnostics.js";
import { COSTS, MAPPINGS, PLACEMENT, STACKS, TILING } from "../../src/ir/facts.js";
import type { Network } from "../../src/ir/network.js";
import { type CompileOptions, codes, compile } from "../support/compile.js";
import { conv, moduleOf, network, residual } from "../support/networks.js";

/** Four 3×3 convolutions in a row, named by letters or by numbers. */
const chain = (ids: readonly string[] = ["a", "b", "c", "d"], input = "x"): Network =>
  network(...ids.map((id, i) => conv(id, { K: 4, C: 4, OX: 14 - 2 * i, F: 3, from: ids[i - 1] ?? input })));

type Stated = Partial<Omit<StackDecision, "where">>;
const stated = (decisions: readonly Stated[]): readonly StackDecision[] =>
  decisions.map((decision) => ({ tileTypes: [], where: { line: 7 }, ...decision }));

const run = (decisions: readonly Stated[], options: CompileOptions = {}, layers = chain()) =>
  compile(moduleOf(layers).with(DECISIONS, { stacks: stated(decisions) }), options);

const stacksOf = (...args: Parameters<typeof run>): readonly (readonly string[])[] =>
  run(args[0], { upTo: "partition-stacks", ...args[1] }, args[2])
    .module.get(STACKS)
    .map(({ layers }) => layers);

function refusalOf(act: () => unknown): { readonly failure: Failure; readonly codes: readonly string[]; text: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof DiagnosticError)
      return { failure: error.failure, codes: codes(error.diagnostics), text: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("stated stacks", () => {
  const single = { stacks: { rule: "single" } };
  const perLayer = { stacks: { rule: "per-layer" } };
  test.each<[string, readonly Stated[], CompileOptions, readonly (readonly string[])[]]>([
    ["cut before and after", [{ members: ["b", "c"] }], single, [["a"], ["b", "c"], ["d"]]],
    ["keep together what the rule would cut", [{ members: ["b", "c", "d"] }], perLayer, [["a"], ["b", "c", "d"]]],
    ["may be a run of layers", [{ members: { first: "a", last: "c" } }], single, [["a", "b", "c"], ["d"]]],
    [
      "leave cuts outside of them alone",
      [{ members: ["d", "c"] }],
      { stacks: { cuts: ["a"] } },
      [["a"], ["b"], ["c", "d"]],
    ],
    ["may be an input alone", [{ members: ["x"] }], single, [[], ["a", "b", "c", "d"]]],
    ["decide nothing where none is named", [{ overlap: "recompute" }], perLayer, [["a"], ["b"], ["c"], ["d"]]],
  ])("%s", (_what, decisions, options, expected) => expect(stacksOf(decisions, options)).toEqual(expected));

  it("may be what the reference makes of cuts after 0, 1 and 2, where layers are in several stacks (DF-Q2)", () => {
    const numbered = chain(["0", "1", "2", "3"], "-1");
    const cut = [["0", "1", "2", "3"], ["0", "1"], ["2"], ["3"]];
    const decisions = cut.map((members) => ({ members }));
    expect(stacksOf(decisions, single, numbered)).toEqual(cut);
  });

  it("may not be the same stack twice", () => {
    const whole = { members: ["0", "1", "2", "3"] };
    const twice = () => stacksOf([whole, whole], single, chain(whole.members, "-1"));
    expect(refusalOf(twice)).toMatchObject({ failure: "infeasible", codes: ["stack-conflict"] });
  });

  test.each<[string, readonly Stated[], Failure, string, RegExp]>([
    ["with a gap", [{ members: ["a", "c"] }], "infeasible", "stack-conflict", /'a', 'c'.*\['a', 'b'\] \['c'\]/],
    [
      "that overlap",
      [{ members: ["a", "b"] }, { members: ["b", "c"] }],
      "infeasible",
      "stack-conflict",
      /'b' is stated/,
    ],
    [
      "that end before they start",
      [{ members: { first: "c", last: "b" } }],
      "infeasible",
      "stack-conflict",
      /'b' comes before 'c'/,
    ],
    ["of unknown layers", [{ members: ["a", "bb"] }], "input", "unknown-layer", /no layer 'bb'(.|\n)*'b'/],
  ])("%s are refused", (_what, decisions, failure, code, text) => {
    const refusal = refusalOf(() => stacksOf(decisions));
    expect(refusal).toMatchObject({ failure, codes: [code] });
    expect(refusal.text).toMatch(text);
  });

  it("that leave out a branch are refused: its feature map would leave the stack beside the sum", () => {
    const refusal = refusalOf(() => stacksOf([{ members: ["a", "b"] }], {}, residual()));
    expect(refusal).toMatchObject({ failure: "infeasible", codes: ["stack-conflict"] });
  });
});

describe("stated tiles", () => {
  it("hold for the stack that they are stated for; the options decide the others", () => {
    const decisions: readonly Stated[] = [{ members: ["a", "b"], tile: { width: 5, height: 3 }, overlap: "recompute" }];
    const options = { upTo: "tile-stacks", tiles: { tile: { width: 4, height: 4 }, overlap: "h-cached" } } as const;
    expect(run(decisions, options).module.get(TILING)).toMatchObject([
      { tile: { width: 5, height: 3 }, overlap: "recompute" },
      { tile: { width: 4, height: 4 }, overlap: "h-cached" },
    ]);
  });

  it("are clamped where they are stated for every stack, like those of the options", () => {
    const { module, diagnostics } = run([{ tile: { width: 10, height: 99 } }], { upTo: "tile-stacks" });
    expect(module.get(TILING)).toMatchObject([{ tile: { width: 8, height: 8 } }]);
    expect(diagnostics).toMatchObject([{ code: "tile-clamped", message: expect.stringContaining("10x99") }]);
  });

  test.each<[string, Stated, string, RegExp]>([
    ["larger than the output", { tile: { width: 9, height: 8 } }, "tile-conflict", /9x8.* is 8x8/],
    ["in an order that the rules do not know", { order: "y-first" }, "order-unsupported", /y-first/],
  ])("%s are refused", (_what, decision, code, text) => {
    const members = ["a", "b", "c", "d"];
    const refusal = refusalOf(() => run([{ members, ...decision }], { upTo: "tile-stacks" }));
    expect(refusal).toMatchObject({ failure: "infeasible", codes: [code] });
    expect(refusal.text).toMatch(text);
  });
});

describe("stated mappings", () => {
  const members = ["a", "b", "c", "d"];
  const tile = { width: 4, height: 4 };
  const types = run([{ members, tile }]).module.get(MAPPINGS)[0]!;
  const first = types[0]![0]!.result.mapping;

  const withTypes = (tileTypes: readonly Partial<StackDecision["tileTypes"][number]>[]) =>
    run([{ members, tile, tileTypes: tileTypes.map((type) => ({ match: {}, layers: [], where: {}, ...type })) }]);
  const ofA = (fields: Partial<MappingDecision> = {}): MappingDecision => ({
    layer: "a",
    where: { line: 9 },
    ...fields,
  });
  const reversed = [...first.loops].reverse();

  it("hold on the tile types that they are stated for", () => {
    const [there, ...elsewhere] = withTypes([{ match: { id: "0" }, layers: [ofA({ loops: reversed })] }]).module.get(
      MAPPINGS,
    )[0]!;
    expect(there![0]!.result).toMatchObject({ mapping: { loops: reversed }, search: { orderings: 1 } });
    expect(there!.slice(1)).toEqual(types[0]!.slice(1));
    expect(elsewhere).toEqual(types.slice(1));
  });

  test.each<[string, Parameters<typeof withTypes>[0], string, RegExp]>([
    ["for a tile type that is not there", [{ match: { width: 5 } }], "tile-type-conflict", /is 5x\?; .*give '0' 4x4/],
    ["for another place", [{ match: { id: "0", firstAt: { x: 1, y: 0 } } }], "tile-type-conflict", /\(1, 0\)/],
    [
      "twice",
      [{ layers: [ofA()] }, { match: { id: "0" }, layers: [ofA()] }],
      "mapping-conflict",
      /type 0 .*more than once/,
    ],
    [
      "with too few iterations",
      [{ match: { id: "0" }, layers: [ofA({ loops: first.loops.filter(({ dim }) => dim !== "FX") })] }],
      "mapping-conflict",
      /layer 'a' on tile type 0: the loops of dim FX multiply to 1, the tile needs 3/,
    ],
    [
      "with levels that leave memories out",
      [{ match: { id: "0" }, layers: [ofA({ levels: { I: ["dram"] } })] }],
      "mapping-conflict",
      /levels of I are stated as dram; from its home on this tile they are sram_64KB, sram_1MB_A, dram/,
    ],
    [
      "with boundaries that decrease",
      [
        {
          match: { id: "0" },
          layers: [
            ofA({
              loops: first.loops,
              boundaries: {
                W: first.boundaries.W!.map((n, m) => (m === 1 ? n + 1 : n)).map((n, m) => (m === 2 ? 0 : n)),
              },
            }),
          ],
        },
      ],
      "mapping-conflict",
      /boundaries of W \[.*\] (decrease|end with)/,
    ],
  ])("%s are refused", (_what, tileTypes, code, text) => {
    const refusal = refusalOf(() => withTypes(tileTypes));
    expect(refusal).toMatchObject({ failure: "infeasible", codes: [code] });
    expect(refusal.text).toMatch(text);
  });

  it("fix where activations and outputs live, and the copies that this takes", () => {
    const up = ["sram_64KB", "sram_1MB_A"];
    const decisions = [
      {
        members,
        tile,
        tileTypes: [{ match: { id: "0" }, layers: [ofA({ levels: { O: ["rf_2B", ...up] } })], where: {} }],
      },
    ];
    const { module } = run(decisions);
    const placed = (of: typeof module) => of.get(PLACEMENT)[0]!.tileTypes[0]!.nodes;
    const [before, after] = [placed(run([{ members, tile }]).module), placed(module)];
    const node = (nodes: typeof before, id: string) => nodes.find((each) => each.id === id)!;
    expect(node(before, "a").topOutput).toBe("sram_64KB");
    expect(node(after, "a").topOutput).toBe("sram_1MB_A");
    const toB = { kind: "output-to-input", layer: "b", from: { memory: "sram_1MB_A" }, to: { memory: "sram_64KB" } };
    expect(node(before, "b").copies).not.toMatchObject(
      expect.arrayContaining([expect.objectContaining({ kind: toB.kind })]),
    );
    expect(node(after, "b").copies.filter(({ kind }) => kind === toB.kind)).toMatchObject([toB]);
    expect(module.get(COSTS).totals.energy).toBeGreaterThan(run([{ members, tile }]).module.get(COSTS).totals.energy);
  });

  it("of a stack's output end where it leaves the stack", () => {
    const levels = { O: ["rf_2B", "sram_64KB"] };
    const refusal = refusalOf(() => withTypes([{ match: { id: "0" }, layers: [{ layer: "d", levels, where: {} }] }]));
    expect(refusal).toMatchObject({ failure: "infeasible", codes: ["mapping-conflict"] });
    expect(refusal.text).toMatch(/levels of O are stated as rf_2B, sram_64KB; .* rf_2B, sram_64KB, sram_1MB_A, dram/);
  });

  it("of a layer in another stack are refused", () => {
    const tileTypes = [{ match: {}, layers: [{ layer: "d", where: {} }], where: {} }];
    const refusal = refusalOf(() => run([{ members: ["a", "b"], tileTypes }]));
    expect(refusal).toMatchObject({ failure: "infeasible", codes: ["mapping-conflict"] });
    expect(refusal.text).toMatch(/layer 'd' is not computed in stack 0/);
  });
});
