/** A comparison for the terminal: the way step by step, then every term of both ends. */
import { printDiagnostic } from "../../ir/diagnostics.js";
import type { DiffStep, ScheduleDiff } from "../../ir/diff.js";
import type { Quirk } from "../../ir/rules.js";
import { differences, type FiguresJson, figuresJson } from "./diff-json.js";
import { changeOf, diffTerms, type Term } from "./diff-terms.js";
import { energyScale, grouped, inScale, type Scale } from "./quantities.js";
import { type Align, printTable } from "./table.js";

export function printDiff(diff: ScheduleDiff): string {
  const { model, ends, path } = diff;
  const [first, second] = ends;
  const isPath = path !== undefined;
  const heading = isPath
    ? `${model} on ${first.accelerator}, from cost model ${first.costModel} to ${second.costModel}, policy by policy`
    : `${model} under cost model ${first.costModel}, on ${first.accelerator} and on ${second.accelerator}`;
  const scale = energyScale(Math.min(first.totals.energy, second.totals.energy) / 100); // so that small changes show
  const names = isPath ? [first.costModel, second.costModel] : [first.accelerator, second.accelerator];
  const lines = [
    heading,
    ...(isPath ? ["", ...printPath(diff, path, scale)] : []),
    "",
    ...printTerms(diff, names, scale),
  ];
  return `${lines.join("\n")}\n`;
}

const COLUMNS: readonly Align[] = ["left", "left", ...Array<Align>(9).fill("right")];

/** One row per step that changes a number or gives no schedule; the others are named below. */
function printPath({ ends }: ScheduleDiff, path: readonly DiffStep[], scale: Scale): readonly string[] {
  const unit = `[${scale.unit}]`;
  const heading = ["step", "mends", `energy ${unit}`, "change", "%", "cycles", "change", "%", "MACs", "change", "%"];
  const start = figuresJson(ends[0]);
  const rows: (readonly string[])[] = [[ends[0].costModel, "", ...stepCells(start, undefined, scale)]];
  const unchanged: string[] = [];
  let before = start;
  for (const step of path) {
    if ("infeasible" in step.outcome) {
      rows.push([nameOf(step), quirksText(step), "infeasible"]);
      continue;
    }
    const figures = figuresJson(step.outcome);
    if (isSame(before, figures)) unchanged.push(nameOf(step));
    else rows.push([nameOf(step), quirksText(step), ...stepCells(figures, before, scale)]);
    before = figures;
  }
  rows.push([`${ends[1].costModel} in all`, "", ...stepCells(figuresJson(ends[1]), start, scale)]);
  return [...printTable([heading, ...rows], COLUMNS, "  "), ...unchangedLine(unchanged), ...footnotes(path)];
}

const nameOf = ({ policy, to }: DiffStep): string => `${policy}: ${to}`;

const isSame = (a: FiguresJson, b: FiguresJson): boolean =>
  a.energyPj === b.energyPj &&
  a.latencyCycles === b.latencyCycles &&
  a.computedMacs === b.computedMacs &&
  a.operations === b.operations;

function stepCells(figures: FiguresJson, before: FiguresJson | undefined, scale: Scale): readonly string[] {
  const change = before && differences(before, figures);
  const energy = [inScale(figures.energyPj, scale), ...signed(before?.energyPj, change?.energyPj, inUnit(scale))];
  const cycles = [grouped(figures.latencyCycles), ...signed(before?.latencyCycles, change?.latencyCycles, grouped)];
  const macs = [grouped(figures.computedMacs), ...signed(before?.computedMacs, change?.computedMacs, grouped)];
  return [...energy, ...cycles, ...macs];
}

const inUnit =
  (scale: Scale) =>
  (value: number): string =>
    inScale(value, scale);

/** A change with its sign, and in percent of what was before; 0 is 0, whatever the digits. */
function signed(
  before: number | undefined,
  change: number | undefined,
  print: (value: number) => string,
): readonly string[] {
  if (before === undefined || change === undefined) return ["", ""];
  if (change === 0) return ["0", ""];
  const sign = change < 0 ? "−" : "+";
  const share = before === 0 ? "–" : `${sign}${((100 * Math.abs(change)) / before).toFixed(2)} %`;
  return [`${sign}${print(Math.abs(change))}`, share];
}

const unchangedLine = (names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`  no change (${names.length}): ${names.join(", ")}`];

/** Why steps have no schedule, and what a change of mapper does to the meaning of cycles. */
function footnotes(path: readonly DiffStep[]): readonly string[] {
  const reasons = path.flatMap((step) =>
    "infeasible" in step.outcome
      ? step.outcome.infeasible.map((reason) => `  ${nameOf(step)}: ${printDiagnostic(reason).split("\n")[0]}`)
      : [],
  );
  const changesCycles = path.some(({ policy }) => policy === "mapper");
  const note =
    "  mapper: in the cycles of block-sums every layer writes back its last results and waits for refills that have no second block";
  return [...reasons, ...(changesCycles ? [note] : [])];
}

/** `SL-Q9–13, 16`: numbers of one part together; what a step brings back has a plus. */
function quirksText({ mends, restores }: DiffStep): string {
  return [...partsText(mends), ...partsText(restores).map((part) => `+${part}`)].join(" ");
}

function partsText(quirks: readonly Quirk[]): readonly string[] {
  return ["DF", "SL"].flatMap((part) => {
    const numbers = quirks.filter((quirk) => quirk.startsWith(part)).map((quirk) => Number(quirk.slice(4)));
    return numbers.length === 0 ? [] : [`${part}-Q${runs(numbers.toSorted((a, b) => a - b)).join(", ")}`];
  });
}

/** Three or more neighbours as first and last. */
function runs(numbers: readonly number[]): readonly string[] {
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  return starts.flatMap((start) => {
    let end = start;
    while (numbers.includes(end + 1)) end++;
    return end - start < 2 ? numbers.filter((n) => n >= start && n <= end).map(String) : [`${start}–${end}`];
  });
}

const GROUPS: Readonly<Record<string, string>> = {
  energyPj: "energy",
  latencyCycles: "cycles",
  copyCycles: "cycles of copies",
  computedMacs: "MACs executed",
  operations: "operations",
  energyByKindPj: "energy",
  energyByMemoryPj: "energy",
  accesses: "accesses",
  peakBits: "peak",
};

function printTerms(diff: ScheduleDiff, names: readonly string[], scale: Scale): readonly string[] {
  const rows = diffTerms(diff).map((term) => termCells(term, scale));
  return printTable([["term", "unit", ...names, "change", "%"], ...rows], TERM_COLUMNS, "  ");
}

const TERM_COLUMNS: readonly Align[] = ["left", "left", "right", "right", "right", "right"];

function termCells(term: Term, scale: Scale): readonly string[] {
  const { path, unit, first, second } = term;
  const print = unit === "pJ" ? inUnit(scale) : grouped;
  const cell = (value: number | undefined): string => (value === undefined ? "–" : print(value));
  const [group = "", ...names] = path;
  const name = [...names, GROUPS[group] ?? group].join(" ");
  const change = signed(first ?? 0, changeOf(term), print);
  return [name, unit === "pJ" ? scale.unit : UNITS[unit], cell(first), cell(second), ...change];
}

const UNITS: Readonly<Record<Exclude<Term["unit"], "pJ">, string>> = {
  cycle: "cycles",
  access: "words",
  bit: "bit",
  count: "",
};
