/** Ways to place one node of a tile type, and what they cost beside its layer (EM §2). */
import type { Memory } from "../../ir/accelerator.js";
import { fetchCopy, gathers, keepingCopies, owedCopies, type PartHome, type StackCosts } from "./stack-costs.js";
import type { Rings } from "./storage.js";
import type { TileNode, TileRead } from "./tile-nodes.js";

export interface WeightHome {
  readonly memory: Memory;
  /** Energy of loading, per tile of the stack. */
  readonly loading: number;
}

/** One way to place a node: the home of what it writes, its weights, and what both cost beside the layer itself. */
export interface Option {
  readonly part: PartHome;
  readonly rings: Rings | undefined;
  readonly weights: Memory | undefined;
  readonly extra: number;
  /** Positions of both homes in the machine; −1: the top of the chain, none. */
  readonly home: number;
  readonly weightsHome: number;
  /** Equal for options that are equal to whoever comes later. */
  readonly live: number;
}

/** Options of a node. */
export interface NodeOptions {
  /** Of this list. */
  readonly id: number;
  /** Those with fewest copies last: of equal paths the latest comes first. */
  readonly all: readonly Option[];
  /** Those that differ for readers of the map. */
  readonly distinct: readonly Option[];
}

/** What stacks allow a node: lists that stand for themselves, so that options of one are made once. */
export interface NodeChoices {
  readonly parts: readonly PartHome[];
  readonly rings: readonly Rings[];
  readonly weights: readonly WeightHome[];
}

/** What rings make of a map on a tile type: energy of its copies, pJ, and the bits that each of its readers gathers beside its part. */
interface RingPrice {
  readonly energy: number;
  readonly gathered: readonly number[];
}

/** A home of what a node writes, with its best rings. */
interface Way extends Pick<Option, "part" | "rings" | "home" | "live"> {
  /** Of the copies, pJ. */
  readonly energy: number;
}

/** The options of one node for all choices that are met. */
export class OptionMaker {
  readonly #node: TileNode;
  readonly #nodes: readonly TileNode[];
  readonly #costs: StackCosts;
  readonly #made = new WeakMap<NodeChoices["parts"], WeakMap<NodeChoices["weights"], NodeOptions>>();
  readonly #ringPrices = new Map<number, RingPrice>();
  readonly #ways = new WeakMap<NodeChoices["parts"], readonly Way[]>();
  /** Energy of the constants that come with streamed weights, pJ, by the home of these. */
  readonly #constants = new Map<Memory | undefined, number>();
  #count = 0;

  constructor(node: TileNode, nodes: readonly TileNode[], costs: StackCosts) {
    this.#node = node;
    this.#nodes = nodes;
    this.#costs = costs;
  }

  /** @param choices - equal `parts` go with equal `rings`: both are what a storage allows */
  of({ parts, rings, weights }: NodeChoices): NodeOptions {
    const byWeights = this.#made.get(parts) ?? new WeakMap<NodeChoices["weights"], NodeOptions>();
    this.#made.set(parts, byWeights);
    const known = byWeights.get(weights);
    if (known !== undefined) return known;
    const all = [...this.#options({ parts, rings, weights })].sort((a, b) => b.extra - a.extra);
    const distinct = distinctOf(all);
    const made: NodeOptions = { id: this.#count++, all, distinct };
    byWeights.set(weights, made);
    return made;
  }

  /** Every home of what the node writes with its best rings, and every home of its weights. */
  #options({ parts, rings, weights }: NodeChoices): readonly Option[] {
    const ways = this.#ways.get(parts) ?? this.#waysOf(parts, rings);
    this.#ways.set(parts, ways);
    const hasWeights = this.#node.tile !== undefined && weights.length > 0;
    const given = hasWeights ? weights.map((home) => ({ ...home, ...this.#weightsAt(home.memory) })) : [];
    return ways.flatMap(({ part, energy, rings, home, live }): readonly Option[] => {
      if (!hasWeights) {
        const extra = energy + this.#constantsAt(undefined);
        return [{ part, rings, weights: undefined, extra, home, weightsHome: -1, live }];
      }
      return given.map(({ memory, loading, weightsHome, constants }) => {
        const extra = energy + loading + constants;
        return { part, rings, weights: memory, extra, home, weightsHome, live };
      });
    });
  }

  #waysOf(parts: readonly PartHome[], allowed: readonly Rings[]): readonly Way[] {
    return parts.flatMap((part) => {
      const home = part.memory === undefined ? -1 : this.#costs.memoryIndex(part.memory.id);
      return this.#bestRings(part, allowed).map(({ energy, rings }) => ({
        ...{ part, energy, rings, home },
        live: this.#liveCode(part, rings, home),
      }));
    });
  }

