/** Feature maps that one stack writes and others read, and where they could stay on chip in between (EM §2). */
import type { Hierarchy, Memory } from "../../ir/accelerator.js";
import type { StackBuffer } from "../../ir/facts.js";
import type { TensorId } from "../../ir/network.js";
import type { Surroundings } from "./place-stack.js";
import { mapBits } from "./stack-maps.js";
import type { ExactView } from "./stack-view.js";
import { partMemories } from "./storage.js";

export interface CrossingMap {
  readonly tensor: TensorId;
  /** Layer that writes it. */
  readonly node: string;
  readonly bits: number;
  /** Stack that writes it, those that read it, and the last of these. */
  readonly from: number;
  readonly readers: readonly number[];
  readonly to: number;
  /** Memories on chip that it fits and that its writer and all readers reach. */
  readonly memories: readonly Memory[];
}

/** Home of every crossing map, in their order; `undefined` at the top. */
export type CrossingHomes = readonly (Memory | undefined)[];

/** Maps that could stay on chip; what the network itself reads or writes never does. */
export function crossingMaps(
  views: readonly ExactView[],
  outputs: ReadonlySet<TensorId>,
  hierarchy: Hierarchy,
): readonly CrossingMap[] {
  return views.flatMap(({ maps: { maps } }, from) =>
    maps.flatMap((map): readonly CrossingMap[] => {
      if (map.node.layer === undefined || !map.leaves || outputs.has(map.tensor)) return [];
      const readers = views.flatMap((view, index) =>
        view.maps.maps
          .filter(({ node, tensor }) => node.layer === undefined && tensor === map.tensor)
          .map((input) => ({ input, index })),
      );
      const bits = mapBits(map);
      const [own, ...others] = [map, ...readers.map(({ input }) => input)].map((each) => partMemories(each, hierarchy));
      const memories = own!.filter(
        ({ id, size }) => bits <= size && others.every((list) => list.some((m) => m.id === id)),
      );
      if (readers.length === 0 || memories.length === 0) return [];
      const stacks = readers.map(({ index }) => index);
      return [
        { tensor: map.tensor, node: map.node.id, bits, from, readers: stacks, to: Math.max(...stacks), memories },
      ];
    }),
  );
}

/** Whether a map takes room while a stack runs. */
export const livesIn = ({ from, to }: CrossingMap, stack: number): boolean => from <= stack && stack <= to;

/** Whether a stack reads or writes a map. */
export const isTouchedBy = ({ from, readers }: CrossingMap, stack: number): boolean =>
  from === stack || readers.includes(stack);

/** What a stack finds where some of the maps have homes. */
export function surroundings(
  maps: readonly CrossingMap[],
  homes: CrossingHomes,
  isThere: (map: CrossingMap) => boolean,
): Surroundings {
  const places = new Map<TensorId, Memory>();
  const held: StackBuffer[] = [];
  maps.forEach((map, i) => {
    const home = homes[i];
    if (home === undefined || !isThere(map)) return;
    places.set(map.tensor, home);
    held.push({ memory: home.id, node: map.node, role: "map", bits: map.bits });
  });
  return { places, held };
}
