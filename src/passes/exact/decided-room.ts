/** Room of what belongs to a whole stack: rings and weights that are decided, and rings where there is room for all of them (EM §2). */
import type { Memory } from "../../ir/accelerator.js";
import { type Decisions, heightOf, isFrom, isKeptNarrowly, type Kept } from "./home-decisions.js";
import type { HomeProblem, HomeSpace } from "./home-problem.js";
import { type Reserved, ringBits } from "./stack-costs.js";
import type { Rings } from "./storage.js";

/** Bits of rings and weights that are decided, and of what is there already. */
export function reservedBy(
  { storage, weights }: Decisions,
  { stack, geometry, space, held, costs }: HomeProblem,
): Reserved {
  const reserved = new Map(held);
  const add = (memory: Memory | undefined, bits: number): void => {
    if (memory !== undefined) reserved.set(memory.id, (reserved.get(memory.id) ?? 0) + bits);
  };
  storage.forEach((allowed, map) => {
    const [only] = allowed;
    if (allowed.length > 1 || only?.kind !== "parts" || only.overlap !== "kept") return;
    const bits = ringBits(stack.maps[map]!, only.rings.kind, geometry);
    add(only.rings.column, bits.column);
    add(only.rings.row, bits.row);
  });
  weights.forEach((allowed, layer) => {
    const isTop = allowed.length === 1 && costs.isTop(allowed[0]!);
    if (allowed.length === 1 && !isTop) add(allowed[0], space.weightBits[layer]!);
  });
  return reserved;
}

/**
 * Rings of the maps in order, each in the lowest memories that hold all of them together.
 *
 * @param least - from how many memories away from the array on
 */
export function ringsFrom({ stack, geometry, space, held }: HomeProblem, least: number): HomeSpace["storage"] {
  const used = new Map(held);
  return space.storage.map((list, index) => {
    const bits = ringBits(stack.maps[index]!, "narrow", geometry);
    const needs = ({ column, row }: Rings): ReadonlyMap<Memory, number> =>
      new Map([
        ...(column === undefined ? [] : [[column, bits.column] as const]),
        ...(row === undefined ? [] : [[row, bits.row + (row === column ? bits.column : 0)] as const]),
      ]);
    const fits = ({ rings }: Kept): boolean =>
      [...needs(rings)].every(([{ id, size }, need]) => (used.get(id) ?? 0) + need <= size);
    const narrow = list.filter(isKeptNarrowly).sort((a, b) => heightOf(a.rings) - heightOf(b.rings));
    const found = narrow.find((kept) => isFrom(kept.rings, least) && fits(kept)) ?? narrow.at(-1);
    if (found === undefined) return list;
    for (const [{ id }, need] of needs(found.rings)) used.set(id, (used.get(id) ?? 0) + need);
    return list.filter((storage) => storage === found || storage.kind === "whole" || storage.overlap !== "kept");
  });
}
