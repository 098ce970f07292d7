/**
 * The best schedule of a network over stacks, tiles, overlap modes, tile orders and homes together (design §5). Small spaces are searched to
 * the end; in others the cuts are improved one at a time, each stack with the tilings that promise most.
 */
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Stack } from "../../ir/facts.js";
import type { CheapestStacks } from "../../passes/exact/place-stacks.js";
import { type JointSpace, type Partition, partitionKey, type Segment } from "./joint-space.js";
import { descend } from "./tile-descent.js";
import type { Tiling } from "./tilings.js";

export interface JointAnswer {
  readonly stacks: readonly { readonly stack: Stack; readonly tiling: Tiling }[];
  /** In pJ, of all stacks. */
  readonly energy: number;
  /** No schedule of the space costs less; absent where not all of it was searched. */
  readonly bound?: number;
  /** Partitions and tilings that were looked at. */
  readonly evaluated: number;
}

export interface JointLimits {
  /** Nodes of tile types to look at before the search ends with what it has. */
  readonly work: number;
  /** Called after every partition. */
  progress?(evaluated: number, energy: number): void;
  /** Ends the search early. */
  isOver?(): boolean;
}

/** Spaces up to this size are searched to the end: tilings of all stacks that there may be. */
const SMALL_SPACE = 600;
const SMALL_LAYERS = 6;

/** Tilings of a stack that are placed with the other stacks. */
const KEPT_TILINGS = 3;

interface Found {
  readonly partition: Partition;
  readonly cuts: readonly string[];
  readonly cheapest: CheapestStacks;
  readonly tilings: readonly Tiling[];
}

/**
 * @param starts - cuts to start from; where they may not be changed, they are all there is
 * @param mayCut - whether cuts may be changed
 * @throws DiagnosticError (infeasible) when nothing fits
 */
export function searchJointly(
  space: JointSpace,
  starts: readonly (readonly string[])[],
  mayCut: boolean,
  limits: JointLimits,
): JointAnswer {
  const search = new JointSearch(space, limits);
  const all = limits.isOver === undefined ? partitionsOf(space, starts, mayCut) : undefined; // to the end, or not at all
  return all === undefined ? search.descend(starts, mayCut) : search.exhaust(all);
}

/** Every partition with all of its tilings, where these are few. */
function partitionsOf(
  space: JointSpace,
  starts: readonly (readonly string[])[],
  mayCut: boolean,
): readonly (readonly string[])[] | undefined {
  const { layers } = space;
  if (mayCut && layers.length >= SMALL_LAYERS) return undefined;
  const cuts = mayCut ? subsets(layers) : starts;
  const segments = new Set(cuts.flatMap((ends) => space.partitionAt(ends)));
  const size = [...segments].reduce((sum, { tilings }) => sum + tilings.length, 0);
  return size <= SMALL_SPACE ? cuts : undefined;
}

const subsets = (list: readonly string[]): readonly (readonly string[])[] =>
  list.reduce<readonly (readonly string[])[]>((all, item) => all.flatMap((some) => [some, [...some, item]]), [[]]);

class JointSearch {
  readonly #space: JointSpace;
  readonly #limits: JointLimits;
  readonly #ways = new Map<Segment, readonly Tiling[]>();
  readonly #known = new Set<string>();
  #evaluated = 0;
  #work = 0;
  #best: Found | undefined;
  #refusal: unknown;

  constructor(space: JointSpace, limits: JointLimits) {
    this.#space = space;
    this.#limits = limits;
  }

  exhaust(all: readonly (readonly string[])[]): JointAnswer {
    let bound = Number.POSITIVE_INFINITY;
    for (const cuts of all) {
      const partition = this.#space.partitionAt(cuts);
      const found = this.#try(partition, cuts, ({ tilings }) => tilings, Number.POSITIVE_INFINITY);
      if (found !== undefined) bound = Math.min(bound, found.bound);
    }
    return this.#answer(bound);
  }

