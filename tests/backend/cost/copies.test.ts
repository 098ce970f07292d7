import { describe, expect, it, test } from "vitest";
import { copyPhase, pathOf } from "../../../src/backend/cost/copies.js";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import type { Copy } from "../../../src/ir/cost-model.js";
import { DiagnosticError } from "../../../src/ir/diagnostics.js";
import { bits } from "../../../src/ir/units.js";
import { builtIn } from "../../support/networks.js";

const meta = builtIn();

/** `O:sram_64KB` is the memory as a level of the outputs' chain. */
function copy(from: string, to: string, bits: number): Copy {
  const end = (text: string) => ({ operand: text.split(":")[0]!, memory: text.split(":")[1]! });
  return { kind: "output-to-input", layer: "a", operand: "I", bits, from: end(from), to: end(to) };
}

const stops = (from: string, to: string, accelerator = meta): readonly string[] | undefined => {
  const path = pathOf(copy(from, to, 1), accelerator);
  return path?.map(({ operand, sender, receiver }) => `${sender.id}>${receiver.id} as ${operand}`);
};

describe("pathOf", () => {
  test.each`
    from              | to                 | expected                                                   | why
    ${"I1:dram"}      | ${"I1:sram_64KB"}  | ${["dram>sram_1MB_A as I1", "sram_1MB_A>sram_64KB as I1"]} | ${"down, stop by stop"}
    ${"O:sram_64KB"}  | ${"O:dram"}        | ${["sram_64KB>sram_1MB_A as O", "sram_1MB_A>dram as O"]}   | ${"up, stop by stop"}
    ${"O:sram_1MB_A"} | ${"I1:sram_64KB"}  | ${["sram_1MB_A>sram_64KB as I1"]}                          | ${"the source holds the input too: one chain"}
    ${"O:sram_64KB"}  | ${"I1:sram_1MB_A"} | ${["sram_64KB>sram_1MB_A as O"]}                           | ${"the destination holds the output too: one chain"}
    ${"O:sram_64KB"}  | ${"I1:sram_64KB"}  | ${[]}                                                      | ${"nothing moves"}
    ${"I1:sram_64KB"} | ${"I1:sram_1MB_A"} | ${undefined}                                               | ${"inputs have no way up (DF-Q12)"}
    ${"I1:sram_64KB"} | ${"I2:sram_32KB"}  | ${undefined}                                               | ${"the way to another chain leads up"}
  `("$from to $to: $why", ({ from, to, expected }) => expect(stops(from, to)).toEqual(expected));

  it("climbs to the lowest memory that both chains share and descends (DF §9.3)", () => {
    expect(stops("O:sram_256KB_O", "I1:sram_64KB_I", builtIn("ascend-like"))).toEqual([
      "sram_256KB_O>sram_1MB_A as O",
      "sram_1MB_A>sram_64KB_I as I1",
    ]);
  });
});

describe("a burst", () => {
  /** DRAM of 64 bit per cycle that moves whole bursts of 512 bit. */
  const inBursts: Accelerator = {
    ...meta,
    memories: meta.memories.map((memory) =>
      memory.id === "dram"
        ? { ...memory, ports: memory.ports.map((port) => ({ ...port, granularity: bits(512) })) }
        : memory,
    ),
  };

  it("takes its cycles whole, at the sender and at the receiver", () => {
    const cyclesOf = (from: string, to: string, count: number) =>
      copyPhase([copy(from, to, count)], inBursts).copies[0]!.hops.map((hop) => hop.cycles);
    expect(cyclesOf("I1:dram", "I1:sram_1MB_A", 1)).toEqual([8]);
    expect(cyclesOf("I1:dram", "I1:sram_1MB_A", 513)).toEqual([16]);
    expect(cyclesOf("O:sram_1MB_A", "O:dram", 1)).toEqual([8]);
    expect(cyclesOf("O:sram_1MB_A", "O:dram", 1025)).toEqual([24]);
  });
});

describe("copyPhase", () => {
  it("prices hops in steps of the granularity and runs them in a row (DF §9.2)", () => {
    const { energy, cycles, copies, portBusy } = copyPhase([copy("I1:dram", "I1:sram_64KB", 29_600)], meta);
    expect(energy).toBeCloseTo(337_378.84, 6);
    expect(cycles).toBe(521);
    expect(copies[0]?.hops.map((hop) => [hop.sent, hop.received, hop.cycles])).toEqual([
      [463, 463 / 16, 463],
      [463 / 16, 463 / 8, 58],
    ]);
    expect(portBusy).toEqual({
      "dram.rw_port_1": 463,
      "sram_1MB_A.w_port_1": 463,
      "sram_1MB_A.r_port_1": 521,
      "sram_64KB.w_port_1": 521,
    });
  });

  it("serialises what shares a port and runs the rest side by side (DF §9.4)", () => {
    const up = (bits: number) => copy("O:sram_64KB", "O:sram_1MB_A", bits);
    const down = (bits: number) => copy("I1:sram_1MB_A", "I1:sram_64KB", bits);
    const phase = copyPhase([up(11_520), up(13_440), down(14_208), down(11_520)], meta);
    expect(phase.copies.map(({ cycles }) => cycles)).toEqual([23, 27, 28, 23]);
    expect(phase.cycles).toBe(51);
    expect(phase.energy).toBeCloseTo(12_682.26, 6);
  });

  it("costs nothing where nothing moves", () => {
    const still = copyPhase([copy("I1:dram", "I1:dram", 8)], meta);
    expect(still).toEqual({ energy: 0, cycles: 0, copies: [{ energy: 0, cycles: 0, hops: [] }], portBusy: {} });
    expect(copyPhase([], meta).cycles).toBe(0);
  });

  it("refuses a copy that the hardware has no ports for, naming both ends", () => {
    const refused = () => copyPhase([copy("I1:sram_64KB", "I1:sram_1MB_A", 8)], meta);
    expect(refused).toThrow(DiagnosticError);
    expect(refused).toThrow(/sram_64KB.*sram_1MB_A/);
  });
});
