/**
 * Best homes of new parts on one tile type (EM §2), given what is decided for the whole stack. A part lives from the node that makes it to
 * its last reader, so the choice is a shortest path over the nodes whose states are the homes of the parts that live.
 */
import type { Memory } from "../../ir/accelerator.js";
import { MinHeap } from "../min-heap.js";
import { isNew } from "../visited.js";
import type { LayerAtHomes, LayerHomes, TakenBits } from "./layer-costs.js";
import type { NodeLayers } from "./node-layers.js";
import { type NodeOptions, type Option, OptionMaker, type WeightHome } from "./node-options.js";
import { moveCopies, type PartHome, type Reserved, type StackCosts } from "./stack-costs.js";
import type { Rings } from "./storage.js";
import type { PieceBits, TileNode, TileNodes } from "./tile-nodes.js";

/** What may be chosen on a tile type: one entry per map of the stack. Lists that come again are the same lists. */
export interface HomeChoices {
  /** Homes that the stack's storage of each map allows. */
  readonly parts: readonly (readonly PartHome[])[];
  /** Rings that it allows, for maps that keep overlap. */
  readonly rings: readonly (readonly Rings[])[];
  /** Homes of each layer's weights, with the energy of loading them, per tile of the stack. */
  readonly weights: readonly (readonly WeightHome[])[];
  /** Bits that decided rings and weights take in each memory. */
  readonly reserved: Reserved;
}

/** Cheapest homes on a tile type; energies of one tile in pJ. */
export interface TypeHomes {
  readonly energy: number;
  readonly parts: readonly PartHome[];
  readonly rings: readonly (Rings | undefined)[];
  readonly weights: readonly (Memory | undefined)[];
}

/** `undefined` where no choice fits. */
export const typeHomes = (
  type: TileNodes,
  key: string,
  choices: HomeChoices,
  costs: StackCosts,
): TypeHomes | undefined => solverOf(type, key, costs).homes(choices);

/** Least energy of one layer of a tile type with its weights in a memory, when everything else is free. */
export const leastWith = (
  type: TileNodes,
  key: string,
  choices: HomeChoices,
  costs: StackCosts,
  layer: number,
  memory: Memory,
): number => solverOf(type, key, costs).leastWith(choices, layer, memory);

const SOLVERS = new WeakMap<TileNodes, TypeSolver>();

function solverOf(type: TileNodes, key: string, costs: StackCosts): TypeSolver {
  const known = SOLVERS.get(type) ?? new TypeSolver(type, key, costs);
  SOLVERS.set(type, known);
  return known;
}

/** Choices for the first nodes. The energy of the last one is known in steps, each dearer to find out than the one before. */
interface Path {
  readonly chosen: readonly Option[];
  /** Without the last node's layer, where that is not known yet, pJ. */
  readonly energy: number;
  /** How the energy of the last node's layer is known: by what it touches, by a bound of the mapper, by a mapping. */
  readonly known: Known;
}

type Known = "touched" | "bounded" | "mapped";

/** Options of every node, and what decided rings and weights take. */
interface Setting {
  readonly options: readonly NodeOptions[];
  readonly taken: TakenBits;
  /** Equal for equal bits. */
  readonly takenKey: string;
}

/** One tile type, with all that was found out about it under any choices. */
class TypeSolver {
  readonly #nodes: readonly TileNode[];
  readonly #costs: StackCosts;
  readonly #makers: readonly OptionMaker[];
  /** Of nodes that the mapper is asked about. */
  readonly #layers: readonly (NodeLayers | undefined)[];
  /** Per node: positions of the tops of the chains of its output and of what it reads. */
  readonly #tops: readonly { readonly output: number; readonly inputs: readonly number[] }[];
  readonly #moves: readonly Map<number | string, number>[];
  readonly #steps: readonly Map<string, number>[];
  readonly #solved = new Map<string, TypeHomes | undefined>();

