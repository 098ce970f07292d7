/**
 * Which weights of a stack stay on chip when not all of them fit: those that save most energy per bit. The saving at which a memory is
 * full is its price per bit; with prices in place of the capacity, whatever tile types choose bounds the energy from below (a Lagrangian
 * relaxation).
 */
import type { Memory } from "../../ir/accelerator.js";

/** Homes that one layer's weights may have. */
export interface WeightChoice {
  readonly bits: number;
  /** Energy over all tiles with the weights in each memory, pJ; cheapest decisions elsewhere. */
  readonly energies: ReadonlyMap<Memory, number>;
}

/** Bits that weights may take in a memory, of which `level` others are nearer to the array; infinite at the top. */
export type RoomFor = (memory: Memory, level: number) => number;

export interface WeightPlan {
  /** Per layer; undefined for one without weights. */
  readonly homes: readonly (Memory | undefined)[];
  /** Energy per bit at which each memory is full, by id; none where everything fits. */
  readonly prices: ReadonlyMap<string, number>;
}

/**
 * @param choices - per layer; one without weights has no energies
 */
export function planWeights(choices: readonly WeightChoice[], roomFor: RoomFor): WeightPlan {
  const levels = new Map(
    choices.flatMap(({ energies }) => [...energies.keys()].map((memory, level) => [memory, level] as const)),
  );
  return planWithin(choices, (memory) => roomFor(memory, levels.get(memory)!)); // every memory is a choice of some layer
}

function planWithin(choices: readonly WeightChoice[], roomFor: (memory: Memory) => number): WeightPlan {
  const homes = choices.map(({ energies }) => cheapest(energies));
  const prices = new Map<string, number>();
  for (
    let full = overflowing(homes, choices, roomFor);
    full !== undefined;
    full = overflowing(homes, choices, roomFor)
  ) {
    const move = cheapestMove(full, homes, choices, roomFor);
    if (move === undefined) break; // nothing can leave: whoever asked finds that it does not fit
    homes[move.layer] = move.to;
    prices.set(full.id, Math.max(prices.get(full.id) ?? 0, move.perBit));
  }
  moveBack(homes, choices, roomFor);
  return { homes, prices };
}

const cheapest = (energies: ReadonlyMap<Memory, number>): Memory | undefined =>
  [...energies].reduce<readonly [Memory, number] | undefined>(
    (best, entry) => (best && best[1] <= entry[1] ? best : entry),
    undefined,
  )?.[0];

function usedBits(
  homes: readonly (Memory | undefined)[],
  choices: readonly WeightChoice[],
): ReadonlyMap<Memory, number> {
  const used = new Map<Memory, number>();
  homes.forEach((home, layer) => {
    if (home !== undefined) used.set(home, (used.get(home) ?? 0) + choices[layer]!.bits); // one choice per layer
  });
  return used;
}

const overflowing = (
  homes: readonly (Memory | undefined)[],
  choices: readonly WeightChoice[],
  roomFor: (memory: Memory) => number,
): Memory | undefined => [...usedBits(homes, choices)].find(([memory, bits]) => bits > roomFor(memory))?.[0];

/** The layer that loses least energy per bit when its weights leave a memory for another one that has room. */
function cheapestMove(
  from: Memory,
  homes: readonly (Memory | undefined)[],
  choices: readonly WeightChoice[],
  roomFor: (memory: Memory) => number,
) {
  const used = usedBits(homes, choices);
  const moves = homes.flatMap((home, layer) => {
    if (home !== from) return [];
    const { bits, energies } = choices[layer]!;
    const now = energies.get(from)!; // it is there
    return [...energies]
      .filter(
        ([to, energy]) => to !== from && energy < Number.POSITIVE_INFINITY && (used.get(to) ?? 0) + bits <= roomFor(to),
      )
      .map(([to, energy]) => ({ layer, to, perBit: (energy - now) / Math.max(1, bits) }));
  });
  return moves.reduce<(typeof moves)[number] | undefined>(
    (best, move) => (best && best.perBit <= move.perBit ? best : move),
    undefined,
  );
}

/** Room that the last move left over goes to whoever saves by it. */
function moveBack(
  homes: (Memory | undefined)[],
  choices: readonly WeightChoice[],
  roomFor: (memory: Memory) => number,
): void {
  for (const [layer, { bits, energies }] of choices.entries()) {
    const home = homes[layer];
    if (home === undefined) continue;
    const used = usedBits(homes, choices);
    const better = [...energies].filter(
      ([to, energy]) => energy < energies.get(home)! && (used.get(to) ?? 0) + bits <= roomFor(to),
    );
    homes[layer] = cheapest(new Map(better)) ?? home;
  }
}
