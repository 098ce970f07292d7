import { describe, expect, it, test } from "vitest";
import { STACKS, TILING } from "../../src/ir/facts.js";
import { createModule } from "../../src/ir/module.js";
import { type Layer, layerId, type Network, tensorId } from "../../src/ir/network.js";
import { verifyModule, verifyNetwork } from "../../src/ir/verify.js";
import { builtIn, conv, network } from "../support/networks.js";

const valid = network(conv("a", { K: 2 }), conv("b", { C: 2, from: "a" }));
const [first, second] = valid.layers as [Layer, Layer];
const withLayers = (...layers: readonly Layer[]): Network => ({ ...valid, layers });

describe("verifyNetwork", () => {
  it("accepts a valid network", () => expect(verifyNetwork(valid)).toEqual([]));

  test.each([
    ["layers out of order", withLayers(second, first), /layer 'b' reads 'a' before it is written/],
    ["one layer twice", withLayers(first, first, second), /layer id 'a' is used twice/],
    ["a loop of no iterations", withLayers({ ...first, loops: [{ dim: "K", size: 0 }] }, second), /'K' has size 0/],
    ["a loop twice", withLayers({ ...first, loops: [...first.loops, ...first.loops] }, second), /declared twice/],
    ["an unknown loop", withLayers({ ...first, loops: first.loops.slice(1) }, second), /unknown loop 'B'/],
    ["no output", withLayers({ ...first, operands: first.operands.slice(1) }, second), /not the output/],
    ["an unknown tensor", { ...valid, tensors: new Map() }, /unknown tensor 'a'/],
    [
      "a stranger in the ledger",
      { ...valid, coverage: [{ node: "n", opType: "Conv", status: "lowered" as const, layer: layerId("z") }] },
      /unknown layer 'z'/,
    ],
    [
      "too few axis maps",
      {
        ...valid,
        tensors: new Map(valid.tensors).set(tensorId("a"), { ...valid.tensors.get(tensorId("a"))!, dims: [1] }),
      },
      /4 axis maps for the 1 axes/,
    ],
  ])("refuses %s", (_why, broken, message) => expect(verifyNetwork(broken).join("\n")).toMatch(message));
});

describe("verifyModule", () => {
  const module = createModule(valid, builtIn("meta-prototype-df"));
  const stack = { id: "0", inputs: [], layers: [layerId("z")] };
  const tiling = { stack: "1", tile: { width: 0, height: 1 }, overlap: "recompute", order: "x-first" } as const;

  it("accepts a module without facts", () => expect(verifyModule(module)).toEqual([]));
  it("refuses facts about strangers and sizes that are none", () =>
    expect(verifyModule(module.with(STACKS, [stack]).with(TILING, [tiling]))).toEqual([
      "stack 0 speaks of the unknown layer 'z'",
      "a tiling speaks of the unknown stack 1",
      "the tile of stack 1 is not a size",
    ]));
});
