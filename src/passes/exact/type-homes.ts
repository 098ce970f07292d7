/**
 * Best homes of new parts on one tile type (EM §2), given what is decided for the whole stack. A part lives from the node that makes it to
 * its last reader, so the choice is a shortest path over the nodes whose states are the homes of the parts that live.
 */
import type { Memory } from "../../ir/accelerator.js";
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

interface State {
  readonly energy: number;
  /** Option of every node so far. */
  readonly chosen: readonly Option[];
}

/** `undefined` where no choice fits. */
export function typeHomes(
  type: TileNodes,
  key: string,
  choices: HomeChoices,
  costs: StackCosts,
): TypeHomes | undefined {
  const { nodes } = type;
  const options = nodes.map((node) => optionsOf(node, nodes, choices, costs));
  let states = new Map<string, State>([["", { energy: 0, chosen: [] }]]);
  for (const node of nodes) {
    const next = new Map<string, State>();
    for (const state of states.values()) {
      for (const option of options[node.index]!) {
        const energy = state.energy + stepEnergy(node, nodes, key, state.chosen, option, choices.reserved, costs);
        if (energy === Number.POSITIVE_INFINITY) continue;
        const chosen = [...state.chosen, option];
        const live = liveKey(chosen, nodes, node.index);
        const known = next.get(live);
        if (known === undefined || energy < known.energy) next.set(live, { energy, chosen });
      }
    }
    states = next;
  }
  const [best] = states.values(); // nothing lives after the last node: one state is left
  return (
    best && {
      energy: best.energy,
      parts: best.chosen.map(({ part }) => part),
      rings: best.chosen.map(({ rings }) => rings),
      weights: best.chosen.map(({ weights }) => weights),
    }
  );
}

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
  return placed.flatMap(({ part, rings, energy }): readonly Option[] =>
    weights.length === 0
      ? [{ part, rings, weights: undefined, extra: energy }]
      : weights.map(({ memory, loading }) => ({ part, rings, weights: memory, extra: energy + loading })),
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
  const top = costs.top(node.map.node.output.memoryOperand);
  if (part.kind === "fetched-again")
    return { energy: costs.copiesEnergy(fetchCopy(node, node.fetchedBits, part.memory, top)), rings: undefined };
  const fetched = node.map.node.layer === undefined ? fetchCopy(node, node.newBits, part.memory, top) : [];
  const priced = allowed.map((rings) => ({
    rings,
    energy: costs.copiesEnergy([
      ...fetched,
      ...keepingCopies(node, part.memory, rings),
      ...readsOf(node, nodes).flatMap((read) => gathers(read, part.memory, rings, "")),
      ...owedCopies(node, part.memory, rings, top),
    ]),
  }));
  return priced.reduce((best, candidate) => (candidate.energy < best.energy ? candidate : best));
}

const readsOf = ({ index }: TileNode, nodes: readonly TileNode[]): readonly TileRead[] =>
  nodes.flatMap(({ reads }) => reads.filter(({ source }) => source === index));

/** Energy of one node; infinite where it does not fit. */
function stepEnergy(
  node: TileNode,
  nodes: readonly TileNode[],
  key: string,
  before: readonly Option[],
  option: Option,
  decided: Reserved,
  costs: StackCosts,
): number {
  if (option.extra === Number.POSITIVE_INFINITY) return option.extra;
  const reserved = reservedAt(node, nodes, [...before, option], decided);
  if (!costs.fits(reserved)) return Number.POSITIVE_INFINITY;
  if (node.tile === undefined) return option.extra;
  const homes = layerHomes(node, [...before, option], costs);
  if (!isMapped(node))
    return option.extra + costs.copiesEnergy(moveCopies(node, homes, (operand) => costs.top(operand)));
  return option.extra + costs.layer(`${key}\n${node.index}`, node, homes, reserved).energy;
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
  const homeOf = (part: PartHome, operand: string): Memory =>
    part.kind === "whole" ? costs.top(operand) : part.memory;
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

/** Homes of the parts that live on after a node. */
function liveKey(chosen: readonly Option[], nodes: readonly TileNode[], index: number): string {
  const live = chosen.flatMap(({ part, rings }, i) => {
    if (nodes[i]!.lastUse <= index) return [];
    return [part.kind === "whole" ? "" : `${part.kind} ${part.memory.id} ${rings?.column?.id} ${rings?.row?.id}`];
  });
  return live.join("\n");
}
