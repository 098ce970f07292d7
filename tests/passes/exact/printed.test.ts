/** What `--print-after place-operands` shows under the exact model: homes, rings, loads, and copies before and after every node. */
import { expect, it } from "vitest";
import { printModule } from "../../../src/ir/print.js";
import { exact, smallMachine } from "../../exact/machine.js";
import { compile } from "../../support/compile.js";
import { moduleOf, residual } from "../../support/networks.js";

it("shows what a stack holds, and what each tile type moves", () => {
  const { module } = compile(moduleOf(residual(8), smallMachine(10_250)), {
    stacks: { rule: "single" },
    tiles: { overlap: "fully-cached", tile: { width: 4, height: 4 } },
    upTo: "place-operands",
    costModel: exact,
  });
  const lines = printModule(module).split("\n");
  const placement = lines.slice(lines.indexOf("placement") + 1);
  // 4 columns over 8 rows and 4 rows over 12 columns of 4 channels of 8 bit
  expect(placement).toContain("  0 keeps column a 1024 chip narrow");
  expect(placement).toContainEqual(expect.stringMatching(/^ {2}0 keeps row a 1536 (chip|dram) narrow$/));
  expect(placement).toContainEqual(expect.stringMatching(/^ {2}0 keeps row b \d+ chip wide$/));
  expect(placement).toContainEqual(expect.stringMatching(/^ {2}0 homes energy [\d.]+ bound [\d.]+ visited \d+$/));
  expect(placement.filter((line) => line.startsWith("  0."))).toEqual(
    [0, 1, 2, 3].map((type) => `  0.${type}: 4x4 ×1`),
  );
  const d = placement.find((line) => line.startsWith("    d: "));
  expect(d).toMatch(
    /^ {4}d: B1 G4 OY4 OX4 I chip O dram after cache-write 1024 chip→chip, .* beside chip=\d+( dram=1536)?$/,
  );
});
