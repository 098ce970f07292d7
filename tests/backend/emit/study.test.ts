import { describe, expect, it, test } from "vitest";
import { cellFormat } from "../../../src/backend/emit/study-cells.js";
import { studyCsv } from "../../../src/backend/emit/study-csv.js";
import { studyHtml } from "../../../src/backend/emit/study-html.js";
import { printStudy } from "../../../src/backend/emit/study-text.js";
import { deviation, type HeatMap, type StudyResult, type StudyTable } from "../../../src/ir/study.js";

const map: HeatMap = {
  kind: "heat-map",
  id: "energy",
  title: "energy",
  unit: "pJ",
  columnTitle: "tile width",
  rowTitle: "tile height",
  columns: ["1", "4"],
  rows: ["2", "8"],
  values: [
    [2.5e9, 1e9],
    [3e9, 4e9],
  ],
  reference: {
    source: "a run",
    values: [
      [2.5e9, "not available"],
      ["not available", 4.4e9],
    ],
  },
};
const table: StudyTable = {
  kind: "table",
  id: "rows",
  title: "rows <b>",
  note: 'a & b "c"',
  columns: [{ title: "name" }, { title: "cycles", unit: "cycle" }, { title: "published", unit: "ratio" }],
  rows: [
    ["a, b", 12_345, 1.5],
    ['say "x"', 7, "not available"],
  ],
};
const study: StudyResult = {
  study: "demo",
  title: "a study & more",
  notes: ["one note"],
  blocks: [map, table, { ...table, id: "detail", isDetail: true }],
};

test.each`
  unit           | values          | unitText    | first
  ${"pJ"}        | ${[2e9, 1e12]}  | ${"mJ"}     | ${"2.000"}
  ${"pJ"}        | ${[]}           | ${"pJ"}     | ${undefined}
  ${"cycle"}     | ${[1234567]}    | ${"cycles"} | ${"1 234 567"}
  ${"ratio"}     | ${[3.456]}      | ${""}       | ${"3.46×"}
  ${"deviation"} | ${[0, 2.2e-16]} | ${""}       | ${"0"}
`("$unit $values are written as $first $unitText", ({ unit, values, unitText, first }) => {
  const format = cellFormat(unit, values);
  expect({ unit: format.unit, first: values.length > 0 ? format.print(values[0]) : undefined }).toEqual({
    unit: unitText,
    first,
  });
});

test.each`
  value  | reference          | expected
  ${1.1} | ${1}               | ${0.10000000000000009}
  ${5}   | ${0}               | ${5}
  ${5}   | ${"not available"} | ${"not available"}
`("deviation of $value from $reference is $expected", ({ value, reference, expected }) => {
  expect(deviation(value, reference)).toBe(expected);
});

describe("text", () => {
  const text = printStudy(study);
  it("has every number of a heat map, and how far the reference is", () => {
    expect(text).toMatch(
      /energy \[mJ\]\n.*tile height \\ tile width +1 +4\n +2 +2\.500 +1\.000\n +8 +3\.000 +4\.000\n/,
    );
    expect(text).toContain("known for 2 of 4 cells, at most 9.1e-2 away");
  });
  it("names long tables instead of showing them", () => {
    expect(text).toContain("rows <b>: 2 rows, with --out or --json");
  });
});

describe("CSV", () => {
  it("quotes what needs it and keeps numbers as they are", () => {
    expect(studyCsv(table)).toBe(
      'name,cycles [cycle],published [ratio]\r\n"a, b",12345,1.5\r\n"say ""x""",7,not available\r\n',
    );
  });
  it("gives no unit to what has none", () => {
    const columns = [
      { title: "deviation", unit: "deviation" as const },
      { title: "tiles", unit: "count" as const },
    ];
    expect(studyCsv({ ...table, columns, rows: [[0, 3]] })).toBe("deviation,tiles\r\n0,3\r\n");
  });
  it("has one line per cell of a heat map, with its reference", () => {
    expect(studyCsv(map).split("\r\n").slice(0, 3)).toEqual([
      "tile width,tile height,value [pJ],reference [pJ]",
      "1,2,2500000000,2500000000",
      "4,2,1000000000,not available",
    ]);
  });
});

describe("HTML", () => {
  const html = studyHtml(study);

  it("asks for nothing from a network and runs no script", () => {
    expect(html).not.toMatch(/https?:|\/\/|<script|<link|<img|@import|url\(/);
  });

  it("closes every element that it opens", () => {
    const open: string[] = [];
    for (const [, slash, name = "", selfClosing] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (selfClosing || ["meta", "br"].includes(name)) continue;
      if (slash) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("writes the number of every cell into it: colour is not needed", () => {
    const svg = /<svg[\s\S]*?<\/svg>/.exec(html)?.[0] ?? "";
    const cells = [...svg.matchAll(/<rect [^>]*\/><text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(cells).toEqual(["2.500", "1.000", "3.000", "4.000"]);
    expect(svg).toContain('aria-label="energy [mJ]"');
  });

  it("shows texts as texts", () => {
    expect(html).toContain("rows &lt;b&gt;");
    expect(html).toContain("a &amp; b &quot;c&quot;");
    expect(html).not.toContain("<b>");
  });
});
