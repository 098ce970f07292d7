/** Block sums and visits of an operand for every state of a space, each worked out once (EM §3, Tables). */
import type { Dim } from "../../../ir/axis-map.js";
import type { OperandLayout } from "../../../ir/cost-model.js";
import { type AxisFigures, plainFigures, type Visits } from "./axis-figures.js";
import { type BlockSums, blockSums, combineAxes, cutVisits, wholeOnly } from "./block-sums.js";
import type { CutAxes } from "./exact-layer.js";
import { Memo } from "./memo.js";
import { type Projection, projection, type StateSpace } from "./space.js";
import type { BlockOf, Fan } from "./unrolling.js";
import { windowFigures, windowKey } from "./window-figures.js";

export interface CutSums {
  /** Per state: index into `sums`, which depend on the dims that index the operand alone. */
  readonly relevant: Int32Array;
  readonly sums: readonly BlockSums[];
  /** Per state: index into `visits`, which depend on the other dims alone. */
  readonly irrelevant: Int32Array;
  readonly visits: readonly Visits[];
}

/** Figures of single axes and dims, which many cuts of many layers share. */
export interface AxisMemo {
  readonly axes: Memo<AxisFigures>;
  readonly visits: Memo<Visits>;
  /** Of all axes together, and of all other dims: spaces differ more often than the blocks that they are made of. */
  readonly sums: Memo<readonly BlockSums[]>;
  readonly products: Memo<readonly Visits[]>;
}

const KEPT_AXES = 20_000;

const count = ({ length }: { readonly length: number }): number => length;

export const axisMemo = (): AxisMemo => ({
  axes: new Memo(KEPT_AXES),
  visits: new Memo(KEPT_AXES),
  sums: new Memo<readonly BlockSums[]>(KEPT_AXES, count),
  products: new Memo<readonly Visits[]>(KEPT_AXES, count),
});

/** @param layout - at the upper end; absent: packed densely */
export function cutSums(
  whole: number,
  axes: CutAxes,
  space: StateSpace,
  memo: AxisMemo,
  layout?: OperandLayout,
): CutSums {
  const { relevant, sums } =
    layout === undefined ? relevantSums(whole, axes, space, memo) : laidSums(whole, axes, space, layout);
  const others = projection(space, axes.irrelevant.map(dimOf));
  const key = `${axes.irrelevant.map(({ key }) => key).join("; ")} / ${blocksKey(axes.irrelevant.map(dimOf), space)}`;
  const visits = memo.products.of(key, () =>
    Array.from({ length: others.count }, (_, i) => cutVisits(axes, others.blockOf(i), memo.visits)),
  );
  return { relevant, sums, irrelevant: others.index, visits };
}

const dimOf = ({ steps }: Fan): Dim => steps.dim;

/** Equal where the blocks of some dims are. */
const blocksKey = (dims: readonly Dim[], { dims: states }: StateSpace): string =>
  dims.map((dim) => states.get(dim)?.products.join(" ") ?? "1").join("; ");

/** Axis by axis: the sums over the first axes are extended by every state of the next one. */
function relevantSums(
  whole: number,
  axes: CutAxes,
  space: StateSpace,
  memo: AxisMemo,
): Pick<CutSums, "relevant" | "sums"> {
  const relevant = new Int32Array(space.stateCount);
  const tables = axisTables(axes, space, memo);
  let stride = 1;
  for (const { states } of tables) {
    for (let state = 0; state < relevant.length; state++) relevant[state]! += stride * states.index[state]!;
    stride *= states.count;
  }
  const key = [whole, ...tables.map(({ key }) => key)].join(" / ");
  const sums = memo.sums.of(key, () =>
    tables.reduce<readonly BlockSums[]>(
      (before, { figures }) => figures().flatMap((axis) => before.map((each) => combineAxes(each, axis))),
      [wholeOnly(whole)],
    ),
  );
  return { relevant, sums };
}

/** Runs go across axes: all of them together, state by state. */
function laidSums(
  whole: number,
  axes: CutAxes,
  space: StateSpace,
  layout: OperandLayout,
): Pick<CutSums, "relevant" | "sums"> {
  const dims = [
    ...axes.plain.map(({ steps }) => steps.dim),
    ...axes.windows.flatMap(({ window }) => [window.out, window.tap]),
  ];
  const states = projection(space, dims);
  const sums = Array.from({ length: states.count }, (_, i) => blockSums(whole, axes, states.blockOf(i), layout));
  return { relevant: states.index, sums };
}

interface AxisTable {
  readonly states: Projection;
  /** Equal for equal figures. */
  readonly key: string;
  readonly figures: () => readonly AxisFigures[];
}

function axisTables({ plain, windows }: CutAxes, space: StateSpace, { axes }: AxisMemo): readonly AxisTable[] {
  const table = (own: string, dims: readonly Dim[], figuresOf: (blockOf: BlockOf) => AxisFigures): AxisTable => {
    const states = projection(space, dims);
    const figures = () => Array.from({ length: states.count }, (_, i) => figuresOf(states.blockOf(i)));
    return { states, figures, key: `${own}: ${blocksKey(dims, space)}` };
  };
  return [
    ...plain.map((fan) =>
      table(fan.key, [fan.steps.dim], (blockOf) => {
        const block = blockOf(fan.steps.dim);
        return axes.of(`${fan.key}: ${block}`, () => plainFigures(fan, block));
      }),
    ),
    ...windows.map(({ window, out, tap }) => {
      const key = windowKey(window, out, tap);
      return table(key, [window.out, window.tap], (blockOf) => {
        const [outBlock, tapBlock] = [blockOf(window.out), blockOf(window.tap)];
        return axes.of(`${key}: ${outBlock} ${tapBlock}`, () => windowFigures(window, out, tap, outBlock, tapBlock));
      });
    }),
  ];
}
