import { describe, expect, it } from "vitest";
import { chain, levelOf } from "../../src/ir/accelerator.js";
import type { Accesses, Copy, LayerCost, Mapping } from "../../src/ir/cost-model.js";
import { COSTS, type LayerMapping, MAPPINGS, type NodeCopies, PLACEMENT, type PlacedNode } from "../../src/ir/facts.js";
import type { Module } from "../../src/ir/module.js";
import type { Loop } from "../../src/ir/network.js";
import { hasShared, readShared, sharedFiles } from "../support/shared.js";
import { differences, evaluated, type ReferenceRun } from "./depth-first/reference.js";

const FOLDER = ["golden", "defines", "points"] as const;

interface Point extends ReferenceRun {
  readonly total: Readonly<Record<"energy" | "latency0" | "latency1" | "latency2", number>>;
  readonly layers: readonly { readonly layer: string; readonly tiles: readonly TracedTile[] }[];
}

type Pair = readonly [dim: string, size: number];

interface TracedTile {
  readonly spatial_mapping?: Readonly<Record<string, readonly (readonly Pair[])[]>>;
}

/** Energies, and accesses, which are fractions of a word where the granularity is finer. */
const isRounded = (key: string): boolean => /energy|word_access/.test(key);

describe.skipIf(!hasShared)("depth-first points of the reference (skipped without the shared folder)", () => {
  it("finds points", () => expect(sharedFiles(".json", ...FOLDER).length).toBeGreaterThan(0));

  it.each(sharedFiles(".json", ...FOLDER))("%s", (file) => {
    const point: Point = JSON.parse(readShared(...FOLDER, file));
    const module = evaluated(point);
    const entries = entriesOf(module);
    expect([...entries.keys()].sort()).toEqual(point.layers.map(({ layer }) => layer).sort());
    expect(differences(Object.fromEntries(entries), byLayer(point), isRounded)).toEqual([]);
    const { energy, latency, offloadedLatency } = module.get(COSTS).totals;
    const latency0 = [...entries.values()].reduce((sum, entry) => sum + (entry.latency0 ?? 0), 0);
    const found = { energy, latency0, latency1: latency, latency2: offloadedLatency };
    expect(differences(found, point.total, isRounded)).toEqual([]);
  });
});

const byLayer = ({ layers }: Point) =>
  Object.fromEntries(layers.map((entry) => [entry.layer, { ...entry, tiles: entry.tiles.map(unrolled) }]));

/** The reference lists unrolled loops level by level for each operand; all operands have the same ones. */
function unrolled({ spatial_mapping, ...tile }: TracedTile) {
  if (spatial_mapping === undefined) return tile;
  return { ...tile, spatial_mapping: mapValues(spatial_mapping, (levels) => spatialLoops(levels.flat())) };
}

const spatialLoops = (pairs: readonly Pair[]): readonly Pair[] =>
  pairs.filter(([, size]) => size !== 1).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** One row of a point: a layer or a copy phase, with its tile types over all stacks. */
type Entry = Readonly<Record<string, unknown>> & { readonly latency0?: number };

function entriesOf(module: Module): ReadonlyMap<string, Entry> {
  const layers = new Map<string, { readonly count: number; readonly mapped: LayerMapping }[]>();
  const phases = new Map<
    string,
    { readonly count: number; readonly tile: object; readonly cost: NodeCopies["cost"] | undefined }[]
  >();
  const add = <T>(map: Map<string, T[]>, key: string, value: T) => map.set(key, [...(map.get(key) ?? []), value]);
  module.get(PLACEMENT).forEach(({ tileTypes }, s) => {
    tileTypes.forEach(({ count, nodes }, t) => {
      for (const mapped of module.get(MAPPINGS)[s]![t]!) add(layers, mapped.layer, { count, mapped });
      const copies = module.get(COSTS).stacks[s]!.tileTypes[t]!.copies;
      for (const node of nodes) {
        const cost = copies.find((phase) => phase.node === node.id)?.cost;
        add(phases, phaseName(node), { count, tile: phaseTile(module, node, cost, count), cost });
      }
    });
  });
  return new Map<string, Entry>([
    ...[...layers].map(([id, tiles]) => [id, layerEntry(tiles)] as const),
    ...[...phases].map(([name, tiles]) => {
      const total = (value: (cost: NodeCopies["cost"]) => number) =>
        tiles.reduce((sum, { count, cost }) => sum + (cost === undefined ? 0 : count * value(cost)), 0);
      return [
        name,
        {
          energy_total: total(({ energy }) => energy),
          MAC_energy: 0,
          latency1: total(({ cycles }) => cycles),
          latency2: tiles.reduce((sum, { cost }) => sum + (cost?.cycles ?? 0), 0), // not multiplied: DF-Q1
          layer: name,
          tiles: tiles.map(({ tile }) => tile),
        },
      ] as const;
    }),
  ]);
}

