/** Layers run on fewer units where the blocks of all of them do not fit (EM §3). */
import { describe, expect, it } from "vitest";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { MAPPINGS } from "../../../src/ir/facts.js";
import { PLAIN_CHOICES, schedule } from "../../../src/kerf.js";
import { smallMachine } from "../../exact/machine.js";
import { add, conv, network } from "../../support/networks.js";

/** 4×8 units in G and OX; everything of a block lies in one memory on chip. */
function machineOf(elements: number): Accelerator {
  const small = smallMachine(8 * elements);
  const served = ["D1", "D2"];
  return {
    ...small,
    array: {
      ...small.array,
      dims: [
        { name: "D1", size: 4 },
        { name: "D2", size: 8 },
      ],
    },
    memories: small.memories.map((memory) => ({ ...memory, served })),
    dataflows: small.dataflows.map((own) => ({
      ...own,
      unrolling: [
        { arrayDim: "D1", dim: "G", size: 4 },
        { arrayDim: "D2", dim: "OX", size: 8 },
      ],
    })),
  };
}

const sum = () =>
  network(
    conv("a", { K: 4, OX: 8, OY: 1 }),
    conv("b", { K: 4, OX: 8, OY: 1 }),
    add("c", ["a", "b"], { K: 4, OX: 8, OY: 1 }),
  );

function unrolled(elements: number) {
  const { module, diagnostics } = schedule(sum(), machineOf(elements), { ...PLAIN_CHOICES, stacks: "per-layer" });
  const own = module.get(MAPPINGS).at(-1)!.flat()[0]!.result.mapping.spatial;
  return {
    units: own.reduce((product, { size }) => product * size, 1),
    codes: diagnostics.map(({ code }) => code),
  };
}

describe("the unrolling of a layer", () => {
  it("is the dataflow's where its blocks fit", () => {
    const { units, codes } = unrolled(1000);
    expect(units).toBe(32);
    expect(codes).not.toContain("unrolling-reduced");
  });

  it("is halved until they do, and that is said", () => {
    for (const [elements, most] of [
      [96, 32],
      [95, 16],
      [48, 16],
      [47, 8],
      [3, 1],
    ] as const) {
      const { units, codes } = unrolled(elements);
      expect([elements, units]).toEqual([elements, most]);
      expect(codes.includes("unrolling-reduced")).toBe(most < 32);
    }
  });

  it("cannot be small enough where a single element of each operand does not fit", () => {
    expect(() => unrolled(2)).toThrow(/does not fit|cannot be mapped/);
  });
});
