/** Stated loop orders that leave partial sums in the home of the output: accepted where it has room for them (EM §2–3). */
import { describe, expect, it } from "vitest";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { DiagnosticError } from "../../../src/ir/diagnostics.js";
import { MAPPINGS, PLACEMENT } from "../../../src/ir/facts.js";
import type { Loop } from "../../../src/ir/network.js";
import { bits } from "../../../src/ir/units.js";
import { PLAIN_CHOICES, type ScheduleResult, schedule } from "../../../src/kerf.js";
import { nodeOf, twoLevelMachine } from "../../exact/machine.js";
import { conv, network } from "../../support/networks.js";

/** A map of 4 × 8 × 8 elements between the layers: 2048 bit of results, as many again for their sums of 16 bit. */
const RESULTS = 4 * 8 * 8 * 8;
const layers = network(conv("a", { K: 4, C: 4, OX: 8 }), conv("b", { K: 4, C: 4, OX: 8, from: "a" }));

const machineOf = (chip: number): Accelerator => {
  const machine = twoLevelMachine(200);
  return {
    ...machine,
    memories: machine.memories.map((memory) => (memory.id === "chip" ? { ...memory, size: bits(chip) } : memory)),
  };
};

const SPACE: readonly Loop[] = [
  { dim: "K", size: 4 },
  { dim: "OX", size: 8 },
  { dim: "OY", size: 8 },
];
const SUM: Loop = { dim: "C", size: 4 };

const scheduled = (chip: number, loops?: readonly Loop[]): ScheduleResult => {
  const where = { file: "stated.yaml", line: 1 };
  const stated = loops && [{ layer: "a", loops, where }];
  const tileTypes = stated ? [{ match: {}, layers: stated, where }] : [];
  return schedule(layers, machineOf(chip), {
    ...PLAIN_CHOICES,
    stacks: "single",
    decisions: { stacks: [{ tileTypes, where }] },
  });
};

const placedOf = ({ module }: ScheduleResult) => {
  const node = nodeOf(module.get(PLACEMENT)[0]!.tileTypes[0]!, "a");
  const { result } = module.get(MAPPINGS)[0]![0]!.find(({ layer }) => layer === "a")!;
  return {
    home: node.topOutput,
    reserved: node.reserved!.chip!,
    result,
    isFinished: node.problems[0]!.finishesBelowHome,
  };
};

describe("a stated order that sums up last", () => {
  it("is not what would be chosen", () => {
    const { home, isFinished } = placedOf(scheduled(1_000_000));
    expect({ home, isFinished }).toEqual({ home: "chip", isFinished: true });
  });

  it("is taken, with room for the sums in the home of the output", () => {
    const usual = placedOf(scheduled(1_000_000));
    const { home, isFinished, reserved, result } = placedOf(scheduled(1_000_000, [...SPACE, SUM]));
    expect({ home, isFinished }).toEqual({ home: "chip", isFinished: undefined });
    expect(reserved).toBe(usual.reserved + RESULTS);
    expect(result.mapping.loops).toEqual([...SPACE, SUM]);
    expect(result.cost.accesses.O!.at(-1)!.tl).toBe(3 * 4 * 8 * 8 * 2); // sums of 16 bit through a port of 8, down again for each input channel but the first
  });

  it("is refused where that has no room for them, with the reason", () => {
    const chip = 2 * RESULTS - 1;
    expect(placedOf(scheduled(chip)).home).toBe("chip");
    let thrown: unknown;
    try {
      scheduled(chip, [...SPACE, SUM]);
    } catch (cause) {
      thrown = cause;
    }
    expect(thrown).toBeInstanceOf(DiagnosticError);
    const { failure, diagnostics } = thrown as DiagnosticError;
    const message = expect.stringMatching(/layer 'a' on tile type 0: the stated order leaves partial sums in 'chip'/);
    expect({ failure, diagnostics }).toMatchObject({
      failure: "infeasible",
      diagnostics: [{ code: "mapping-conflict", message }],
    });
    expect(placedOf(scheduled(chip, [SUM, ...SPACE])).result.mapping.loops).toEqual([SUM, ...SPACE]);
  });
});
