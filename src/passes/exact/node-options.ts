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

/** The options of one node for all choices that are met. */
export class OptionMaker {
  readonly #node: TileNode;
  readonly #nodes: readonly TileNode[];
  readonly #costs: StackCosts;
  readonly #made = new WeakMap<NodeChoices["parts"], WeakMap<NodeChoices["weights"], NodeOptions>>();
  readonly #ringEnergies = new Map<number, number>();
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
    const all = this.#options({ parts, rings, weights });
    const distinct = [...new Map(all.map((option) => [option.home, option])).values()];
    const made: NodeOptions = { id: this.#count++, all, distinct };
    byWeights.set(weights, made);
    return made;
  }

  /** Every home of what the node writes with its cheapest rings, and every home of its weights. */
  #options({ parts, rings: allowed, weights }: NodeChoices): readonly Option[] {
    const costs = this.#costs;
    const constants = (home: Memory | undefined) => costs.copiesEnergy(costs.streamedConstants(this.#node, home));
    return parts.flatMap((part): readonly Option[] => {
      const { energy, rings } = this.#cheapestRings(part, allowed);
      const home = part.memory === undefined ? -1 : costs.memoryIndex(part.memory.id);
      const placed = { part, rings, home, live: this.#liveCode(part, rings, home) };
      if (this.#node.tile === undefined || weights.length === 0)
        return [{ ...placed, weights: undefined, weightsHome: -1, extra: energy + constants(undefined) }];
      return weights.map(({ memory, loading }) => ({
        ...placed,
        weights: memory,
        weightsHome: costs.memoryIndex(memory.id),
        extra: energy + loading + constants(memory),
      }));
    });
  }

  #liveCode({ kind }: PartHome, rings: Rings | undefined, home: number): number {
    const base = this.#costs.memories.length + 1;
    const at = (ring: Memory | undefined) => (ring === undefined ? 0 : this.#costs.memoryIndex(ring.id) + 1);
    return ((KINDS.indexOf(kind) * base + home + 1) * base + at(rings?.column)) * base + at(rings?.row);
  }

  /** Copies of a map on a tile type: in, out, into rings, and out of them beside the new part. */
  #cheapestRings(part: PartHome, allowed: readonly Rings[]) {
    if (part.kind === "whole") return { energy: 0, rings: undefined };
    const place = this.#costs.placeOf(this.#node.map);
    if (part.kind === "fetched-again") {
      const copies = fetchCopy(this.#node, this.#node.fetchedBits, part.memory, place);
      return { energy: this.#costs.copiesEnergy(copies), rings: undefined };
    }
    return allowed
      .map((rings) => ({ rings, energy: this.#ringEnergy(part.memory, rings, place) }))
      .reduce((best, candidate) => (candidate.energy < best.energy ? candidate : best));
  }

  #ringEnergy(home: Memory, rings: Rings, place: Memory): number {
    const base = this.#costs.memories.length + 1;
    const at = (ring: Memory | undefined) => (ring === undefined ? 0 : this.#costs.memoryIndex(ring.id) + 1);
    const kind = rings.kind === "narrow" ? 0 : 1;
    const key = ((at(home) * base + at(rings.column)) * base + at(rings.row)) * 2 + kind;
    const known = this.#ringEnergies.get(key);
    if (known !== undefined) return known;
    const node = this.#node;
    const energy = this.#costs.copiesEnergy([
      ...(node.map.node.layer === undefined ? fetchCopy(node, node.newBits, home, place) : []),
      ...keepingCopies(node, home, rings),
      ...readsOf(node, this.#nodes).flatMap((read) => gathers(read, home, rings, "")),
      ...owedCopies(node, home, rings, place),
    ]);
    this.#ringEnergies.set(key, energy);
    return energy;
  }
}

const KINDS: readonly PartHome["kind"][] = ["whole", "kept", "fetched-again"];

const readsOf = ({ index }: TileNode, nodes: readonly TileNode[]): readonly TileRead[] =>
  nodes.flatMap(({ reads }) => reads.filter(({ source }) => source === index));
