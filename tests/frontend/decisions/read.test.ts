import { describe, expect, it, test } from "vitest";
import { readDecisions } from "../../../src/frontend/decisions/read.js";
import { DiagnosticError } from "../../../src/ir/diagnostics.js";

const read = (text: string) => readDecisions(text, "my.yaml").decisions.stacks;

/** `code line: field` of each refusal. */
function refusals(text: string): readonly string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    expect(error.failure).toBe("input");
    return error.diagnostics.map(({ code, where }) => `${code} ${where.line}: ${where.field}`);
  }
}

describe("a file of decisions", () => {
  it("states any subset", () => {
    const stacks = read(`stacks:
  - first: conv1
    last: conv3
    tile: 60x72
    overlap: h-cached
  - layers: [conv4]
    tile: {width: 8, height: 4}
    order: x-first
    tileTypes:
      - width: 8
        firstAt: {x: 0, y: 4}
        layers:
          - layer: conv4
            loops: [{dim: K, size: 2}, {dim: OX, size: 4}]
            boundaries: {O: [1, 2]}
            levels: {O: [rf, dram]}
            spatial: [{arrayDim: D1, dim: C, size: 1.5}]
  - tile: full
`);
    expect(stacks).toMatchObject([
      {
        members: { first: "conv1", last: "conv3" },
        tile: { width: 60, height: 72 },
        overlap: "h-cached",
        tileTypes: [],
      },
      {
        members: ["conv4"],
        tile: { width: 8, height: 4 },
        order: "x-first",
        tileTypes: [
          {
            match: { width: 8, firstAt: { x: 0, y: 4 } },
            layers: [
              {
                layer: "conv4",
                loops: [
                  { dim: "K", size: 2 },
                  { dim: "OX", size: 4 },
                ],
                boundaries: { O: [1, 2] },
                levels: { O: ["rf", "dram"] },
                spatial: [{ arrayDim: "D1", dim: "C", size: 1.5 }],
                where: { file: "my.yaml", line: 13, field: "stacks.1.tileTypes.0.layers.0" },
              },
            ],
          },
        ],
      },
      { tile: "full" },
    ]);
    expect(stacks[2]).not.toHaveProperty("members");
  });

  it("may be a schedule, whose results are passed over", () => {
    const schedule = {
      format: "kerf/schedule",
      version: 1,
      totals: { energyPj: 1 },
      layers: [{ id: "a" }],
      stacks: [
        { id: "0", layers: ["a"], tile: { width: 2, height: 1 }, overlap: "recompute", totals: {}, tileTypes: [] },
      ],
    };
    expect(read(JSON.stringify(schedule))).toMatchObject([
      { members: ["a"], tile: { width: 2, height: 1 }, overlap: "recompute" },
    ]);
  });

  it("passes over the inputs of a schedule's layers", () => {
    const stack = { layers: ["a"], inputs: [{ id: "image", tensor: "image" }], tileTypes: [] };
    expect(read(JSON.stringify({ format: "kerf/schedule", version: 1, stacks: [stack] }))).toMatchObject([
      { members: ["a"] },
    ]);
  });

  it("knows a stack of an input alone by its input", () => {
    expect(read("stacks: [{layers: [], inputs: [{id: image}]}]")).toMatchObject([{ members: ["image"] }]);
    const stack = { layers: [], inputs: [{ id: "image", tensor: "image" }], tileTypes: [] };
    expect(read(JSON.stringify({ format: "kerf/schedule", version: 1, stacks: [stack] }))).toMatchObject([
      { members: ["image"] },
    ]);
  });
});

const mapping = (fields: string) =>
  `stacks:\n- layers: [a]\n  tileTypes:\n  - layers:\n    - layer: a\n      ${fields}\n`;

test.each([
  ["not YAML", "stacks: [", ["yaml-syntax 1: undefined"]],
  ["empty", "", ["yaml-empty undefined: undefined"]],
  ["no stacks", "stack: []", ["missing-key 1: stacks", "unknown-key 1: stack"]],
  ["a schedule of another version", "{format: kerf/schedule, version: 2, stacks: []}", ["wrong-value 1: version"]],
  ["a schedule of no version", "{format: kerf/schedule, stacks: []}", ["missing-key 1: version"]],
  ["a list in place of a mapping", "- layers: [a]", ["wrong-value 1: undefined"]],
  ["a misspelt field", "stacks:\n- layers: [a]\n  overlaps: recompute\n", ["unknown-key 3: stacks.0.overlaps"]],
  ["an unknown overlap mode", "stacks:\n- overlap: cached\n", ["wrong-value 2: stacks.0.overlap"]],
  ["a tile of no size", "stacks:\n- tile: 0x4\n", ["wrong-value 2: stacks.0.tile"]],
  ["a first layer without a last", "stacks:\n- first: a\n", ["wrong-value 2: stacks.0.first"]],
  ["members twice", "stacks:\n- {layers: [a], first: a, last: b}\n", ["wrong-value 2: stacks.0.layers"]],
  ["a layer twice in a stack", "stacks:\n- layers: [a, b, a]\n", ["wrong-value 2: stacks.0.layers"]],
  ["a stack of nothing", "stacks:\n- layers: []\n", ["wrong-value 2: stacks.0.layers"]],
  ["a stack of no layers and no inputs", "stacks:\n- {layers: [], inputs: []}\n", ["wrong-value 2: stacks.0.layers"]],
  ["inputs beside layers", "stacks:\n- layers: [a]\n  inputs: [{id: x}]\n", ["wrong-value 3: stacks.0.inputs"]],
  ["inputs beside a run", "stacks:\n- {first: a, last: b, inputs: [{id: x}]}\n", ["wrong-value 2: stacks.0.inputs"]],
  ["inputs alone", "stacks:\n- inputs: [{id: x}]\n", ["wrong-value 2: stacks.0.inputs"]],
  [
    "a loop of no size",
    mapping("loops: [{dim: K, size: 0}]"),
    ["wrong-value 6: stacks.0.tileTypes.0.layers.0.loops.0.size"],
  ],
  [
    "a boundary that is no number of loops",
    mapping("{loops: [], boundaries: {O: [0.5]}}").replace("layer: a\n      {", "{layer: a, "),
    ["wrong-value 5: stacks.0.tileTypes.0.layers.0.boundaries.O.0"],
  ],
  [
    "boundaries without the loops that they count",
    mapping("boundaries: {O: [1]}"),
    ["wrong-value 6: stacks.0.tileTypes.0.layers.0.boundaries"],
  ],
  [
    "a mapping of no layer",
    "stacks:\n- tileTypes:\n  - layers: [{loops: []}]\n",
    ["missing-key 3: stacks.0.tileTypes.0.layers.0.layer"],
  ],
])("refuses %s where it stands", (_what, text, expected) => {
  expect([...refusals(text)].sort()).toEqual([...expected].sort());
});
