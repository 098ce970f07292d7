/** A sum is complete in its home: no reduction is unrolled over instances of it (EM §3, Partial sums). */
import { describe, expect, it } from "vitest";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { scheduleOf, smallMachine } from "../../exact/machine.js";
import { conv, network } from "../../support/networks.js";

/** Four units along an array dim, each with memories of its own but for those that serve it. */
function machineOf(loop: string, served: Readonly<Record<string, readonly string[]>>): Accelerator {
  const small = smallMachine();
  return {
    ...small,
    array: { ...small.array, dims: [{ name: "D1", size: 4 }] },
    memories: small.memories.map((memory) => ({ ...memory, served: served[memory.id]! })),
    dataflows: small.dataflows.map((own) => ({ ...own, unrolling: [{ arrayDim: "D1", dim: loop, size: 4 }] })),
  };
}

/** 4 output channels of 2×2 out of 4 input channels. */
const scheduled = (loop: string, served: Readonly<Record<string, readonly string[]>>) => {
  const { mappings, costs, diagnostics } = scheduleOf(network(conv("a", { K: 4, C: 4, OX: 2 })), {
    accelerator: machineOf(loop, served),
  });
  const { mapping, cost } = mappings[0]![0]![0]!.result;
  return {
    spatial: mapping.spatial.map(({ dim, size }) => `${dim}${size}`),
    home: mapping.levels.O!.at(-1),
    steps: cost.temporalCycles,
    dram: costs.totals.accesses.get("dram")!.write,
    notes: diagnostics.map(({ code, severity, message }) => ({ code, severity, message })),
  };
};

describe("a reduction that is unrolled", () => {
  it("is added in a home for all units, or below it", () => {
    const served = ["D1"];
    expect(scheduled("C", { chip: served, dram: served })).toMatchObject({ spatial: ["C4"], steps: 16 });
    expect(scheduled("C", { chip: served, dram: [] })).toMatchObject({ spatial: ["C4"], steps: 16 });
    expect(scheduled("C", { chip: [], dram: served })).toMatchObject({ spatial: ["C4"], steps: 16, dram: 16 });
  });

  it("is not where every unit has a home of its own: nobody would add the parts", () => {
    expect(scheduled("C", { chip: [], dram: [] })).toMatchObject({ spatial: [], steps: 64, home: "dram", dram: 16 });
  });

  it("is said to be left out, where it is", () => {
    const message = expect.stringContaining("the unrolling of C by 4 over D1 is left out for layer 'a'");
    const left = { code: "unrolling-dropped", severity: "info", message };
    expect(scheduled("C", { chip: [], dram: [] }).notes).toEqual([left]);
    expect(scheduled("C", { chip: ["D1"], dram: [] }).notes).toEqual([]);
    expect(scheduled("K", { chip: [], dram: [] }).notes).toEqual([]);
  });

  it("does not concern loops over outputs", () => {
    expect(scheduled("K", { chip: [], dram: [] })).toMatchObject({ spatial: ["K4"], steps: 16 });
  });
});
