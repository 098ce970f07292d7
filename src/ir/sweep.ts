/** A sweep: points of a network's design space, and what was found at each. Plain data that is written, merged and rendered. */
import type { OverlapMode, TileOrder } from "./facts.js";

/** A tile as every line states it, elements of a stack's output. */
export interface PointTile {
  readonly width: number;
  readonly height: number;
}

/** What is tried at one point; network and rules are the same at all points of a sweep. */
export interface SweepPoint {
  /** Name of the accelerator. */
  readonly arch: string;
  /** Fields of its file that were changed, by dotted path. */
  readonly vary?: Readonly<Record<string, unknown>>;
  /** A rule, or the layers that stacks end after, as `--stacks` takes them. */
  readonly stacks: string;
  /** Clamped to the largest output of a stack; every stack clamps it further to its own. */
  readonly tile: PointTile;
  readonly overlap: OverlapMode;
  readonly order: TileOrder;
}

/** The numbers that points are compared by. */
export interface MainNumbers {
  readonly energyPj: number;
  readonly latencyCycles: number;
  /** Sum of the on-chip memories' peaks. */
  readonly peakBits: number;
  /** Read from and written to the outermost memories. */
  readonly dramBits: number;
}

export interface PointNumbers extends MainNumbers {
  /** Largest footprint in one instance of each memory. */
  readonly peakBitsByMemory: Readonly<Record<string, number>>;
}

/** No schedule exists at the point, and why. */
export interface PointFailure {
  readonly infeasible: readonly { readonly code: string; readonly message: string }[];
}

export type Outcome = PointNumbers | PointFailure;

/** One line of a result file (contract: `kerf explore --out`). */
export type SweepLine = {
  /** Which sweep the point belongs to: a hash of its inputs and axes. */
  readonly sweep: string;
  /** Number of the point, from 0, and how many the sweep has. */
  readonly index: number;
  readonly of: number;
  readonly point: SweepPoint;
  /** Content hash of everything that the numbers depend on. */
  readonly key: string;
} & Outcome;

export const METRICS = ["energy", "latency", "edp", "dram", "peak"] as const;
/** A quantity to minimise or to limit: pJ, cycles, pJ·cycles, bits; `peak:<memory>` is one memory's. */
export type Metric = FrontMetric | `peak:${string}`;

/** What a Pareto front may weigh against each other. */
export type FrontMetric = (typeof METRICS)[number];

/** Metrics of the front unless others are asked for; a front has at most three. */
export const FRONT_METRICS: readonly FrontMetric[] = ["energy", "latency", "peak"];

export interface MetricLimit {
  readonly metric: Metric;
  readonly most: number;
}

/** A point worth showing. */
export interface SweepEntry {
  readonly index: number;
  readonly point: SweepPoint;
  readonly numbers: MainNumbers;
}

/** Least value of the objective per tile size, over everything else; absent where no point is feasible. */
export interface TileMap {
  readonly overlap: OverlapMode;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** By row, then by column. */
  readonly values: readonly (readonly (number | undefined)[])[];
}

/** Points that cannot be the answer, by what excludes them; `bound`: before they were evaluated. */
export interface Exclusion {
  readonly by: "infeasible" | "limit" | "dominated" | "bound";
  /** Diagnostic code, or the limit; of a bound the limit that it exceeds, or the metrics in which a point of the front is below it. */
  readonly what?: string;
  readonly points: number;
}

export interface SweepSummary {
  readonly objective: Metric;
  /** Points that the summary should cover, and those that are known. */
  readonly points: number;
  readonly known: number;
  /** Best first; at most a few. */
  readonly best: readonly SweepEntry[];
  /** What the front weighs. */
  readonly frontMetrics: readonly FrontMetric[];
  /** Non-dominated in these: how many there are, and the first few by the first metric. */
  readonly frontSize: number;
  readonly front: readonly SweepEntry[];
  readonly excluded: readonly Exclusion[];
  readonly maps: readonly TileMap[];
}
