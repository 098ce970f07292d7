/** Window axes: sets of touched indices, with holes, clipped at the borders of what is stored (EM §3, Block sums). */
import type { WindowShape } from "../../../ir/cost-model.js";
import { type AxisFigures, histogram, type PairHistogram, pairHistogram } from "./axis-figures.js";
import { type Fan, sumOffsets } from "./unrolling.js";

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
 * @param outBlock - steps of either dim below the cut
 */
export function windowFigures(
  window: WindowShape,
  out: Fan,
  tap: Fan,
  outBlock: number,
  tapBlock: number,
): AxisFigures {
  const instances = out.above.flatMap((outPlace) =>
    tap.above.map((tapPlace) => instanceTransfers(window, out, tap, outBlock, tapBlock, outPlace, tapPlace)),
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
function instanceTransfers(
  window: WindowShape,
  out: Fan,
  tap: Fan,
  outBlock: number,
  tapBlock: number,
  outPlace: number,
  tapPlace: number,
): readonly Transfers[] {
  const outSets = instanceSets(out, outBlock, outPlace);
  const tapSets = instanceSets(tap, tapBlock, tapPlace);
  return outSets.flatMap((xs) =>
    tapSets.flatMap((fs) =>
      alikeBlocks(window, out, tap, outBlock, tapBlock, xs, fs).map(({ xFirst, fFirst, count }) => ({
        count,
        upper: touched(window, xs.union, fs.union, xFirst, fFirst),
        lower: xs.parts.flatMap((x) => fs.parts.map((f) => touched(window, x, f, xFirst, fFirst))),
      })),
    ),
  );
}

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
function instanceSets(fan: Fan, block: number, place: number): readonly BlockSets[] {
  const { steps, below, between } = fan;
  const blocks = steps.steps / block;
  const sets = (limit: number): Pick<BlockSets, "union" | "parts"> => {
    const indices = (offsets: readonly number[]) => indexSet(offsets, block, steps.unrolled, place, limit);
    return {
      union: indices(sumOffsets(below, between)),
      parts: between.map((part) => indices(below.map((offset) => offset + part))),
    };
  };
  const last = { firstBlock: blocks - 1, blocks: 1, ...sets(steps.size - (blocks - 1) * block * steps.unrolled) };
  if (blocks === 1) return [last];
  return [{ firstBlock: 0, blocks: blocks - 1, ...sets(block * steps.unrolled) }, last];
}

function indexSet(offsets: readonly number[], block: number, stride: number, place: number, limit: number): IndexSet {
  const items: number[] = [];
  for (let step = 0; step < block; step++) {
    for (const offset of offsets) {
      const index = step * stride + offset + place;
      if (index < limit) items.push(index);
    }
  }
  if (offsets.length > 1) items.sort((a, b) => a - b);
  const isInterval = items.length > 0 && items.at(-1)! - items[0]! === items.length - 1;
  return { items, isInterval };
}

interface AlikeBlocks {
  readonly xFirst: number;
  readonly fFirst: number;
  readonly count: number;
}

/** Blocks that no border clips touch equally many indices; the others are looked at one by one. */
function alikeBlocks(
  window: WindowShape,
  out: Fan,
  tap: Fan,
  outBlock: number,
  tapBlock: number,
  xs: BlockSets,
  fs: BlockSets,
): readonly AlikeBlocks[] {
  const xStride = outBlock * out.steps.unrolled;
  const fStride = tapBlock * tap.steps.unrolled;
  const inside: AlikeBlocks[] = [];
  const clipped: AlikeBlocks[] = [];
  for (let f = fs.firstBlock; f < fs.firstBlock + fs.blocks; f++) {
    const fFirst = f * fStride;
    const [from, to] = insideRange(window, xs, fs, xStride, fFirst);
    if (to > from) inside.push({ xFirst: from * xStride, fFirst, count: to - from });
    for (let x = xs.firstBlock; x < xs.firstBlock + xs.blocks; x++) {
      if (x === from && to > from) x = to;
      if (x < xs.firstBlock + xs.blocks) clipped.push({ xFirst: x * xStride, fFirst, count: 1 });
    }
  }
  const [first] = inside;
  const count = inside.reduce((sum, each) => sum + each.count, 0);
  return first === undefined ? clipped : [{ ...first, count }, ...clipped];
}

/** Output blocks that lie wholly inside what is stored, as a half-open range; empty sets lie inside whatever they are. */
function insideRange(
  { stride, dilation, clip }: WindowShape,
  xs: BlockSets,
  fs: BlockSets,
  xStride: number,
  fFirst: number,
): readonly [number, number] {
  const all = [xs.firstBlock, xs.firstBlock + xs.blocks] as const;
  if (clip === undefined || xs.union.items.length === 0 || fs.union.items.length === 0) return all;
  const base = dilation * fFirst + clip.shift;
  const lowest = base + stride * xs.union.items[0]! + dilation * fs.union.items[0]!;
  const highest = base + stride * xs.union.items.at(-1)! + dilation * fs.union.items.at(-1)!;
  const from = Math.max(all[0], Math.ceil(-lowest / (stride * xStride)));
  const to = Math.min(all[1], Math.floor((clip.extent - 1 - highest) / (stride * xStride)) + 1);
  return [from, Math.max(from, to)];
}

/** Distinct stored indices `stride · x + dilation · f + shift` of two sets that start at `xFirst` and `fFirst`. */
function touched(
  { stride, dilation, clip }: WindowShape,
  xs: IndexSet,
  fs: IndexSet,
  xFirst: number,
  fFirst: number,
): number {
  if (xs.items.length === 0 || fs.items.length === 0) return 0;
  const shift = stride * xFirst + dilation * fFirst + (clip?.shift ?? 0);
  const lowest = shift + stride * xs.items[0]! + dilation * fs.items[0]!;
  const highest = shift + stride * xs.items.at(-1)! + dilation * fs.items.at(-1)!;
  const from = clip === undefined ? lowest : Math.max(lowest, 0);
  const to = clip === undefined ? highest + 1 : Math.min(highest + 1, clip.extent);
  if (to <= from) return 0;
  const isDense = xs.isInterval && fs.isInterval && dilation === 1 && stride <= fs.items.length;
  if (isDense) return to - from;
  const seen = new Uint8Array(to - from);
  let count = 0;
  for (const x of xs.items) {
    for (const f of fs.items) {
      const place = shift + stride * x + dilation * f - from;
      if (place < 0 || place >= seen.length || seen[place] === 1) continue;
      seen[place] = 1;
      count++;
    }
  }
  return count;
}
