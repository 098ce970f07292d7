/** Blocks of an operand in a home that states a layout: each moves in runs of neighbouring addresses (EM §2, Layout). */
import type { Dim } from "../../../ir/axis-map.js";
import type { LaidAxis, OperandLayout, WindowShape } from "../../../ir/cost-model.js";
import { extent, type Interval } from "../../../ir/interval.js";
import { contiguousRuns, type Run } from "../../../ir/layout.js";
import type { CutAxes } from "./exact-layer.js";
import { type BlockOf, Fan, sumOffsets, wholeDim } from "./unrolling.js";

/** Transfers that are alike. */
export interface LaidTransfer {
  /** At the home. */
  readonly runs: readonly Run[];
  /** Elements of the lower instance that gets most. */
  readonly lower: number;
  readonly count: number;
}

/** What transfers touch of one axis. */
interface Piece {
  /** In order, with gaps between them. */
  readonly spans: readonly Interval[];
  readonly lower: number;
  readonly count: number;
}

/** Every block once; one instance of the home serves all of the array. */
export function laidTransfers({ terms, axes }: OperandLayout, cut: CutAxes, blockOf: BlockOf): readonly LaidTransfer[] {
  const dims = Object.fromEntries(axes.map(({ name, extent }) => [name, extent]));
  const combinations = axes.reduce<readonly (Omit<Piece, "spans"> & { readonly box: Box })[]>(
    (known, axis) => {
      const own = terms.find((term) => term.axis === axis.name); // both terms of an axis have one block size
      const pieces = distinct(piecesOf(axis, cut, blockOf), axis.extent, own?.part === "blocks" ? own.block : 1);
      return known.flatMap(({ box, lower, count }) =>
        pieces.map((piece) => ({
          box: { ...box, [axis.name]: piece.spans },
          lower: lower * piece.lower,
          count: count * piece.count,
        })),
      );
    },
    [{ box: {}, lower: 1, count: 1 }],
  );
  return combinations.map(({ box, lower, count }) => ({ runs: contiguousRuns(terms, dims, box), lower, count }));
}

type Box = Readonly<Record<string, readonly Interval[]>>;

function piecesOf(axis: LaidAxis, cut: CutAxes, blockOf: BlockOf): readonly Piece[] {
  const { index, offset } = axis;
  const blocks =
    typeof index === "number" ? windowBlocks(cut.windows[index]!, blockOf) : radixBlocks(index, cut, blockOf);
  return blocks.flatMap(({ touched, lower }) =>
    touched.length === 0 ? [] : [{ spans: spansOf(touched, offset), lower, count: 1 }],
  );
}

/** Stored indices that a block touches, and how many of them the busiest lower instance does. */
interface TouchedBlock {
  readonly touched: readonly number[];
  readonly lower: number;
}

/** Several loops in mixed radix, outermost first. */
function radixBlocks(loops: readonly Dim[], { plain }: CutAxes, blockOf: BlockOf): readonly TouchedBlock[] {
  return loops.reduce<readonly TouchedBlock[]>(
    (known, dim) => {
      const fan = plain.find(({ steps }) => steps.dim === dim) ?? SINGLE;
      return known.flatMap(({ touched, lower }) =>
        indexBlocks(fan, blockOf(dim)).map(({ all, parts }) => ({
          touched: touched.flatMap((outer) => all.map((inner) => outer * fan.steps.size + inner)),
          lower: lower * Math.max(...parts.map((part) => part.length)),
        })),
      );
    },
    [{ touched: [0], lower: 1 }],
  );
}

/** A dim of one index. */
const SINGLE = new Fan(wholeDim("", 1), []);

function windowBlocks({ window, out, tap }: CutAxes["windows"][number], blockOf: BlockOf): readonly TouchedBlock[] {
  return indexBlocks(out, blockOf(window.out)).flatMap((x) =>
    indexBlocks(tap, blockOf(window.tap)).map((f) => ({
      touched: touchedBy(window, x.all, f.all),
      lower: Math.max(...x.parts.flatMap((part) => f.parts.map((taps) => touchedBy(window, part, taps).length))),
    })),
  );
}

/** Distinct, ascending. */
function touchedBy(
  { stride, dilation, clip }: WindowShape,
  xs: readonly number[],
  fs: readonly number[],
): readonly number[] {
  const { shift, extent: size } = clip ?? { shift: 0, extent: Number.POSITIVE_INFINITY };
  const found = new Set(xs.flatMap((x) => fs.map((f) => stride * x + dilation * f + shift)));
  return [...found].filter((place) => place >= 0 && place < size).sort((a, b) => a - b);
}

/** Indices of each block of a dim: of all instances together, and of each lower one. */
function indexBlocks({ steps, below, between }: Fan, block: number) {
  const everyone = sumOffsets(below, between).toSorted((a, b) => a - b);
  return Array.from({ length: steps.steps / block }, (_, b) => {
    const indices = (offsets: readonly number[]) =>
      Array.from({ length: block }, (_, step) => (b * block + step) * steps.unrolled)
        .flatMap((start) => offsets.map((each) => start + each))
        .filter((index) => index < steps.size);
    return { all: indices(everyone), parts: between.map((place) => indices(below.map((each) => each + place))) };
  });
}

function spansOf(touched: readonly number[], offset: number): readonly Interval[] {
  const spans: Interval[] = [];
  for (const index of touched) {
    const [at, last] = [index + offset, spans.at(-1)];
    if (last?.hi === at) spans[spans.length - 1] = { lo: last.lo, hi: at + 1 };
    else spans.push({ lo: at, hi: at + 1 });
  }
  return spans;
}

/**
 * Pieces with the same runs: of the same lengths, at the same place in a block, and alike at both ends of the axis.
 *
 * @param period - size of the axis's own blocks; 1 without blocks
 */
function distinct(pieces: readonly Piece[], size: number, period: number): readonly Piece[] {
  const found = new Map<string, Piece>();
  for (const piece of pieces) {
    const { spans, lower, count } = piece;
    const [first, last] = [spans[0]!, spans.at(-1)!];
    const shape = spans.map((span, i) => [extent(span), period === 1 ? 0 : span.lo - (spans[i - 1]?.hi ?? span.lo)]);
    const key = JSON.stringify([shape, first.lo % period, first.lo === 0, last.hi === size, lower]);
    found.set(key, { ...piece, count: count + (found.get(key)?.count ?? 0) });
  }
  return [...found.values()];
}
