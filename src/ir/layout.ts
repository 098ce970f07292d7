/** How tensors lie in a memory that states a layout, and the contiguous runs of addresses that a region of one occupies (EM §2). */
import { extent, type Interval } from "./interval.js";

/** Axes that a layout may name: of feature maps `B C D H W`, of weights `K C FZ FY FX`. */
export const LAYOUT_AXES = ["B", "C", "D", "H", "W", "K", "FZ", "FY", "FX"] as const;
export type LayoutAxis = (typeof LAYOUT_AXES)[number];

/**
 * One term of a layout. An axis appears once as a `whole`, or as its `blocks` (`C/16`) and, further inside, the elements `within` a block
 * (`C%16`), both with the same block size. The last block is stored whole.
 */
export type LayoutTerm =
  | { readonly axis: LayoutAxis; readonly part: "whole" }
  | { readonly axis: LayoutAxis; readonly part: "blocks" | "within"; readonly block: number };

/** Outermost first: neighbours along the last term have neighbouring addresses. */
export type Layout = readonly LayoutTerm[];

/** Part of an axis: an interval, or several, apart from each other and in order. */
export type Span = Interval | undefined | readonly Interval[];

/** `count` runs of `length` elements at neighbouring addresses. */
export interface Run {
  readonly count: number;
  readonly length: number;
}

/** Axes of a tensor, outermost first, or of a region of it. */
export type PerAxis<T> = Readonly<Record<string, T>>;

/** As it is written in an accelerator file: `C/16 H W C%16`. */
export const printLayout = (layout: Layout): string =>
  layout
    .map((term) =>
      term.part === "whole" ? term.axis : `${term.axis}${term.part === "blocks" ? "/" : "%"}${term.block}`,
    )
    .join(" ");

/**
 * The maximal contiguous runs of a region. Axes of the tensor that the layout does not name lie outside of those that it names, in the
 * tensor's order; terms of axes that the tensor lacks are skipped.
 *
 * @param layout - absent: the region is assumed to be packed densely, as one run
 * @param dims - extents of the whole tensor, elements, at least 1
 * @param box - the region: a part of each axis of the tensor; an empty one makes the region empty
 * @returns one entry per length, shortest first; none for an empty region
 * @throws RangeError when the region lacks an axis or leaves the tensor
 */
export function contiguousRuns(layout: Layout | undefined, dims: PerAxis<number>, box: PerAxis<Span>): readonly Run[] {
  const axes = Object.keys(dims);
  for (const axis of axes) checkInside(axis, dims, box);
  const spans = Object.fromEntries(axes.map((axis) => [axis, intervalsOf(box[axis])]));
  const sizes = axes.map((axis) => spans[axis]!.reduce((sum, span) => sum + extent(span), 0));
  if (sizes.includes(0)) return [];
  if (layout === undefined) return [{ count: 1, length: sizes.reduce((product, size) => product * size, 1) }];
  const unnamed = axes.filter((axis) => !layout.some((term) => term.axis === axis));
  const terms = [
    ...unnamed.map((axis): Term => ({ axis, part: "whole" })),
    ...layout.filter(({ axis }) => Object.hasOwn(dims, axis)),
  ];
  return runsOf(cover(terms, dims, spans));
}

const intervalsOf = (span: Span): readonly Interval[] =>
  span === undefined ? [] : "lo" in span ? [span] : span.filter(({ lo, hi }) => lo < hi);

/**
 * Whole units that move with these runs: each run is rounded up by itself.
 *
 * @param unitBits - a word or a burst, bits
 */
export const unitsMoved = (runs: readonly Run[], elementBits: number, unitBits: number): number =>
  runs.reduce((sum, { count, length }) => sum + count * Math.ceil((length * elementBits) / unitBits), 0);

function checkInside(axis: string, dims: PerAxis<number>, box: PerAxis<Span>): void {
  if (!Object.hasOwn(box, axis)) throw new RangeError(`the region states no interval of axis '${axis}'`);
  const size = dims[axis]!; // an axis of `dims`
  let end = 0;
  for (const { lo, hi } of intervalsOf(box[axis])) {
    if (lo < 0 || hi > size) throw new RangeError(`[${lo}, ${hi}) leaves axis '${axis}' of ${size}`);
    if (lo < end) throw new RangeError(`[${lo}, ${hi}) of axis '${axis}' does not come after ${end}`);
    end = hi;
  }
}

/** A term of a layout over the axes of any tensor. */
type Term =
  | { readonly axis: string; readonly part: "whole" }
  | { readonly axis: string; readonly part: "blocks" | "within"; readonly block: number };

/** What a region occupies of a stretch of `size` addresses; runs that touch an end may go on in the next stretch. */
interface Cover {
  readonly size: number;
  /** Every address is occupied; `head`, `tail` and `inner` then say nothing. */
  readonly isFull: boolean;
  /** Length of the run at the first address, and of the one at the last; 0 where that address is free. */
  readonly head: number;
  readonly tail: number;
  /** Length → count of the runs that touch neither end. */
  readonly inner: ReadonlyMap<number, number>;
}

