/** Aligned text tables. */
import { visible } from "../../ir/diagnostics.js";

export type Align = "left" | "right";

/**
 * Rows as lines, each column as wide as its widest cell.
 *
 * @param rows - equal numbers of cells; the first row is the heading
 * @param align - per column; numbers belong to the right
 */
export function printTable(
  rows: readonly (readonly string[])[],
  align: readonly Align[],
  indent = "",
): readonly string[] {
  const shown = rows.map((row) => row.map(visible));
  const widths = align.map((_, column) => Math.max(0, ...shown.map((row) => width(row[column] ?? ""))));
  return shown.map((row) => {
    const cells = align.map((side, column) => pad(row[column] ?? "", widths[column] ?? 0, side));
    return `${indent}${cells.join("  ")}`.trimEnd();
  });
}

/** Shortens a cell in its middle, where names differ least. */
export function ellipsis(text: string, limit: number): string {
  const characters = [...text];
  if (characters.length <= limit) return text;
  const head = Math.ceil((limit - 1) / 2);
  return `${characters.slice(0, head).join("")}…${characters.slice(characters.length - (limit - 1 - head)).join("")}`;
}

const width = (text: string): number => [...text].length;

function pad(text: string, size: number, side: Align): string {
  const space = " ".repeat(Math.max(0, size - width(text)));
  return side === "left" ? text + space : space + text;
}
