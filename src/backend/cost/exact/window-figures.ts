/** Window axes: sets of touched indices, with holes, clipped at the borders of what is stored (EM §3, Block sums). */
import type { WindowShape } from "../../../ir/cost-model.js";
import { type AxisFigures, histogram, type PairHistogram, pairHistogram } from "./axis-figures.js";
import { type Fan, sumOffsets } from "./unrolling.js";

/** Equal for windows that are equal but for the names of their dims. */
export const windowKey = ({ stride, dilation, clip }: WindowShape, out: Fan, tap: Fan): string =>
  `${stride} ${dilation} ${clip?.shift} ${clip?.extent} | ${out.key} | ${tap.key}`;

/** One dim of a window at a cut. */
interface Side {
  readonly fan: Fan;
  /** Steps below the cut. */
  readonly block: number;
  /** Indices from the start of one block to that of the next. */
  readonly stride: number;
}

/** Transfers of one upper instance that are alike. */
interface Transfers {
  readonly count: number;
  /** Elements of the union over the instances below it, and of each of these. */
  readonly upper: number;
  readonly lower: readonly number[];
}

/**
 * @param out - fan of the output dim
 * @param tap - fan of the tap dim
 * @param outBlock - steps of the output dim below the cut
 * @param tapBlock - the same of the tap dim
 */
export function windowFigures(
  window: WindowShape,
  out: Fan,
  tap: Fan,
  outBlock: number,
  tapBlock: number,
): AxisFigures {
  const xs: Side = { fan: out, block: outBlock, stride: outBlock * out.steps.unrolled };
  const fs: Side = { fan: tap, block: tapBlock, stride: tapBlock * tap.steps.unrolled };
  const instances = out.above.flatMap((outPlace) =>
    tap.above.map((tapPlace) => instanceTransfers(window, xs, fs, blockSets(xs, outPlace), blockSets(fs, tapPlace))),
  );
  const all = instances.flat();
  const lower = all.flatMap(({ count, lower }) => lower.map((value) => ({ value, count })));
  return {
    upper: histogram(all.map(({ upper, count }) => ({ value: upper, count }))),
    lower: histogram(lower),
    largest: Math.max(0, ...lower.map(({ value }) => value)),
    busy: distinct(instances.map(busyHistogram)),
  };
}

const busyHistogram = (transfers: readonly Transfers[]): PairHistogram =>
  pairHistogram(transfers.map(({ count, upper, lower }) => ({ upper, lower: Math.max(...lower), count })));

function distinct(histograms: readonly PairHistogram[]): readonly PairHistogram[] {
  const byContent = new Map(histograms.map((each) => [JSON.stringify(each), each]));
  return [...byContent.values()];
}

/** All blocks as one upper instance sees them. */
const instanceTransfers = (
  window: WindowShape,
  xs: Side,
  fs: Side,
  outSets: readonly BlockSets[],
  tapSets: readonly BlockSets[],
): readonly Transfers[] =>
  outSets.flatMap((x) =>
    tapSets.flatMap((f) =>
      alikeBlocks(window, xs, fs, x, f).map(({ start, count }) => ({
        count,
        upper: touched(window, x.union, f.union, start),
        lower: x.parts.flatMap((part) => f.parts.map((other) => touched(window, part, other, start))),
      })),
    ),
  );

/** The indices that an instance covers in equal blocks, relative to the first index of a block. */
interface BlockSets {
  readonly firstBlock: number;
  readonly blocks: number;
  readonly union: IndexSet;
  /** Per instance below. */
  readonly parts: readonly IndexSet[];
}

/** Ascending. */
interface IndexSet {
  readonly items: readonly number[];
  readonly isInterval: boolean;
}

/** All blocks but the last are alike; the last one may end early. */
function blockSets({ fan, block, stride }: Side, place: number): readonly BlockSets[] {
  const { steps, below, between } = fan;
  const blocks = steps.steps / block;
  const sets = (limit: number): Pick<BlockSets, "union" | "parts"> => {
    const indices = (offsets: readonly number[]) =>
      indexSet(
        offsets.map((offset) => offset + place),
        block,
        steps.unrolled,
        limit,
      );
    return {
      union: indices(sumOffsets(below, between)),
      parts: between.map((part) => indices(below.map((offset) => offset + part))),
    };
  };
  const last = { firstBlock: blocks - 1, blocks: 1, ...sets(steps.size - (blocks - 1) * stride) };
  return blocks === 1 ? [last] : [{ firstBlock: 0, blocks: blocks - 1, ...sets(stride) }, last];
}

