/** The table of `docs/cost-model.md`: every quirk of the published model once, with a module and a test that are there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPOSITORY } from "../support/cli.js";

const text = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");

const document = text("docs/cost-model.md");

const rows = [...document.matchAll(/^\| ((?:DF|SL)-Q\d+) \|(.*)\|$/gm)].map(([, quirk, rest]) => {
  const [published, exact, where, test] = rest!.split("|").map((cell) => cell.trim());
  const [, file, title] = /^`(\S+)`: (.+)$/.exec(test ?? "") ?? [];
  return { quirk: quirk!, published, exact, where: where?.replaceAll("`", ""), test, file, title };
});

const numbered = (part: string, count: number) => Array.from({ length: count }, (_, i) => `${part}-Q${i + 1}`);

describe("the table of quirks under the exact model", () => {
  it("has every number once, in order", () => {
    expect(rows.map(({ quirk }) => quirk)).toEqual([...numbered("DF", 32), ...numbered("SL", 36)]);
  });

  it("has a test for every rule", () => {
    expect(rows.filter(({ title }) => title === undefined).map(({ quirk }) => quirk)).toEqual([]);
  });

  it.each(rows)("$quirk says what was and what is, and where", ({ published, exact, where }) => {
    expect(published!.length * exact!.length).toBeGreaterThan(0);
    expect(existsSync(join(REPOSITORY, "src", where!)), where).toBe(true);
  });

  it.each(rows)("$quirk is shown by '$title'", ({ quirk, file, title }) => {
    const path = `tests/${file}.test.ts`;
    expect(existsSync(join(REPOSITORY, path)), path).toBe(true);
    expect(text(path)).toContain(`"${title}"`);
    if (file!.startsWith("exact/")) expect(title).toContain(quirk);
  });
});

it("names every quirk that a test here shows, in the row of that quirk", () => {
  const shown = ["quirks", "mapper-quirks"].flatMap((name) =>
    [...text(`tests/exact/${name}.test.ts`).matchAll(/"((?:(?:DF|SL)-Q\d+(?:, )?)+): /g)].flatMap(([, list]) =>
      list!.split(", "),
    ),
  );
  const listed = rows.filter(({ file }) => file?.startsWith("exact/")).map(({ quirk }) => quirk);
  expect([...new Set(shown)].sort()).toEqual([...listed].sort());
});

it("shows figures that are there", () => {
  const figures = [...document.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path!);
  expect(figures.length).toBeGreaterThan(0);
  for (const figure of figures) expect(existsSync(join(REPOSITORY, "docs", figure)), figure).toBe(true);
});
