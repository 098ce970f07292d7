/**
 * Best homes of new parts on one tile type (EM §2), given what is decided for the whole stack. A part lives from the node that makes it to
 * its last reader, so the choice is a shortest path over the nodes whose states are the homes of the parts that live.
 */
import type { Memory } from "../../ir/accelerator.js";
import { beamPath, type Path, type PathSpace, type Searched, shortestPath } from "./home-paths.js";
import { type Option, OptionMaker, type WeightHome } from "./node-options.js";
import { type Enough, NodeSteps, partBits, type Setting, takenAt } from "./node-steps.js";
import type { PartHome, Reserved, StackCosts } from "./stack-costs.js";
import type { Rings } from "./storage.js";
import type { TileNode, TileNodes } from "./tile-nodes.js";

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

/** Homes on a tile type; energies of one tile in pJ. */
export interface TypeHomes {
  readonly energy: number;
  readonly parts: readonly PartHome[];
  readonly rings: readonly (Rings | undefined)[];
  readonly weights: readonly (Memory | undefined)[];
}

/** What is found out about a tile type under some choices. */
export interface TypeAnswer {
  /** No homes cost less, in pJ; infinite where nothing fits. */
  readonly bound: number;
  /** The cheapest homes, or cheap ones where there are too many to tell; `undefined` where nothing fits or is found. */
  homes(): TypeHomes | undefined;
}

export const typeHomes = (type: TileNodes, key: string, choices: HomeChoices, costs: StackCosts): TypeAnswer =>
  solverOf(type, key, costs).homes(choices);

/** No choice has less energy, pJ; asks the mapper for bounds alone. Infinite only where nothing fits. */
export const boundType = (type: TileNodes, key: string, choices: HomeChoices, costs: StackCosts): number =>
  solverOf(type, key, costs).bound(choices);

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

/** Paths that one search may look at; and where the searches of a stack have looked at very many. */
const SEARCH_PATHS = 5000;
const LEAST_PATHS = 500;

/** Of what is still to come, where the cheapest path is too far to find. */
const WEIGHTS = [1.1, 1.5];

/** One tile type, with all that was found out about it under any choices. */
class TypeSolver {
  readonly #nodes: readonly TileNode[];
  readonly #costs: StackCosts;
  readonly #makers: readonly OptionMaker[];
  readonly #steps: NodeSteps;
  /** By number of nodes that are placed: later ones that read what these make. */
  readonly #waiting: readonly (readonly Waiting[])[];
  /** Of all that was ever taken. */
  readonly #takenKeys = new Map<string, number>();
  readonly #solved = new Map<string, TypeAnswer>();

  constructor({ nodes }: TileNodes, key: string, costs: StackCosts) {
    this.#nodes = nodes;
    this.#costs = costs;
    this.#makers = nodes.map((node) => new OptionMaker(node, nodes, costs));
    this.#steps = new NodeSteps(nodes, key, costs);
    this.#waiting = Array.from({ length: nodes.length + 1 }, (_, placed) => waitingFor(placed, nodes));
  }

  homes(choices: HomeChoices): TypeAnswer {
    const setting = this.#setting(choices);
    const key = `${setting.options.map(({ id }) => id).join(" ")} ${setting.takenKey}`;
    const known = this.#solved.get(key) ?? this.#search(setting);
    this.#solved.set(key, known);
    return known;
  }

  #search(setting: Setting): TypeAnswer {
    const steps = this.#nodes.map((_, index) => this.#steps.least(setting, index));
    if (steps.includes(Number.POSITIVE_INFINITY)) return NOTHING_FITS;
    const space = this.#paths(setting, steps, "mapped");
    const { path, bound } = this.#shortest(space, 1);
    if (bound === Number.POSITIVE_INFINITY) return NOTHING_FITS;
    if (path !== undefined) return { bound, homes: () => homesOn(path) };
    let found: TypeHomes | undefined | "unknown" = "unknown";
    return {
      bound,
      homes: () => {
        if (found === "unknown") found = homesOn(this.#goodPath(space));
        return found;
      },
    };
  }

