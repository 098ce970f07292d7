/** What a study found: tables and heat maps as plain data, which every output format renders in its own way. */

/** What a number counts; text and HTML choose a readable scale, CSV and JSON keep the number as it is. */
export type StudyUnit = "pJ" | "cycle" | "bit" | "access" | "operation" | "element" | "ratio" | "deviation" | "count";

/** A number, or a text; `NOT_AVAILABLE` where the published value is not known to us. */
export type StudyCell = number | string;

export const NOT_AVAILABLE = "not available";

export interface StudyColumn {
  readonly title: string;
  /** Absent for columns of text. */
  readonly unit?: StudyUnit;
}

export interface StudyTable {
  readonly kind: "table";
  /** Kebab-case: names the CSV file. */
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly StudyColumn[];
  readonly rows: readonly (readonly StudyCell[])[];
  /** Too long for a terminal: shown in files only. */
  readonly isDetail?: true;
}

/** One number per tile size: columns are tile widths, rows tile heights. */
export interface HeatMap {
  readonly kind: "heat-map";
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly unit: StudyUnit;
  readonly columnTitle: string;
  readonly rowTitle: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** By row, then by column. */
  readonly values: readonly (readonly number[])[];
  /** Published or reference values of the same cells, where there are any. */
  readonly reference?: { readonly source: string; readonly values: readonly (readonly StudyCell[])[] };
}

export type StudyBlock = StudyTable | HeatMap;

export interface StudyResult {
  readonly study: string;
  readonly title: string;
  /** What was computed under which rules, and what it is compared with. */
  readonly notes: readonly string[];
  readonly blocks: readonly StudyBlock[];
}

/** Distance of a value from its reference, relative to the reference; a text where there is none. */
export function deviation(value: number, reference: StudyCell): StudyCell {
  if (typeof reference === "string") return reference;
  return reference === 0 ? Math.abs(value) : Math.abs(value - reference) / Math.abs(reference);
}
