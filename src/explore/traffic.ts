/** What moves through each memory, by what it belongs to: activations, weights, or copies between layers and tiles. */
import type { Memory } from "../ir/accelerator.js";
import type { CopyPhaseCost } from "../ir/cost-model.js";
import { COSTS, type LayerMapping, MAPPINGS, PLACEMENT } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { type LayerId, weightsOf } from "../ir/network.js";
import { requireEqual, sum } from "../passes/depth-first/totals.js";

export type TrafficGroup = "activations" | "weights" | "copies";

export interface Traffic {
  readonly memory: string;
  readonly group: TrafficGroup;
  /** Accesses of the full port width. */
  readonly read: number;
  readonly write: number;
  /** pJ. */
  readonly energy: number;
}

/**
 * Traffic of each stack over all its tiles, in the order of `STACKS`.
 *
 * @throws Error when it does not add up to the stack's energy: a defect
 */
export function stackTraffic(module: Module): readonly (readonly Traffic[])[] {
  const weights = new Map(
    module.network.layers.map((layer) => [layer.id, new Set(weightsOf(layer).map((o) => o.name))]),
  );
  const mappings = module.get(MAPPINGS);
  const placements = module.get(PLACEMENT);
  return module.get(COSTS).stacks.map(({ totals, tileTypes, loads }, s) => {
    const rows = tileTypes.flatMap((cost, t) => {
      const { count } = placements[s]!.tileTypes[t]!; // facts of a module run in parallel
      const copies = cost.copies.flatMap(({ cost }) => ofCopies(cost));
      const once = [...mappings[s]![t]!.flatMap((mapped) => ofLayer(mapped, weights)), ...copies];
      return once.map((row) => scaled(row, count));
    });
    const before = loads === undefined ? [] : ofCopies(loads);
    const merged = mergeTraffic([...rows, ...before], module.accelerator.memories);
    const { memory, copy } = totals.energyByKind;
    requireEqual(
      "energy of traffic",
      sum(merged, ({ energy }) => energy),
      memory + copy,
    );
    return merged;
  });
}

const scaled = ({ memory, group, read, write, energy }: Traffic, count: number): Traffic => ({
  memory,
  group,
  read: count * read,
  write: count * write,
  energy: count * energy,
});

function ofLayer(
  { layer, result: { mapping, cost } }: LayerMapping,
  weights: ReadonlyMap<LayerId, ReadonlySet<string>>,
): readonly Traffic[] {
  return Object.entries(mapping.levels).flatMap(([operand, memories]) =>
    memories.map((memory, level): Traffic => {
      const { tl, th, fl, fh } = cost.accesses[operand]![level]!; // one entry per level of every operand
      const group = weights.get(layer)?.has(operand) ? "weights" : "activations";
      return { memory, group, read: tl + th, write: fl + fh, energy: cost.energyByLevel[operand]![level]! };
    }),
  );
}

const ofCopies = ({ copies }: CopyPhaseCost): readonly Traffic[] =>
  copies
    .flatMap(({ hops }) => hops)
    .flatMap((hop): readonly Traffic[] => [
      { memory: hop.from, group: "copies", read: hop.sent, write: 0, energy: hop.sendEnergy },
      { memory: hop.to, group: "copies", read: 0, write: hop.received, energy: hop.receiveEnergy },
    ]);

const GROUPS: readonly TrafficGroup[] = ["activations", "weights", "copies"];

/**
 * One row per group and memory that has any.
 *
 * @param memories - in the order of the result
 */
export function mergeTraffic(rows: readonly Traffic[], memories: readonly Memory[]): readonly Traffic[] {
  const merged = new Map<string, Traffic>();
  for (const row of rows) {
    const key = `${row.group} ${row.memory}`;
    const known = merged.get(key) ?? { ...row, read: 0, write: 0, energy: 0 };
    const { read, write, energy } = known;
    merged.set(key, { ...known, read: read + row.read, write: write + row.write, energy: energy + row.energy });
  }
  return GROUPS.flatMap((group) => memories.flatMap(({ id }) => merged.get(`${group} ${id}`) ?? []));
}
