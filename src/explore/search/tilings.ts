/** Tilings of a stack's output: each that comes to the same once. */
import type { OverlapMode, StackTiling, TileOrder } from "../../ir/facts.js";

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export type Tiling = Omit<StackTiling, "stack">;

/** What a search may choose from; an absent field leaves nothing open. */
export interface TilingChoices {
  readonly widths: readonly number[];
  readonly heights: readonly number[];
  readonly overlaps: readonly OverlapMode[];
  readonly orders: readonly TileOrder[];
}

/** Most parts that an extent is searched to be cut into, and the largest multiple of the unrolling (contract: `--tile search`). */
const MOST_PARTS = 16;
const MOST_ELEMENTS = 64;

/**
 * Sizes of a tile along one axis: the full extent, its ⌈1/n⌉ parts, and multiples of the unrolling.
 *
 * @param unrolled - outputs along the axis that the array works on at once
 * @returns ascending
 */
export function tileSizes(extent: number, unrolled: number): readonly number[] {
  const parts = Array.from({ length: MOST_PARTS }, (_, i) => Math.ceil(extent / (i + 1)));
  const step = Math.max(1, Math.floor(unrolled));
  const multiples = Array.from({ length: Math.floor(MOST_ELEMENTS / step) }, (_, i) => (i + 1) * step);
  const sizes = new Set([...parts, ...multiples.filter((size) => size <= extent)]);
  return [...sizes].sort((a, b) => a - b);
}

/**
 * Every tiling of the choices. Along an axis with one tile nothing is kept, and the order of tiles matters only where overlap is kept along
 * both.
 */
export function tilingsOf(output: Extent, { widths, heights, overlaps, orders }: TilingChoices): readonly Tiling[] {
  const known = new Map<string, Tiling>();
  const clamped = (sizes: readonly number[], extent: number) => [
    ...new Set(sizes.map((size) => Math.min(size, extent))),
  ];
  for (const width of clamped(widths, output.width))
    for (const height of clamped(heights, output.height))
      for (const overlap of overlaps)
        for (const order of orders) {
          const tiling: Tiling = { tile: { width, height }, overlap, order };
          const key = meaningOf(tiling, output);
          if (!known.has(key)) known.set(key, tiling);
        }
  return [...known.values()];
}

/** Equal for tilings that differ in name only. */
function meaningOf({ tile: { width, height }, overlap, order }: Tiling, output: Extent): string {
  const cut = { x: width < output.width, y: height < output.height };
  const inner = order === "x-first" ? "x" : "y";
  const isKept = (axis: "x" | "y"): boolean =>
    cut[axis] && (overlap === "fully-cached" || (overlap === "h-cached" && axis === inner));
  const kept = [isKept("x"), isKept("y")];
  return [width, height, ...kept, kept.every(Boolean) ? order : ""].join(" ");
}