const full = (size: number): Cover => ({ size, isFull: true, head: 0, tail: 0, inner: new Map() });
const free = (size: number): Cover => ({ size, isFull: false, head: 0, tail: 0, inner: new Map() });

/** Steps of one term that look alike: with the same part `inside` of the axis left for the terms within. `undefined`: outside the region. */
interface Steps {
  readonly count: number;
  readonly inside: readonly Interval[] | undefined;
}

/** `spans` narrows as blocks are entered: inside a block it holds what the region has of that block, counted from its first element. */
function cover(terms: readonly Term[], dims: PerAxis<number>, spans: PerAxis<readonly Interval[]>): Cover {
  const [term, ...rest] = terms;
  if (term === undefined) return full(1);
  const parts = stepsOf(term, dims[term.axis]!, spans[term.axis]!) // axes of the tensor, none of them empty
    .filter(({ count }) => count > 0)
    .map(({ count, inside }) => ({ count, one: inside && cover(rest, dims, { ...spans, [term.axis]: inside }) }));
  const size = parts.find(({ one }) => one !== undefined)!.one!.size; // the region is not empty
  return parts.map(({ count, one }) => (one === undefined ? free(size * count) : repeated(one, count))).reduce(joined);
}

function stepsOf(term: Term, extentOfAxis: number, spans: readonly Interval[]): readonly Steps[] {
  switch (term.part) {
    case "whole":
      return inRow(spans, extentOfAxis);
    case "within":
      return inRow(spans, term.block);
    case "blocks":
      return spans.length === 1
        ? blocksOf(spans[0]!, extentOfAxis, term.block)
        : blocksOfMany(spans, extentOfAxis, term.block);
  }
}

const inRow = (spans: readonly Interval[], length: number): readonly Steps[] => [
  ...spans.flatMap((span, i): readonly Steps[] => [
    { count: span.lo - (spans[i - 1]?.hi ?? 0), inside: undefined },
    { count: extent(span), inside: spans },
  ]),
  { count: length - (spans.at(-1)?.hi ?? 0), inside: undefined },
];

/** Block by block. */
const blocksOfMany = (spans: readonly Interval[], extentOfAxis: number, block: number): readonly Steps[] =>
  Array.from({ length: Math.ceil(extentOfAxis / block) }, (_, index): Steps => {
    const [from, to] = [index * block, (index + 1) * block];
    const inside = spans
      .filter(({ lo, hi }) => lo < to && hi > from)
      .map(({ lo, hi }) => ({ lo: Math.max(lo, from) - from, hi: Math.min(hi, to) - from }));
    return { count: 1, inside: inside.length === 0 ? undefined : inside };
  });

/** Blocks before the region, its first, those between, its last, and the blocks after it. */
function blocksOf({ lo, hi }: Interval, extentOfAxis: number, block: number): readonly Steps[] {
  const [first, last] = [Math.floor(lo / block), Math.floor((hi - 1) / block)];
  const part = (index: number): Steps => ({
    count: 1,
    inside: [{ lo: Math.max(0, lo - index * block), hi: Math.min(block, hi - index * block) }],
  });
  return [
    { count: first, inside: undefined },
    part(first),
    { count: Math.max(0, last - first - 1), inside: [{ lo: 0, hi: block }] },
    ...(last > first ? [part(last)] : []),
    { count: Math.ceil(extentOfAxis / block) - last - 1, inside: undefined },
  ];
}

/** `b` follows `a`. */
function joined(a: Cover, b: Cover): Cover {
  const size = a.size + b.size;
  if (a.isFull && b.isFull) return full(size);
  if (a.isFull) return { ...b, size, head: a.size + b.head };
  if (b.isFull) return { ...a, size, tail: a.tail + b.size };
  const inner = added(added(a.inner, b.inner, 1), new Map([[a.tail + b.head, 1]]), 1);
  return { size, isFull: false, head: a.head, tail: b.tail, inner };
}

/** `count` equal stretches in a row, at least one. */
function repeated(one: Cover, count: number): Cover {
  const size = one.size * count;
  if (one.isFull) return full(size);
  const inner = added(added(new Map(), one.inner, count), new Map([[one.tail + one.head, 1]]), count - 1);
  return { ...one, size, inner };
}

/** `times` the runs of `more` beside those of `runs`; runs of no length are none. */
function added(
  runs: ReadonlyMap<number, number>,
  more: ReadonlyMap<number, number>,
  times: number,
): ReadonlyMap<number, number> {
  const sum = new Map(runs);
  for (const [length, count] of more)
    if (length > 0 && times > 0) sum.set(length, (sum.get(length) ?? 0) + count * times);
  return sum;
}

function runsOf({ size, isFull, head, tail, inner }: Cover): readonly Run[] {
  if (isFull) return [{ count: 1, length: size }];
  const ends = [head, tail].reduce((runs, length) => added(runs, new Map([[length, 1]]), 1), inner);
  return [...ends].map(([length, count]) => ({ count, length })).sort((a, b) => a.length - b.length);
}
