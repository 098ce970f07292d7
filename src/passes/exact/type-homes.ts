/**
 * Best homes of new parts on one tile type (EM §2), given what is decided for the whole stack. A part lives from the node that makes it to
 * its last reader, so the choice is a shortest path over the nodes whose states are the homes of the parts that live.
 */
import type { Memory } from "../../ir/accelerator.js";
import { MinHeap } from "../min-heap.js";
import {
  fetchCopy,
  gathers,
  keepingCopies,
  type LayerHomes,
  moveCopies,
  owedCopies,
  type PartHome,
  type Reserved,
  type StackCosts,
} from "./stack-costs.js";
import type { Rings } from "./storage.js";
import type { TileNode, TileNodes, TileRead } from "./tile-nodes.js";

/** What may be chosen on a tile type: one entry per map of the stack. */
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

export interface WeightHome {
  readonly memory: Memory;
  readonly loading: number;
}

/** Cheapest homes on a tile type; energies of one tile in pJ. */
export interface TypeHomes {
  readonly energy: number;
  readonly parts: readonly PartHome[];
  readonly rings: readonly (Rings | undefined)[];
  readonly weights: readonly (Memory | undefined)[];
}

/** One way to place a node: the home of what it writes, its weights, and what both cost beside the layer itself. */
interface Option {
  readonly part: PartHome;
  readonly rings: Rings | undefined;
  readonly weights: Memory | undefined;
  readonly extra: number;
}

/** One tile type with everything that may be chosen on it. */
interface TypeProblem {
  readonly nodes: readonly TileNode[];
  /** Of the tile type. */
  readonly key: string;
  readonly options: readonly (readonly Option[])[];
  /** Bits that decided rings and weights take in each memory. */
  readonly decided: Reserved;
  readonly costs: StackCosts;
}

/** `undefined` where no choice fits. */
export function typeHomes(
  { nodes }: TileNodes,
  key: string,
  choices: HomeChoices,
  costs: StackCosts,
): TypeHomes | undefined {
  const options = nodes.map((node) => optionsOf(node, nodes, choices, costs));
  const problem = { nodes, key, options, decided: choices.reserved, costs };
  const rest = leastRest(problem);
  if (rest[0] === Number.POSITIVE_INFINITY) return undefined;
  const best = shortestPath(problem, rest);
  return (
    best && {
      energy: best.energy,
      parts: best.chosen.map(({ part }) => part),
      rings: best.chosen.map(({ rings }) => rings),
      weights: best.chosen.map(({ weights }) => weights),
    }
  );
}

/** Least energy of one layer of a tile type with its weights in a memory, when everything else is free. */
export function leastWith(
  { nodes }: TileNodes,
  key: string,
  choices: HomeChoices,
  costs: StackCosts,
  layer: number,
  memory: Memory,
): number {
  const weights = choices.weights.with(layer, [{ memory, loading: 0 }]);
  const concerned = new Set([layer, ...nodes[layer]!.reads.map(({ source }) => source)]);
  const options = nodes.map((node) =>
    concerned.has(node.index) ? optionsOf(node, nodes, { ...choices, weights }, costs) : [],
  );
  return leastStep({ nodes, key, options, decided: choices.reserved, costs }, layer);
}

/** Choices for the first nodes. The energy of the last one is known in steps, each dearer to find out than the one before. */
interface Path {
  readonly chosen: readonly Option[];
  /** Without the last node's layer, where that is not known yet, pJ. */
  readonly energy: number;
  /** How the energy of the last node's layer is known: by what it touches, by a bound of the mapper, by a mapping. */
  readonly known: "touched" | "bounded" | "mapped";
}

/**
 * Best-first over the nodes; of two paths whose parts live on in the same homes, the cheaper one goes on.
 *
 * @param rest - least energy from each node on
 */
