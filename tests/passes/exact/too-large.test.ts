/** Refusals name what would do: the size of the memory, and the tile on which the layer fits. */
import { describe, expect, test } from "vitest";
import type { Accelerator } from "../../../src/ir/accelerator.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";
import { scheduleOf, twoLevelMachine } from "../../exact/machine.js";
import { conv, network } from "../../support/networks.js";

/** Units along an array dim that share the nearest memory, which holds a block of each operand for all of them. */
function machineOf(near: number, loop: "K" | "OX", units: number): Accelerator {
  const machine = twoLevelMachine(near);
  return {
    ...machine,
    array: { ...machine.array, dims: [{ name: "D1", size: units }] },
    dataflows: machine.dataflows.map((own) => ({ ...own, unrolling: [{ arrayDim: "D1", dim: loop, size: units }] })),
  };
}

const layers = network(conv("a", { K: 8, C: 2, OX: 8 }));

function refusal(near: number, loop: "K" | "OX", tile: string): Diagnostic | undefined {
  try {
    scheduleOf(layers, { tile, accelerator: machineOf(near, loop, 8) });
    return undefined;
  } catch (cause) {
    expect(cause).toBeInstanceOf(DiagnosticError);
    const { diagnostics, failure } = cause as DiagnosticError;
    expect(failure).toBe("infeasible");
    expect(diagnostics).toHaveLength(1);
    return diagnostics[0];
  }
}

describe("a layer that does not fit", () => {
  test.each`
    loop    | tile     | why
    ${"K"}  | ${"8x8"} | ${"however many output channels run side by side"}
    ${"OX"} | ${"8x8"} | ${"however many columns run side by side"}
    ${"OX"} | ${"4x8"} | ${"whatever the tile"}
  `("names the least that its memory must hold, $why", ({ loop, tile }) => {
    const needs = 8 * (1 + 1 + 2); // an input, a weight and a sum of 16 bit, of one unit
    expect(refusal(needs, loop, tile)).toBeUndefined();
    const { code, message, hint } = refusal(needs - 1, loop, tile)!;
    expect(code).toBe("layer-does-not-fit");
    expect(message).toContain(`memory 'near' holds ${needs - 1} bit, less than the ${needs} bit that must stay in it`);
    expect(hint).toContain(`'near' holds at least ${needs} bit`);
  });
});
