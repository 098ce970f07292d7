/** What the nodes of a tile type cost, each for itself, by the options that are chosen for it and for what it reads (EM §2). */
import type { Memory } from "../../ir/accelerator.js";
import type { Known } from "./home-paths.js";
import type { LayerAtHomes, LayerHomes, TakenBits } from "./layer-costs.js";
import type { NodeLayers } from "./node-layers.js";
import type { NodeOptions, Option } from "./node-options.js";
import { moveCopies, type PartHome, type StackCosts } from "./stack-costs.js";
import type { Rings } from "./storage.js";
import type { PieceBits, TileNode } from "./tile-nodes.js";

/** Options of every node, and what decided rings and weights take. */
export interface Setting {
  readonly options: readonly NodeOptions[];
  readonly taken: TakenBits;
  /** Equal for equal bits. */
  readonly takenKey: number;
  /** What `leastFrom` has found in this setting. */
  readonly given: Map<number, number>;
}

/** What there is to choose from for a node and for the maps that it reads, with what each combination costs at least. */
interface Steps {
  /** Of whoever is concerned; the last one's options take turns first. */
  readonly lists: readonly (readonly Option[])[];
  /** Per combination. */
  readonly touched: readonly number[];
}

/** How well the energy of a layer has to be known. */
export type Enough = Exclude<Known, "touched">;

/** Energies in pJ, of one tile; of one node with whatever is chosen for the others. */
export class NodeSteps {
  readonly #nodes: readonly TileNode[];
  readonly #costs: StackCosts;
  /** Of nodes that the mapper is asked about. */
  readonly #layers: readonly (NodeLayers | undefined)[];
  /** Per node: positions of the tops of the chains of its output and of what it reads. */
  readonly #tops: readonly { readonly output: number; readonly inputs: readonly number[] }[];
  /** Per node: itself, and those whose maps it reads. */
  readonly #concerned: readonly (readonly number[])[];
  readonly #moves: readonly Map<number | string, number>[];
  readonly #steps: readonly Map<string, number>[];
  /** Per node: its steps, by what there is to choose from. */
  readonly #starts: readonly Map<string, Steps>[];
  /** Positions of what a node reads, while its homes are looked up; and options of one combination, while it is priced. */
  readonly #sources: number[] = [];
  readonly #chosen: Option[] = [];

