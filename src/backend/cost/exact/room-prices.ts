/**
 * Bounds that know of contested room. A price per bit of a contested memory, added to the energy of every block that lies there and
 * taken off for the room that there is, bounds the energy of whatever fits from below (Lagrangian relaxation).
 */
import { type CutCosts, jointToGo } from "./bounds.js";
import { levelAt, type Nodes } from "./nodes.js";
import type { Room } from "./room.js";
import type { Tables } from "./tables.js";

export interface RoomPrices {
  /** pJ per bit of each contested memory. */
  readonly perBit: readonly number[];
  /** Energy and the price of the block. */
  readonly costs: CutCosts;
  /** Per node, with prices. */
  readonly toGo: Float64Array;
}

/** Each costs a pass over all nodes. */
const ROUNDS = 10;

/**
 * Prices under which the bound of all mappings is high.
 *
 * @param costs - energies of the cuts
 * @param target - pJ of the cuts of some mapping; the bound cannot get above it
 */
export function roomPrices(tables: Tables, room: Room, nodes: Nodes, costs: CutCosts, target: number): RoomPrices {
  const limits = room.contested.map(({ memory }) => room.available[memory]!);
  let best = priced(
    tables,
    room,
    nodes,
    costs,
    limits.map(() => 0),
  );
  let current = best;
  let stride = 1;
  for (let round = 0; round < ROUNDS && boundOf(room, best) < target; round++) {
    const over = bitsOfCheapest(tables, room, nodes, current).map((bits, i) => bits / limits[i]! - 1);
    const norm = over.reduce((sum, each, i) => sum + (each > 0 || current.perBit[i]! > 0 ? each * each : 0), 0);
    if (norm === 0) break;
    const step = (stride * (target - boundOf(room, current))) / norm;
    const perBit = current.perBit.map((price, i) => Math.max(0, price + (step * over[i]!) / limits[i]!));
    current = priced(tables, room, nodes, costs, perBit);
    if (boundOf(room, current) > boundOf(room, best)) best = current;
    else stride /= 2;
  }
  return best;
}

function priced(tables: Tables, room: Room, nodes: Nodes, costs: CutCosts, perBit: readonly number[]): RoomPrices {
  const withPrices = tables.operands.map(({ cuts }, o) =>
    cuts.map(({ memory }, level) => {
      const cost = costs[o]![level]!;
      const price = perBit[room.contestedIndex[memory]!] ?? 0;
      const bits = room.leastBits[o]![level]!;
      return price === 0 ? cost : cost.map((each, state) => each + price * bits[state]!);
    }),
  );
  return { perBit, costs: withPrices, toGo: jointToGo(tables.space, nodes, withPrices) };
}

/** What all contested room costs, pJ. */
export const roomWorth = ({ contested, available }: Room, { perBit }: RoomPrices): number =>
  perBit.reduce((sum, price, i) => sum + price * available[contested[i]!.memory]!, 0);

/** Bound of the cuts of all mappings, pJ. */
const boundOf = (room: Room, prices: RoomPrices): number => prices.toGo[0]! - roomWorth(room, prices);

/** Bits in each contested memory on a cheapest way. */
function bitsOfCheapest(tables: Tables, room: Room, nodes: Nodes, { costs, toGo }: RoomPrices): readonly number[] {
  const used = room.contested.map(() => 0);
  for (let node = 0; node < nodes.count - 1; ) {
    const state = Math.floor(node / nodes.perState);
    const step = cheapestStep(tables, nodes, costs, toGo, node, state);
    if (step.operand !== undefined) {
      const { operand, level } = step;
      const contested = room.contestedIndex[tables.operands[operand]!.cuts[level]!.memory]!;
      if (contested >= 0) used[contested]! += room.leastBits[operand]![level]![state]!;
    }
    node = step.reached;
  }
  return used;
}

type Step =
  | { readonly reached: number; readonly operand: number; readonly level: number }
  | { readonly reached: number; readonly operand?: undefined };

function cheapestStep(
  { space }: Tables,
  nodes: Nodes,
  costs: CutCosts,
  toGo: Float64Array,
  node: number,
  state: number,
): Step {
  const { factors, next } = space;
  for (const [operand, held] of nodes.held.entries()) {
    const level = levelAt(nodes, node % nodes.perState, operand);
    const reached = node + nodes.radix[operand]!;
    if (level < held && costs[operand]![level]![state]! + toGo[reached]! === toGo[node])
      return { reached, operand, level };
  }
  const code = node % nodes.perState;
  for (let f = 0; f < factors.length; f++) {
    const onward = next[state * factors.length + f]!;
    if (onward >= 0 && toGo[onward * nodes.perState + code] === toGo[node]) {
      return { reached: onward * nodes.perState + code };
    }
  }
  return { reached: nodes.count - 1 };
}