  #weightsAt(memory: Memory) {
    return { weightsHome: this.#costs.memoryIndex(memory.id), constants: this.#constantsAt(memory) };
  }

  #constantsAt(home: Memory | undefined): number {
    const known = this.#constants.get(home);
    if (known !== undefined) return known;
    const energy = this.#costs.copiesEnergy(this.#costs.streamedConstants(this.#node, home));
    this.#constants.set(home, energy);
    return energy;
  }

  #liveCode({ kind }: PartHome, rings: Rings | undefined, home: number): number {
    const base = this.#costs.memories.length + 1;
    const at = (ring: Memory | undefined) => (ring === undefined ? 0 : this.#costs.memoryIndex(ring.id) + 1);
    const code = ((KINDS.indexOf(kind) * base + home + 1) * base + at(rings?.column)) * base + at(rings?.row);
    return 2 * code + (rings?.kind === "wide" ? 1 : 0);
  }

  /**
   * Copies of a map on a tile type: in, out, into rings, and out of them beside the new part. Of the rings, the cheapest ones, and dearer
   * ones with which some reader gathers less: room for what is gathered may be what decides.
   */
  #bestRings(
    part: PartHome,
    allowed: readonly Rings[],
  ): readonly { readonly energy: number; readonly rings: Rings | undefined }[] {
    if (part.kind === "whole") return [{ energy: 0, rings: undefined }];
    const place = this.#costs.placeOf(this.#node.map);
    if (part.kind === "fetched-again") {
      const copies = fetchCopy(this.#node, this.#node.fetchedBits, part.memory, place);
      return [{ energy: this.#costs.copiesEnergy(copies), rings: undefined }];
    }
    return undominated(allowed.map((rings) => ({ rings, ...this.#ringPrice(part.memory, rings, place) })));
  }

  #ringPrice(home: Memory, rings: Rings, place: Memory): RingPrice {
    const base = this.#costs.memories.length + 1;
    const at = (ring: Memory | undefined) => (ring === undefined ? 0 : this.#costs.memoryIndex(ring.id) + 1);
    const kind = rings.kind === "narrow" ? 0 : 1;
    const key = ((at(home) * base + at(rings.column)) * base + at(rings.row)) * 2 + kind;
    const known = this.#ringPrices.get(key);
    if (known !== undefined) return known;
    const node = this.#node;
    const gathered = readsOf(node, this.#nodes).map((read) => gathers(read, home, rings, ""));
    const energy = this.#costs.copiesEnergy([
      ...(node.map.node.layer === undefined ? fetchCopy(node, node.newBits, home, place) : []),
      ...keepingCopies(node, home, rings),
      ...gathered.flat(),
      ...owedCopies(node, home, rings, place),
    ]);
    const price = { energy, gathered: gathered.map((copies) => copies.reduce((sum, { bits }) => sum + bits, 0)) };
    this.#ringPrices.set(key, price);
    return price;
  }
}

/** The cheapest of all, and those with which some reader gathers less than with any that is no dearer; of equal ones the first. */
function undominated<T extends RingPrice>(prices: readonly T[]): readonly T[] {
  const best: T[] = [];
  for (const price of prices.toSorted((a, b) => a.energy - b.energy || 0)) {
    if (best.length > 0 && price.energy === Number.POSITIVE_INFINITY) break;
    const isWorse = ({ gathered }: T): boolean => price.gathered.every((bits, i) => bits >= gathered[i]!); // of the same readers
    if (!best.some(isWorse)) best.push(price);
  }
  return best;
}

/** Of options that are equal to readers the last one. */
function distinctOf(all: readonly Option[]): readonly Option[] {
  const last = new Map<number, Option>();
  for (const option of all) last.set(KINDS.length * option.home + KINDS.indexOf(option.part.kind), option);
  return [...last.values()];
}

const KINDS: readonly PartHome["kind"][] = ["whole", "kept", "fetched-again"];

const readsOf = ({ index }: TileNode, nodes: readonly TileNode[]): readonly TileRead[] =>
  nodes.flatMap(({ reads }) => reads.filter(({ source }) => source === index));
