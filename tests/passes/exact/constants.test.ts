/** Constants that are folded into a layer travel like its weights (EM §2). */
import { describe, expect, it } from "vitest";
import { type Network, type Tensor, tensorId } from "../../../src/ir/network.js";
import { bitsOf, copiesOf, nodeOf, scheduleOf, smallMachine, twoLevelMachine } from "../../exact/machine.js";
import { conv, type LayerSpec, network, pool } from "../../support/networks.js";

/** The network with a bias of `size` elements for every layer. */
function biased(size: number, ...specs: readonly LayerSpec[]): Network {
  const plain = network(...specs);
  const names = plain.layers.map(({ id }) => tensorId(`${id}.B`));
  const made = names.map((id): Tensor => ({ id, kind: "bias", dims: [size], loc: {} }));
  return {
    ...plain,
    layers: plain.layers.map((layer, i) => ({ ...layer, parameters: [{ role: "bias", tensor: names[i]! }] })),
    tensors: new Map([...plain.tensors, ...made.map((tensor) => [tensor.id, tensor] as const)]),
  };
}

/** 4 output channels of 4×4: 4 sums of 16 bit are 64 bit of bias, and 16 weights 128 bit. */
const layers = (bias: number) =>
  bias === 0 ? network(conv("a", { K: 4, C: 4, OX: 4 })) : biased(bias, conv("a", { K: 4, C: 4, OX: 4 }));

const constantsOf = (found: ReturnType<typeof scheduleOf>, id = "a") =>
  found.placements[0]!.tileTypes.map((type) => copiesOf(nodeOf(type, id), "weights"));

describe("a bias", () => {
  it("is loaded once where the weights are loaded", () => {
    const found = scheduleOf(layers(4), { tile: "2x2" });
    expect(found.placements[0]!.loads?.map(({ bits }) => bits)).toEqual([128 + 64]);
    expect(constantsOf(found)).toEqual([[]]);
  });

  it("is brought for every tile where the weights are streamed", () => {
    // 100 bit hold no weights, but blocks of everything
    const options = { tile: "2x2", accelerator: smallMachine(100) };
    const [found, plain] = [scheduleOf(layers(4), options), scheduleOf(layers(0), options)];
    expect(found.placements[0]!.loads).toEqual([]);
    expect(constantsOf(found)[0]!.map(({ bits, from, to }) => [bits, from.memory, to.memory])).toEqual([
      [64, "dram", "chip"],
    ]);
    // 4 tiles of 8 accesses of 8 bit, read in DRAM and written on chip
    const more = found.costs.totals.energy - plain.costs.totals.energy;
    expect(more).toBeCloseTo(4 * 8 * (100 + 1), 6);
    expect(found.costs.totals.latency - plain.costs.totals.latency).toBe(4 * 8);
  });

  it("goes down to the lowest single memory", () => {
    const found = scheduleOf(layers(4), { tile: "2x2", accelerator: twoLevelMachine(100) });
    const plain = scheduleOf(layers(0), { tile: "2x2", accelerator: twoLevelMachine(100) });
    expect(found.placements[0]!.loads?.map(({ to }) => to.memory)).toEqual(["chip"]);
    // loaded with the weights: 8 accesses more, once
    expect(found.costs.totals.energy - plain.costs.totals.energy).toBeCloseTo(8 * (100 + 1), 6);
  });

  it("of a layer without weights comes along the chain of its input", () => {
    const found = scheduleOf(biased(4, pool("p", { K: 4, OX: 4, F: 2 })), { tile: "2x2" });
    const [copies] = constantsOf(found, "p");
    expect(copies!.map(({ from, to }) => [from.operand, from.memory, to.memory])).toEqual([["I1", "dram", "chip"]]);
    expect(bitsOf(copies!)).toBe(64);
  });
});
