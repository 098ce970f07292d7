/** Points that no other point beats in up to three metrics: energy, latency and peak unless stated. */
import { FRONT_METRICS, type FrontMetric, type MainNumbers } from "../../ir/sweep.js";
import { mainValue } from "./metrics.js";

/** What is kept of a point: a front of a million points has to fit into memory. */
export interface FrontPoint extends MainNumbers {
  readonly index: number;
}

/** Points that are collected before the next sorting: many at a time are quicker than one walk each. */
const COLLECTED = 1024;

/** Values of the front's metrics; 0 for metrics that there are not. */
type Axes = readonly [x: Axis, y: Axis, z: Axis];
type Axis = (point: FrontPoint) => number;

const axesOf = (metrics: readonly FrontMetric[]): Axes => [axis(metrics[0]), axis(metrics[1]), axis(metrics[2])];

const axis = (metric: FrontMetric | undefined): Axis =>
  metric === undefined ? () => 0 : (point) => mainValue(point, metric);

/**
 * The Pareto front of however many points in whatever order. Equal points all belong to it or none does. Takes memory for the front
 * and as many points again.
 */
export class ParetoFront {
  readonly #axes: Axes;
  #front: readonly FrontPoint[] = [];
  #pending: FrontPoint[] = [];

  /** @param metrics - at most three */
  constructor(metrics: readonly FrontMetric[] = FRONT_METRICS) {
    this.#axes = axesOf(metrics);
  }

  add({ index, energyPj, latencyCycles, peakBits, dramBits }: FrontPoint): void {
    this.#pending.push({ index, energyPj, latencyCycles, peakBits, dramBits });
    if (this.#pending.length >= Math.max(COLLECTED, this.#front.length)) this.#settle();
  }

  /** By the first metric, then the others and the number. */
  members(): readonly FrontPoint[] {
    this.#settle();
    return this.#front;
  }

  /**
   * Whether a member is below something that is no less than these values, so that it cannot belong to the front.
   *
   * @param values - of the front's metrics
   */
  excludes([x = 0, y = 0, z = 0]: readonly number[]): boolean {
    this.#settle();
    for (const member of this.#front) {
      const [ownX, ownY, ownZ] = [this.#axes[0](member), this.#axes[1](member), this.#axes[2](member)];
      if (ownX > x) return false;
      if (ownY <= y && ownZ <= z && (ownX < x || ownY < y || ownZ < z)) return true;
    }
    return false;
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    this.#front = nonDominated(this.#front.concat(this.#pending), this.#axes);
    this.#pending = [];
  }
}

/**
 * Sorted by `x`, a point is dominated exactly if an earlier one is no worse in `y` and `z`: those that matter form a staircase, `z` falling
 * as `y` rises.
 *
 * @param points - sorted in place
 */
function nonDominated(points: FrontPoint[], axes: Axes): readonly FrontPoint[] {
  const [x, y, z] = axes;
  points.sort((a, b) => x(a) - x(b) || y(a) - y(b) || z(a) - z(b) || a.index - b.index);
  const stairs: Step[] = [];
  let last: FrontPoint | undefined;
  return points.filter((point) => {
    if (last !== undefined && isEqual(point, last, axes)) return true; // the last one kept: equals stand side by side
    const step = { y: y(point), z: z(point) };
    const below = stairs[firstAbove(stairs, step.y) - 1];
    if (below !== undefined && below.z <= step.z) return false;
    climb(stairs, step);
    last = point;
    return true;
  });
}

interface Step {
  readonly y: number;
  readonly z: number;
}

/** Adds a step and removes those that it makes useless: no less in `y`, and no less in `z`. */
function climb(stairs: Step[], step: Step): void {
  let from = firstAbove(stairs, step.y);
  if (stairs[from - 1]?.y === step.y) from--;
  let to = from;
  while (to < stairs.length && stairs[to]!.z >= step.z) to++; // within the list
  stairs.splice(from, to - from, step);
}

/** Position of the first step of larger `y`. */
function firstAbove(stairs: readonly Step[], y: number): number {
  let [low, high] = [0, stairs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stairs[middle]!.y <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

const isEqual = (a: FrontPoint, b: FrontPoint, [x, y, z]: Axes): boolean =>
  x(a) === x(b) && y(a) === y(b) && z(a) === z(b);
