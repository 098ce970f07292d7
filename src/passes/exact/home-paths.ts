/**
 * Paths through the nodes of a tile type, with one option for each (EM §2): the cheapest of all, by best-first search; and cheap ones
 * sooner, where so many parts live together that there are too many paths: what is still to come weighs more, or a beam.
 */
import { MinHeap } from "../min-heap.js";
import { isNew } from "../visited.js";

/** Options chosen for the first nodes, and what they cost in pJ. */
export interface Path<Option> {
  readonly chosen: readonly Option[];
  readonly energy: number;
}

/** What paths are made of; energies in pJ, infinite where something does not fit. */
export interface PathSpace<Option> {
  readonly length: number;
  options(index: number): readonly Option[];
  /** What an option costs beside the node's layer. */
  extra(option: Option): number;
  /** Energy of the last node's layer in steps, each dearer to find out than the one before and no lower. */
  readonly layer: {
    touched(chosen: readonly Option[]): number;
    bounded(chosen: readonly Option[]): number;
    mapped(chosen: readonly Option[]): number;
  };
  /** Least energy of all nodes that are still to come, given what is chosen. */
  rest(chosen: readonly Option[]): number;
  /** Equal for paths that leave the same to those who come later. */
  liveKey(chosen: readonly Option[]): string;
  /** Nodes whose parts live on. */
  living(chosen: readonly Option[]): readonly number[];
  /** What these take on chip: sum of their shares of all memories. */
  room(chosen: readonly Option[]): number;
}

/** How a search ended. */
export interface Searched<Option> {
  /** Absent where the search ended without one; then there is none, or there were too many. */
  readonly path?: Path<Option>;
  /** No path costs less; infinite where there is none. */
  readonly bound: number;
}

/** How the energy of a node's layer is known: by what it touches, by a bound of the mapper, by a mapping. */
export type Known = "touched" | "bounded" | "mapped";

interface Step<Option> extends Path<Option> {
  /** Least energy of what is still to come. */
  readonly rest: number;
  /** Of the last node's layer. */
  readonly known: Known;
}

/** Sums of the same energies in another order differ by less, relatively: such paths are equal, and the latest comes first. */
const ROUNDING = 2 ** -40;

/**
 * Of two paths whose parts live on in the same homes, the one that comes first goes on.
 *
 * @param limit - paths that are looked at before the search gives up
 * @param weight - of what is still to come: of 1 the path is the cheapest; the larger, the sooner one is found, and the dearer it may be
 */
export function shortestPath<Option>(space: PathSpace<Option>, limit: number, weight = 1): Searched<Option> {
  const open = new MinHeap<Step<Option>>();
  const done = new Set<string>();
  const rest = space.rest([]);
  const grain = rest * ROUNDING;
  const push = (step: Step<Option>, layer: number): void => {
    const least = step.energy + layer + weight * step.rest;
    if (least < Number.POSITIVE_INFINITY) open.push(grain > 0 ? Math.round(least / grain) : least, step);
  };
  push({ chosen: [], energy: 0, rest, known: "mapped" }, 0);
  const { layer } = space;
  for (let looked = 0; looked < limit; looked++) {
    const step = open.pop();
    if (step === undefined) return { bound: Number.POSITIVE_INFINITY };
    const { chosen, energy, rest, known } = step;
    if (known === "touched") push({ chosen, energy, rest, known: "bounded" }, layer.bounded(chosen));
    else if (known === "bounded") push({ chosen, energy: energy + layer.mapped(chosen), rest, known: "mapped" }, 0);
    else if (chosen.length === space.length) return { path: step, bound: energy };
    else if (isNew(done, space.liveKey(chosen))) {
      for (const option of space.options(chosen.length)) {
        const next = [...chosen, option];
        const sum = energy + space.extra(option);
        push({ chosen: next, energy: sum, rest: space.rest(next), known: "touched" }, layer.touched(next));
      }
    }
  }
  return { bound: grain > 0 ? (open.leastKey - 1) * grain : open.leastKey };
}

/** Paths of a beam. */
const BEAM_WIDTH = 4;

