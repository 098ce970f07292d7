/**
 * All stacks of a network, with the homes of the feature maps between them (EM §2): a shortest path over the stacks whose states are the
 * homes of the maps that live across. What a stack costs at least in some surroundings is known at once, what it costs in truth takes a
 * search of its own, so that is asked only where the path may run.
 */
import type { CostModel } from "../../ir/cost-model.js";
import { type Diagnostic, DiagnosticError } from "../../ir/diagnostics.js";
import type { SearchedBetween, StackPlacement, StackTiling } from "../../ir/facts.js";
import type { TensorId } from "../../ir/network.js";
import { isNew } from "../visited.js";
import {
  type CrossingHomes,
  type CrossingMap,
  crossingMaps,
  isTouchedBy,
  livesIn,
  surroundings,
} from "./crossing-maps.js";
import { type StackTops, withTops } from "./held-at-tops.js";
import type { StackHomes } from "./home-problem.js";
import type { ProblemSource } from "./layer-problems.js";
import { StackPlanner, type StatedOnTile, type Surroundings } from "./place-stack.js";
import type { ExactView } from "./stack-view.js";

/** Combinations of homes that may live across one cut; beyond these, the maps that live longest stay at the top. */
const STATE_LIMIT = 256;

/** Searches per stack, on average, after which the best path so far is followed to its end. */
const SEARCH_LIMIT = 6;

export interface PlacedStacks {
  readonly placements: readonly StackPlacement[];
  /** No homes of this space cost less, in pJ. */
  readonly bound: number;
  readonly between: SearchedBetween;
}

/**
 * @param tilings - one per stack
 * @param outputs - tensors that the network writes
 * @param isBetweenSearched - whether maps between stacks may stay on chip
 * @param stated - mappings that somebody states, by position of the stack
 * @throws DiagnosticError (infeasible) when a layer cannot be mapped even if nothing else is on chip, or when what lies outside of the
 *   chip does not fit there
 */
export function placeStacks(
  views: readonly ExactView[],
  tilings: readonly StackTiling[],
  outputs: ReadonlySet<TensorId>,
  source: ProblemSource,
  costModel: CostModel,
  isBetweenSearched: boolean,
  stated: (stack: number) => StatedOnTile,
): PlacedStacks {
  const planners = views.map(({ stack, maps }, index) => {
    const tiling = tilings[index];
    if (tiling?.stack !== stack.id) throw new Error(`stack ${stack.id} has no tiling`);
    return new StackPlanner({ id: stack.id, maps, tiling }, source, costModel);
  });
  const maps = isBetweenSearched ? crossingMaps(views, outputs, source.hierarchy) : [];
  const searched = withinLimit(maps, views.length);
  const between = !isBetweenSearched ? "none" : searched.length < maps.length ? "some" : "all";
  const { placements, tops, bound } = new CrossingSearch(planners, searched, stated).run();
  return { placements: withTops(placements, tops, outputs, source.hierarchy.memories), bound, between };
}

/** The maps whose homes are searched: so many that few combinations live across each cut. */
function withinLimit(maps: readonly CrossingMap[], stacks: number): readonly CrossingMap[] {
  let kept = maps;
  for (let cut = 0; cut < stacks; cut++) {
    for (let across = livingAcross(kept, cut); states(across) > STATE_LIMIT; across = livingAcross(kept, cut)) {
      const longest = across.reduce((most, map) => (map.to - map.from > most.to - most.from ? map : most));
      kept = kept.filter((map) => map !== longest);
    }
  }
  return kept;
}

/** Maps that live on after a stack. */
const livingAcross = (maps: readonly CrossingMap[], stack: number): readonly CrossingMap[] =>
  maps.filter(({ from, to }) => from <= stack && stack < to);

const states = (maps: readonly CrossingMap[]): number =>
  maps.reduce((product, { memories }) => product * (1 + memories.length), 1);

/** A path over the stacks before `stack`. */
interface Label {
  readonly stack: number;
  readonly homes: CrossingHomes;
  /** Of the path, and of the path with the least that may follow, pJ. */
  readonly energy: number;
  readonly least: number;
  readonly chosen: readonly StackHomes[];
  /** Whether the path goes on with `stack` in surroundings that are decided, at an energy that was not searched yet. */
  readonly isAsked: boolean;
}

/** The cheapest path, with what each stack has at the tops. */
interface FoundPath extends Omit<PlacedStacks, "between"> {
  readonly tops: readonly StackTops[];
}

class CrossingSearch {
  readonly #planners: readonly StackPlanner[];
  readonly #maps: readonly CrossingMap[];
  readonly #stated: (stack: number) => StatedOnTile;
  readonly #least = new Map<string, number>();
  readonly #searched = new Map<string, StackHomes | undefined>();
  readonly #rest = new Map<string, number>();

  constructor(
    planners: readonly StackPlanner[],
    maps: readonly CrossingMap[],
    stated: (stack: number) => StatedOnTile,
  ) {
    this.#planners = planners;
    this.#maps = maps;
    this.#stated = stated;
  }

