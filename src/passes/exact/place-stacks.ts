/**
 * All stacks of a network, with the homes of the feature maps between them (EM §2): a shortest path over the stacks whose states are the
 * homes of the maps that live across; where a stack may be tiled in several ways, with the best of them. What a stack costs at least in
 * some surroundings is known at once, what it costs in truth takes a search of its own, so that is asked only where the path may run.
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
import { withTops } from "./held-at-tops.js";
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

/** What is placed, under which rules. */
interface PlacingQuestion {
  readonly views: readonly ExactView[];
  /** One per stack. */
  readonly tilings: readonly StackTiling[];
  /** Tensors that the network writes. */
  readonly outputs: ReadonlySet<TensorId>;
  readonly source: ProblemSource;
  readonly costModel: CostModel;
  /** Whether maps between stacks may stay on chip. */
  readonly isBetweenSearched: boolean;
}

/**
 * @param stated - mappings that somebody states, by position of the stack
 * @throws DiagnosticError (infeasible) when a layer cannot be mapped even if nothing else is on chip, or when what lies outside of the
 *   chip does not fit there
 */
export function placeStacks(question: PlacingQuestion, stated: (stack: number) => StatedOnTile): PlacedStacks {
  const { planners, maps, between } = crossing(question);
  const { stacks, bound } = cheapestStacks(planners, maps);
  const placements = stacks.map(({ planner, around, homes }, stack) => planner.placement(around, homes, stated(stack)));
  const tops = stacks.map(({ planner, around, homes }) => planner.tops(around, homes));
  const { outputs, source } = question;
  return { placements: withTops(placements, tops, outputs, source.hierarchy.memories), bound, between };
}

/** No placement costs less, in pJ; infinite where there is none. Takes a fraction of the time of placing. */
export function leastOfStacks(question: PlacingQuestion): number {
  const { planners, maps } = crossing(question);
  return new CrossingSearch(planners, maps, SEARCH_LIMIT, (planner, around) => planner.roughEnergy(around)).least();
}

/** Stacks, and the maps between them whose homes are searched. */
function crossing({ views, tilings, outputs, source, costModel, isBetweenSearched }: PlacingQuestion) {
  const planners = views.map(({ stack, maps }, index) => {
    const tiling = tilings[index];
    if (tiling?.stack !== stack.id) throw new Error(`stack ${stack.id} has no tiling`);
    return [new StackPlanner({ id: stack.id, maps, tiling }, source, costModel)];
  });
  const all = isBetweenSearched ? crossingMaps(views, outputs, source.hierarchy) : [];
  const maps = withinLimit(all, views.length);
  const between: SearchedBetween = !isBetweenSearched ? "none" : maps.length < all.length ? "some" : "all";
  return { planners, maps, between };
}

/** A stack as it is chosen. */
interface ChosenStack {
  readonly planner: StackPlanner;
  /** Of the stack's planners. */
  readonly way: number;
  readonly around: Surroundings;
  readonly homes: StackHomes;
}

/** All stacks, with what they cost in pJ. */
export interface CheapestStacks {
  readonly stacks: readonly ChosenStack[];
  readonly energy: number;
  /** No choice costs less. */
  readonly bound: number;
}

/**
 * @param planners - per stack: itself under each of its tilings
 * @param maps - whose homes are searched
 * @param searches - per planner, on average, after which the best path so far is followed to its end
 * @throws DiagnosticError (infeasible) when a layer cannot be mapped even if nothing else is on chip
 */
export const cheapestStacks = (
  planners: readonly (readonly StackPlanner[])[],
  maps: readonly CrossingMap[],
  searches = SEARCH_LIMIT,
): CheapestStacks =>
  new CrossingSearch(planners, maps, searches, (planner, around) => planner.leastEnergy(around)).run();

/** Bounds the energy of one stack. */
type Bounding = (planner: StackPlanner, around: Surroundings) => number;

/** The maps whose homes are searched: so many that few combinations live across each cut. */
export function withinLimit(maps: readonly CrossingMap[], stacks: number): readonly CrossingMap[] {
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
  readonly chosen: readonly Pick<ChosenStack, "planner" | "homes">[];
  /** With what the path goes on in surroundings that are decided, at an energy that was not searched yet. */
  readonly asked?: StackPlanner;
}

class CrossingSearch {
  readonly #planners: readonly (readonly StackPlanner[])[];
  readonly #maps: readonly CrossingMap[];
  readonly #searches: number;
  readonly #bounding: Bounding;
  readonly #least = new Map<StackPlanner, Map<string, number>>();
  readonly #searched = new Map<StackPlanner, Map<string, StackHomes | undefined>>();
  readonly #rest = new Map<string, number>();
  #asked = 0;

  constructor(
    planners: readonly (readonly StackPlanner[])[],
    maps: readonly CrossingMap[],
    searches: number,
    bounding: Bounding,
  ) {
    this.#bounding = bounding;
    this.#planners = planners;
    this.#maps = maps;
    this.#searches = searches * planners.flat().length;
    for (const planner of planners.flat()) {
      this.#least.set(planner, new Map());
      this.#searched.set(planner, new Map());
    }
  }

