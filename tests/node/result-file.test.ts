import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { eachLine, LineReader, type PlacedLine, ResultFile } from "../../src/node/result-file.js";

const folder = mkdtempSync(join(tmpdir(), "kerf-lines-"));
const file = join(folder, "results.ndjson");
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(file, { force: true }));

function read() {
  const lines: PlacedLine[] = [];
  const end = eachLine(file, (line) => void lines.push(line));
  return { lines, texts: lines.map(({ text }) => text), end };
}

describe("a result file", () => {
  it("gives back what was appended, however it was cut into groups and wherever it was torn", () => {
    const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll(/\n/g, "")));
    const torn = fc.string({ unit: "grapheme", maxLength: 5 }).map((text) => text.replaceAll(/\n/g, ""));
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), torn, (groups, rest) => {
        const output = new ResultFile(file);
        for (const lines of groups) output.append(lines);
        output.close();
        appendFileSync(file, rest);
        const { texts: found, lines, end } = read();
        expect(found).toEqual(groups.flat());
        expect(end.torn).toBe(Buffer.byteLength(rest));
        const reader = new LineReader(file);
        for (const { offset, length, text } of lines) expect(reader.read(offset, length)).toBe(text);
        reader.close();

        const again = new ResultFile(file, end.complete);
        again.append(["more"]);
        again.close();
        expect(read().texts).toEqual([...groups.flat(), "more"]);
      }),
    );
  });

  it("is read across the borders of what is read at once", () => {
    const long = ["a".repeat(1_048_575), "é".repeat(700_000), "", "b".repeat(2_500_000)];
    writeFileSync(file, `${long.join("\n")}\n`);
    expect(read().texts).toEqual(long);
  });

  it("begins anew unless it is told what to keep", () => {
    writeFileSync(file, "old\n");
    const output = new ResultFile(file);
    output.append(["new"]);
    output.close();
    expect(readFileSync(file, "utf8")).toBe("new\n");
  });

  it("says which file cannot be written", () => {
    expect(() => new ResultFile(join(folder, "absent", "x"))).toThrow("the file cannot be written: ENOENT");
  });
});