/** Offsets in every step of a block, up to a limit. */
function indexSet(offsets: readonly number[], block: number, stride: number, limit: number): IndexSet {
  const items: number[] = [];
  for (let step = 0; step < block; step++) {
    for (const offset of offsets) {
      const index = step * stride + offset;
      if (index < limit) items.push(index);
    }
  }
  if (offsets.length > 1) items.sort((a, b) => a - b);
  const isInterval = items.length > 0 && items.at(-1)! - items[0]! === items.length - 1;
  return { items, isInterval };
}

interface AlikeBlocks {
  /** Stored index of the first output and the first tap of one of the blocks. */
  readonly start: number;
  readonly count: number;
}

/** Blocks that no border clips touch equally many indices; the others are looked at one by one. */
function alikeBlocks(
  window: WindowShape,
  xs: Side,
  fs: Side,
  outSets: BlockSets,
  tapSets: BlockSets,
): readonly AlikeBlocks[] {
  const outStride = window.stride * xs.stride;
  const inside: AlikeBlocks[] = [];
  const clipped: AlikeBlocks[] = [];
  const end = outSets.firstBlock + outSets.blocks;
  for (let f = tapSets.firstBlock; f < tapSets.firstBlock + tapSets.blocks; f++) {
    const base = window.dilation * f * fs.stride + (window.clip?.shift ?? 0);
    const [from, to] = insideRange(window, outSets, tapSets, outStride, base);
    if (to > from) inside.push({ start: base + from * outStride, count: to - from });
    for (let x = outSets.firstBlock; x < end; x++) {
      if (x < from || x >= to) clipped.push({ start: base + x * outStride, count: 1 });
    }
  }
  const [first] = inside;
  const count = inside.reduce((sum, each) => sum + each.count, 0);
  return first === undefined ? clipped : [{ ...first, count }, ...clipped];
}

/** Output blocks that lie wholly inside what is stored, as a half-open range; empty sets lie inside whatever they are. */
function insideRange(
  { stride, dilation, clip }: WindowShape,
  outSets: BlockSets,
  tapSets: BlockSets,
  outStride: number,
  base: number,
): readonly [number, number] {
  const all = [outSets.firstBlock, outSets.firstBlock + outSets.blocks] as const;
  const xs = outSets.union.items;
  const fs = tapSets.union.items;
  if (clip === undefined || xs.length === 0 || fs.length === 0) return all;
  const lowest = base + stride * xs[0]! + dilation * fs[0]!;
  const highest = base + stride * xs.at(-1)! + dilation * fs.at(-1)!;
  const from = Math.max(all[0], Math.ceil(-lowest / outStride));
  const to = Math.min(all[1], Math.floor((clip.extent - 1 - highest) / outStride) + 1);
  return [from, Math.max(from, to)];
}

/** Distinct stored indices `stride · x + dilation · f + start` of two sets. */
function touched({ stride, dilation, clip }: WindowShape, xs: IndexSet, fs: IndexSet, start: number): number {
  if (xs.items.length === 0 || fs.items.length === 0) return 0;
  const lowest = start + stride * xs.items[0]! + dilation * fs.items[0]!;
  const highest = start + stride * xs.items.at(-1)! + dilation * fs.items.at(-1)!;
  const from = clip === undefined ? lowest : Math.max(lowest, 0);
  const to = clip === undefined ? highest + 1 : Math.min(highest + 1, clip.extent);
  if (to <= from) return 0;
  const isDense = xs.isInterval && fs.isInterval && dilation === 1 && stride <= fs.items.length;
  if (isDense) return to - from;
  const seen = new Uint8Array(to - from);
  let count = 0;
  for (const x of xs.items) {
    for (const f of fs.items) {
      const place = start + stride * x + dilation * f - from;
      if (place < 0 || place >= seen.length || seen[place] === 1) continue;
      seen[place] = 1;
      count++;
    }
  }
  return count;
}