function shortestPath(problem: TypeProblem, rest: readonly number[]): Path | undefined {
  const { nodes, options } = problem;
  const open = new MinHeap<Path>();
  const done = new Set<string>();
  const push = (path: Path, layer: number): void => {
    const least = path.energy + layer + rest[path.chosen.length]!;
    if (least < Number.POSITIVE_INFINITY) open.push(least, path);
  };
  push({ chosen: [], energy: 0, known: "mapped" }, 0);
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const { chosen, energy, known } = path;
    const last = nodes[chosen.length - 1];
    if (known === "touched") push({ ...path, known: "bounded" }, boundedLayer(problem, last!, chosen));
    else if (known === "bounded") {
      const sum = energy + mappedLayer(problem, last!, chosen);
      push({ chosen, energy: sum, known: "mapped" }, 0);
    } else if (chosen.length === nodes.length) return path;
    else if (isNew(done, liveKey(chosen, nodes))) {
      const next = nodes[chosen.length]!;
      for (const option of options[next.index]!) {
        const all = [...chosen, option];
        push({ chosen: all, energy: energy + option.extra, known: "touched" }, touchedLayer(problem, next, all));
      }
    }
  }
  return undefined;
}

/** Adds a key, if it was not there. */
function isNew(keys: Set<string>, key: string): boolean {
  if (keys.has(key)) return false;
  keys.add(key);
  return true;
}

/** Least energy of each node and all after it, when every node chooses for itself and has what is not decided to itself. */
function leastRest(problem: TypeProblem): readonly number[] {
  const rest = new Float64Array(problem.nodes.length + 1);
  for (const { index } of problem.nodes.toReversed()) rest[index] = rest[index + 1]! + leastStep(problem, index);
  return [...rest];
}

/** Cheapest of all choices for one node and what it reads; the dearer figures are asked for only where the cheaper ones do not tell. */
function leastStep(problem: TypeProblem, index: number): number {
  const { nodes, options, decided } = problem;
  const node = nodes[index]!;
  const open = new MinHeap<{ readonly chosen: readonly Option[]; readonly known: Path["known"] }>();
  const push = (chosen: readonly Option[], known: Path["known"], layer: number): void =>
    open.push(chosen[index]!.extra + layer, { chosen, known });
  for (const chosen of combinations(node, options)) push(chosen, "touched", touchedLayer(problem, node, chosen));
  for (;;) {
    const least = open.leastKey;
    const next = open.pop();
    if (next === undefined || next.known === "mapped") return least;
    const { chosen, known } = next;
    if (known === "touched") push(chosen, "bounded", boundedLayer(problem, node, chosen));
    else
      push(
        chosen,
        "mapped",
        layerEnergy(node, problem.key, layerHomes(node, chosen, problem.costs), decided, problem.costs),
      );
  }
}

type Chosen = readonly Pick<Option, "part" | "rings" | "weights">[];

function touchedLayer({ costs }: TypeProblem, node: TileNode, chosen: Chosen): number {
  return node.tile === undefined || !isMapped(node) ? 0 : costs.touchedLayer(node, layerHomes(node, chosen, costs));
}

function boundedLayer({ costs, key }: TypeProblem, node: TileNode, chosen: Chosen): number {
  if (node.tile === undefined || !isMapped(node)) return 0;
  return costs.leastLayer(`${key}\n${node.index}`, node, layerHomes(node, chosen, costs));
}

/** Energy of a layer where everything that lives meanwhile takes room; infinite where it does not fit. */
function mappedLayer({ nodes, key, decided, costs }: TypeProblem, node: TileNode, chosen: Chosen): number {
  const reserved = reservedAt(node, nodes, chosen, decided);
  if (!costs.fits(reserved)) return Number.POSITIVE_INFINITY;
  return layerEnergy(node, key, layerHomes(node, chosen, costs), reserved, costs);
}

/** Choices of a node and of the maps that it reads; those of all other maps are left out. */
function combinations(node: TileNode, options: TypeProblem["options"]): readonly (readonly Option[])[] {
  const concerned = [...new Set([...node.reads.map(({ source }) => source), node.index])];
  return concerned.reduce<readonly (readonly Option[])[]>(
    (lists, index) =>
      lists.flatMap((list) =>
        (index === node.index ? options[index]! : distinctParts(options[index]!)).map((option) => {
          const next = [...list];
          next[index] = option;
          return next;
        }),
      ),
    [[]],
  );
}

/** Options that differ for those who read the map. */
const distinctParts = (options: readonly Option[]): readonly Option[] => [
  ...new Map(options.map((option) => [homeKey(option.part), option])).values(),
];

const homeKey = ({ memory }: PartHome): string => memory?.id ?? "";