  /** @throws DiagnosticError (infeasible) */
  run(): FoundPath {
    const start = this.#maps.map(() => undefined);
    const open: Label[] = [
      { stack: 0, homes: start, energy: 0, least: this.#leastRest(0, start), chosen: [], isAsked: false },
    ];
    const closed = new Set<string>();
    for (let next = this.#takeBest(open); next !== undefined; next = this.#takeBest(open)) {
      if (next.isAsked) open.push(...this.#searchedOn(next));
      else if (next.stack === this.#planners.length) return this.#placed(next);
      else if (isNew(closed, this.#stateKey(next.stack, next.homes))) open.push(...this.#askedOn(next));
    }
    throw new DiagnosticError([this.#conflict(start)], "infeasible");
  }

  /** The cheapest path; once enough was searched, the longest one. */
  #takeBest(open: Label[]): Label | undefined {
    const isLate = this.#searched.size > SEARCH_LIMIT * this.#planners.length;
    const isBefore = (a: Label, b: Label): boolean =>
      isLate && a.stack !== b.stack ? a.stack > b.stack : a.least < b.least;
    let best = 0;
    for (let i = 1; i < open.length; i++) if (isBefore(open[i]!, open[best]!)) best = i;
    return open.splice(best, 1)[0];
  }

  /** The next stack with every choice for the maps that it writes. */
  #askedOn(label: Label): readonly Label[] {
    return this.#choices(label.stack, label.homes)
      .map((homes) => ({ ...label, homes, least: label.energy + this.#leastWith(label.stack, homes), isAsked: true }))
      .filter(({ least }) => least < Number.POSITIVE_INFINITY);
  }

  #searchedOn({ stack, homes, energy, chosen }: Label): readonly Label[] {
    const found = this.#search(stack, homes);
    if (found === undefined) return [];
    const sum = energy + found.energy;
    const least = sum + this.#leastRest(stack + 1, homes);
    return [{ stack: stack + 1, homes, energy: sum, least, chosen: [...chosen, found], isAsked: false }];
  }

  #search(stack: number, homes: CrossingHomes): StackHomes | undefined {
    const key = this.#livingKey(stack, homes);
    if (this.#searched.has(key)) return this.#searched.get(key);
    const found = this.#planners[stack]!.homes(this.#around(stack, homes));
    this.#searched.set(key, found);
    return found;
  }

  /** Everything that lives while a stack runs. */
  #around(stack: number, homes: CrossingHomes): Surroundings {
    return surroundings(this.#maps, homes, (map) => livesIn(map, stack));
  }

  /** Least energy of a stack and all that follow. */
  #leastWith(stack: number, homes: CrossingHomes): number {
    return this.#leastOf(stack, homes) + this.#leastRest(stack + 1, homes);
  }

  /** Least energy of a stack: as searched, or as if only its own maps took room. */
  #leastOf(stack: number, homes: CrossingHomes): number {
    const living = this.#livingKey(stack, homes);
    const searched = this.#searched.get(living);
    if (searched !== undefined) return searched.bound;
    const isOwn = (map: CrossingMap): boolean => isTouchedBy(map, stack);
    const key = this.#key(stack, homes, isOwn);
    const known = this.#least.get(key);
    if (known !== undefined) return known;
    const least = this.#planners[stack]!.leastEnergy(surroundings(this.#maps, homes, isOwn));
    this.#least.set(key, least);
    return least;
  }

  /** Least energy from a stack on. */
  #leastRest(stack: number, homes: CrossingHomes): number {
    if (stack === this.#planners.length) return 0;
    const key = this.#stateKey(stack, homes);
    const known = this.#rest.get(key);
    if (known !== undefined) return known;
    const least = this.#choices(stack, homes).reduce(
      (best, next) => Math.min(best, this.#leastWith(stack, next)),
      Number.POSITIVE_INFINITY,
    );
    this.#rest.set(key, least);
    return least;
  }

  /** Homes with every choice for the maps that a stack writes, as far as all that lives then fits. */
  #choices(stack: number, homes: CrossingHomes): readonly CrossingHomes[] {
    return this.#maps
      .reduce<readonly CrossingHomes[]>(
        (lists, { from, memories }, i) =>
          from === stack ? lists.flatMap((list) => [undefined, ...memories].map((home) => list.with(i, home))) : lists,
        [homes],
      )
      .filter((list) => this.#fits(stack, list));
  }

  #fits(stack: number, homes: CrossingHomes): boolean {
    const room = new Map(homes.flatMap((home) => (home === undefined ? [] : [[home.id, home.size as number]])));
    for (const { memory, bits } of this.#around(stack, homes).held) {
      const left = room.get(memory)! - bits; // it is the home of one of them
      if (left < 0) return false;
      room.set(memory, left);
    }
    return true;
  }

  #placed({ homes, chosen }: Label): FoundPath {
    this.#rest.clear(); // what was searched has better bounds by now
    return {
      placements: this.#planners.map((planner, s) =>
        planner.placement(this.#around(s, homes), chosen[s]!, this.#stated(s)),
      ), // one per stack
      tops: this.#planners.map((planner, s) => planner.tops(this.#around(s, homes), chosen[s]!)),
      bound: this.#leastRest(
        0,
        this.#maps.map(() => undefined),
      ),
    };
  }

  #conflict(start: CrossingHomes): Diagnostic {
    const stack = this.#planners.findIndex((_, s) => this.#search(s, start) === undefined);
    if (stack === -1) throw new Error("stacks cannot be placed together though each of them can be alone");
    return this.#planners[stack]!.conflict;
  }

  /** Homes that live from before a stack on. */
  #stateKey = (stack: number, homes: CrossingHomes): string =>
    this.#key(stack, homes, ({ from, to }) => from < stack && stack <= to);

  #livingKey = (stack: number, homes: CrossingHomes): string => this.#key(stack, homes, (map) => livesIn(map, stack));

  #key(stack: number, homes: CrossingHomes, isMeant: (map: CrossingMap) => boolean): string {
    const ids = this.#maps.flatMap((map, i) => (isMeant(map) ? [homes[i]?.id ?? ""] : []));
    return [String(stack), ...ids].join("\n");
  }
}