/** @returns one that is cheap; `undefined` where none was found */
export function beamPath<Option>(space: PathSpace<Option>): Path<Option> | undefined {
  let paths: readonly Path<Option>[] = [{ chosen: [], energy: 0 }];
  while (paths[0] !== undefined && paths[0].chosen.length < space.length) {
    const longer = nextPaths(space, paths);
    paths = longer.length > 0 ? longer : nextPaths(space, givingWay(space, paths[0]));
  }
  return paths[0];
}

/**
 * A path that found no way on, with parts elsewhere that live on, so that it does: the cheapest single move; where none is enough, those
 * that leave most room, one after the other.
 */
function givingWay<Option>(space: PathSpace<Option>, path: Path<Option>): readonly Path<Option>[] {
  let at = path;
  for (let moves = space.living(path.chosen).length; moves > 0; moves--) {
    const moved = movesOf(space, at);
    const enough = moved.find((candidate) => nextPaths(space, [candidate]).length > 0);
    if (enough !== undefined) return [enough];
    const [first] = moved.map((candidate) => ({ candidate, room: space.room(candidate.chosen) })).sort(byRoom);
    if (first === undefined || first.room >= space.room(at.chosen)) return [];
    at = first.candidate;
  }
  return [];
}

const byRoom = (a: { readonly room: number }, b: { readonly room: number }): number => a.room - b.room;

/** The path with one of the parts that live on elsewhere, cheapest first. */
function movesOf<Option>(space: PathSpace<Option>, { chosen }: Path<Option>): readonly Path<Option>[] {
  const before = energiesBefore(space, chosen);
  const moves = space.living(chosen).flatMap((index) =>
    space
      .options(index)
      .filter((option) => option !== chosen[index])
      .map((option) => ({ all: chosen.with(index, option), index })),
  );
  return moves
    .map(({ all, index }) => ({
      chosen: all,
      energy: before[index]! + energyFrom(space, all, index),
      rest: space.rest(all),
    }))
    .filter(({ energy }) => energy < Number.POSITIVE_INFINITY)
    .sort((a, b) => compareSums(a.energy + a.rest, b.energy + b.rest));
}

/** Infinite sums are equal. */
const compareSums = (a: number, b: number): number => (a === b ? 0 : a - b);

/** Energy of all nodes before each. */
function energiesBefore<Option>(space: PathSpace<Option>, chosen: readonly Option[]): readonly number[] {
  const sums = [0];
  for (const index of chosen.keys()) sums.push(sums[index]! + energyAt(space, chosen, index));
  return sums;
}

function energyFrom<Option>(space: PathSpace<Option>, chosen: readonly Option[], from: number): number {
  let energy = 0;
  for (let index = from; index < chosen.length && energy < Number.POSITIVE_INFINITY; index++)
    energy += energyAt(space, chosen, index);
  return energy;
}

const energyAt = <Option>(space: PathSpace<Option>, chosen: readonly Option[], index: number): number =>
  space.extra(chosen[index]!) + space.layer.mapped(chosen.slice(0, index + 1));

/** The paths that are longer by one node and promise most, in this order; their layers are mapped in the order of their bounds. */
function nextPaths<Option>(space: PathSpace<Option>, paths: readonly Path<Option>[]): readonly Path<Option>[] {
  const open = new MinHeap<Step<Option>>();
  const push = (step: Step<Option>, layer: number): void => {
    const least = step.energy + layer + step.rest;
    if (least < Number.POSITIVE_INFINITY) open.push(least, step);
  };
  for (const { chosen, energy } of paths) {
    for (const option of space.options(chosen.length)) {
      const all = [...chosen, option];
      const sum = energy + space.extra(option);
      push({ chosen: all, energy: sum, rest: space.rest(all), known: "touched" }, space.layer.touched(all));
    }
  }
  const found: Path<Option>[] = [];
  const alive = new Set<string>();
  for (let step = open.pop(); step !== undefined && found.length < BEAM_WIDTH; step = open.pop()) {
    const { chosen, energy, known } = step;
    if (known === "touched") push({ ...step, known: "bounded" }, space.layer.bounded(chosen));
    else if (known === "bounded") push({ ...step, energy: energy + space.layer.mapped(chosen), known: "mapped" }, 0);
    else if (isNew(alive, space.liveKey(chosen))) found.push(step);
  }
  return found;
}
