import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { kerf, REPOSITORY } from "./support/cli.js";

const document = readFileSync(join(REPOSITORY, "docs/architecture.md"), "utf8");
const [, command] = /^ {4}kerf (.*)$/m.exec(document)!;
const excerpts = [...document.matchAll(/^```text (before|after) (\S+)\n([\s\S]*?)^```/gm)].map(
  ([, when, pass, text]) => ({
    when: when!,
    pass: pass!,
    lines: text!.trimEnd().split("\n"),
  }),
);

describe("docs/architecture.md", () => {
  const withoutPrinting = command!.replace(/ --print-after all/, "").split(" ");

  it.each(excerpts)("shows the module $when $pass as it is printed", ({ when, pass, lines }) => {
    const { stderr } = kerf([...withoutPrinting, `--print-${when}`, pass]);
    expect(stderr.split("\n")).toEqual(expect.arrayContaining(lines));
  });
});