  constructor({ nodes }: TileNodes, key: string, costs: StackCosts) {
    this.#nodes = nodes;
    this.#costs = costs;
    this.#makers = nodes.map((node) => new OptionMaker(node, nodes, costs));
    this.#layers = nodes.map((node) =>
      node.tile !== undefined && isMapped(node) ? costs.layers(`${key}\n${node.index}`, node) : undefined,
    );
    const top = (operand: string) => costs.memoryIndex(costs.top(operand).id);
    this.#tops = nodes.map(({ map, reads }) => ({
      output: top(map.node.output.memoryOperand),
      inputs: reads.map(({ operand }) => top(operand.memoryOperand)),
    }));
    this.#moves = nodes.map(() => new Map());
    this.#steps = nodes.map(() => new Map());
  }

  homes(choices: HomeChoices): TypeHomes | undefined {
    const setting = this.#setting(choices);
    const key = `${setting.options.map(({ id }) => id).join(" ")} ${setting.takenKey}`;
    if (this.#solved.has(key)) return this.#solved.get(key);
    const rest = this.#leastRest(setting);
    const best = rest[0] === Number.POSITIVE_INFINITY ? undefined : this.#shortestPath(setting, rest);
    const found = best && {
      energy: best.energy,
      parts: best.chosen.map(({ part }) => part),
      rings: best.chosen.map(({ rings }) => rings),
      weights: best.chosen.map(({ weights }) => weights),
    };
    this.#solved.set(key, found);
    return found;
  }

  leastWith(choices: HomeChoices, layer: number, memory: Memory): number {
    const weights = choices.weights.with(layer, [{ memory, loading: 0 }]);
    return this.#leastStep(this.#setting({ ...choices, weights }), layer);
  }

  #setting({ parts, rings, weights, reserved }: HomeChoices): Setting {
    const options = this.#makers.map((maker, i) =>
      maker.of({ parts: parts[i]!, rings: rings[i]!, weights: weights[i]! }),
    ); // one entry per map
    const taken = this.#costs.taken(reserved);
    return { options, taken, takenKey: taken.join(" ") };
  }

  /**
   * Best-first over the nodes; of two paths whose parts live on in the same homes, the cheaper one goes on.
   *
   * @param rest - least energy from each node on
   */
  #shortestPath(setting: Setting, rest: readonly number[]): Path | undefined {
    const nodes = this.#nodes;
    const open = new MinHeap<Path>();
    const done = new Set<string>();
    const push = (path: Path, layer: number): void => {
      const least = path.energy + layer + rest[path.chosen.length]!;
      if (least < Number.POSITIVE_INFINITY) open.push(least, path);
    };
    push({ chosen: [], energy: 0, known: "mapped" }, 0);
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      const { chosen, energy, known } = path;
      const last = chosen.length - 1;
      if (known === "touched") push({ chosen, energy, known: "bounded" }, this.#layerAt(last, chosen)?.bound ?? 0);
      else if (known === "bounded")
        push({ chosen, energy: energy + this.#mapped(setting, last, chosen), known: "mapped" }, 0);
      else if (chosen.length === nodes.length) return path;
      else if (isNew(done, liveKey(chosen, nodes))) {
        for (const option of setting.options[last + 1]!.all) {
          const all = [...chosen, option];
          const touched = this.#layerAt(last + 1, all)?.touched ?? 0;
          push({ chosen: all, energy: energy + option.extra, known: "touched" }, touched);
        }
      }
    }
    return undefined;
  }

  /** Energy of a node's layer where everything that lives meanwhile takes room; infinite where it does not fit. */
  #mapped({ taken }: Setting, index: number, chosen: readonly Option[]): number {
    const all = takenAt(index, this.#nodes, chosen, taken);
    if (!this.#costs.fitsTaken(all)) return Number.POSITIVE_INFINITY;
    return this.#layerEnergy(index, chosen, all);
  }

  /** Least energy of each node and all after it, when every node chooses for itself and has what is not decided to itself. */
  #leastRest(setting: Setting): readonly number[] {
    const rest = Array.from({ length: this.#nodes.length + 1 }, () => 0);
    for (let index = this.#nodes.length - 1; index >= 0; index--)
      rest[index] = rest[index + 1]! + this.#leastStep(setting, index);
    return rest;
  }

  /** Cheapest of all choices for one node and what it reads. */
  #leastStep(setting: Setting, index: number): number {
    const sources = this.#nodes[index]!.reads.map(({ source }) => setting.options[source]!.id);
    const key = `${setting.options[index]!.id} ${sources.join(" ")} ${setting.takenKey}`;
    const known = this.#steps[index]!.get(key) ?? this.#cheapestStep(setting, index);
    this.#steps[index]!.set(key, known);
    return known;
  }

  /** The dearer figures are asked for only where the cheaper ones do not tell. */
  #cheapestStep(setting: Setting, index: number): number {
    const combinations = this.#combinations(setting, index);
    const keys = combinations.map((chosen) => chosen[index]!.extra + (this.#layerAt(index, chosen)?.touched ?? 0));
    const known = keys.map((): Known => "touched");
    const turn = keys.map((_, i) => i); // of equal ones the latest comes first
    for (let turns = keys.length; ; turns++) {
      const best = firstOf(keys, turn);
      if (best === -1) return Number.POSITIVE_INFINITY;
      if (known[best] === "mapped") return keys[best]!;
      const chosen = combinations[best]!;
      const layer =
        known[best] === "touched"
          ? (this.#layerAt(index, chosen)?.bound ?? 0)
          : this.#layerEnergy(index, chosen, setting.taken);
      known[best] = known[best] === "touched" ? "bounded" : "mapped";
      keys[best] = chosen[index]!.extra + layer;
      turn[best] = turns;
    }
  }

  /** Choices of a node and of the maps that it reads; those of all other maps are left out. */
  #combinations({ options }: Setting, index: number): readonly (readonly Option[])[] {
    const concerned = [...new Set([...this.#nodes[index]!.reads.map(({ source }) => source), index])];
    return concerned.reduce<readonly (readonly Option[])[]>(
      (lists, i) =>
        lists.flatMap((list) =>
          (i === index ? options[i]!.all : options[i]!.distinct).map((option) => {
            const next = [...list];
            next[i] = option;
            return next;
          }),
        ),
      [[]],
    );
  }

  /** Energy of a layer itself: nothing for a stack input, copies alone for one that only moves data. */
  #layerEnergy(index: number, chosen: readonly Option[], taken: TakenBits): number {
    const node = this.#nodes[index]!;
    if (node.tile === undefined) return 0;
    const layer = this.#layerAt(index, chosen);
    if (layer !== undefined) return layer.answer(taken).energy;
    const code = this.#homesCode(index, chosen);
    const known = this.#moves[index]!.get(code) ?? this.#moveEnergy(node, chosen);
    this.#moves[index]!.set(code, known);
    return known;
  }

  #moveEnergy(node: TileNode, chosen: readonly Option[]): number {
    const homes = layerHomes(node, chosen, this.#costs);
    return this.#costs.copiesEnergy(moveCopies(node, homes, (operand) => this.#costs.top(operand)));
  }

  /** `undefined` where the mapper is not asked. */
  #layerAt(index: number, chosen: readonly Option[]): LayerAtHomes | undefined {
    const layers = this.#layers[index];
    return layers?.at(this.#homesCode(index, chosen), () => layerHomes(this.#nodes[index]!, chosen, this.#costs));
  }

  #homesCode(index: number, chosen: readonly Option[]): number | string {
    const { output, inputs } = this.#tops[index]!;
    const { home, weightsHome } = chosen[index]!;
    const { reads } = this.#nodes[index]!;
    const sources = inputs.map((top, i) => {
      const part = chosen[reads[i]!.source]!.home;
      return part === -1 ? top : part;
    });
    return this.#costs.homesCode(home === -1 ? output : home, weightsHome, sources);
  }
}

/** Bits that are brought out of rings beside the new part. */
function gatheredBits(pieces: PieceBits, { column, row }: Rings, { memory }: PartHome): number {
  const away = (ring: Memory | undefined) => ring !== undefined && ring.id !== memory?.id;
  return (away(column) ? pieces.column : 0) + (away(row) ? pieces.row : 0);
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
    const { lastUse, newBits, fetchedBits } = nodes[i]!;
    if (part.kind !== "whole" && lastUse >= index) taken[home]! += part.kind === "kept" ? newBits : fetchedBits;
  }
  for (const { source, pieces } of nodes[index]!.reads) {
    const { part, rings, home } = chosen[source]!;
    if (part.kind === "kept" && rings !== undefined) taken[home]! += gatheredBits(pieces[rings.kind], rings, part);
  }
  return taken;
}

/** Nodes that are placed, and homes of the parts that live on. */
function liveKey(chosen: readonly Option[], nodes: readonly TileNode[]): string {
  let key = String(chosen.length);
  for (let i = 0; i < chosen.length; i++) if (nodes[i]!.lastUse >= chosen.length) key += ` ${chosen[i]!.live}`;
  return key;
}