  #goodPath(space: PathSpace<Option>): Path<Option> | undefined {
    for (const weight of WEIGHTS) {
      const { path } = this.#shortest(space, weight);
      if (path !== undefined) return path;
    }
    return beamPath(space);
  }

  #shortest(space: PathSpace<Option>, weight: number): Searched<Option> {
    return shortestPath(space, this.#costs.isTired ? LEAST_PATHS : SEARCH_PATHS, weight);
  }

  bound(choices: HomeChoices): number {
    const setting = this.#setting(choices);
    const least = this.#nodes.map((_, index) => this.#steps.least(setting, index, "bounded"));
    if (least.includes(Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
    return this.#shortest(this.#paths(setting, least, "bounded"), 1).bound;
  }

  leastWith(choices: HomeChoices, layer: number, memory: Memory): number {
    const weights = choices.weights.with(layer, [{ memory, loading: 0 }]);
    return this.#steps.least(this.#setting({ ...choices, weights }), layer);
  }

  #setting({ parts, rings, weights, reserved }: HomeChoices): Setting {
    const options = this.#makers.map((maker, i) =>
      maker.of({ parts: parts[i]!, rings: rings[i]!, weights: weights[i]! }),
    ); // one entry per map
    const taken = this.#costs.taken(reserved);
    const bits = taken.join(" ");
    const takenKey = this.#takenKeys.get(bits) ?? this.#takenKeys.size;
    this.#takenKeys.set(bits, takenKey);
    return { options, taken, takenKey, given: new Map() };
  }

  /**
   * @param steps - least energy of each node
   * @param dearest - how well the energies of layers have to be known
   */
  #paths(setting: Setting, steps: readonly number[], dearest: Enough): PathSpace<Option> {
    const nodes = this.#nodes;
    const { options, taken } = setting;
    const rest = sumsFrom(steps);
    const at = this.#steps;
    const room = (chosen: readonly Option[]) => takenAt(chosen.length - 1, nodes, chosen, taken);
    return {
      length: nodes.length,
      options: (index) => options[index]!.all,
      extra: ({ extra }) => extra,
      layer: {
        touched: (chosen) => at.touched(chosen.length - 1, chosen),
        bounded: (chosen) => at.bound(chosen.length - 1, chosen),
        mapped: (chosen) => at.energy(chosen.length - 1, chosen, room(chosen), dearest),
      },
      rest: (chosen) => {
        this.#costs.onLooked(chosen.length);
        return rest[chosen.length]! + this.#regret(setting, steps, chosen);
      },
      liveKey: (chosen) => liveKey(chosen, nodes),
      living: (chosen) => living(chosen, nodes),
      room: (chosen) =>
        living(chosen, nodes).reduce(
          (sum, i) => sum + this.#costs.share(chosen[i]!.home, partBits(nodes[i]!, chosen[i]!.part)),
          0,
        ),
    };
  }

  /** By how much nodes that are still to come cost more at least, since maps that they read have their homes. */
  #regret(setting: Setting, steps: readonly number[], chosen: readonly Option[]): number {
    let sum = 0;
    for (const { reader, sources } of this.#waiting[chosen.length]!) {
      let least = Number.NEGATIVE_INFINITY;
      for (const source of sources)
        least = Math.max(least, this.#steps.leastFrom(setting, reader, source, chosen[source]!));
      sum += Math.max(0, least - steps[reader]!);
    }
    return sum;
  }
}

/** A node that is still to come, and those of the maps that it reads that are placed. */
interface Waiting {
  readonly reader: number;
  readonly sources: readonly number[];
}

const waitingFor = (placed: number, nodes: readonly TileNode[]): readonly Waiting[] =>
  nodes.slice(placed).flatMap(({ index, reads }) => {
    const sources = [...new Set(reads.map(({ source }) => source))].filter((source) => source < placed);
    return sources.length === 0 ? [] : [{ reader: index, sources }];
  });

/** Sums of all entries from each on. */
function sumsFrom(values: readonly number[]): readonly number[] {
  const sums = [0];
  for (const value of values.toReversed()) sums.push(sums.at(-1)! + value); // not empty
  return sums.reverse();
}

const homesOn = (path: Path<Option> | undefined): TypeHomes | undefined =>
  path && {
    energy: path.energy,
    parts: path.chosen.map(({ part }) => part),
    rings: path.chosen.map(({ rings }) => rings),
    weights: path.chosen.map(({ weights }) => weights),
  };

const NOTHING_FITS: TypeAnswer = { bound: Number.POSITIVE_INFINITY, homes: () => undefined };

/** Nodes whose parts live on after those that are placed. */
const living = ({ length }: readonly Option[], nodes: readonly TileNode[]): readonly number[] =>
  nodes.slice(0, length).flatMap(({ index, lastUse }) => (lastUse >= length ? [index] : []));

/** Nodes that are placed, and homes of the parts that live on. */
function liveKey(chosen: readonly Option[], nodes: readonly TileNode[]): string {
  let key = String(chosen.length);
  for (let i = 0; i < chosen.length; i++) if (nodes[i]!.lastUse >= chosen.length) key += ` ${chosen[i]!.live}`;
  return key;
}
