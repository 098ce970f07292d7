/** Cycles for which a transfer takes a port (EM §4). */
import type { Port } from "../../ir/accelerator.js";

/** A burst that is wider than the port takes its cycles whole, however little of it is meant; words are never wider than their port. */
export function transferCycles(
  bits: number,
  { granularity, bandwidth }: Pick<Port, "granularity" | "bandwidth">,
): number {
  const moved = granularity > bandwidth ? Math.ceil(bits / granularity) * granularity : bits;
  return Math.ceil(moved / bandwidth);
}
