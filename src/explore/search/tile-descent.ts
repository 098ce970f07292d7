/** Good tilings of one stack among many: a descent from the best of some sizes, one size, mode or order at a time. */
import type { Surroundings } from "../../passes/exact/place-stack.js";
import type { JointSpace, Segment } from "./joint-space.js";
import type { Tiling } from "./tilings.js";

/** Tilings that one descent looks at, and nodes of all their tile types, about; more where none fits so far. */
const MOST_LOOKED = 40;
const MOST_WORK = 3000;

/** Maps between stacks lie at the top. */
const ALONE: Surroundings = { places: new Map(), held: [] };

/** What a bound takes of the time of a look, about. */
const ROUGH = 4;

/** Tilings that are dearer than the best one by more than this are not looked at any further. */
const WORTH = 1.25;

export interface Descent {
  /** The best tilings that were met, best first. */
  readonly tilings: readonly Tiling[];
  /** Of the best one, with maps between stacks at the top, pJ; no more than a bound where it is above the limit. */
  readonly energy: number;
  /** Whether the energy is below the limit. */
  readonly isExact: boolean;
  readonly looked: number;
  /** Nodes of all tile types that were looked at. */
  readonly work: number;
}

/**
 * @param keep - tilings to return, at most
 * @param most - tilings above this energy, in pJ, need not be told apart
 * @param isOver - ends the descent early
 */
export function descend(
  space: JointSpace,
  segment: Segment,
  keep: number,
  most: number,
  isOver: () => boolean,
): Descent {
  const scores = new Map<Tiling, number>();
  let [best, work] = [Number.POSITIVE_INFINITY, 0];
  const score = (tiling: Tiling): number => {
    const planner = space.plan(segment, tiling);
    const limit = Math.min(best, most);
    const rough = planner.roughEnergy(ALONE, limit);
    const energy = rough > limit ? rough : planner.leastEnergy(ALONE, best * WORTH);
    work += rough > limit ? planner.size / ROUGH : planner.size;
    scores.set(tiling, energy);
    best = Math.min(best, energy);
    return energy;
  };
  const isDone = (): boolean =>
    best < Number.POSITIVE_INFINITY && (scores.size >= MOST_LOOKED || work >= MOST_WORK || isOver());
  for (const seed of seedsOf(segment)) if (!isDone()) score(seed);
  let [at, energy] = [...scores].reduce((least, next) => (next[1] < least[1] ? next : least)); // every stack has a tiling
  for (let isBetter = true; isBetter && !isDone(); ) {
    isBetter = false;
    for (const next of neighbours(at, segment)) {
      if (scores.has(next) || isDone()) continue;
      const found = score(next);
      if (found >= energy && energy < Number.POSITIVE_INFINITY) continue; // where nothing fits, any other may be nearer to what does
      [at, energy, isBetter] = [next, found, true];
      break;
    }
  }
  const sorted = [...scores].filter(([, found]) => found <= best * WORTH).sort(([, a], [, b]) => a - b);
  return {
    tilings: (sorted.length > 0 ? sorted : [...scores]).slice(0, keep).map(([tiling]) => tiling),
    energy: best,
    isExact: best <= most,
    looked: scores.size,
    work,
  };
}

/** Parts of the width and the height at which descents start, beside the uncut map: a step in one direction alone may gain nothing. */
const SEEDS = [
  [1, 1],
  [1, 4],
  [1, 16],
  [4, 4],
  [8, 8],
  [16, 16],
  [16, 8],
  [16, 1],
] as const;

/** Of each size the tiling that keeps most. */
function seedsOf({ tilings }: Segment): readonly Tiling[] {
  const { width, height } = tilings.at(-1)!.tile; // sizes ascend: the largest that are allowed
  const found = SEEDS.map(([columns, rows]) => {
    const fits = ({ tile }: Tiling): boolean =>
      tile.width <= Math.ceil(width / columns) && tile.height <= Math.ceil(height / rows);
    const largest = tilings.findLast(fits) ?? tilings[0]!; // every stack has a tiling
    const alike = tilings.filter(
      ({ tile }) => tile.width === largest.tile.width && tile.height === largest.tile.height,
    );
    return alike.find(({ overlap, order }) => overlap === "fully-cached" && order === "x-first") ?? alike.at(-1)!;
  });
  return [...new Set(found)];
}

/** Tilings that differ in one choice: a size that is about half or double, or the next one; the mode; the order. */
function neighbours(at: Tiling, { tilings }: Segment): readonly Tiling[] {
  const { width, height } = at.tile;
  const alike = tilings.filter(({ overlap, order }) => overlap === at.overlap && order === at.order);
  const heights = alike.filter(({ tile }) => tile.width === width);
  const widths = alike.filter(({ tile }) => tile.height === height);
  const others = tilings.filter(({ tile }) => tile.width === width && tile.height === height);
  const found = [
    ...stepsFrom(height, heights, ({ tile }) => tile.height),
    ...stepsFrom(width, widths, ({ tile }) => tile.width),
    ...others,
  ];
  return found.filter((tiling) => tiling !== at);
}

/** Of tilings that differ in a size alone: about half, double, the next smaller and the next larger one. */
function stepsFrom(size: number, tilings: readonly Tiling[], sizeOf: (tiling: Tiling) => number): readonly Tiling[] {
  const smaller = tilings.filter((tiling) => sizeOf(tiling) < size);
  const larger = tilings.filter((tiling) => sizeOf(tiling) > size);
  const half = smaller.findLast((tiling) => sizeOf(tiling) <= Math.ceil(size / 2));
  const double = larger.find((tiling) => sizeOf(tiling) >= 2 * size);
  const found = [half, double, smaller.at(-1), larger[0]].filter((tiling) => tiling !== undefined);
  return [...new Set(found)];
}
