/**
 * Homes of everything that belongs to a whole stack, searched together with the homes on its tile types (EM §2): branch and bound over the
 * storage of each map and the home of each layer's weights. Whatever is not decided yet takes no room and is chosen anew by every
 * tile type, which bounds the energy from below.
 */
import type { Memory } from "../../ir/accelerator.js";
import { choiceMemo } from "./choice-memo.js";
import { reservedBy, ringsFrom } from "./decided-room.js";
import { agreedStorage, type Decisions, isOpen, largestRing, parted, partHomes, ringsOf } from "./home-decisions.js";
import type { HomeProblem, StackHomes } from "./home-problem.js";
import type { WeightHome } from "./node-options.js";
import { boundType, type HomeChoices, leastWith, type TypeAnswer, type TypeHomes, typeHomes } from "./type-homes.js";
import { planWeights, type WeightChoice } from "./weight-plan.js";

/** Homes under some decisions, each tile type for itself. */
interface Relaxed {
  /** No homes under the decisions cost less, over all tiles in pJ. */
  readonly bound: number;
  /** The same of each tile type, of one tile. */
  readonly bounds: readonly number[];
  /** Of these homes, over all tiles. */
  readonly energy: number;
  readonly types: readonly TypeHomes[];
}

/** Partial decisions that are still to be looked into. */
interface Node {
  readonly decisions: Decisions;
  readonly relaxed: Relaxed;
}

/** Room that weights may take: from how many memories away from the array on, and how much of these. */
const WEIGHT_ROOM = [
  ...[1, 0.75, 0.5, 0.25].map((share) => ({ least: 0, share })),
  ...[1, 2, 3].map((least) => ({ least, share: 1 })),
];

/** Partial decisions that are looked at before the search settles for what it has, with the gap that is left. */
const VISIT_LIMIT = 64;

/** As long as the mapper has been asked less than this, more are looked at: stacks of few small layers are proven best. */
const ASKED_LIMIT = 60_000;
const SMALL_VISIT_LIMIT = 4000;

/** @returns `undefined` where some layer cannot be mapped whatever lives where, or no homes were found for all layers together */
export function searchHomes(problem: HomeProblem): StackHomes | undefined {
  const search = new HomeSearch(problem);
  return search.run();
}

/**
 * No homes cost less than this; infinite where nothing fits.
 *
 * @param most - above this it need not be known how much more
 */
export const leastHomes = (problem: HomeProblem, most: number): number => new HomeSearch(problem).least(most);

/** The same, sooner and further off. */
export const boundHomes = (problem: HomeProblem, most: number): number => new HomeSearch(problem).bound(most);

class HomeSearch {
  readonly #problem: HomeProblem;
  #best: StackHomes | undefined;
  #visited = 0;
  /** Prices of memories that cannot hold all weights. */
  #prices: ReadonlyMap<string, number> = new Map();
  #leastFrom: readonly number[] = [];
  /** Least bound of what is not looked into any further without being proven. */
  #unproven = Number.POSITIVE_INFINITY;
  /** Visits that made the first answers. */
  #spent = 0;

  constructor(problem: HomeProblem) {
    this.#problem = problem;
  }

