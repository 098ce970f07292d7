/** Result files of shards as one: read twice, so that lines take no memory. */
import { decodeLine } from "../explore/sweep/line.js";
import { type LinePlace, MergeTable, MOST_POINTS } from "../explore/sweep/merge.js";
import * as say from "../ir/diagnostics/explore.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { SweepLine } from "../ir/sweep.js";
import { fillAtomically } from "./output-file.js";
import { eachLine, LineReader, type PlacedLine, ResultFile } from "./result-file.js";

export interface MergedFiles {
  readonly table: MergeTable;
  readonly files: readonly string[];
  /** Lines that stood in several files, or several times in one. */
  readonly duplicates: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Finds every line of every file.
 *
 * @param visit - called with every line once
 * @throws DiagnosticError when a file is missing, holds something else, belongs to another sweep or contradicts another one
 */
export function readShards(files: readonly string[], visit: (line: SweepLine) => void): MergedFiles {
  const diagnostics: Diagnostic[] = [];
  const readers = new Map<number, LineReader>();
  let table: MergeTable | undefined;
  let duplicates = 0;
  const textAt = ({ file, offset, length }: LinePlace): string => {
    const reader = readers.get(file) ?? new LineReader(files[file]!); // places name files of the list
    readers.set(file, reader);
    return reader.read(offset, length);
  };
  try {
    files.forEach((file, position) => {
      const { torn } = eachLine(file, (placed) => {
        const line = lineAt(file, placed);
        table ??= tableFor(file, line);
        if (!table.fits(line)) throw new DiagnosticError([say.otherSweep(file, placed.number, files[0] ?? "")]);
        const known = table.add(line.index, { file: position, offset: placed.offset, length: placed.length });
        if (known === undefined) return visit(line);
        if (textAt(known) !== placed.text) {
          throw new DiagnosticError([say.conflictingLines(file, placed.number, files[known.file]!, line.index)]);
        }
        duplicates++;
      });
      if (torn > 0) diagnostics.push(say.tornLine(file));
    });
  } finally {
    for (const reader of readers.values()) reader.close();
  }
  if (table === undefined) throw new DiagnosticError([say.noLines(files)]);
  return { table, files, duplicates, diagnostics };
}

/** @throws DiagnosticError when the text is no line of a result file */
export function lineAt(file: string, { text, number }: PlacedLine): SweepLine {
  const line = decodeLine(text);
  if (line === undefined) throw new DiagnosticError([say.notALine(file, number)]);
  return line;
}

function tableFor(file: string, line: SweepLine): MergeTable {
  if (line.of > MOST_POINTS) throw new DiagnosticError([say.tooManyPoints(file, line.of, MOST_POINTS)]);
  return new MergeTable(line);
}

/** Lines that are written at once. */
const GROUP = 1000;

/** All lines by number of the point, a few at a time. */
export const mergedLines = (merged: MergedFiles): Generator<readonly string[]> =>
  linesOf(merged, numbersUpTo(merged.table.points));

function* numbersUpTo(count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield index;
}

/** Lines of some points in the order in which they are asked for, a few at a time; points without a line are left out. */
export function* linesOf({ table, files }: MergedFiles, indices: Iterable<number>): Generator<readonly string[]> {
  const readers = files.map((file) => new LineReader(file));
  try {
    let lines: string[] = [];
    for (const index of indices) {
      const place = table.placeOf(index);
      if (place === undefined) continue;
      lines.push(readers[place.file]!.read(place.offset, place.length)); // places name files of the list
      if (lines.length < GROUP) continue;
      yield lines;
      lines = [];
    }
    if (lines.length > 0) yield lines;
  } finally {
    for (const reader of readers) reader.close();
  }
}

/**
 * Writes groups of lines, whole or not at all.
 *
 * @throws DiagnosticError when the file cannot be written
 */
export function writeLines(file: string, groups: Iterable<readonly string[]>): void {
  fillAtomically(file, (draft) => {
    const output = new ResultFile(draft);
    try {
      for (const lines of groups) output.append(lines);
    } finally {
      output.close();
    }
  });
}
