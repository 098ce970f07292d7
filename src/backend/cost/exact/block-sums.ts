/** The axes of an operand together: what its transfers over a cut carry (EM §3, Block sums). */
import type { OperandLayout } from "../../../ir/cost-model.js";
import { unitsMoved } from "../../../ir/layout.js";
import { transferCycles } from "../transfer-cycles.js";
import {
  type AxisFigures,
  type Histogram,
  type PairHistogram,
  plainFigures,
  type Visits,
  visits,
} from "./axis-figures.js";
import type { Cut, CutAxes, Flow, FlowKind } from "./exact-layer.js";
import { type LaidTransfer, laidTransfers } from "./laid-out.js";
import type { Memo } from "./memo.js";
import type { BlockOf } from "./unrolling.js";
import { windowFigures } from "./window-figures.js";

/** One visit of every block, by the elements that it carries. */
export interface BlockSums {
  readonly upper: Histogram;
  readonly lower: Histogram;
  /** Elements of the largest block of a lower instance. */
  readonly largest: number;
  /** Worked out when it is asked for: energies do not depend on it. */
  readonly busy: () => readonly PairHistogram[];
  /** The same transfers where they lie in runs at the upper end. */
  readonly laid?: readonly LaidTransfer[];
}

/**
 * @param whole - elements that every iteration reads whole
 * @param layout - at the upper end; absent: packed densely
 */
export function blockSums(whole: number, cut: CutAxes, blockOf: BlockOf, layout?: OperandLayout): BlockSums {
  const { plain, windows } = cut;
  const axes = [
    ...plain.map((fan) => plainFigures(fan, blockOf(fan.steps.dim))),
    ...windows.map(({ window, out, tap }) => windowFigures(window, out, tap, blockOf(window.out), blockOf(window.tap))),
  ];
  const sums = axes.reduce(combineAxes, wholeOnly(whole));
  return layout === undefined ? sums : { ...sums, laid: laidTransfers(layout, cut, blockOf) };
}

export const wholeOnly = (whole: number): BlockSums => ({
  upper: { values: [whole], counts: [1] },
  lower: { values: [whole], counts: [1] },
  largest: whole,
  busy: () => [{ upper: [whole], lower: [whole], counts: [1] }],
});

export function combineAxes(a: BlockSums, b: AxisFigures): BlockSums {
  let busy: readonly PairHistogram[] | undefined;
  return {
    upper: productHistogram(a.upper, b.upper),
    lower: productHistogram(a.lower, b.lower),
    largest: a.largest * b.largest,
    busy: () => {
      busy ??= a.busy().flatMap((one) => b.busy.map((other) => productPairs(one, other)));
      return busy;
    },
  };
}

/** What a product has so far: lists that grow take more room than they need, and most products are kept for long. */
const VALUES: number[] = [];
const COUNTS: number[] = [];

function productHistogram(a: Histogram, b: Histogram): Histogram {
  let size = 0;
  for (let i = 0; i < a.values.length; i++) {
    for (let j = 0; j < b.values.length; j++) {
      const value = a.values[i]! * b.values[j]!;
      const count = a.counts[i]! * b.counts[j]!;
      let at = 0;
      while (at < size && VALUES[at] !== value) at++;
      COUNTS[at] = at === size ? count : COUNTS[at]! + count;
      VALUES[at] = value;
      if (at === size) size++;
    }
  }
  return { values: VALUES.slice(0, size), counts: COUNTS.slice(0, size) };
}

function productPairs(a: PairHistogram, b: PairHistogram): PairHistogram {
  const upper: number[] = [];
  const lower: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < a.counts.length; i++) {
    for (let j = 0; j < b.counts.length; j++) {
      upper.push(a.upper[i]! * b.upper[j]!);
      lower.push(a.lower[i]! * b.lower[j]!);
      counts.push(a.counts[i]! * b.counts[j]!);
    }
  }
  return { upper, lower, counts };
}

/** Visits over all dims that do not index the operand: `U` and `V`. */
export function cutVisits({ irrelevant }: CutAxes, blockOf: BlockOf, memo?: Memo<Visits>): Visits {
  const product = { upper: 1, lower: 1, busy: 1 };
  for (const fan of irrelevant) {
    const block = blockOf(fan.steps.dim);
    const make = () => visits(fan, block);
    const { upper, lower, busy } = memo?.of(`${fan.key}: ${block}`, make) ?? make();
    product.upper *= upper;
    product.lower *= lower;
    product.busy *= busy;
  }
  return product;
}