  /** @param key - of the tile type */
  constructor(nodes: readonly TileNode[], key: string, costs: StackCosts) {
    this.#nodes = nodes;
    this.#costs = costs;
    this.#layers = nodes.map((node) =>
      node.tile !== undefined && isMapped(node) ? costs.layers(`${key}\n${node.index}`, node) : undefined,
    );
    const top = (operand: string) => costs.memoryIndex(costs.top(operand).id);
    this.#tops = nodes.map(({ map, reads }) => ({
      output: top(map.node.output.memoryOperand),
      inputs: reads.map(({ operand }) => top(operand.memoryOperand)),
    }));
    this.#concerned = nodes.map(({ index, reads }) => [...new Set([...reads.map(({ source }) => source), index])]);
    this.#moves = nodes.map(() => new Map());
    this.#steps = nodes.map(() => new Map());
    this.#starts = nodes.map(() => new Map());
  }

  /** Cheapest of all choices for one node and what it reads. */
  least({ options, taken, takenKey }: Setting, index: number, enough: Enough = "mapped"): number {
    const sources = this.#nodes[index]!.reads.map(({ source }) => options[source]!.id);
    const offered = `${options[index]!.id} ${sources.join(" ")}`;
    const key = `${offered} ${takenKey} ${enough}`;
    const known = this.#steps[index]!.get(key);
    if (known !== undefined) return known;
    const steps = this.#starts[index]!.get(offered) ?? this.#stepsOf(options, index);
    this.#starts[index]!.set(offered, steps);
    const found = this.#cheapestStep(steps, index, taken, enough);
    this.#steps[index]!.set(key, found);
    return found;
  }

  /** A bound of the same where one map that the node reads has its home; everything else is free. */
  leastFrom(setting: Setting, index: number, source: number, option: Option): number {
    const place = (index * this.#nodes.length + source) * (this.#costs.memories.length + 1) + option.home + 1;
    const known = setting.given.get(place);
    if (known !== undefined) return known;
    const found = this.#givenFrom(setting, index, source, option);
    setting.given.set(place, found);
    return found;
  }

  #givenFrom({ options, taken }: Setting, index: number, source: number, option: Option): number {
    const sources = this.#nodes[index]!.reads.map((read) => (read.source === source ? "" : options[read.source]!.id));
    const key = `${options[index]!.id} ${sources.join(" ")} ${source} ${option.home}`;
    const known = this.#steps[index]!.get(key);
    if (known !== undefined) return known;
    const given = options.with(source, { ...options[source]!, distinct: [option] });
    const found = this.#cheapestStep(this.#stepsOf(given, index), index, taken, "bounded");
    this.#steps[index]!.set(key, found);
    return found;
  }

  #stepsOf(options: readonly Pick<NodeOptions, "all" | "distinct">[], index: number): Steps {
    const lists = this.#concerned[index]!.map((i) => (i === index ? options[i]!.all : options[i]!.distinct));
    const count = lists.reduce((product, { length }) => product * length, 1);
    const touched: number[] = [];
    for (let combination = 0; combination < count; combination++) {
      const chosen = this.#combined(lists, index, combination);
      touched.push(chosen[index]!.extra + this.touched(index, chosen));
    }
    return { lists, touched };
  }

  /** One combination, until the next one is asked for; those of maps that are not concerned are whatever they were. */
  #combined(lists: Steps["lists"], index: number, combination: number): readonly Option[] {
    const concerned = this.#concerned[index]!;
    let rest = combination;
    for (let c = concerned.length - 1; c >= 0; c--) {
      const list = lists[c]!; // one each
      this.#chosen[concerned[c]!] = list[rest % list.length]!;
      rest = Math.floor(rest / list.length);
    }
    return this.#chosen;
  }

  /** The dearer figures are asked for only where the cheaper ones do not tell. */
  #cheapestStep({ lists, touched }: Steps, index: number, taken: TakenBits, enough: Enough): number {
    const keys = touched.slice();
    const known = keys.map((): Known => "touched");
    const turn = keys.map((_, i) => i); // of equal ones the latest comes first
    for (let turns = keys.length; ; turns++) {
      const best = firstOf(keys, turn);
      if (best === -1) return Number.POSITIVE_INFINITY;
      if (known[best] === enough || known[best] === "mapped") return keys[best]!;
      const chosen = this.#combined(lists, index, best);
      const layer =
        known[best] === "touched"
          ? this.bound(index, chosen)
          : this.energy(index, chosen, this.#takenBeside(index, chosen, taken), "mapped");
      known[best] = known[best] === "touched" ? "bounded" : "mapped";
      keys[best] = chosen[index]!.extra + layer;
      turn[best] = turns;
    }
  }

  /** Bits that are taken at least while a node runs: by what is decided, what it reads and what it writes. */
  #takenBeside(index: number, chosen: readonly Option[], decided: TakenBits): TakenBits {
    const taken = decided.slice();
    for (const i of this.#concerned[index]!) {
      const { part, home } = chosen[i]!; // chosen of all concerned
      if (part.kind !== "whole") taken[home]! += partBits(this.#nodes[i]!, part);
    }
    return taken;
  }

  /** Everything that a layer touches crosses the ports of its homes once. */
  touched(index: number, chosen: readonly Option[]): number {
    return this.#layerAt(index, chosen)?.touched ?? 0;
  }

  /** No room makes a node's layer cost less. */
  bound(index: number, chosen: readonly Option[]): number {
    return this.#layerAt(index, chosen)?.bound ?? this.#moveEnergy(index, chosen);
  }

  /** Energy of a node's layer in the room that is left, or a bound of it; infinite where what is taken does not fit. */
  energy(index: number, chosen: readonly Option[], taken: TakenBits, dearest: Enough): number {
    if (!this.#costs.fitsTaken(taken)) return Number.POSITIVE_INFINITY;
    if (dearest === "bounded") return this.bound(index, chosen);
    return this.#layerAt(index, chosen)?.answer(taken).energy ?? this.#moveEnergy(index, chosen);
  }

  /** Nothing for a stack input, copies for a layer that only moves data. */
  #moveEnergy(index: number, chosen: readonly Option[]): number {
    const node = this.#nodes[index]!;
    if (node.tile === undefined) return 0;
    const code = this.#homesCode(index, chosen);
    const known = this.#moves[index]!.get(code);
    if (known !== undefined) return known;
    const homes = layerHomes(node, chosen, this.#costs);
    const energy = this.#costs.copiesEnergy(moveCopies(node, homes, (operand) => this.#costs.top(operand)));
    this.#moves[index]!.set(code, energy);
    return energy;
  }

  /** `undefined` where the mapper is not asked. */
  #layerAt(index: number, chosen: readonly Option[]): LayerAtHomes | undefined {
    const layers = this.#layers[index];
    if (layers === undefined) return undefined;
    const code = this.#homesCode(index, chosen);
    return layers.known(code) ?? layers.at(code, () => layerHomes(this.#nodes[index]!, chosen, this.#costs));
  }

  #homesCode(index: number, chosen: readonly Option[]): number | string {
    const { output, inputs } = this.#tops[index]!;
    const { home, weightsHome } = chosen[index]!;
    const { reads } = this.#nodes[index]!;
    for (let i = 0; i < inputs.length; i++) {
      const part = chosen[reads[i]!.source]!.home;
      this.#sources[i] = part === -1 ? inputs[i]! : part;
    }
    return this.#costs.homesCode(home === -1 ? output : home, weightsHome, this.#sources, inputs.length);
  }
}