  run(): StackHomes | undefined {
    const { storage, weights } = this.#problem.space;
    const open: Node[] = [];
    const push = (decisions: Decisions): void => {
      const relaxed = this.#relax(decisions);
      if (relaxed === undefined || !this.#improves(relaxed.bound)) return;
      this.#offer(decisions, relaxed);
      if (!this.#improves(relaxed.bound)) return;
      if (isOpen(decisions)) open.push({ decisions, relaxed });
      else this.#leave(relaxed.bound);
    };
    const root = this.#relax({ storage, weights });
    if (root === undefined) {
      if (this.#unproven < Number.POSITIVE_INFINITY) this.#offerFallbacks();
      return this.#answer();
    }
    this.#leastFrom = this.#leastOfTypes(root);
    this.#offer({ storage, weights }, root);
    if (this.#improves(root.bound)) open.push({ decisions: { storage, weights }, relaxed: root });
    if (this.#improves(root.energy)) this.#startAgain(open);
    while (open.length > 0 && this.#goesOn()) {
      const next = takeCheapest(open);
      if (!this.#improves(next.relaxed.bound)) continue;
      for (const branch of this.#branches(next.decisions, next.relaxed)) push(branch);
    }
    for (const { relaxed } of open) this.#leave(relaxed.bound);
    return this.#answer();
  }

  #answer(): StackHomes | undefined {
    return this.#best && { ...this.#best, bound: Math.min(this.#unproven, this.#best.energy), visited: this.#visited };
  }

  /** @param most - above this it need not be known how much more */
  least(most: number): number {
    return this.#sumOfTypes((...type) => typeHomes(...type).bound, most);
  }

  /** @param most - as above */
  bound(most: number): number {
    return this.#sumOfTypes(boundType, most);
  }

  #sumOfTypes(boundOf: typeof boundType, most: number): number {
    const { types, costs, space } = this.#problem;
    const choices = this.#choices(space);
    if (!costs.fits(choices.reserved)) return Number.POSITIVE_INFINITY;
    let sum = 0;
    for (const [index, type] of types.entries())
      if (sum <= most) sum += type.shape.count * boundOf(type, String(index), choices, costs);
    return sum;
  }

  /** What is left there may be as cheap as this. */
  #leave(bound: number): void {
    this.#unproven = Math.min(this.#unproven, bound);
  }

  #goesOn(): boolean {
    const { costs } = this.#problem;
    const visited = this.#visited - this.#spent;
    if (visited < VISIT_LIMIT || costs.isTired) return !costs.isTired;
    return visited < SMALL_VISIT_LIMIT && costs.asked < ASKED_LIMIT;
  }

  /** One decision after the other as most tiles would have it, each with all tiles looked at again. */
  #dive(decisions: Decisions, relaxed: Relaxed): void {
    let node: Node | undefined = { decisions, relaxed };
    while (node !== undefined && isOpen(node.decisions) && !this.#problem.costs.isTired) {
      const branches: readonly Decisions[] = this.#branches(node.decisions, node.relaxed);
      node = undefined;
      for (const branch of branches) {
        const next = this.#relax(branch);
        if (next === undefined) continue; // does not fit, or is no better than what is known
        node = { decisions: branch, relaxed: next };
        break;
      }
    }
    if (node !== undefined) this.#offer(node.decisions, node.relaxed);
  }

  /** With a good answer to compare with, and with prices where they bound the energy better than free room does. */
  #startAgain(open: Node[]): void {
    const [{ decisions, relaxed: free }] = open as [Node];
    const prices = this.#offerFallbacks();
    this.#dive(decisions, free);
    this.#spent = this.#visited;
    if (prices.size === 0) return;
    this.#prices = prices;
    const priced = this.#relax(decisions);
    if (priced === undefined)
      open.pop(); // nothing improves what is known
    else if (priced.bound <= free.bound) this.#prices = new Map();
    else open.splice(0, 1, { decisions, relaxed: priced });
  }

  /** Whether an energy is below the best so far by more than rounding. */
  #improves(energy: number): boolean {
    return this.#best === undefined || energy < this.#best.energy * (1 - 1e-12);
  }

  /**
   * Bounds the energy of all that the decisions leave open; where they leave nothing open it is exact.
   *
   * @returns `undefined` where nothing fits or is found, or where it cannot improve what is known
   */
  #relax(decisions: Decisions): Relaxed | undefined {
    this.#visited++;
    const { types, costs } = this.#problem;
    const choices = this.#choices(decisions);
    if (!costs.fits(choices.reserved)) return undefined;
    const answers: TypeAnswer[] = [];
    let bound = isOpen(decisions) ? -this.#rent() : 0;
    for (const [index, type] of types.entries()) {
      if (!this.#improves(bound + (this.#leastFrom[index] ?? 0))) return undefined;
      const answer = typeHomes(type, String(index), choices, costs);
      if (answer.bound === Number.POSITIVE_INFINITY) return undefined;
      bound += type.shape.count * answer.bound;
      answers.push(answer);
    }
    return this.#found(bound, answers);
  }