  /** @throws DiagnosticError (infeasible) */
  run(): CheapestStacks {
    const start = this.#maps.map(() => undefined);
    const open: Label[] = [{ stack: 0, homes: start, energy: 0, least: this.#leastRest(0, start), chosen: [] }];
    const closed = new Set<string>();
    for (let next = this.#takeBest(open); next !== undefined; next = this.#takeBest(open)) {
      if (next.asked !== undefined) open.push(...this.#searchedOn(next, next.asked));
      else if (next.stack === this.#planners.length) return this.#cheapest(next);
      else if (isNew(closed, this.#stateKey(next.stack, next.homes))) open.push(...this.#askedOn(next));
    }
    throw new DiagnosticError([this.#conflict(start)], "infeasible");
  }

  /** Of all paths, as far as it is known by now. */
  least(): number {
    return this.#leastRest(
      0,
      this.#maps.map(() => undefined),
    );
  }

  /** The cheapest path; once enough was searched, the longest one. */
  #takeBest(open: Label[]): Label | undefined {
    const isLate = this.#asked > this.#searches;
    const isBefore = (a: Label, b: Label): boolean =>
      isLate && a.stack !== b.stack ? a.stack > b.stack : a.least < b.least;
    let best = 0;
    for (let i = 1; i < open.length; i++) if (isBefore(open[i]!, open[best]!)) best = i;
    return open.splice(best, 1)[0];
  }

  /** The next stack in every way, with every choice for the maps that it writes. */
  #askedOn(label: Label): readonly Label[] {
    const { stack, energy } = label;
    return this.#choices(stack, label.homes).flatMap((homes) =>
      this.#planners[stack]!.flatMap((asked): readonly Label[] => {
        const least = energy + this.#leastOf(stack, asked, homes) + this.#leastRest(stack + 1, homes);
        return least < Number.POSITIVE_INFINITY ? [{ ...label, homes, least, asked }] : [];
      }),
    );
  }

  #searchedOn({ stack, homes, energy, chosen }: Label, planner: StackPlanner): readonly Label[] {
    const found = this.#search(stack, planner, homes);
    if (found === undefined) return [];
    const sum = energy + found.energy;
    const least = sum + this.#leastRest(stack + 1, homes);
    return [{ stack: stack + 1, homes, energy: sum, least, chosen: [...chosen, { planner, homes: found }] }];
  }

  #search(stack: number, planner: StackPlanner, homes: CrossingHomes): StackHomes | undefined {
    const known = this.#searched.get(planner)!; // of all planners
    const key = this.#livingKey(stack, homes);
    if (known.has(key)) return known.get(key);
    this.#asked++;
    const found = planner.homes(this.#around(stack, homes));
    known.set(key, found);
    return found;
  }

  /** Everything that lives while a stack runs. */
  #around(stack: number, homes: CrossingHomes): Surroundings {
    return surroundings(this.#maps, homes, (map) => livesIn(map, stack));
  }

  /** Least energy of a stack: as searched, or as if only its own maps took room. */
  #leastOf(stack: number, planner: StackPlanner, homes: CrossingHomes): number {
    const searched = this.#searched.get(planner)!.get(this.#livingKey(stack, homes)); // of all planners
    if (searched !== undefined) return searched.bound;
    const isOwn = (map: CrossingMap): boolean => isTouchedBy(map, stack);
    const key = this.#key(stack, homes, isOwn);
    const known = this.#least.get(planner)!; // of all planners
    const least = known.get(key) ?? this.#bounding(planner, surroundings(this.#maps, homes, isOwn));
    known.set(key, least);
    return least;
  }

  /** Least energy from a stack on. */
  #leastRest(stack: number, homes: CrossingHomes): number {
    if (stack === this.#planners.length) return 0;
    const key = this.#stateKey(stack, homes);
    const known = this.#rest.get(key);
    if (known !== undefined) return known;
    let least = Number.POSITIVE_INFINITY;
    for (const next of this.#choices(stack, homes)) {
      const after = this.#leastRest(stack + 1, next);
      for (const planner of this.#planners[stack]!)
        least = Math.min(least, this.#leastOf(stack, planner, next) + after);
    }
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

  #cheapest({ homes, chosen, energy }: Label): CheapestStacks {
    this.#rest.clear(); // what was searched has better bounds by now
    const stacks = chosen.map((each, stack) => ({
      ...each,
      way: this.#planners[stack]!.indexOf(each.planner), // one list per stack
      around: this.#around(stack, homes),
    }));
    return { stacks, energy, bound: Math.min(energy, this.least()) };
  }

  #conflict(start: CrossingHomes): Diagnostic {
    const stack = this.#planners.findIndex((ways, s) => ways.every((way) => this.#search(s, way, start) === undefined));
    if (stack === -1) throw new Error("stacks cannot be placed together though each of them can be alone");
    return this.#planners[stack]![0]!.conflict; // every stack has a tiling
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
