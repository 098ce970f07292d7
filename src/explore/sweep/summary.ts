/** What is worth saying about a sweep, gathered point by point in bounded memory: the result does not depend on their order. */
import type { OverlapMode } from "../../ir/facts.js";
import {
  type Exclusion,
  FRONT_METRICS,
  type FrontMetric,
  type Metric,
  type MetricLimit,
  type Outcome,
  type PointNumbers,
  type SweepEntry,
  type SweepPoint,
  type SweepSummary,
  type TileMap,
} from "../../ir/sweep.js";
import { boundValue, type PointBound } from "./bounds.js";
import { type FrontPoint, ParetoFront } from "./front.js";
import { compareNumbers, exceeded, metricValue, printLimit } from "./metrics.js";

export interface SummaryChoices {
  readonly objective: Metric;
  readonly limits: readonly MetricLimit[];
  /** Of the front; absent: energy, latency and peak. */
  readonly frontMetrics?: readonly FrontMetric[];
  /** Sizes and modes of the maps' cells. */
  readonly axes: TileAxes;
  /** Points that the summary should cover. */
  readonly points: number;
}

export interface TileAxes {
  readonly overlaps: readonly OverlapMode[];
  readonly widths: readonly number[];
  readonly heights: readonly number[];
}

/** Best points that are kept, and points of the front that a summary shows. */
const BEST = 10;
const FRONT = 20;
/** Cells of a map along each axis; longer axes share them. */
const COLUMNS = 10;
const ROWS = 12;

/** Its objective may be any of the numbers. */
interface BestEntry extends SweepEntry {
  readonly numbers: PointNumbers;
}

export class SweepReducer {
  readonly #choices: SummaryChoices;
  readonly #front: ParetoFront;
  readonly #best: BestEntry[] = [];
  readonly #excluded = new Map<string, { by: Exclusion["by"]; what: string; points: number }>();
  readonly #maps: readonly MapBuilder[];
  /** Least value of each limited metric. */
  readonly #least = new Map<Metric, number>();
  #known = 0;
  #allowed = 0;

  constructor(choices: SummaryChoices) {
    this.#choices = choices;
    this.#front = new ParetoFront(choices.frontMetrics);
    const { widths, heights, overlaps } = choices.axes;
    this.#maps = overlaps.map((overlap) => new MapBuilder(overlap, widths, heights));
  }

  add(index: number, point: SweepPoint, outcome: Outcome): void {
    this.#known++;
    if ("infeasible" in outcome) this.#exclude("infeasible", outcome.infeasible[0]?.code ?? "");
    else this.#addNumbers(index, point, outcome);
  }

  get known(): number {
    return this.#known;
  }

  /** Points that have a schedule within all limits. */
  get allowed(): number {
    return this.#allowed;
  }

  /** By which limit, or by which metrics of the front, a bound excludes whatever it belongs to; `undefined` if it does not. */
  excludedBy(bound: PointBound): string | undefined {
    const { limits, frontMetrics = FRONT_METRICS } = this.#choices;
    const limit = limits.find(({ metric, most }) => boundValue(bound, metric) > most);
    if (limit !== undefined) return printLimit(limit);
    const isBeaten = this.#front.excludes(frontMetrics.map((metric) => boundValue(bound, metric)));
    return isBeaten ? frontMetrics.join(",") : undefined;
  }

  /** A point that its bound excludes. */
  exclude(what: string): void {
    this.#known++;
    this.#exclude("bound", what);
  }

  /** Least value of a limited metric over the points that have a schedule. */
  leastOf(metric: Metric): number | undefined {
    return this.#least.get(metric);
  }

  /** By energy. */
  front(): readonly FrontPoint[] {
    return this.#front.members();
  }

  /** @param pointOf - the point of a number that was added */
  summary(pointOf: (index: number) => SweepPoint): SweepSummary {
    const { objective, points, frontMetrics = FRONT_METRICS } = this.#choices;
    const front = this.front();
    return {
      objective,
      points,
      known: this.#known,
      best: this.#best,
      frontMetrics,
      frontSize: front.length,
      front: front.slice(0, FRONT).map(({ index, ...numbers }) => ({ index, point: pointOf(index), numbers })),
      excluded: this.exclusions(),
      maps: this.#maps.filter(({ isEmpty }) => !isEmpty).map((map) => map.build()),
    };
  }

