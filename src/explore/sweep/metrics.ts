/** Numbers of an evaluated point, and the metrics that a sweep minimises or limits. */
import { type Memory, outermostMemories } from "../../ir/accelerator.js";
import { COSTS } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import {
  type FrontMetric,
  type MainNumbers,
  METRICS,
  type Metric,
  type MetricLimit,
  type PointNumbers,
} from "../../ir/sweep.js";
import { unreachable } from "../../ir/unreachable.js";

/** Numbers of a module whose pipeline ran to its end. */
export function pointNumbers(module: Module): PointNumbers {
  const { totals } = module.get(COSTS);
  const outermost = outermostMemories(module.accelerator);
  const onChip = [...totals.peak].filter(([id]) => !outermost.some((memory) => memory.id === id));
  return {
    energyPj: totals.energy,
    latencyCycles: totals.latency,
    peakBits: onChip.reduce((sum, [, bits]) => sum + bits, 0),
    dramBits: outermost.reduce((sum, memory) => sum + movedBits(memory, totals.accesses.get(memory.id)), 0),
    peakBitsByMemory: Object.fromEntries(totals.peak),
  };
}

/** Accesses of the full port width as bits. */
function movedBits(memory: Memory, accesses: { readonly read: number; readonly write: number } | undefined): number {
  if (accesses === undefined) return 0;
  const width = (other: "read" | "write"): number =>
    Math.max(0, ...memory.ports.filter(({ type }) => type !== other).map(({ bandwidth }) => bandwidth));
  return accesses.read * width("write") + accesses.write * width("read");
}

/** @throws Error when a memory is named that the numbers do not have: options are checked against the machines beforehand */
export function metricValue(numbers: PointNumbers, metric: Metric): number {
  const known = METRICS.find((name) => name === metric);
  if (known !== undefined) return mainValue(numbers, known);
  return numbers.peakBitsByMemory[metric.slice("peak:".length)] ?? 0; // a memory that nothing used
}

/** Of metrics that need no memory's name. */
export function mainValue(numbers: MainNumbers, metric: FrontMetric): number {
  switch (metric) {
    case "energy":
      return numbers.energyPj;
    case "latency":
      return numbers.latencyCycles;
    case "edp":
      return numbers.energyPj * numbers.latencyCycles;
    case "dram":
      return numbers.dramBits;
    case "peak":
      return numbers.peakBits;
    default:
      return unreachable(metric);
  }
}

/** The first limit that the numbers exceed. */
export const exceeded = (numbers: PointNumbers, limits: readonly MetricLimit[]): MetricLimit | undefined =>
  limits.find(({ metric, most }) => metricValue(numbers, metric) > most);

/** Less is better: by objective, then latency, then energy. Sums that differ in their rounding alone are ties. */
export const compareNumbers = (a: PointNumbers, b: PointNumbers, objective: Metric): number =>
  rounded(metricValue(a, objective)) - rounded(metricValue(b, objective)) ||
  a.latencyCycles - b.latencyCycles ||
  rounded(a.energyPj) - rounded(b.energyPj);

/** To 12 digits: sums over a million terms agree that far in any order. */
const rounded = (value: number): number => Number(value.toPrecision(12));

/** @returns `undefined` for anything but a metric; a memory's name is not checked */
export function parseMetric(text: string): Metric | undefined {
  const known = METRICS.find((metric) => metric === text);
  if (known !== undefined) return known;
  return /^peak:./.test(text) ? (text as Metric) : undefined; // of that very form
}

/** `latency<=1e6`. */
export function parseLimit(text: string): MetricLimit | undefined {
  const [name = "", digits = "", ...rest] = text.split("<=");
  const metric = parseMetric(name.trim());
  const most = Number(digits);
  const isNumber = digits.trim() !== "" && Number.isFinite(most) && most >= 0 && rest.length === 0;
  return metric !== undefined && isNumber ? { metric, most } : undefined;
}

export const printLimit = ({ metric, most }: MetricLimit): string => `${metric}<=${most}`;