  /** Leaves what is not found. */
  #found(bound: number, answers: readonly TypeAnswer[]): Relaxed | undefined {
    if (!this.#improves(bound)) return undefined;
    const { types } = this.#problem;
    const homes = answers.map((answer) => answer.homes());
    if (!homes.every((found) => found !== undefined)) {
      this.#leave(bound);
      return undefined;
    }
    const bounds = answers.map((answer) => answer.bound);
    const beyond = homes.reduce((sum, { energy }, t) => sum + types[t]!.shape.count * (energy - bounds[t]!), 0);
    return { bound, bounds, energy: bound + beyond, types: homes };
  }

  /** Energies of tile types and all after them that no decisions go below. */
  #leastOfTypes({ bounds }: Relaxed): readonly number[] {
    const { types } = this.#problem;
    const least = types.map(() => 0);
    for (const index of [...types.keys()].reverse())
      least[index] = (least[index + 1] ?? 0) + types[index]!.shape.count * bounds[index]!;
    return least;
  }

  /** What the room for weights would bring at its prices. */
  #rent(): number {
    const { memories } = this.#problem.costs;
    return memories.reduce((sum, memory) => sum + (this.#prices.get(memory.id) ?? 0) * this.#room(memory), 0);
  }

  /** Bits of a memory that the stack has to itself. */
  #room({ id, size }: Memory): number {
    return size - (this.#problem.held.get(id) ?? 0);
  }

  /** Makes whole decisions of what most tiles chose for themselves, and keeps them if they are the best so far. */
  #offer(decisions: Decisions, relaxed: Relaxed): void {
    const agreed = this.#agreed(decisions, relaxed);
    const fixed = this.#relax(agreed);
    if (fixed === undefined || !this.#improves(fixed.energy)) return;
    this.#best = {
      storage: agreed.storage.map(([only]) => only!), // one is left
      weights: agreed.weights.map(([only]) => only),
      types: fixed.types,
      energy: fixed.energy,
      bound: relaxed.bound,
      visited: this.#visited,
    };
  }

  /**
   * Decisions that leave room: rings and weights so far from the array, as far as they fit there together; and, where nothing else fits,
   * every map whole at the top.
   *
   * @returns prices of memories that cannot hold all weights
   */
  #offerFallbacks(): ReadonlyMap<string, number> {
    const { space, costs } = this.#problem;
    const whole = space.storage.map((list) => list.slice(0, 1));
    const choices = this.#weightChoices();
    const plans = WEIGHT_ROOM.map(({ least, share }) =>
      planWeights(choices, (memory, level) => {
        if (costs.isTop(memory)) return Number.POSITIVE_INFINITY;
        return level < least ? 0 : share * this.#room(memory);
      }),
    );
    for (const plan of plans) {
      const weights = plan.homes.map((home) => (home === undefined ? [] : [home]));
      for (const least of [0, 1, 2]) this.#offerFixed({ storage: ringsFrom(this.#problem, least), weights });
      if (this.#best === undefined) this.#offerFixed({ storage: whole, weights });
    }
    return plans[0]!.prices; // of all the room
  }

  #offerFixed(decisions: Decisions): void {
    const relaxed = this.#relax(decisions);
    if (relaxed !== undefined && this.#improves(relaxed.energy)) this.#offer(decisions, relaxed);
  }

  /** What each home of each layer's weights would cost, judged by the most frequent tile type that runs the layer. */
  #weightChoices(): readonly WeightChoice[] {
    const { types, space, costs } = this.#problem;
    const open = this.#choices(space);
    return space.weights.map((memories, layer): WeightChoice => {
      const running = types.map((type, t) => ({ type, t })).filter(({ type }) => type.nodes[layer]!.tile !== undefined);
      const most = running.reduce<(typeof running)[number] | undefined>(
        (best, next) => (best && best.type.shape.count >= next.type.shape.count ? best : next),
        undefined,
      );
      const runs = running.reduce((sum, { type }) => sum + type.shape.count, 0);
      const energyIn = (memory: Memory): number =>
        most === undefined
          ? 0
          : space.loading(layer, memory) + runs * leastWith(most.type, String(most.t), open, costs, layer, memory);
      return {
        bits: space.weightBits[layer]!,
        energies: new Map(memories.map((memory) => [memory, energyIn(memory)] as const)),
      };
    });
  }

  #agreed({ storage, weights }: Decisions, { types }: Relaxed): Decisions {
    const order = [...types.keys()].sort((a, b) => this.#weight(b) - this.#weight(a));
    return {
      storage: storage.map((allowed, map) => [
        agreedStorage(
          allowed,
          order.map((t) => types[t]!),
          map,
        ),
      ]),
      weights: weights.map((allowed, map) => {
        const chosen = order.map((t) => types[t]!.weights[map]).find((memory) => memory !== undefined);
        return allowed.length === 0 ? [] : [chosen ?? allowed[0]!];
      }),
    };
  }

  #weight(type: number): number {
    const { count, width, height } = this.#problem.types[type]!.shape;
    return count * width * height;
  }

  /** Splits the decision that is open about most bits: what most tiles chose, or anything else. */
  #branches(decisions: Decisions, relaxed: Relaxed): readonly Decisions[] {
    const { stack, geometry, space } = this.#problem;
    const { storage, weights } = decisions;
    const agreed = this.#agreed(decisions, relaxed);
    const sizes = [
      ...storage.map((list, map) => (list.length > 1 ? largestRing(stack.maps[map]!, list, geometry) + 1 : 0)),
      ...weights.map((list, layer) => (list.length > 1 ? space.weightBits[layer]! + 1 : 0)),
    ];
    const most = sizes.indexOf(Math.max(...sizes));
    if (sizes[most] === 0) return [];
    if (most < storage.length)
      return parted(storage[most]!, agreed.storage[most]![0]!).map((list) => ({
        storage: storage.with(most, list),
        weights,
      }));
    const layer = most - storage.length;
    return parted(weights[layer]!, agreed.weights[layer]![0]!).map((list) => ({
      storage,
      weights: weights.with(layer, list),
    }));
  }

  #choices(decisions: Decisions): HomeChoices {
    const { stack } = this.#problem;
    const { storage, weights } = decisions;
    const prices = isOpen(decisions) ? this.#prices : NO_PRICES;
    const { storage: storages, weights: memories } = this.#problem.space;
    const memo = choiceMemo(this.#problem);
    return {
      parts: storage.map((allowed, map) =>
        memo.parts.of(map, storages[map]!, allowed, () => partHomes(allowed, stack.maps[map]!, this.#memoriesOf(map))),
      ),
      rings: storage.map((allowed, map) => memo.rings.of(map, storages[map]!, allowed, () => ringsOf(allowed))),
      weights: weights.map((list, layer) =>
        memo
          .weights(prices)
          .of(layer, memories[layer]!, list, () => list.map((memory) => this.#weightHome(layer, memory, prices))),
      ),
      reserved: reservedBy(decisions, this.#problem),
    };
  }

  #weightHome(layer: number, memory: Memory, prices: ReadonlyMap<string, number>): WeightHome {
    const { types, space } = this.#problem;
    const runs = types.reduce((sum, { shape, nodes }) => sum + (nodes[layer]!.tile === undefined ? 0 : shape.count), 0);
    const once = space.loading(layer, memory) + (prices.get(memory.id) ?? 0) * space.weightBits[layer]!;
    return { memory, loading: once / Math.max(1, runs) };
  }

  #memoriesOf(map: number): readonly Memory[] {
    return this.#problem.costs.partMemories(this.#problem.stack.maps[map]!);
  }
}

const NO_PRICES: ReadonlyMap<string, number> = new Map();

function takeCheapest(open: Node[]): Node {
  let least = 0;
  for (let i = 1; i < open.length; i++) if (open[i]!.relaxed.bound < open[least]!.relaxed.bound) least = i;
  return open.splice(least, 1)[0]!; // not empty
}
