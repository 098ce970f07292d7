/**
 * Bounds that know of contested room. A price per bit of a contested memory, added to the energy of every block that lies there and
 * taken off for the room that there is, bounds the energy of whatever fits from below (Lagrangian relaxation); the operands stay apart.
 */

import { type CostToGo, costToGo } from "./cost-to-go.js";
import type { Criterion } from "./criteria.js";
import type { Room } from "./room.js";
import type { Tables } from "./tables.js";

export interface RoomPrices {
  /** pJ per bit of each contested memory. */
  readonly perBit: readonly number[];
  /** Per operand and held level, per state: energy and the price of the block. */
  readonly costs: Criterion["costs"];
  readonly toGo: readonly CostToGo[];
}

/** Each costs a pass over the states of every operand. */
const ROUNDS = 16;

/**
 * Prices under which the bound of all mappings is high.
 *
 * @param target - pJ that some mapping reaches; the bound cannot get above it
 * @returns `undefined` where no room is contested
 */
export function roomPrices(tables: Tables, room: Room, energy: Criterion, target: number): RoomPrices | undefined {
  const limits = room.contested.map(({ memory }) => room.available[memory]!);
  if (limits.length === 0) return undefined;
  let best = priced(
    tables,
    room,
    energy,
    limits.map(() => 0),
  );
  let bestBound = lowestEnergy(room, energy, best);
  let current = best;
  let stride = 1;
  for (let round = 0; round < ROUNDS && bestBound < target; round++) {
    const over = bitsOfCheapest(tables, room, current).map((bits, i) => bits / limits[i]! - 1);
    const norm = over.reduce((sum, each) => sum + each * each, 0);
    if (norm === 0) break;
    const step = (stride * (target - lowestEnergy(room, energy, current))) / norm;
    current = priced(
      tables,
      room,
      energy,
      current.perBit.map((price, i) => Math.max(0, price + (step * over[i]!) / limits[i]!)),
    );
    const bound = lowestEnergy(room, energy, current);
    if (bound > bestBound) {
      best = current;
      bestBound = bound;
    } else stride /= 2;
  }
  return best;
}

function priced(tables: Tables, room: Room, energy: Criterion, perBit: readonly number[]): RoomPrices {
  const costs = tables.operands.map(({ cuts }, o) =>
    cuts.map(({ memory }, level) => {
      const cost = energy.relaxed[o]![level]!;
      const price = perBit[room.contestedIndex[memory]!] ?? 0;
      const bits = room.leastBits[o]![level]!;
      return price === 0 ? cost : cost.map((each, state) => each + price * bits[state]!);
    }),
  );
  return { perBit, costs, toGo: costs.map((own) => costToGo(tables.space, own)) };
}

/** What all contested room costs, pJ. */
export const roomWorth = ({ contested, available }: Room, { perBit }: RoomPrices): number =>
  perBit.reduce((sum, price, i) => sum + price * available[contested[i]!.memory]!, 0);

/** Bound of all mappings, pJ. */
function lowestEnergy(room: Room, { start }: Criterion, prices: RoomPrices): number {
  return prices.toGo.reduce((sum, rows) => sum + rows[0]![0]!, start) - roomWorth(room, prices);
}

/** Bits in each contested memory if every operand is cut as is cheapest for it. */
function bitsOfCheapest(tables: Tables, room: Room, prices: RoomPrices): readonly number[] {
  const used = room.contested.map(() => 0);
  tables.operands.forEach(({ cuts }, o) => {
    cheapestStates(tables, prices, o).forEach((state, level) => {
      const contested = room.contestedIndex[cuts[level]!.memory]!;
      if (contested >= 0) used[contested]! += room.leastBits[o]![level]![state]!;
    });
  });
  return used;
}

/** State of each cut of an operand on a cheapest way. */
function cheapestStates({ space }: Tables, { costs, toGo }: RoomPrices, o: number): readonly number[] {
  const { factors, next } = space;
  const states: number[] = [];
  let state = 0;
  while (states.length < costs[o]!.length) {
    const level = states.length;
    const here = toGo[o]![level]!;
    const least = here[state]!;
    if (costs[o]![level]![state]! + toGo[o]![level + 1]![state]! === least) {
      states.push(state);
      continue;
    }
    const from = state * factors.length;
    const onward = next
      .subarray(from, from + factors.length)
      .find((reached) => reached >= 0 && here[reached] === least);
    if (onward === undefined) return states; // infinite: nothing fits
    state = onward;
  }
  return states;
}
