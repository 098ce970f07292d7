/**
 * Spaces of many dims made small enough to search. Loops of dims that index every operand alike cost the same wherever they are
 * exchanged, so they count as loops of one dim; and where that leaves too many, some of them stay next to each other.
 */
import type { Dim } from "../../../ir/axis-map.js";
import type { Loop } from "../../../ir/network.js";
import { type LayerModel, relevanceOf } from "./layer-model.js";
import { factorMultiset } from "./orderings.js";
import type { SpatialMapping } from "./spatial.js";

/** Loop factors that a search moves together. */
export interface Block {
  /** What the search sees: one loop of as many iterations, of a dim that stands for all that are like it. */
  readonly loop: Loop;
  /** Innermost first. */
  readonly loops: readonly Loop[];
}

/** The blocks of a space, and whether every order of its loops is as good as some order of them. */
interface Blocks {
  readonly blocks: readonly Block[];
  readonly isComplete: boolean;
}

/** Dims of a grouped convolution in three dimensions: whoever has no more is searched loop by loop. */
const USUAL_DIMS = 10;

/** Largest number of multisets of loops that are tabulated: tables of a few hundred megabytes. */
const STATE_LIMIT = 2 ** 18;

/** One block per factor where they can all be searched. */
export function blocksOf(layer: LayerModel, spatial: SpatialMapping, factors: readonly Loop[]): Blocks {
  const dims = [...new Set(factors.map(({ dim }) => dim))];
  const standIns = dims.length > USUAL_DIMS ? standInsOf(layer, spatial, dims) : new Map<Dim, Dim>();
  const single = factors.map((loop): Block => {
    const dim = standIns.get(loop.dim) ?? loop.dim;
    return { loop: { dim, size: loop.size }, loops: [loop] };
  });
  const blocks = joined(single);
  return { blocks, isComplete: blocks.length === single.length };
}

/** Multisets of the blocks' loops. */
const stateCount = (blocks: readonly Block[]): number =>
  factorMultiset(blocks.map(({ loop }) => loop)).multiplicities.reduce((product, times) => product * (times + 1), 1);

/** Whether tables can cover them: not where there are too many dims that all differ. */
export const isTabulable = (blocks: readonly Block[]): boolean => stateCount(blocks) <= STATE_LIMIT;

/** The loops of an order of the blocks, innermost first. */
export function unfold(order: readonly Loop[], blocks: readonly Block[]): readonly Loop[] {
  const waiting = new Map<string, Block[]>();
  for (const block of blocks) waiting.set(keyOf(block.loop), [...(waiting.get(keyOf(block.loop)) ?? []), block]);
  return order.flatMap((loop) => {
    const block = waiting.get(keyOf(loop))?.shift();
    if (block === undefined) throw new Error(`no block of dim ${loop.dim} and size ${loop.size} is left`);
    return block.loops;
  });
}

const keyOf = ({ dim, size }: Loop): string => `${dim} ${size}`;

/** Per dim, the first one that indexes all operands alike; a dim that is unrolled or under a window stands for itself. */
function standInsOf(layer: LayerModel, { unrolling }: SpatialMapping, dims: readonly Dim[]): ReadonlyMap<Dim, Dim> {
  const first = new Map<string, Dim>();
  const standIns = new Map<Dim, Dim>();
  for (const dim of dims) {
    const relevance = layer.operands.map((operand) => relevanceOf(operand, dim));
    if (relevance.includes("partial") || unrolling.some((unroll) => unroll.dim === dim)) continue;
    const key = relevance.join(" ");
    const standIn = first.get(key) ?? dim;
    first.set(key, standIn);
    standIns.set(dim, standIn);
  }
  return standIns;
}

/** Joins the two smallest blocks of the dim that has most of them, until tables can cover them or no dim has two. */
function joined(single: readonly Block[]): readonly Block[] {
  let blocks = single;
  while (!isTabulable(blocks)) {
    const most = mostFrequent(blocks);
    const [smallest, second] = blocks.filter(({ loop }) => loop.dim === most).sort((a, b) => a.loop.size - b.loop.size);
    if (smallest === undefined || second === undefined) break;
    const loop = { dim: most, size: smallest.loop.size * second.loop.size };
    const rest = blocks.filter((block) => block !== smallest && block !== second);
    blocks = [...rest, { loop, loops: [...smallest.loops, ...second.loops] }];
  }
  return blocks;
}

/** The first of the dims with most blocks. */
function mostFrequent(blocks: readonly Block[]): Dim {
  const counts = new Map<Dim, number>();
  for (const { loop } of blocks) counts.set(loop.dim, (counts.get(loop.dim) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
