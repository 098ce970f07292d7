/** Sizes of operands as the published model counts them (DF §1.3). */

import type { MemoryOperand } from "../../ir/accelerator.js";
import { gcd } from "../../ir/arithmetic.js";
import { type AxisMap, type Dim, loopsOf } from "../../ir/axis-map.js";
import type { WindowShape } from "../../ir/cost-model.js";
import { type Loop, loopSize, type Operand } from "../../ir/network.js";

/** A value along each direction of a feature map: `x` columns, `y` rows. */
export interface Pair {
  readonly x: number;
  readonly y: number;
}

/** Loop that runs along each direction. */
export const DIRECTIONS = [
  ["x", "OX"],
  ["y", "OY"],
] as const satisfies readonly (readonly [keyof Pair, Dim])[];

export const sameInBoth = (value: number): Pair => ({ x: value, y: value });

/** What the size of an operand depends on. */
export interface SizedOperand {
  readonly name: string;
  readonly memoryOperand: MemoryOperand;
  /** Bits per element; of an output: of a finished one. */
  readonly bits: number;
  /** Loops that index it directly; those of *declared* size 1 and those of a window are left out for good (DF-Q29). */
  readonly relevant: readonly Dim[];
  readonly windows: readonly WindowShape[];
  /** Elements that are stored, where the loops do not tell: operators outside the published domain. */
  readonly stored?: number;
}

/**
 * Distinct indices of `stride·out + dilation·tap`: holes of strides beyond the window do not count. Unclamped as published: of a
 * dilated window that is wider than the tile it gives the span (DF-Q21).
 */
export function windowExtent({ out, tap, stride, dilation }: WindowShape, loops: readonly Loop[]): number {
  const [outs, taps, common] = [loopSize(loops, out, 1), loopSize(loops, tap, 1), gcd(stride, dilation)];
  return outs * taps - Math.max(0, taps - stride / common) * (outs - dilation / common);
}

/** Elements of an operand under the given loop sizes. */
export function elements(operand: SizedOperand, loops: readonly Loop[]): number {
  if (operand.stored !== undefined) return operand.stored;
  const direct = operand.relevant.map((dim) => loopSize(loops, dim));
  const windowed = operand.windows.map((window) => windowExtent(window, loops));
  return [...direct, ...windowed].reduce((product, size) => product * size, 1);
}

export const operandBits = (operand: SizedOperand, loops: readonly Loop[]): number =>
  elements(operand, loops) * operand.bits;

/** Columns (`OX`) or rows (`OY`) of an operand; 1 where the layer has no such loop. */
export function extentAlong(operand: SizedOperand, loops: readonly Loop[], dim: Dim): number {
  const window = operand.windows.find(({ out }) => out === dim);
  return window === undefined ? loopSize(loops, dim, 1) : windowExtent(window, loops);
}

/** The loops with the extents of a tile in place of their own. */
export const loopsAt = (loops: readonly Loop[], { x, y }: Pair): readonly Loop[] =>
  loops.map((loop) => (loop.dim === "OX" ? { dim: "OX", size: x } : loop.dim === "OY" ? { dim: "OY", size: y } : loop));

/** Extents of a feature map under its loops. */
export const mapSize = (loops: readonly Loop[]): Pair => ({ x: loopSize(loops, "OX", 1), y: loopSize(loops, "OY", 1) });

/** Relevance of an operand's axes to its size (DF §1.3): which loops index it directly, and through which windows. */
export function relevance(operand: Operand, loops: readonly Loop[]): Pick<SizedOperand, "relevant" | "windows"> {
  const windows = operand.axes.flatMap(windowOf);
  const inWindows = new Set(windows.flatMap(({ out, tap }) => [out, tap]));
  const direct = new Set(operand.axes.filter((axis) => windowOf(axis).length === 0).flatMap(loopsOf));
  const relevant = [...direct].filter((dim) => !inWindows.has(dim) && loopSize(loops, dim) !== 1);
  return { relevant, windows };
}

/** A transposed convolution is seen as a convolution of stride 1 over its input with zeros in between: it is mapped on its own. */
function windowOf(axis: AxisMap): readonly WindowShape[] {
  if (axis.kind !== "window" && axis.kind !== "transposed") return [];
  const { kind, out, tap, stride, dilation } = axis;
  return [{ out, tap, stride: kind === "window" ? stride : 1, dilation }];
}