  /** In a stable order. */
  exclusions(): readonly Exclusion[] {
    const dominated = this.#allowed - this.#front.members().length;
    const found = [...this.#excluded].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, exclusion]) => exclusion);
    return dominated === 0 ? found : [...found, { by: "dominated", points: dominated }];
  }

  #addNumbers(index: number, point: SweepPoint, numbers: PointNumbers): void {
    const { objective, limits } = this.#choices;
    for (const { metric } of limits) this.#noteLeast(metric, metricValue(numbers, metric));
    const limit = exceeded(numbers, limits);
    if (limit !== undefined) {
      this.#exclude("limit", printLimit(limit));
      return;
    }
    this.#allowed++;
    this.#keepBest({ index, point, numbers });
    this.#front.add({ ...numbers, index });
    this.#maps.find(({ overlap }) => overlap === point.overlap)?.add(point, metricValue(numbers, objective));
  }

  #exclude(by: Exclusion["by"], what: string): void {
    const key = `${by} ${what}`;
    const known = this.#excluded.get(key);
    if (known === undefined) this.#excluded.set(key, { by, what, points: 1 });
    else known.points++;
  }

  #noteLeast(metric: Metric, value: number): void {
    this.#least.set(metric, Math.min(value, this.#least.get(metric) ?? Number.POSITIVE_INFINITY));
  }

  #keepBest(entry: BestEntry): void {
    const { objective } = this.#choices;
    const isBetter = (other: BestEntry): boolean =>
      (compareNumbers(entry.numbers, other.numbers, objective) || entry.index - other.index) < 0;
    const last = this.#best.at(-1);
    if (this.#best.length >= BEST && last !== undefined && !isBetter(last)) return;
    const at = this.#best.findIndex(isBetter);
    this.#best.splice(at < 0 ? this.#best.length : at, 0, entry);
    this.#best.length = Math.min(this.#best.length, BEST);
  }
}

/** Least value per range of widths and heights. */
class MapBuilder {
  readonly overlap: OverlapMode;
  readonly #widths: Ranges;
  readonly #heights: Ranges;
  readonly #values: Float64Array;
  isEmpty = true;

  constructor(overlap: OverlapMode, widths: readonly number[], heights: readonly number[]) {
    this.overlap = overlap;
    this.#widths = ranges(widths, COLUMNS);
    this.#heights = ranges(heights, ROWS);
    this.#values = new Float64Array(this.#widths.labels.length * this.#heights.labels.length).fill(Number.NaN);
  }

  add({ tile }: SweepPoint, value: number): void {
    const [column, row] = [this.#widths.rangeOf.get(tile.width), this.#heights.rangeOf.get(tile.height)];
    if (column === undefined || row === undefined) return;
    const cell = row * this.#widths.labels.length + column;
    const known = this.#values[cell]!; // both are ranges of the map
    if (!(known <= value)) this.#values[cell] = value;
    this.isEmpty = false;
  }

  build(): TileMap {
    const columns = this.#widths.labels;
    const rows = this.#heights.labels;
    const values = rows.map((_, row) =>
      columns.map((_, column) => {
        const value = this.#values[row * columns.length + column]!; // one cell per row and column
        return Number.isNaN(value) ? undefined : value;
      }),
    );
    return { overlap: this.overlap, columns, rows, values };
  }
}

interface Ranges {
  readonly labels: readonly string[];
  readonly rangeOf: ReadonlyMap<number, number>;
}

/** At most `most` ranges of about equal numbers of sizes. */
function ranges(sizes: readonly number[], most: number): Ranges {
  const sorted = [...new Set(sizes)].sort((a, b) => a - b);
  const count = Math.min(most, sorted.length);
  const rangeAt = (position: number): number => Math.floor((position * count) / sorted.length);
  const rangeOf = new Map(sorted.map((size, position) => [size, rangeAt(position)]));
  const labels = Array.from({ length: count }, (_, range) => {
    const members = sorted.filter((size) => rangeOf.get(size) === range);
    const [first, last] = [members[0], members.at(-1)];
    return first === last ? String(first) : `${first}-${last}`;
  });
  return { labels, rangeOf };
}
