/** Cells of a study for people: one scale per column, and what stands beside a reference. */
import { deviation, type HeatMap, type StudyCell, type StudyColumn, type StudyUnit } from "../../ir/study.js";
import { energyScale, grouped, inScale, type Scale } from "./quantities.js";

/** How the numbers of one column or heat map are written. */
export interface CellFormat {
  /** Unit for the heading; empty where the title says it all. */
  readonly unit: string;
  readonly print: (value: number) => string;
}

const PLURAL: Readonly<Partial<Record<StudyUnit, string>>> = {
  cycle: "cycles",
  bit: "bits",
  access: "accesses",
  operation: "MACs",
  element: "elements",
};

/** One scale for all values, by the middle one of them: extremes differ by orders of magnitude. */
export function cellFormat(unit: StudyUnit, values: readonly number[]): CellFormat {
  if (unit === "pJ") {
    const scale = energyScale(median(values));
    return { unit: scale.unit, print: (value) => energyText(value, scale) };
  }
  if (unit === "ratio") return { unit: "", print: (value) => `${value.toFixed(2)}×` };
  if (unit === "deviation") return { unit: "", print: (value) => (value === 0 ? "0" : value.toExponential(1)) };
  return { unit: PLURAL[unit] ?? "", print: grouped };
}

const energyText = (value: number, scale: Scale): string => inScale(value, scale, value / scale.factor < 1 ? 4 : 3);

/** The lower of two middle values; 0 without any. */
function median(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? 0;
}

/** `title [unit]` and the texts of a table's column. */
export function columnTexts({ title, unit }: StudyColumn, cells: readonly StudyCell[]): readonly string[] {
  if (unit === undefined) return [title, ...cells.map(String)];
  const format = cellFormat(
    unit,
    cells.filter((cell) => typeof cell === "number"),
  );
  const texts = cells.map((cell) => (typeof cell === "number" ? format.print(cell) : cell));
  return [withUnit(title, format.unit), ...texts];
}

export const withUnit = (title: string, unit: string): string => (unit === "" ? title : `${title} [${unit}]`);

/** One line on how a heat map agrees with its reference; `undefined` where it has none. */
export function referenceLine({ values, reference }: HeatMap): string | undefined {
  if (reference === undefined) return undefined;
  const deviations = values
    .flatMap((row, r) => row.map((value, c) => deviation(value, reference.values[r]?.[c] ?? "")))
    .filter((found) => typeof found === "number");
  const cells = values.flat().length;
  if (deviations.length === 0) return "reference: not available for these cells";
  const largest = Math.max(...deviations);
  const distance = largest === 0 ? "equal" : `at most ${largest.toExponential(1)} away, relative`;
  return `reference: known for ${deviations.length} of ${cells} cells, ${distance} (${reference.source})`;
}
