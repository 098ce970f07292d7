import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseBindings } from "../../src/cli/bindings.js";
import { joinLists } from "../../src/cli/options.js";
import { kerf, scratchFolder } from "../support/cli.js";
import { model, node } from "../support/onnx-builder.js";
import { codesOf } from "../support/onnx-import.js";

const file = join(scratchFolder(), "symbols.onnx");
const awkward = "h,w=2\\";
writeFileSync(
  file,
  model({
    inputs: { x: ["n", 3, "h", awkward] },
    initializers: { w: [4, 3, 3, 3] },
    nodes: [node("Conv", ["x", "w"], ["y"], { pads: [1, 1, 1, 1] }, "conv")],
  }),
);
const MACS_PER_PIXEL = 4 * 3 * 9;
const escaped = (name: string): string => name.replace(/[\\,=]/g, "\\$&");
const imported = (...bind: readonly string[]) => {
  const { status, stdout, stderr } = kerf(["import", file, "--json", ...bind.flatMap((text) => ["--bind", text])]);
  return { status, stderr, macs: stdout === "" ? undefined : JSON.parse(stdout).totals.macs };
};

describe("--bind", () => {
  test.each([
    ["in one", [`n=2,h=4,${escaped(awkward)}=8`]],
    ["in several", ["n=2", `${escaped(awkward)}=8`, "h=4"]],
    ["in several, some of them repeated", ["n=2,h=4", `h=4,${escaped(awkward)}=8`]],
  ])("counts every symbol: %s", (_how, bind) => {
    expect(imported(...bind)).toMatchObject({ status: 0, macs: 2 * 4 * 8 * MACS_PER_PIXEL });
  });

  it("is merged by every command that takes it", () => {
    const args = ["schedule", file, "--arch", "meta-prototype-df", "--cost-model", "defines", "--json", "--quiet"];
    const { status, stdout } = kerf([...args, "--bind", "h=4", "--bind", `n=2,${escaped(awkward)}=8`]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).options.bind).toBe(`h=4,n=2,${escaped(awkward)}=8`);
  });

  test.each([
    [["n=1,n=2"], "contradicting-bindings", /'n' is bound to 1 and to 2/],
    [["n=1", "h=3", "n=2"], "contradicting-bindings", /'n' is bound to 1 and to 2/],
    [["n=100000000000"], "bad-option-value", /'n' is bound to 100000000000, expected a whole number from 1 to 2\^31/],
    [["n=2147483649"], "bad-option-value", /1 to 2\^31/],
    [["n=0"], "bad-option-value", /1 to 2\^31/],
    [["n=-1"], "bad-option-value", /'n=-1', expected <symbol>=<whole number>/],
    [["n=1.5"], "bad-option-value", /'n=1\.5'/],
    [["h=2", ""], "bad-option-value", /expected <symbol>/],
    [["=1"], "bad-option-value", /'=1'/],
    [["n\\=1"], "bad-option-value", /'n\\=1'/],
  ])("refuses %s", (bind, code, text) => {
    const { status, stderr } = imported(...bind);
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toMatch(text);
    expect(status).toBe(2);
  });
});

it("is offered as it is to be typed", () => {
  const hint = kerf(["import", file, "--bind", "h=4"]).stderr.match(/hint: --bind ('[^']*=)…'/g);
  expect(hint).toContain(`hint: --bind '${escaped(awkward)}=…'`);
});

describe("parseBindings", () => {
  test.each([
    ["n=2147483648", { n: 2 ** 31 }],
    ["a=b=1", { "a=b": 1 }],
    ["a\\=b=1,c\\,d=2,e\\\\=3", { "a=b": 1, "c,d": 2, "e\\": 3 }],
    ["C:\\x=1", { "C:\\x": 1 }],
    ["__proto__=1", Object.fromEntries([["__proto__", 1]])],
  ])("reads %s", (text, expected) => expect([...parseBindings(text)]).toEqual(Object.entries(expected)));

  it("reads back any names, in any number of options", () => {
    const name = fc.string({
      minLength: 1,
      unit: fc.oneof(fc.constantFrom("\\", ",", "="), fc.string({ minLength: 1, maxLength: 1 })),
    });
    const bindings = fc.uniqueArray(fc.tuple(name, fc.integer({ min: 1, max: 2 ** 31 })), {
      minLength: 1,
      selector: ([symbol]) => symbol,
    });
    fc.assert(
      fc.property(bindings, (pairs) => {
        const texts = pairs.map(([symbol, value]) => `${escaped(symbol)}=${value}`);
        const joined = texts.reduce<string | undefined>((before, text) => joinLists(text, before), undefined);
        expect([...parseBindings(joined!)]).toEqual(pairs);
      }),
    );
  });

  it("names every contradiction at once", () =>
    expect(codesOf(() => parseBindings("a=1,a=2,b=0,c=1"))).toEqual(["contradicting-bindings", "bad-option-value"]));
});
