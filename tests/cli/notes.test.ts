import { describe, expect, it } from "vitest";
import { kerf } from "../support/cli.js";

const FSRCNN = [
  "schedule",
  "models/fsrcnn.onnx",
  "--arch",
  "meta-prototype-df",
  "--tile",
  "60x72",
  "--cost-model",
  "defines",
];

describe("notes about laws that quirks break", () => {
  it("take a line each, name the quirk or section, and offer no hint", () => {
    const lines = kerf(FSRCNN).stderr.trimEnd().split("\n");
    const codes = lines.map((line) => /^info\[([a-z-]+)\]: .*\((?:DF|SL)[ -].*\)/.exec(line)?.[1]);
    expect(codes).toEqual(expect.arrayContaining(["input-overlap-not-written", "inputs-truncated"]));
    expect(codes).not.toContain(undefined);
  });

  it("are left out when quiet", () => expect(kerf([...FSRCNN, "--quiet"]).stderr).toBe(""));
});
