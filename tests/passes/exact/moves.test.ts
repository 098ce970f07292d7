/** Data that is only moved goes from where it was made to wherever it is wanted (EM §2). */
import { describe, expect, it } from "vitest";
import { copiesOf, nodeOf, scheduleOf } from "../../exact/machine.js";
import { builtIn, conv, network, whole } from "../../support/networks.js";

describe("a layer that only moves data", () => {
  it("takes it off the chip as outputs leave", () => {
    const layers = network(conv("a", { K: 4, C: 4, OX: 8, F: 3 }), whole("t", "movement", { K: 4, OX: 8, from: "a" }));
    const { placements } = scheduleOf(layers, { accelerator: builtIn() });
    const type = placements[0]!.tileTypes[0]!;
    expect(nodeOf(type, "a").topOutput).toMatch(/^sram/);
    const [copy] = copiesOf(nodeOf(type, "t"), "output-to-input");
    expect(copy).toMatchObject({ from: { operand: "O" }, to: { operand: "O", memory: "dram" } });
  });
});