/** Position of the least key; of equal ones, of that with the latest turn; −1 of none. */
function firstOf(keys: readonly number[], turn: readonly number[]): number {
  let best = -1;
  for (let i = 0; i < keys.length; i++) {
    if (best === -1 || keys[i]! < keys[best]! || (keys[i] === keys[best] && turn[i]! > turn[best]!)) best = i;
  }
  return best;
}

/** Whether the mapper is asked about a node: what is only moved is all copies. */
export const isMapped = ({ map: { node } }: TileNode): boolean =>
  node.layer !== undefined && node.layer.kind !== "movement" && node.layer.kind !== "opaque";

/** Homes of a layer's operands, given the choice for every map up to its own. */
export function layerHomes(
  { index, map, reads }: TileNode,
  chosen: readonly Pick<Option, "part" | "weights">[],
  costs: StackCosts,
): LayerHomes {
  const homeOf = (part: PartHome, operand: string): Memory => part.memory ?? costs.top(operand);
  const { weights } = chosen[index]!;
  return {
    inputs: reads.map(({ source, operand }) => homeOf(chosen[source]!.part, operand.memoryOperand)),
    output: homeOf(chosen[index]!.part, map.node.output.memoryOperand),
    ...(weights !== undefined && { weights }),
  };
}

/** Bits of what lies in the home of a part. */
export const partBits = ({ newBits, fetchedBits }: TileNode, { kind }: PartHome): number =>
  kind === "whole" ? 0 : kind === "kept" ? newBits : fetchedBits;

/**
 * Bits that are taken in each memory while a node runs, beside the blocks of its layer.
 *
 * @param chosen - for every map up to the node's own
 * @param decided - what rings, weights and maps between stacks take throughout
 */
export function takenAt(
  index: number,
  nodes: readonly TileNode[],
  chosen: readonly Pick<Option, "part" | "rings" | "home">[],
  decided: TakenBits,
): TakenBits {
  const taken = decided.slice();
  for (let i = 0; i <= index; i++) {
    const { part, home } = chosen[i]!; // chosen so far
    if (part.kind !== "whole" && nodes[i]!.lastUse >= index) taken[home]! += partBits(nodes[i]!, part);
  }
  for (const { source, pieces } of nodes[index]!.reads) {
    const { part, rings, home } = chosen[source]!;
    if (part.kind === "kept" && rings !== undefined) taken[home]! += gatheredBits(pieces[rings.kind], rings, part);
  }
  return taken;
}

/** Bits that are brought out of rings beside the new part. */
function gatheredBits(pieces: PieceBits, { column, row }: Rings, { memory }: PartHome): number {
  const away = (ring: Memory | undefined) => ring !== undefined && ring.id !== memory?.id;
  return (away(column) ? pieces.column : 0) + (away(row) ? pieces.row : 0);
}
