/** Decisions about the homes of a stack, as far as they are made (EM §2). */
import type { Memory } from "../../ir/accelerator.js";
import type { StackGeometry } from "./geometry.js";
import { type PartHome, ringBits } from "./stack-costs.js";
import type { FeatureMap } from "./stack-maps.js";
import type { Rings, Storage } from "./storage.js";
import type { TypeHomes } from "./type-homes.js";

/** One decision of a stack: what remains of the space, one entry per map. */
export interface Decisions {
  readonly storage: readonly (readonly Storage[])[];
  readonly weights: readonly (readonly Memory[])[];
}

/** Whether anything is left to decide. */
export const isOpen = ({ storage, weights }: Decisions): boolean =>
  storage.some((list) => list.length > 1) || weights.some((list) => list.length > 1);

/** One choice, and all others. */
export const parted = <T>(list: readonly T[], first: T): readonly (readonly T[])[] => [
  [first],
  list.filter((other) => other !== first),
];

export type Kept = Extract<Storage, { overlap: "kept" }>;

/** How far from the array a ring lies. */
const levelOf = (ring: Memory | undefined): number => Math.max(0, ...(ring?.operands ?? []).map(({ level }) => level));

export const heightOf = ({ column, row }: Rings): number => levelOf(column) + levelOf(row);

export const isFrom = ({ column, row }: Rings, least: number): boolean =>
  [column, row].every((ring) => ring === undefined || levelOf(ring) > least);

export const isKeptNarrowly = (storage: Storage): storage is Kept =>
  storage.kind === "parts" && storage.overlap === "kept" && storage.rings.kind === "narrow";

/** Homes of new parts that any of the storages allows. */
export function partHomes(
  allowed: readonly Storage[],
  { place }: FeatureMap,
  memories: readonly Memory[],
): readonly PartHome[] {
  const kinds = new Set(allowed.map((storage) => (storage.kind === "whole" ? "whole" : storage.overlap)));
  return [...kinds].flatMap((kind): readonly PartHome[] =>
    kind === "whole" ? [{ kind, ...(place && { memory: place }) }] : memories.map((memory) => ({ kind, memory })),
  );
}

export const ringsOf = (allowed: readonly Storage[]): readonly Rings[] =>
  allowed.flatMap((storage) => (storage.kind === "parts" && storage.overlap === "kept" ? [storage.rings] : []));

/** The storage that the first of the types to say so chose. */
export function agreedStorage(allowed: readonly Storage[], types: readonly TypeHomes[], map: number): Storage {
  const chosen = types[0]!; // a stack has a tile
  const part = chosen.parts[map]!;
  if (part.kind === "whole") return allowed.find(({ kind }) => kind === "whole")!;
  if (part.kind === "fetched-again")
    return allowed.find((storage) => storage.kind === "parts" && storage.overlap === "fetched-again")!;
  const rings = chosen.rings[map];
  return (
    allowed.find((storage) => storage.kind === "parts" && storage.overlap === "kept" && storage.rings === rings) ??
    allowed[0]!
  );
}

export function largestRing(map: FeatureMap, allowed: readonly Storage[], geometry: StackGeometry): number {
  const bits = ringsOf(allowed).map(({ kind }) => ringBits(map, kind, geometry));
  return Math.max(0, ...bits.map(({ column, row }) => column + row));
}