/** Accesses of the full port width that one visit of every block takes at either end of a flow, summed over all instances. */
export interface FlowAccesses {
  readonly upper: number;
  readonly lower: number;
}

export const flowAccesses = ({ upper, lower }: Flow, sums: BlockSums): FlowAccesses => ({
  upper: sums.laid === undefined ? accesses(sums.upper, upper.width, upper.port) : laidAccesses(sums.laid, upper),
  lower: lower === undefined ? 0 : accesses(sums.lower, lower.width, lower.port),
});

/** Bits that transfers in runs move at the upper end, in whole granules run by run. */
const laidBits = ({ runs }: LaidTransfer, { width, port }: Flow["upper"]): number =>
  unitsMoved(runs, width, port.granularity) * port.granularity;

const laidAccesses = (transfers: readonly LaidTransfer[], upper: Flow["upper"]): number =>
  transfers.reduce((sum, each) => sum + each.count * laidBits(each, upper), 0) / upper.port.bandwidth;

function accesses({ values, counts }: Histogram, width: number, port: Flow["upper"]["port"]): number {
  let granules = 0;
  for (let i = 0; i < values.length; i++) granules += counts[i]! * Math.ceil((values[i]! * width) / port.granularity);
  return granules * (port.granularity / port.bandwidth);
}

/** Cycles that one visit of every block takes the busiest instances of a flow. */
export interface FlowCycles {
  /** Of the transfers, paced by the slower end, and of the ports at either end. */
  readonly paced: number;
  /** As `paced`, each transfer without its cycle that a register takes over. */
  readonly latched: number;
  readonly upper: number;
  readonly lower: number;
  /** Of the longest single transfer. */
  readonly longest: number;
}

/** Transfers in runs: bits at the upper end, elements at the lower one. */
const laidPairs = (transfers: readonly LaidTransfer[], upper: Flow["upper"]): PairHistogram => ({
  upper: transfers.map((each) => laidBits(each, upper)),
  lower: transfers.map(({ lower }) => lower),
  counts: transfers.map(({ count }) => count),
});

export function flowCycles({ upper, lower }: Flow, sums: BlockSums): FlowCycles {
  const most = { paced: 0, latched: 0, upper: 0, lower: 0, longest: 0 };
  const [pairs, width] = sums.laid === undefined ? [sums.busy(), upper.width] : [[laidPairs(sums.laid, upper)], 1];
  for (const { upper: sent, lower: received, counts } of pairs) {
    const own = { paced: 0, latched: 0, upper: 0, lower: 0 };
    for (let i = 0; i < counts.length; i++) {
      const above = transferCycles(sent[i]! * width, upper.port);
      const below = lower === undefined ? 0 : transferCycles(received[i]! * lower.width, lower.port);
      const pace = Math.max(above, below);
      own.paced += counts[i]! * pace;
      own.latched += counts[i]! * Math.max(0, pace - 1);
      own.upper += counts[i]! * above;
      own.lower += counts[i]! * below;
      most.longest = Math.max(most.longest, pace);
    }
    most.paced = Math.max(most.paced, own.paced);
    most.latched = Math.max(most.latched, own.latched);
    most.upper = Math.max(most.upper, own.upper);
    most.lower = Math.max(most.lower, own.lower);
  }
  return most;
}

/** How often a flow visits every block; `upper` and `lower` count instances, `busy` is the busiest one's. */
export function flowVisits(kind: FlowKind, cut: Cut, { upper, lower, busy }: Visits, fresh: number): Visits {
  const last = { upper: cut.isUpperComplete ? 1 : 0, lower: cut.isLowerComplete ? 1 : 0 };
  switch (kind) {
    case "fill":
      return { upper, lower, busy };
    case "partial":
      return { upper: upper - last.upper, lower: lower - last.lower, busy: busy - 1 };
    case "last":
      return { ...last, busy: 1 };
    case "old":
      return { upper: upper - fresh, lower: upper - fresh, busy: busy - 1 };
  }
}