/** Every home of what a node writes with its cheapest rings, and every home of its weights. */
function optionsOf(
  node: TileNode,
  nodes: readonly TileNode[],
  choices: HomeChoices,
  costs: StackCosts,
): readonly Option[] {
  const placed = choices.parts[node.index]!.map((part) => {
    const { energy, rings } = cheapestRings(node, nodes, part, choices.rings[node.index]!, costs);
    return { part, rings, energy };
  });
  const weights = node.tile === undefined ? [] : choices.weights[node.index]!;
  const constants = (home: Memory | undefined) => costs.copiesEnergy(costs.streamedConstants(node, home));
  return placed.flatMap(({ part, rings, energy }): readonly Option[] =>
    weights.length === 0
      ? [{ part, rings, weights: undefined, extra: energy + constants(undefined) }]
      : weights.map(({ memory, loading }) => ({
          part,
          rings,
          weights: memory,
          extra: energy + loading + constants(memory),
        })),
  );
}

/** Copies of a map on a tile type: in, out, into rings, and out of them beside the new part. */
function cheapestRings(
  node: TileNode,
  nodes: readonly TileNode[],
  part: PartHome,
  allowed: readonly Rings[],
  costs: StackCosts,
): { readonly energy: number; readonly rings: Rings | undefined } {
  if (part.kind === "whole") return { energy: 0, rings: undefined };
  const place = costs.placeOf(node.map);
  if (part.kind === "fetched-again")
    return { energy: costs.copiesEnergy(fetchCopy(node, node.fetchedBits, part.memory, place)), rings: undefined };
  const fetched = node.map.node.layer === undefined ? fetchCopy(node, node.newBits, part.memory, place) : [];
  const priced = allowed.map((rings) => ({
    rings,
    energy: costs.copiesEnergy([
      ...fetched,
      ...keepingCopies(node, part.memory, rings),
      ...readsOf(node, nodes).flatMap((read) => gathers(read, part.memory, rings, "")),
      ...owedCopies(node, part.memory, rings, place),
    ]),
  }));
  return priced.reduce((best, candidate) => (candidate.energy < best.energy ? candidate : best));
}

const readsOf = ({ index }: TileNode, nodes: readonly TileNode[]): readonly TileRead[] =>
  nodes.flatMap(({ reads }) => reads.filter(({ source }) => source === index));

/** Energy of a layer itself: nothing for a stack input, copies alone for one that only moves data. */
function layerEnergy(node: TileNode, key: string, homes: LayerHomes, reserved: Reserved, costs: StackCosts): number {
  if (node.tile === undefined) return 0;
  if (!isMapped(node)) return costs.copiesEnergy(moveCopies(node, homes, (operand) => costs.top(operand)));
  return costs.layer(`${key}\n${node.index}`, node, homes, reserved).energy;
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

/** Bits that are taken in each memory while a node runs, beside the blocks of its layer. */
export function reservedAt(
  node: TileNode,
  nodes: readonly TileNode[],
  chosen: readonly Pick<Option, "part" | "rings">[],
  decided: Reserved,
): Reserved {
  const reserved = new Map(decided);
  const add = (memory: Memory, bits: number): void =>
    void reserved.set(memory.id, (reserved.get(memory.id) ?? 0) + bits);
  for (let i = 0; i <= node.index; i++) {
    const { part } = chosen[i]!; // chosen so far
    const { lastUse, newBits, fetchedBits } = nodes[i]!;
    if (part.kind === "whole" || lastUse < node.index) continue;
    add(part.memory, part.kind === "kept" ? newBits : fetchedBits);
  }
  for (const read of node.reads) {
    const { part, rings } = chosen[read.source]!;
    if (part.kind !== "kept" || rings === undefined) continue;
    for (const { bits } of gathers(read, part.memory, rings, "")) add(part.memory, bits);
  }
  return reserved;
}

/** Nodes that are placed, and homes of the parts that live on. */
function liveKey(chosen: readonly Option[], nodes: readonly TileNode[]): string {
  const live = chosen.flatMap(({ part, rings }, i) => {
    if (nodes[i]!.lastUse < chosen.length) return [];
    return [`${part.kind} ${homeKey(part)} ${rings?.column?.id} ${rings?.row?.id}`];
  });
  return [String(chosen.length), ...live].join("\n");
}
