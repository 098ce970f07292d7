/** A sweep for the terminal: best points, Pareto front, heat maps. */
import type {
  Exclusion,
  FrontMetric,
  MainNumbers,
  Metric,
  SweepEntry,
  SweepPoint,
  SweepSummary,
  TileMap,
} from "../../ir/sweep.js";
import { energyScale, grouped, inScale, type Scale, size } from "./quantities.js";
import { type Align, ellipsis, printTable } from "./table.js";

const TEXT_LIMIT = 40;

/** @param title - what was swept: `fsrcnn on tpu-like, cost model exact` */
export function printSweep(title: string, summary: SweepSummary): string {
  const { best, front, frontSize, frontMetrics, maps, objective } = summary;
  const lines = [
    `${title}: ${knownPoints(summary)}`,
    ...section(`best by ${objective}`, best),
    ...section(frontTitle(frontMetrics, frontSize, front.length), front),
    ...maps.flatMap((map) => ["", ...printMap(map, objective)]),
    ...printExclusions(summary),
  ];
  return `${lines.join("\n")}\n`;
}

const knownPoints = ({ known, points }: SweepSummary): string =>
  known === points ? plural(points, "point") : `${grouped(known)} of ${plural(points, "point")}`;

const FRONT_NAMES: Readonly<Record<FrontMetric, string>> = {
  energy: "energy",
  latency: "latency",
  edp: "energy-delay product",
  dram: "DRAM traffic",
  peak: "on-chip peak",
};

const enumerate = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

const frontTitle = (metrics: readonly FrontMetric[], count: number, shown: number): string =>
  `Pareto front of ${enumerate(metrics.map((metric) => FRONT_NAMES[metric]))}: ${plural(count, "point")}${count > shown ? `, the first ${shown}` : ""}`;

const section = (title: string, entries: readonly SweepEntry[]): readonly string[] =>
  entries.length === 0 ? [] : ["", title, ...printEntries(entries)];

interface Column {
  readonly title: string;
  readonly align: Align;
  readonly cell: (entry: SweepEntry) => string;
}

function printEntries(entries: readonly SweepEntry[]): readonly string[] {
  const scale = energyScale(Math.min(...entries.map(({ numbers }) => numbers.energyPj)));
  const number = (title: string, value: (numbers: MainNumbers) => string): Column => ({
    title,
    align: "right",
    cell: ({ numbers }) => value(numbers),
  });
  const text = (title: string, value: (point: SweepPoint) => string): Column => ({
    title,
    align: "left",
    cell: ({ point }) => ellipsis(value(point), TEXT_LIMIT),
  });
  const columns = [
    number(`energy [${scale.unit}]`, ({ energyPj }) => inScale(energyPj, scale)),
    number("cycles", ({ latencyCycles }) => grouped(latencyCycles)),
    number("on-chip peak", ({ peakBits }) => size(peakBits)),
    number("DRAM", ({ dramBits }) => size(dramBits)),
    text("tile", ({ tile }) => `${tile.width}x${tile.height}`),
    text("overlap", ({ overlap }) => overlap),
    text("order", ({ order }) => order),
    text("stacks", ({ stacks }) => stacks),
    text("accelerator", ({ arch }) => arch),
    text("with", ({ vary }) => printVary(vary)),
  ];
  const used = columns.filter(({ title, cell }) => title !== "with" || entries.some((entry) => cell(entry) !== ""));
  const rows = entries.map((entry) => used.map(({ cell }) => cell(entry)));
  const heading = used.map(({ title }) => title);
  return printTable(
    [heading, ...rows],
    used.map(({ align }) => align),
    "  ",
  );
}

const printVary = (vary: SweepPoint["vary"]): string =>
  Object.entries(vary ?? {})
    .map(([path, value]) => `${path}=${JSON.stringify(value)}`)
    .join(" ");

/** From the least value to the largest. */
const SHADES = ["·", "░", "▒", "▓", "█"];

function printMap({ overlap, columns, rows, values }: TileMap, objective: Metric): readonly string[] {
  const known = values.flat().filter((value) => value !== undefined);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const scale = metricScale(objective, least);
  const cell = (value: number | undefined): string =>
    value === undefined ? "–  " : `${inScale(value, scale)} ${SHADES[shade(value, least, most)]}`;
  const body = values.map((row, index) => [rows[index] ?? "", ...row.map(cell)]);
  const align = ["right" as const, ...columns.map(() => "right" as const)];
  return [
    `${objective}${scale.unit === "" ? "" : ` [${scale.unit}]`} by tile, ${overlap}: the least over everything else`,
    ...printTable([["height \\ width", ...columns], ...body], align, "  "),
  ];
}

/** On a logarithmic scale: costs span orders of magnitude. */
function shade(value: number, least: number, most: number): number {
  if (most <= least || least <= 0) return 0;
  const share = Math.log(value / least) / Math.log(most / least);
  return Math.min(SHADES.length - 1, Math.floor(share * SHADES.length));
}

const THOUSANDS = ["", "k", "M", "G", "T", "P", "E", "Z"];

function metricScale(metric: Metric, least: number): Scale {
  if (metric === "energy") return energyScale(least);
  const base = metric === "latency" ? "cycles" : metric === "edp" ? "pJ·cycles" : "bit";
  const step = least < 1 ? 0 : Math.min(THOUSANDS.length - 1, Math.floor(Math.log10(least) / 3));
  return { unit: `${THOUSANDS[step]}${base}`, factor: 1000 ** step };
}

function printExclusions({ excluded }: SweepSummary): readonly string[] {
  if (excluded.length === 0) return [];
  return ["", `excluded: ${excluded.map(printExclusion).join(", ")}`];
}

const printExclusion = ({ by, what, points }: Exclusion): string => {
  const count = grouped(points);
  if (by === "dominated") return `${count} dominated`;
  if (by === "bound") return `${count} by a bound on ${what}`;
  return by === "limit" ? `${count} over ${what}` : `${count} without a schedule (${what})`;
};

const plural = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
