/**
 * A layer runs on as many units as its dataflow unrolls it over, unless the blocks of all units together do not fit even where everything has
 * room to itself: then on the most for which they do (EM §3).
 */
import type { Unroll } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { layerProblems, type ProblemSource, type TileShapes } from "./layer-problems.js";

/** @returns the shapes as they are where they fit; on one unit where nothing does, so that what is refused is the least */
export function fitted(shapes: TileShapes, source: ProblemSource, costModel: CostModel): TileShapes {
  const fits = (candidate: TileShapes): boolean =>
    layerProblems(candidate.tile, new Map(), source, new Set(), candidate).every(
      (problem) => costModel.boundLayer(problem) < Number.POSITIVE_INFINITY,
    );
  if (fits(shapes)) return shapes;
  let candidate = shapes;
  for (const unrolling of smallerUnrollings(shapes.unrolling)) {
    candidate = { ...shapes, unrolling };
    if (fits(candidate)) break;
  }
  return candidate;
}

/** Every size halved any number of times, those of most units first; of as many units, those that halve later entries. */
function smallerUnrollings(unrolling: readonly Unroll[]): readonly (readonly Unroll[])[] {
  const all = unrolling.reduce<readonly (readonly Unroll[])[]>(
    (lists, entry) => lists.flatMap((list) => halvings(entry.size).map((size) => [...list, { ...entry, size }])),
    [[]],
  );
  const units = (list: readonly Unroll[]): number => list.reduce((product, { size }) => product * size, 1);
  return all.slice(1).sort((a, b) => units(b) - units(a)); // the first is the whole one
}

const halvings = (size: number): readonly number[] => (size <= 1 ? [size] : [size, ...halvings(Math.floor(size / 2))]);
