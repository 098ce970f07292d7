/** Units as types: arithmetic drops the brand, so a result is re-branded on purpose. */
declare const unit: unique symbol;

/** A number that carries its unit in its type. */
export type Quantity<U extends string> = number & { readonly [unit]: U };

export type Bits = Quantity<"bit">;
export type Cycles = Quantity<"cycle">;
export type BitsPerCycle = Quantity<"bit/cycle">;
export type Picojoules = Quantity<"pJ">;

/** @throws RangeError when `n` is negative, fractional or not finite */
export const bits = (n: number): Bits => whole(n, "bit") as Bits;

/** @throws RangeError when `n` is negative, fractional or not finite */
export const cycles = (n: number): Cycles => whole(n, "cycle") as Cycles;

/** @throws RangeError when `n` is not a positive finite number */
export function bitsPerCycle(n: number): BitsPerCycle {
  if (!Number.isFinite(n) || n <= 0) throw new RangeError(`a bandwidth must be positive, got ${n} bit/cycle`);
  return n as BitsPerCycle;
}

/** @throws RangeError when `n` is negative or not finite */
export function picojoules(n: number): Picojoules {
  if (!Number.isFinite(n) || n < 0) throw new RangeError(`an energy must be finite and not negative, got ${n} pJ`);
  return n as Picojoules;
}

function whole(n: number, name: string): number {
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`a number of ${name}s must be a whole number, got ${n}`);
  return n;
}
