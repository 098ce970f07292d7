/** Units of what an accelerator may state about its silicon. */
import type { Quantity } from "./units.js";

export type Megahertz = Quantity<"MHz">;
export type SquareMillimetres = Quantity<"mm²">;
export type PicojoulesPerCycle = Quantity<"pJ/cycle">;

/** @throws RangeError when `n` is not a positive finite number */
export const megahertz = (n: number): Megahertz => positive(n, "a clock", "MHz") as Megahertz;

/** @throws RangeError when `n` is not a positive finite number */
export const squareMillimetres = (n: number): SquareMillimetres => positive(n, "an area", "mm²") as SquareMillimetres;

/** @throws RangeError when `n` is negative or not finite */
export function picojoulesPerCycle(n: number): PicojoulesPerCycle {
  if (!Number.isFinite(n) || n < 0)
    throw new RangeError(`a static energy must be finite and not negative, got ${n} pJ/cycle`);
  return n as PicojoulesPerCycle;
}

function positive(n: number, what: string, unit: string): number {
  if (!Number.isFinite(n) || n <= 0) throw new RangeError(`${what} must be positive and finite, got ${n} ${unit}`);
  return n;
}
