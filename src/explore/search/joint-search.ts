/**
 * The best schedule of a network over stacks, tiles, overlap modes, tile orders and homes together (design §5). Small spaces are searched to
 * the end; in others cuts are improved where that saves energy, each stack with the tilings that promise most.
 */
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Stack } from "../../ir/facts.js";
import type { CheapestStacks } from "../../passes/exact/place-stacks.js";
import { type Cuts, evenCuts, movesFrom } from "./cut-moves.js";
import { type JointSpace, type Partition, type PricedPartition, partitionKey, type Segment } from "./joint-space.js";
import { type Descent, descend } from "./tile-descent.js";
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

/** Blocks of layers of which all stacks are tried. */
const MOST_BLOCKS = 12;

/** Stacks in a row, each longer than the one before, that are too dear: longer ones are not looked at then. */
const MOST_FAILED = 2;

/** Cuts of the first layers of a network, with the energy of their stacks, in pJ. */
interface Path {
  readonly energy: number;
  readonly cuts: Cuts;
}

interface Found {
  readonly partition: Partition;
  readonly cuts: Cuts;
  readonly cheapest: CheapestStacks;
  readonly tilings: readonly Tiling[];
}

/**
 * @param starts - cuts to start from, blocks of layers right after the first ones; where they may not be changed, they are all there is
 * @param mayCut - whether cuts may be changed
 * @throws DiagnosticError (infeasible) when nothing fits
 */
export function searchJointly(
  space: JointSpace,
  starts: readonly Cuts[],
  mayCut: boolean,
  limits: JointLimits,
): JointAnswer {
  const search = new JointSearch(space, limits);
  const all = limits.isOver === undefined ? partitionsOf(space, starts, mayCut) : undefined; // to the end, or not at all
  return all === undefined ? search.descend(starts, mayCut) : search.exhaust(all);
}

/** Every partition with all of its tilings, where these are few. */
function partitionsOf(space: JointSpace, starts: readonly Cuts[], mayCut: boolean): readonly Cuts[] | undefined {
  const { layers } = space;
  if (mayCut && layers.length >= SMALL_LAYERS) return undefined;
  const cuts = mayCut ? subsets(layers) : starts;
  const segments = new Set(cuts.flatMap((ends) => space.partitionAt(ends)));
  const size = [...segments].reduce((sum, { tilings }) => sum + tilings.length, 0);
  return size <= SMALL_SPACE ? cuts : undefined;
}

const subsets = (list: readonly string[]): readonly Cuts[] =>
  list.reduce<readonly Cuts[]>((all, item) => all.flatMap((some) => [some, [...some, item]]), [[]]);

class JointSearch {
  readonly #space: JointSpace;
  readonly #limits: JointLimits;
  readonly #descents = new Map<Segment, Descent>();
  readonly #known = new Set<string>();
  #evaluated = 0;
  #work = 0;
  #best: Found | undefined;
  #refusal: unknown;

  constructor(space: JointSpace, limits: JointLimits) {
    this.#space = space;
    this.#limits = limits;
  }

  exhaust(all: readonly Cuts[]): JointAnswer {
    let bound = Number.POSITIVE_INFINITY;
    for (const cuts of all) {
      const partition = this.#space.partitionAt(cuts);
      const tilings = partition.map((segment) => segment.tilings);
      const found = this.#place(partition, cuts, tilings, Number.POSITIVE_INFINITY);
      if (found !== undefined) bound = Math.min(bound, found.bound);
    }
    return this.#answer(bound);
  }

