/** Tables and heat maps of a study as CSV (RFC 4180), numbers as they are and units in the heading. */

import type { HeatMap, StudyBlock, StudyCell, StudyTable, StudyUnit } from "../../ir/study.js";
import { csvLine } from "./csv.js";

/** One file per block; a heat map has one line per cell. */
export const studyCsv = (block: StudyBlock): string =>
  lines(block.kind === "table" ? tableRows(block) : mapRows(block));

function tableRows({ columns, rows }: StudyTable): readonly (readonly StudyCell[])[] {
  return [columns.map(({ title, unit }) => heading(title, unit)), ...rows];
}

function mapRows({ columnTitle, rowTitle, unit, columns, rows, values, reference }: HeatMap) {
  const title = [columnTitle, rowTitle, heading("value", unit), ...(reference ? [heading("reference", unit)] : [])];
  const cells = values.flatMap((row, r) =>
    row.map((value, c): readonly StudyCell[] => [
      columns[c] ?? "",
      rows[r] ?? "",
      value,
      ...(reference ? [reference.values[r]?.[c] ?? ""] : []),
    ]),
  );
  return [title, ...cells];
}

/** Deviations and counts have no unit: their title says what they are. */
const heading = (title: string, unit: StudyUnit | undefined): string =>
  unit === undefined || unit === "deviation" || unit === "count" ? title : `${title} [${unit}]`;

const lines = (rows: readonly (readonly StudyCell[])[]): string => rows.map(csvLine).join("");
