/** Numbers that a point cannot go below, found in a fraction of the time that its schedule takes. */
import type { CostModel } from "../../ir/cost-model.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Module } from "../../ir/module.js";
import type { RuleSet } from "../../ir/rules.js";
import type { Metric } from "../../ir/sweep.js";
import { leastComputeCycles, leastEnergy, leastOutermostCycles } from "../../passes/exact/least-costs.js";
import type { EvaluateOptions } from "../evaluate-point.js";

export interface PointBound {
  readonly energyPj: number;
  readonly latencyCycles: number;
}

/** Nothing is known. */
const UNBOUNDED: PointBound = { energyPj: 0, latencyCycles: 0 };

/** Sums in another order differ by their rounding. */
const ROUNDING = 1 - 1e-9;

/** Metrics that can be bounded, under rules that can be: published ones count what the laws of a bound do not hold for. */
export const isBounded = (metric: Metric, { geometry }: Pick<RuleSet, "geometry">): boolean =>
  geometry === "clipped" && (metric === "energy" || metric === "latency" || metric === "edp");

/** Least value that a metric can have. */
export function boundValue({ energyPj, latencyCycles }: PointBound, metric: Metric): number {
  if (metric === "energy") return energyPj;
  if (metric === "latency") return latencyCycles;
  return metric === "edp" ? energyPj * latencyCycles : 0;
}

/**
 * Weights that stay on chip between inferences, and copies that run beside layers, take away energy or time of copies: what is left
 * then is the layers' own.
 *
 * @param metrics - what the bound is for: the rest is left 0
 * @param tile - makes the module with its tiles
 * @returns zeros for a point without a schedule: who evaluates it says why
 */
export function pointBound(
  metrics: readonly Metric[],
  tile: () => Module,
  costModel: CostModel,
  { inference = "single", copies = "alone" }: EvaluateOptions,
): PointBound {
  const wants = (metric: Metric): boolean => metrics.includes(metric) || metrics.includes("edp");
  const isPlain = inference === "single" && copies === "alone";
  try {
    const module = tile();
    const energy = inference === "steady" || !wants("energy") ? 0 : leastEnergy(module, costModel);
    const moving = isPlain && wants("latency") ? leastOutermostCycles(module, costModel) : 0;
    const cycles = wants("latency") ? Math.max(leastComputeCycles(module), moving) : 0;
    if (!Number.isFinite(energy + cycles)) return UNBOUNDED;
    return { energyPj: energy * ROUNDING, latencyCycles: cycles * ROUNDING };
  } catch (error) {
    if (error instanceof DiagnosticError && error.failure === "infeasible") return UNBOUNDED;
    throw error;
  }
}

/** Bounds of all points of a sweep; 16 bytes each. */
export class BoundTable {
  readonly #energy: Float64Array;
  readonly #latency: Float64Array;

  constructor(points: number) {
    this.#energy = new Float64Array(points);
    this.#latency = new Float64Array(points);
  }

  set(index: number, { energyPj, latencyCycles }: PointBound): void {
    this.#energy[index] = energyPj;
    this.#latency[index] = latencyCycles;
  }

  at(index: number): PointBound {
    return { energyPj: this.#energy[index]!, latencyCycles: this.#latency[index]! }; // one entry per point
  }

  /** Numbers of all points, those of the least bound first. */
  ascending(metric: Metric): Uint32Array {
    const keys = Float64Array.from(this.#energy, (_, index) => boundValue(this.at(index), metric));
    return Uint32Array.from(keys, (_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b); // of the list
  }
}

/** Tells what has been found so far. */
interface Excluding {
  /** What excludes everything that has this bound, if anything does. */
  excludedBy(bound: PointBound): string | undefined;
}

/** Points to evaluate: the most promising first, and none that cannot belong to the answer any more when its turn comes. */
export class PromisingPoints implements Iterator<number> {
  readonly #numbers: Iterator<number>;
  /** Points that were passed over. */
  skipped = 0;

  /** @param isDone - of points that are known already */
  constructor(table: BoundTable, objective: Metric, found: Excluding, isDone: (index: number) => boolean) {
    this.#numbers = this.#promising(table, objective, found, isDone);
  }

  next(): IteratorResult<number> {
    return this.#numbers.next();
  }

  *#promising(
    table: BoundTable,
    objective: Metric,
    found: Excluding,
    isDone: (index: number) => boolean,
  ): Generator<number> {
    for (const index of table.ascending(objective)) {
      if (isDone(index)) continue;
      if (found.excludedBy(table.at(index)) === undefined) yield index;
      else this.skipped++;
    }
  }
}
