/** Where a tensor's elements lie in a memory that states a layout (EM §2, Layout): its axes in the words of layouts, and runs of its regions. */

import type { Memory } from "../../ir/accelerator.js";
import { gcd } from "../../ir/arithmetic.js";
import { type AxisMap, type Dim, loopsOf } from "../../ir/axis-map.js";
import type { Interval } from "../../ir/interval.js";
import { contiguousRuns, type Layout, type LayoutAxis, type Run } from "../../ir/layout.js";

/** One axis of a tensor as it is stored. */
export interface StoredAxis {
  /** Axis of layouts, or a name that no layout has. */
  readonly name: string;
  readonly extent: number;
  /** Direction that runs along it. */
  readonly direction?: "x" | "y";
}

const ACTIVATION_AXES: Readonly<Record<Dim, LayoutAxis>> = {
  B: "B",
  K: "C",
  C: "C",
  G: "C",
  OZ: "D",
  OY: "H",
  OX: "W",
};
const WEIGHT_AXES: Readonly<Record<Dim, LayoutAxis>> = { K: "K", C: "C", G: "K", FZ: "FZ", FY: "FY", FX: "FX" };

/**
 * Axes in the words of layouts, each once: a second one of a name, and one that is none of them, is only numbered.
 *
 * @param maps - of the tensor's axes, outermost first
 * @param count - of axes
 */
export function axisNames(maps: readonly AxisMap[], count: number, isWeight = false): readonly string[] {
  const names: string[] = [];
  for (let axis = 0; axis < count; axis++) {
    const map = maps[axis];
    const loops =
      map === undefined ? [] : map.kind === "window" || map.kind === "transposed" ? [map.out] : loopsOf(map);
    const named = (isWeight ? WEIGHT_AXES : ACTIVATION_AXES)[loops.at(-1) ?? ""];
    names.push(named === undefined || names.includes(named) ? `axis ${axis}` : named);
  }
  return names;
}

const OWN_AXES: Readonly<Record<"map" | "weights", readonly LayoutAxis[]>> = {
  map: ["B", "D", "H", "W"],
  weights: ["K", "FZ", "FY", "FX"],
};

/** The layout of a memory, where it is one of such tensors: it names some axis that only they have. */
export const layoutFor = ({ layout }: Pick<Memory, "layout">, kind: "map" | "weights"): Layout | undefined =>
  layout?.some(({ axis }) => OWN_AXES[kind].includes(axis)) ? layout : undefined;

/** Runs of a box of a map that lies whole in a memory; nothing where that states no layout. */
export function runsInWhole(
  axes: readonly StoredAxis[],
  box: Readonly<Record<"x" | "y", Interval>> | undefined,
  memory: Pick<Memory, "layout">,
): readonly Run[] | undefined {
  const layout = layoutFor(memory, "map");
  if (layout === undefined || box === undefined) return undefined;
  const dims = Object.fromEntries(axes.map(({ name, extent }) => [name, extent]));
  const spans = axes.map(({ name, extent, direction }) => [
    name,
    direction === undefined ? { lo: 0, hi: extent } : box[direction],
  ]);
  return contiguousRuns(layout, dims, Object.fromEntries(spans));
}

/** Indices after which all layouts look the same along a direction: tiles are alike only in step with the blocks. */
export function periodAlong(axes: readonly StoredAxis[], along: "x" | "y", layouts: readonly Layout[]): number {
  const name = axes.find(({ direction }) => direction === along)?.name;
  const blocks = layouts.flat().flatMap((term) => (term.axis === name && term.part !== "whole" ? [term.block] : []));
  return blocks.reduce((period, block) => (period / gcd(period, block)) * block, 1);
}