const phaseName = ({ id, kind }: PlacedNode): string =>
  `datamovement_b4_${kind === "input" ? "InputLayerNode" : "LayerNode"}_${id}`;

function phaseTile(module: Module, { copies }: PlacedNode, cost: NodeCopies["cost"] | undefined, multiplicity: number) {
  const end = ({ operand, memory }: Copy["from"]) => {
    const held = chain(module.accelerator, operand).find(({ id }) => id === memory)!;
    return [operand, levelOf(held, operand)];
  };
  return {
    multiplicity,
    energy_total: cost?.energy ?? 0,
    MAC_energy: 0,
    latency1: cost?.cycles ?? 0,
    latency2: cost?.cycles ?? 0,
    loop_dim_size: {},
    copy_actions: copies.map(({ bits, from, to }, i) => ({
      bits,
      from: end(from),
      to: end(to),
      energy: cost?.copies[i]?.energy,
    })),
  };
}

function layerEntry(tiles: readonly { readonly count: number; readonly mapped: LayerMapping }[]): Entry {
  const times = ({ count, mapped }: (typeof tiles)[number]) => scaled(numbersOf(mapped.result.cost), count);
  return {
    ...(tiles.map(times).reduce(added) as Entry), // a sum of records is a record
    layer: tiles[0]!.mapped.layer,
    tiles: tiles.map(({ count, mapped: { problem, result } }) => ({
      multiplicity: count,
      ...numbersOf(result.cost),
      loop_dim_size: Object.fromEntries(problem.loops.map(({ dim, size }) => [dim, size])),
      temporal_mapping: loopsPerLevel(result.mapping),
      spatial_mapping: spatialOf(result.mapping),
    })),
  };
}

/** What the reference reports of one layer on one tile. */
function numbersOf(cost: LayerCost) {
  return {
    energy_total: cost.energy,
    MAC_energy: cost.macEnergy,
    mem_energy: cost.memoryEnergy,
    latency0: cost.computationCycles,
    latency1: cost.loadedCycles,
    latency2: cost.offloadedCycles,
    ideal_cycle: cost.idealCycles,
    ideal_temporal_cycle: cost.temporalCycles,
    energy_breakdown: cost.energyByLevel,
    word_access: mapValues(cost.accesses, (levels) => levels.map(directions)),
  };
}

const directions = ({ tl, fl, th, fh }: Accesses) => ({
  rd_out_to_low: tl,
  wr_in_by_low: fl,
  rd_out_to_high: th,
  wr_in_by_high: fh,
});

function spatialOf({ spatial, levels }: Mapping) {
  const loops = spatialLoops(spatial.map(({ dim, size }) => [dim, size]));
  return mapValues(levels, () => loops);
}

/** Per operand and level: its loops, innermost first. */
function loopsPerLevel({ loops, boundaries }: Mapping) {
  const pair = ({ dim, size }: Loop) => [dim, size];
  return mapValues(boundaries, (cuts) => cuts.map((cut, level) => loops.slice(cuts[level - 1] ?? 0, cut).map(pair)));
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));

function scaled(value: unknown, factor: number): unknown {
  if (typeof value === "number") return value * factor;
  if (Array.isArray(value)) return value.map((item) => scaled(item, factor));
  return mapValues(value as Readonly<Record<string, unknown>>, (item) => scaled(item, factor)); // numbers, lists and records only
}

/** Lists are aligned at their start; the longer one's tail stays (DF §10). */
function added(a: unknown, b: unknown): unknown {
  if (a === undefined || b === undefined) return a ?? b;
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (Array.isArray(a) && Array.isArray(b))
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => added(a[i], b[i]));
  const [left, right] = [a, b].map((record) => record as Readonly<Record<string, unknown>>); // what remains are records
  return Object.fromEntries(Object.keys(left!).map((key) => [key, added(left![key], right![key])]));
}
