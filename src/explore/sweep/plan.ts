/** From the axes that a user asks for to a numbered space. */
import type { Accelerator } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { type OverlapMode, STACKS, TILING, type TileOrder } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { Network } from "../../ir/network.js";
import { VERSION } from "../../ir/version.js";
import { type EvaluateOptions, prepare, type StackRule, tiled } from "../evaluate-point.js";
import { FULL_MAP } from "../grid.js";
import type { Block, SweepSpace } from "./space.js";

/** An accelerator of the sweep. */
export interface Machine {
  readonly arch: string;
  readonly vary?: Readonly<Record<string, unknown>>;
  readonly accelerator: Accelerator;
}

/** Sizes along one axis: stated, every one, or the whole map and a half, a quarter, … of it. */
export type AxisSizes = "all" | "halves" | readonly (number | "full")[];

/** A way to form stacks, and how the command line says it. */
export interface StackAxis {
  readonly text: string;
  readonly rule: StackRule;
}

export interface SweepAxes {
  readonly machines: readonly Machine[];
  readonly stacks: readonly StackAxis[];
  readonly widths: AxisSizes;
  readonly heights: AxisSizes;
  readonly overlaps: readonly OverlapMode[];
  readonly orders: readonly TileOrder[];
}

/** What is the same at all points. */
export interface SweepRules {
  readonly evaluation: EvaluateOptions;
  /** Of everything random. */
  readonly seed: number;
}

/** Content hash of JSON-like data, as hexadecimal text. */
export type Digest = (value: unknown) => string;

export interface SweepPlan {
  readonly space: SweepSpace;
  /** Ways to form stacks that come to the same as an earlier one on the same machine. */
  readonly repeated: readonly { readonly arch: string; readonly stacks: string; readonly as: string }[];
  /** Sizes that were asked for and are larger than every stack's output, so that they were clamped. */
  readonly clamped: readonly number[];
}

/** Characters of a sweep's hash that lines carry. */
const ID_LENGTH = 16;

/**
 * Tile sizes are clamped to the largest output of a stack, and equal ones stand once: identical points are evaluated once.
 *
 * @param build - which code computes the numbers, beside the version of the package
 * @throws DiagnosticError when stacks cannot be formed, or the rules know no such order
 */
export function planSweep(
  network: Network,
  axes: SweepAxes,
  { evaluation, seed }: SweepRules,
  costModel: CostModel,
  digest: Digest,
  build: string | undefined,
): SweepPlan {
  const about = { network: networkContent(network), rules: costModel.rules, evaluation, seed, version: VERSION, build };
  const shared = digest(about);
  const repeated: { arch: string; stacks: string; as: string }[] = [];
  const clamped = new Set<number>();
  const blocks: Block[] = [];
  let points = 0;
  axes.machines.forEach(({ arch, vary, accelerator }, machine) => {
    const { loc: _, name: __, ...hardware } = accelerator;
    const known = new Map<string, string>();
    for (const { text, rule } of axes.stacks) {
      const prepared = prepare(network, accelerator, rule, costModel);
      const base = digest({ shared, hardware, stacks: prepared.get(STACKS).map(({ layers }) => layers) });
      const as = known.get(base);
      if (as !== undefined) {
        repeated.push({ arch, stacks: text, as });
        continue;
      }
      known.set(base, text);
      const extent = largestOutput(prepared, axes.orders, costModel);
      const widths = sizesAlong(axes.widths, extent.width, clamped);
      const heights = sizesAlong(axes.heights, extent.height, clamped);
      const label = { arch, ...(vary !== undefined && { vary }), machine, stacks: text, rule };
      blocks.push({ ...label, base, widths, heights, first: points });
      points += widths.length * heights.length * axes.overlaps.length * axes.orders.length;
    }
  });
  const { overlaps, orders } = axes;
  const id = digest({ blocks, overlaps, orders }).slice(0, ID_LENGTH);
  return { space: { id, points, blocks, overlaps, orders }, repeated, clamped: [...clamped].sort((a, b) => a - b) };
}

/** Layers and tensors without the places that they come from. */
const networkContent = ({ layers, tensors }: Network): unknown => ({
  layers: layers.map(({ loc: _, ...layer }) => layer),
  tensors: [...tensors.values()].map(({ loc: _, ...tensor }) => tensor),
});

/** Of the stacks that are cut into tiles; of all, where none is. */
function largestOutput(prepared: Module, orders: readonly TileOrder[], costModel: CostModel) {
  const [tilings] = orders.map((order) => tiled(prepared, { ...FULL_MAP, order }, costModel).get(TILING));
  const all = tilings ?? [];
  const cut = all.filter((_, s) => prepared.get(STACKS)[s]?.alone === undefined);
  const tiles = (cut.length > 0 ? cut : all).map(({ tile }) => tile);
  return {
    width: Math.max(...tiles.map(({ width }) => width)),
    height: Math.max(...tiles.map(({ height }) => height)),
  };
}

/** Parts of a map that `halves` stands for: the whole, a half, … a sixteenth. */
const PARTS = [1, 2, 4, 8, 16];

function sizesAlong(sizes: AxisSizes, extent: number, clamped: Set<number>): readonly number[] {
  if (sizes === "all") return Array.from({ length: extent }, (_, index) => index + 1);
  if (sizes === "halves") return [...new Set(PARTS.map((part) => Math.ceil(extent / part)))];
  const used = sizes.map((size) => (size === "full" ? extent : Math.min(size, extent)));
  for (const size of sizes) if (size !== "full" && size > extent) clamped.add(size);
  return [...new Set(used)];
}
