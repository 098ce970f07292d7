/** What lies outside of the chip while stacks run: weights of the whole network, and maps that somebody still reads (EM §2). */
import { describe, expect, it, test } from "vitest";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { DiagnosticError } from "../../../src/ir/diagnostics.js";
import type { Network } from "../../../src/ir/network.js";
import { bits } from "../../../src/ir/units.js";
import { scheduleOf, smallMachine } from "../../exact/machine.js";
import { add, conv, network } from "../../support/networks.js";

const machineOf = (chip: number, dram: number): Accelerator => {
  const machine = smallMachine(chip);
  return {
    ...machine,
    memories: machine.memories.map((memory) => (memory.id === "dram" ? { ...memory, size: bits(dram) } : memory)),
  };
};

/** Input 100, a 2·64, b 36, c 36 elements of 8 bit; weights 18, 18 and 1. */
const chain = network(
  conv("a", { K: 2, C: 1, OX: 8, F: 3 }),
  conv("b", { K: 1, C: 2, OX: 6, F: 3, from: "a" }),
  conv("c", { K: 1, C: 1, OX: 6, from: "b" }),
);
/** Four maps of 100 elements, two weights; the input is read by the first stack and by the last. */
const around = network(conv("a", { OX: 10 }), conv("b", { OX: 10, from: "a" }), add("c", ["x", "b"], { OX: 10 }));

const schedule = (layers: Network, cuts: readonly string[], chip: number, dram = 1_000_000) =>
  scheduleOf(layers, { tile: "2x2", cuts, accelerator: machineOf(chip, dram) });

describe("the peak of DRAM", () => {
  test.each`
    layers    | cuts          | chip       | expected                                                     | why
    ${chain}  | ${["a", "b"]} | ${280}     | ${[100 + 128 + 37, 128 + 36 + 37, 36 + 36 + 37]}             | ${"maps that a stack reads and writes, weights of all stacks"}
    ${chain}  | ${["a", "b"]} | ${700}     | ${[100 + 128 + 37, 128 + 37, 36 + 37]}                       | ${"a map that stays on chip is not there"}
    ${around} | ${["a", "b"]} | ${700}     | ${[100 + 100 + 2, 100 + 100 + 100 + 2, 100 + 100 + 100 + 2]} | ${"a map that passes by is"}
    ${chain}  | ${[]}         | ${100_000} | ${[100 + 36 + 37]}                                           | ${"what one stack makes and uses up is not"}
  `("$why", ({ layers, cuts, chip, expected }) => {
    const { costs } = schedule(layers, cuts, chip);
    const peaks = costs.stacks.map(({ totals }) => totals.peak.get("dram"));
    expect(peaks).toEqual((expected as readonly number[]).map((elements) => 8 * elements));
    expect(costs.totals.peak.get("dram")).toBe(Math.max(...(peaks as readonly number[])));
  });
});

describe("a DRAM that is too small", () => {
  const need = 8 * (100 + 128 + 37);

  it("is refused with the size that would do", () => {
    expect(() => schedule(chain, ["a", "b"], 700, need)).not.toThrow();
    let thrown: unknown;
    try {
      schedule(chain, ["a", "b"], 700, need - 1);
    } catch (cause) {
      thrown = cause;
    }
    expect(thrown).toBeInstanceOf(DiagnosticError);
    const { failure, diagnostics } = thrown as DiagnosticError;
    expect(failure).toBe("infeasible");
    expect(diagnostics).toMatchObject([
      {
        code: "stack-does-not-fit",
        message: expect.stringContaining(`1824 bit of feature maps and 296 bit of weights outside of the chip`),
        hint: expect.stringContaining(`at least ${need} bit`),
      },
    ]);
  });
});
