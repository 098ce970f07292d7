/** Good tilings of one stack among many: a descent from the uncut map, one size, mode or order at a time. */
import type { Surroundings } from "../../passes/exact/place-stack.js";
import type { JointSpace, Segment } from "./joint-space.js";
import type { Tiling } from "./tilings.js";

/** Nodes of all tile types that one descent looks at, about. */
const MOST_WORK = 3000;

/** Maps between stacks lie at the top. */
const ALONE: Surroundings = { places: new Map(), held: [] };

/** Tilings that are dearer than the best one by more than this are not looked at any further. */
const WORTH = 1.25;

export interface Descent {
  /** The best tilings that were met, best first. */
  readonly tilings: readonly Tiling[];
  readonly looked: number;
  /** Nodes of all tile types that were looked at. */
  readonly work: number;
}

/**
 * @param keep - tilings to return, at most
 * @param limit - tilings to look at, at most
 */
export function descend(space: JointSpace, segment: Segment, keep: number, limit: number): Descent {
  const scores = new Map<Tiling, number>();
  let [best, work] = [Number.POSITIVE_INFINITY, 0];
  const score = (tiling: Tiling): number => {
    const planner = space.plan(segment, tiling);
    const rough = planner.roughEnergy(ALONE);
    const energy = rough > best ? rough : planner.leastEnergy(ALONE, best * WORTH);
    work += planner.size;
    scores.set(tiling, energy);
    best = Math.min(best, energy);
    return energy;
  };
  let at = segment.tilings.at(-1)!; // every stack has a tiling; sizes ascend, so that the last is uncut where that is allowed
  let energy = score(at);
  for (let isBetter = true; isBetter && scores.size < limit && work < MOST_WORK; ) {
    isBetter = false;
    for (const next of neighbours(at, segment)) {
      if (scores.has(next) || scores.size >= limit || work >= MOST_WORK) continue;
      const found = score(next);
      if (found >= energy) continue;
      [at, energy, isBetter] = [next, found, true];
      break;
    }
  }
  const sorted = [...scores].filter(([, found]) => found <= best * WORTH).sort(([, a], [, b]) => a - b);
  return {
    tilings: (sorted.length > 0 ? sorted : [...scores]).slice(0, keep).map(([tiling]) => tiling),
    looked: scores.size,
    work,
  };
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