  descend(starts: readonly (readonly string[])[], mayCut: boolean): JointAnswer {
    for (const cuts of starts) if (this.#best === undefined || !this.#isOver()) this.#look(cuts);
    for (let at = mayCut ? this.#best : undefined; at !== undefined && !this.#isOver(); ) {
      const before = at;
      for (const cuts of movesFrom(before, this.#space.layers)) {
        if (this.#isOver()) break;
        this.#look(cuts);
        if (this.#best !== before) break;
      }
      at = this.#best === before ? undefined : this.#best;
    }
    return this.#answer();
  }

  #look(cuts: readonly string[]): void {
    this.#try(this.#space.partitionAt(cuts), cuts, (segment) => this.#waysOf(segment));
  }

  /** Places a partition, unless it was before, and keeps it if it is the best so far. */
  #try(
    partition: Partition,
    cuts: readonly string[],
    ways: (segment: Segment) => readonly Tiling[],
    searches?: number,
  ): CheapestStacks | undefined {
    const key = partitionKey(partition);
    if (this.#known.has(key)) return undefined;
    this.#known.add(key);
    const tilings = partition.map(ways);
    try {
      const cheapest = this.#space.cheapest(partition, tilings, searches);
      this.#evaluated += tilings.reduce((sum, list) => sum + list.length, 0);
      this.#work += cheapest.stacks.reduce((sum, { planner }) => sum + planner.size, 0);
      if (cheapest.refusal !== undefined) this.#refusal ??= cheapest.refusal;
      else if (this.#best === undefined || cheapest.energy < this.#best.cheapest.energy)
        this.#best = { partition, cuts, cheapest, tilings: chosenOf(tilings, cheapest) };
      if (this.#best !== undefined) this.#limits.progress?.(this.#evaluated, this.#best.cheapest.energy);
      return cheapest;
    } catch (error) {
      if (!(error instanceof DiagnosticError) || error.failure !== "infeasible") throw error;
      this.#refusal ??= error;
      return undefined;
    }
  }

  #waysOf(segment: Segment): readonly Tiling[] {
    const known = this.#ways.get(segment);
    if (known !== undefined) return known;
    const { tilings, looked, work } = descend(this.#space, segment, KEPT_TILINGS, () => this.#isOver());
    this.#evaluated += looked;
    this.#work += work;
    this.#ways.set(segment, tilings);
    return tilings;
  }

  #isOver(): boolean {
    return this.#work > this.#limits.work || this.#limits.isOver?.() === true;
  }

  #answer(bound?: number): JointAnswer {
    if (this.#best === undefined) throw this.#refusal;
    const { partition, tilings, cheapest } = this.#best;
    return {
      stacks: partition.map(({ stack }, index) => ({ stack, tiling: tilings[index]! })), // one per stack
      energy: cheapest.energy,
      evaluated: this.#evaluated,
      ...(bound !== undefined && { bound }),
    };
  }
}

/** The tiling of every stack that was chosen. */
const chosenOf = (tilings: readonly (readonly Tiling[])[], { stacks }: CheapestStacks): readonly Tiling[] =>
  tilings.map((ways, index) => ways[stacks[index]!.way]!); // one of them

/** Cuts that differ by one: left out, moved to the layer before or after, added. */
function* movesFrom({ cuts }: Found, layers: readonly string[]): Generator<readonly string[]> {
  const inOrder = (ends: readonly string[]): readonly string[] => layers.filter((id) => ends.includes(id));
  for (const cut of cuts) yield cuts.filter((other) => other !== cut);
  for (const cut of cuts)
    for (const by of [-1, 1]) {
      const other = layers[layers.indexOf(cut) + by];
      if (other !== undefined && !cuts.includes(other)) yield inOrder([...cuts.filter((each) => each !== cut), other]);
    }
  for (const id of layers) if (!cuts.includes(id)) yield inOrder([...cuts, id]);
}
