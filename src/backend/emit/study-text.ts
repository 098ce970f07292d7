/** A study for the terminal: notes, heat maps as tables of numbers, tables. */
import type { HeatMap, StudyBlock, StudyResult, StudyTable } from "../../ir/study.js";
import { cellFormat, columnTexts, referenceLine, withUnit } from "./study-cells.js";
import { printTable } from "./table.js";

/** Long tables are named, not shown: files hold them. */
export function printStudy({ study, title, notes, blocks }: StudyResult): string {
  const parts = blocks.flatMap((block) => ["", ...printBlock(block)]);
  return `${[`${study}: ${title}`, ...notes.flatMap((note) => wrapped(note)), ...parts].join("\n")}\n`;
}

function printBlock(block: StudyBlock): readonly string[] {
  if (block.kind === "heat-map") return printHeatMap(block);
  if (block.isDetail) return [`${block.title}: ${block.rows.length} rows, with --out or --json`];
  return printStudyTable(block);
}

function printHeatMap(map: HeatMap): readonly string[] {
  const format = cellFormat(map.unit, map.values.flat());
  const corner = `${map.rowTitle} \\ ${map.columnTitle}`;
  const rows = map.values.map((row, index) => [map.rows[index] ?? "", ...row.map(format.print)]);
  const align = ["right" as const, ...map.columns.map(() => "right" as const)];
  const table = printTable([[corner, ...map.columns], ...rows], align, "  ");
  return [withUnit(map.title, format.unit), ...table, ...below(map.note), ...below(referenceLine(map))];
}

function printStudyTable({ title, note, columns, rows }: StudyTable): readonly string[] {
  const texts = columns.map((column, index) =>
    columnTexts(
      column,
      rows.map((row) => row[index] ?? ""),
    ),
  );
  const lines = [-1, ...rows.keys()].map((row) => texts.map((column) => column[row + 1] ?? ""));
  const align = columns.map(({ unit }) => (unit === undefined ? ("left" as const) : ("right" as const)));
  return [title, ...printTable(lines, align, "  "), ...below(note)];
}

const below = (text: string | undefined): readonly string[] => (text === undefined ? [] : wrapped(text));

const LINE = 118;

/** A sentence as indented lines, broken between words. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > LINE) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part) => `  ${part}`);
}
