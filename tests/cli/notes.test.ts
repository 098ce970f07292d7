import { describe, expect, it } from "vitest";
import { kerf } from "../support/cli.js";

const FSRCNN = ["schedule", "models/fsrcnn.onnx", "--arch", "meta-prototype-df", "--tile", "60x72"];

describe("notes about laws that quirks break", () => {
  it("take a line each, name the quirk, and offer no hint", () => {
    const lines = kerf(FSRCNN).stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^info\[[a-z-]+\]: .*\((DF|SL)-Q\d+\)/);
  });

  it("are left out when quiet", () => expect(kerf([...FSRCNN, "--quiet"]).stderr).toBe(""));
});
