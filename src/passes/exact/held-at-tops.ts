/** What lies at the tops of the chains, outside of the chip, while each stack runs: all weights, and the maps that somebody still reads. */
import type { Memory } from "../../ir/accelerator.js";
import { noRoomAtTop } from "../../ir/diagnostics/schedule.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { StackPlacement } from "../../ir/facts.js";
import { type TensorId, weightsOf } from "../../ir/network.js";
import { constantOperand } from "./constants.js";
import type { HomeSpace, StackHomes } from "./home-problem.js";
import type { StackCosts } from "./stack-costs.js";
import { type FeatureMap, mapBits, type StackMaps } from "./stack-maps.js";

interface AtTop {
  readonly memory: string;
  readonly bits: number;
}

/** A map at the top of its chain that a stack reads from there or writes to it. */
interface TopMap extends AtTop {
  readonly tensor: TensorId;
  readonly isWritten: boolean;
}

/** The constants of a layer, at the top of their chain. */
interface TopWeights extends AtTop {
  /** Equal for layers that share them. */
  readonly key: string;
  /** Whether a buffer of the stack stands for them, where the top of their chain is on the chip of others. */
  readonly isBuffered: boolean;
}

/** What one stack has at the tops. */
export interface StackTops {
  readonly maps: readonly TopMap[];
  readonly weights: readonly TopWeights[];
}

/** Bits in each memory. */
type Bits = ReadonlyMap<string, number>;

/** What a stack with these homes reads and writes at the tops, maps that lie there whole between its own layers included. */
export function stackTops(
  { maps }: StackMaps,
  { storage, weights }: StackHomes,
  { weightBits }: HomeSpace,
  costs: StackCosts,
): StackTops {
  const isAtTop = ({ node, leaves, place }: FeatureMap, index: number): boolean =>
    place === undefined && (node.layer === undefined || leaves || storage[index]!.kind === "whole"); // one per map
  return {
    maps: maps.filter(isAtTop).map((map) => ({
      tensor: map.tensor,
      isWritten: map.node.layer !== undefined,
      memory: costs.top(map.node.output.memoryOperand).id,
      bits: mapBits(map),
    })),
    weights: maps.flatMap(({ node }, index): readonly TopWeights[] => {
      const bits = weightBits[index]!; // one per map
      if (node.layer === undefined || bits === 0) return [];
      const operand = node.weights[0]?.memoryOperand ?? constantOperand(node, costs.hierarchy);
      const top = costs.top(operand ?? node.output.memoryOperand);
      const home = weights[index];
      const tensors = [...weightsOf(node.layer), ...node.layer.parameters].map(({ tensor }) => tensor);
      const isOwn = tensors.some((tensor) => tensor === undefined);
      const key = (isOwn ? [node.id] : tensors).join("\n");
      return [{ key, memory: top.id, bits, isBuffered: home?.id === top.id && !costs.isTop(top) }];
    }),
  };
}

/**
 * The placements with what lies at the tops while each stack runs, beside its buffers.
 *
 * @param tops - one per placement
 * @param outputs - tensors that the network writes
 * @throws DiagnosticError (infeasible) when it does not fit there with the buffers of some stack
 */
export function withTops(
  placements: readonly StackPlacement[],
  tops: readonly StackTops[],
  outputs: ReadonlySet<TensorId>,
  memories: readonly Memory[],
): readonly StackPlacement[] {
  const held = requireRoomAtTops(placements, tops, outputs, memories);
  return placements.map((placement, s) => ({ ...placement, outside: outsideOf(held[s]!, memories) })); // one per placement
}

/**
 * @param stacks - what each of them holds
 * @returns what lies at the tops while each of them runs
 * @throws DiagnosticError (infeasible) when it does not fit
 */
export function requireRoomAtTops(
  stacks: readonly Pick<StackPlacement, "stack" | "buffers">[],
  tops: readonly StackTops[],
  outputs: ReadonlySet<TensorId>,
  memories: readonly Memory[],
): readonly Held[] {
  const maps = livingMaps(tops, outputs);
  const weights = new Map(tops.flatMap((stack) => stack.weights).map((entry) => [entry.key, entry]));
  const held = stacks.map(({ stack, buffers = [] }, s): Held => {
    const buffered = new Set(tops[s]!.weights.filter(({ isBuffered }) => isBuffered).map(({ key }) => key));
    return {
      stack,
      maps: sumBits(maps.filter(({ from, to }) => from <= s && s <= to)),
      weights: sumBits([...weights.values()].filter(({ key }) => !buffered.has(key))),
      buffers: sumBits(buffers),
    };
  });
  for (const memory of memories) requireRoom(held, memory);
  return held;
}

/** Bits of each memory while a stack runs. */
interface Held {
  readonly stack: string;
  readonly maps: Bits;
  readonly weights: Bits;
  readonly buffers: Bits;
}

const outsideOf = ({ maps, weights }: Held, memories: readonly Memory[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    memories
      .map(({ id }) => [id, (maps.get(id) ?? 0) + (weights.get(id) ?? 0)] as const)
      .filter(([, bits]) => bits > 0),
  );

/** @throws DiagnosticError (infeasible) naming the stack that needs most, when a memory that is the top of a chain is too small */
function requireRoom(held: readonly Held[], memory: Memory): void {
  const needs = held.map(({ stack, ...bits }) => {
    const [maps, weights, buffers] = [bits.maps, bits.weights, bits.buffers].map((sums) => sums.get(memory.id) ?? 0);
    return { stack, maps: maps!, weights: weights!, buffers: buffers!, all: maps! + weights! + buffers! }; // three in, three out
  });
  const most = needs.reduce((best, need) => (need.all > best.all ? need : best));
  if (most.maps + most.weights > 0 && most.all > memory.size)
    throw new DiagnosticError([noRoomAtTop(most.stack, most, memory)], "infeasible");
}

/** Maps at the tops from the stack that writes them, or the first one, to the last that reads them, or the very last. */
function livingMaps(tops: readonly StackTops[], outputs: ReadonlySet<TensorId>) {
  const found = new Map<TensorId, AtTop & { readonly from: number; readonly to: number }>();
  tops.forEach(({ maps }, s) => {
    for (const { tensor, isWritten, memory, bits } of maps) {
      const from = found.get(tensor)?.from ?? (isWritten ? s : 0);
      found.set(tensor, { memory, bits, from, to: outputs.has(tensor) ? tops.length - 1 : s });
    }
  });
  return [...found.values()];
}

function sumBits(held: readonly AtTop[]): Bits {
  const sums = new Map<string, number>();
  for (const { memory, bits } of held) sums.set(memory, (sums.get(memory) ?? 0) + bits);
  return sums;
}