  descend(starts: readonly Cuts[], mayCut: boolean): JointAnswer {
    for (const [index, cuts] of starts.entries()) {
      if (this.#best !== undefined && this.#isOver()) break;
      const isBest = this.#look(cuts);
      if (this.#best === undefined || !mayCut) continue;
      const isBetter = index === 0 && this.#look(this.#blockCuts(this.#best));
      if (isBest || isBetter) this.#improve();
    }
    return this.#answer();
  }

  /** Changes the cuts of the best partition by one as long as that saves energy. */
  #improve(): void {
    const { layers } = this.#space;
    for (let isBetter = true; isBetter; ) {
      isBetter = false;
      for (const cuts of movesFrom(this.#best!.cuts, layers)) {
        if (this.#isOver()) return;
        isBetter = this.#look(cuts);
        if (isBetter) break;
      }
    }
  }

  /**
   * The cheapest of all cuts into blocks, with the maps between stacks at the top: a shortest path over layers that part the network into
   * blocks of about the same energy, where each layer is a stack of its own.
   *
   * @param known - the best so far
   */
  #blockCuts(known: Found): Cuts {
    const { layers } = this.#space;
    const alone = this.#space.partitionAt(layers);
    const energies = alone.map((segment) => this.#descent(segment, Number.POSITIVE_INFINITY).energy);
    const paths: Path[] = [{ energy: 0, cuts: [] }];
    for (const end of evenCuts(layers, energies, MOST_BLOCKS)) {
      const rest = this.#segmentBetween(end, undefined).floor;
      const path = this.#pathTo(end, paths, known.cheapest.energy - rest);
      if (path !== undefined) paths.push(path);
    }
    return this.#pathTo(undefined, paths, known.cheapest.energy)?.cuts ?? known.cuts;
  }

  /** The cheapest way on from one of some paths, if it needs less than a limit. */
  #pathTo(end: string | undefined, paths: readonly Path[], most: number): Path | undefined {
    let best: Path | undefined;
    let failed = 0;
    for (const { energy, cuts } of paths.toReversed()) {
      const left = (best?.energy ?? most) - energy;
      const segment = this.#segmentBetween(cuts.at(-1), end);
      const isOver = failed === MOST_FAILED || this.#limits.isOver?.() === true;
      const found = isOver || segment.floor >= left ? Number.POSITIVE_INFINITY : this.#descent(segment, left).energy;
      failed = found < left ? 0 : failed + 1;
      if (found < left) best = { energy: energy + found, cuts: end === undefined ? cuts : [...cuts, end] };
    }
    return best;
  }

  /** The stack that a layer ends, after those that another one ends; without them, to the end or from the start. */
  #segmentBetween(start: string | undefined, end: string | undefined): Segment {
    const cuts = [start, end].filter((cut) => cut !== undefined);
    const partition = this.#space.partitionAt(cuts);
    return partition.find(({ stack }) => stack.layers.at(-1) === end) ?? partition.at(-1)!; // a network has layers
  }

  /** @returns whether a partition is the best so far, unless it was looked at before */
  #look(cuts: Cuts): boolean {
    const partition = this.#space.partitionAt(cuts);
    const key = partitionKey(partition);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    const before = this.#best;
    const tilings = this.#tilingsOf(partition, before?.cheapest.energy ?? Number.POSITIVE_INFINITY);
    if (tilings !== undefined) this.#place(partition, cuts, tilings);
    return this.#best !== before;
  }

  /** Places a partition, and keeps it if it is the best so far. */
  #place(
    partition: Partition,
    cuts: Cuts,
    tilings: readonly (readonly Tiling[])[],
    searches?: number,
  ): CheapestStacks | undefined {
    const cheapest = this.#priced(partition, tilings, searches);
    if (cheapest === undefined) return undefined;
    if (cheapest.refusal !== undefined) this.#refusal ??= cheapest.refusal;
    else if (this.#best === undefined || cheapest.energy < this.#best.cheapest.energy)
      this.#best = { partition, cuts, cheapest, tilings: chosenOf(tilings, cheapest) };
    this.#report();
    return cheapest;
  }

  #priced(
    partition: Partition,
    tilings: readonly (readonly Tiling[])[],
    searches?: number,
  ): PricedPartition | undefined {
    try {
      const cheapest = this.#space.cheapest(partition, tilings, searches);
      this.#evaluated += tilings.reduce((sum, list) => sum + list.length, 0);
      this.#work += cheapest.stacks.reduce((sum, { planner }) => sum + planner.size, 0);
      return cheapest;
    } catch (error) {
      if (!(error instanceof DiagnosticError) || error.failure !== "infeasible") throw error;
      this.#refusal ??= error;
      return undefined;
    }
  }

  /** Tilings of every stack, or nothing where they need more than a limit together. */
  #tilingsOf(partition: Partition, most: number): readonly (readonly Tiling[])[] | undefined {
    let rest = partition.reduce((sum, segment) => sum + this.#leastOf(segment), 0);
    const found: (readonly Tiling[])[] = [];
    for (const segment of partition) {
      rest -= this.#leastOf(segment);
      found.push(this.#descent(segment, most - rest + segment.saving).tilings);
      rest += this.#leastOf(segment);
      if (rest > most) return undefined;
    }
    return found;
  }

  /** What a stack needs about at least, as far as it is known by now, pJ. */
  #leastOf(segment: Segment): number {
    const known = this.#descents.get(segment);
    return known === undefined ? segment.floor : Math.max(segment.floor, known.energy - segment.saving);
  }

  #descent(segment: Segment, most: number): Descent {
    const known = this.#descents.get(segment);
    if (known !== undefined && (known.isExact || known.energy > most)) return known;
    const found = descend(this.#space, segment, KEPT_TILINGS, most, () => this.#isOver());
    this.#evaluated += found.looked;
    this.#work += found.work;
    this.#descents.set(segment, found);
    this.#report();
    return found;
  }

  #report(): void {
    if (this.#best !== undefined) this.#limits.progress?.(this.#evaluated, this.#best.cheapest.energy);
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
