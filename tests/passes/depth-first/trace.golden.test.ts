import { describe, expect, it } from "vitest";
import type { CopyCost } from "../../../src/ir/cost-model.js";
import { COSTS, MAPPINGS, PLACEMENT, type PlacedNode } from "../../../src/ir/facts.js";
import type { Module } from "../../../src/ir/module.js";
import { CUTS, weightBits } from "../../../src/passes/depth-first/cuts.js";
import {
  cacheBits,
  KEPT_BUFFERS,
  keptIn,
  type TilePosition,
  totalCacheBits,
} from "../../../src/passes/depth-first/kept-buffers.js";
import { LEVELS } from "../../../src/passes/depth-first/levels.js";
import { networkView, stackViews } from "../../../src/passes/depth-first/network-view.js";
import { stackMemories } from "../../../src/passes/depth-first/place-stack.js";
import { LEFTOVER } from "../../../src/passes/depth-first/tile-types.js";
import { REGIONS, type Trace } from "../../../src/passes/depth-first/trace.js";
import { hasShared, readShared, sharedFiles } from "../../support/shared.js";
import { differences, evaluated, overlapOf, planned, type ReferenceRun, referenceModule } from "./reference.js";

const FOLDER = ["golden", "depth-first-trace"] as const;
const [trace, demandOf, levels] = [REGIONS.published.rule, KEPT_BUFFERS.published.rule, LEVELS.published.rule];
const [cuts, axisClasses] = [CUTS.published.rule, LEFTOVER.published.rule];

interface Traced extends ReferenceRun {
  readonly stack_cuts: readonly number[];
  readonly plans: readonly (Readonly<Record<string, unknown>> & {
    readonly write_columns: Counts;
    readonly stack?: number;
  })[];
  readonly tile_types: readonly TracedType[];
}
type Counts = Readonly<Record<string, readonly [dim: string, count: number, across?: string]>>;
interface TracedType {
  readonly stack?: number;
  readonly layers: readonly unknown[];
}
interface FullTrace extends Traced {
  readonly totals: Readonly<Record<string, number>>;
  readonly per_entry: Readonly<Record<string, { readonly energy: number; readonly latency: number }>>;
}

const read = (file: string): unknown => JSON.parse(readShared(...FOLDER, file));
const files = sharedFiles(".json", ...FOLDER).map((file) => ({ file, content: read(file) }));
const full = files.filter(
  (entry): entry is { file: string; content: FullTrace } => "per_entry" in Object(entry.content),
);
const planning = files
  .filter((entry): entry is { file: string; content: readonly Traced[] } => Array.isArray(entry.content))
  .flatMap(({ file, content }) => content.map((run) => ({ run, name: nameOf(file, run) })));

function nameOf(file: string, { accelerator, workload, tile_x, tile_y }: Traced): string {
  return `${file}: ${workload} on ${accelerator}, ${tile_x}x${tile_y}`;
}

const isEnergy = (key: string): boolean => /energy|hops/.test(key);

describe.skipIf(!hasShared)("depth-first traces of the reference (skipped without the shared folder)", () => {
  it("finds traces and plans", () => {
    expect(full.length).toBeGreaterThan(0);
    expect(planning.length).toBeGreaterThan(0);
  });

  describe.each(full)("$file", ({ content }) => {
    it("plans every tile", () => expect(differences(plansOf(content), plansIn(content))).toEqual([]));

    it("sorts tiles into types, places every node and prices it", () => {
      const module = evaluated(content);
      expect(differences(typesOf(module, content), content.tile_types.map(fullType), isEnergy)).toEqual([]);
      expect(differences(totalsOf(module), content.totals, isEnergy)).toEqual([]);
      expect(differences(perEntry(module), entriesIn(content), isEnergy)).toEqual([]);
    });
  });

  describe.each(planning)("$name", ({ run }) => {
    it("plans every tile", () => expect(differences(plansOf(run), plansIn(run))).toEqual([]));

    it("sorts tiles into types and places every node", () => {
      const module = planned(run);
      const rows = typesOf(module, run).map((type) => ({ ...type, layers: type.layers.map(rowOf) }));
      expect(differences(rows, run.tile_types)).toEqual([]);
    });
  });

  it.each(files.filter(({ file }) => file === "stack-cuts.json"))("$file", ({ content }) => {
    const expected = content as Readonly<
      Record<string, { readonly cuts: Readonly<Record<string, readonly number[]>> }>
    >; // see the folder's README
    const found = Object.entries(expected).map(([accelerator, { cuts: byNetwork }]) => {
      const views = Object.keys(byNetwork).map((workload) => {
        const module = referenceModule({ accelerator, workload });
        return { workload, hierarchy: module.accelerator, graph: networkView(module, new Set()).graph };
      });
      const lists = views.map(({ workload, hierarchy, graph }) => [
        workload,
        cuts.automatic(graph, hierarchy).map(Number),
      ]);
      const budget = cuts.budget(views[0]!.graph, views[0]!.hierarchy);
      return [accelerator, { top_onchip_weight_memory_bits: budget, cuts: Object.fromEntries(lists) }];
    });
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});

// Plans

/** Plans in the order of the stacks, one per size and position of a tile. */
function plansOf(run: Traced): readonly object[] {
  const module = referenceModule(run);
  return stackViews(module).flatMap(({ graph, full: sizes }) => {
    const output = sizes.get(graph.sink.id)!;
    const rows = axisClasses(output.y, Math.min(run.tile_y, output.y));
    const columns = axisClasses(output.x, Math.min(run.tile_x, output.x));
    const tiles = rows.flatMap((row) =>
      columns.map(
        (column): TilePosition => ({
          width: column.size,
          height: row.size,
          isFirstColumn: column.isFirst,
          isFirstRow: row.isFirst,
        }),
      ),
    );
    const distinct = new Map(tiles.map((tile) => [JSON.stringify(tile), tile]));
    return [...distinct.values()].map((tile) => {
      const kept = keptIn(overlapOf(run.mode));
      const demand = demandOf(graph, sizes, tile, kept, trace);
      const chosen = levels.plan(stackMemories(graph, module.accelerator), demand, kept);
      const size = { x: tile.width, y: tile.height };
      const reuse = { x: !tile.isFirstColumn, y: !tile.isFirstRow };
      const copy = trace(graph, size, reuse);
      const alive = trace(graph, size, { x: reuse.x && kept.columns, y: reuse.y && kept.rows });
      const caches = cacheBits(graph, sizes, copy);
      const sums = totalCacheBits(caches);
      return {
        tile_x: tile.width,
        tile_y: tile.height,
        first_col: tile.isFirstColumn,
        first_row: tile.isFirstRow,
        mode_h: kept.columns,
        mode_v: kept.rows,
        alive_peak_bits: demand.alive,
        h_peak_bits: kept.columns ? demand.withColumns : null,
        hv_peak_bits: kept.rows ? demand.withRows : null,
        h_cache_bits: sums.columns,
        v_cache_bits: sums.rows,
        corner_bits: sums.corner,
        h_cache_bits_in: mapRecord(caches, (bits) => bits.columns),
        v_cache_bits_in: mapRecord(caches, (bits) => bits.rows),
        corner_bits_in: mapRecord(caches, (bits) => bits.corner),
        weights_bits: graph.nodes.reduce((sum, node) => sum + weightBits(node), 0),
        io_level: chosen.io.id,
        h_level: chosen.columns?.id ?? null,
        v_level: chosen.rows?.id ?? null,
        w_level: chosen.weights?.id ?? null,
        write_columns: Object.fromEntries(demand.writeColumns),
        read_columns: Object.fromEntries(demand.readColumns),
        write_rows: Object.fromEntries(demand.writeRows),
        read_rows: Object.fromEntries(demand.readRows),
        planned_tile_dims: dimsOf(copy),
        alive_tile_dims: dimsOf(alive),
      };
    });
  });
}

/** The reference's plans: `stack` is a running label, the caches of whole nodes have no effect (DF-Q6), tables name their loops. */
function plansIn({ plans }: Traced): readonly object[] {
  const counts = (table: unknown) => mapRecord(new Map(Object.entries((table ?? {}) as Counts)), ([, count]) => count); // a table or absent
  return plans.map(({ stack: _label, h_cache_bits_out: _unused, ...plan }) => ({
    ...plan,
    write_columns: counts(plan.write_columns),
    ...(plan.read_columns !== undefined && { read_columns: counts(plan.read_columns) }),
    ...(plan.write_rows !== undefined && { write_rows: counts(plan.write_rows) }),
    ...(plan.read_rows !== undefined && { read_rows: counts(plan.read_rows) }),
  }));
}

const dimsOf = ({ sizes }: Trace) => mapRecord(sizes, ({ x, y }) => [x, y]);

const mapRecord = <A, B>(map: ReadonlyMap<string, A>, f: (value: A) => B): Readonly<Record<string, B>> =>
  Object.fromEntries([...map].map(([key, value]) => [key, f(value)]));

// Tile types

type Layers = ReturnType<typeof nodeOf>[];

function typesOf(
  module: Module,
  { mode }: Traced,
): readonly (Readonly<Record<string, unknown>> & { readonly layers: Layers })[] {
  const kept = keptIn(overlapOf(mode));
  return module.get(PLACEMENT).flatMap(({ tileTypes, weightMemory }, s) =>
    tileTypes.map((type, t) => ({
      tile_x: type.width,
      tile_y: type.height,
      weights_from_top: type.weightsFromTop,
      make_h: (kept.columns && type.hCache.write) || null,
      use_h: (kept.columns && type.hCache.read) || null,
      make_v: (kept.rows && type.vCache.write) || null,
      use_v: (kept.rows && type.vCache.read) || null,
      weight_level: weightMemory ?? null,
      first_position: [type.firstAt.x, type.firstAt.y],
      multiplicity: type.count,
      layers: type.nodes.map((node) => nodeOf(module, s, t, node)),
    })),
  );
}

function nodeOf(module: Module, s: number, t: number, node: PlacedNode) {
  const mapped = module.find(MAPPINGS)?.[s]?.[t]?.find(({ layer }) => layer === node.id);
  const phase = module.find(COSTS)?.stacks[s]?.tileTypes[t]?.copies.find((entry) => entry.node === node.id)?.cost;
  const cost = mapped?.result.cost;
  return {
    layer: node.id,
    loop_sizes: Object.fromEntries(node.loops.map(({ dim, size }) => [dim, size])),
    input_bits: node.kind === "input" ? null : node.inputBits,
    output_bits: node.outputBits,
    top_I: node.topInput ?? null,
    top_O: node.topOutput,
    extra_I: node.lifted.input,
    extra_O: node.lifted.output,
    levels_after_cut: mapped ? chainsOf(mapped.problem.hierarchy.memories) : null,
    ...(cost && {
      energy: cost.energy,
      mac_energy: cost.macEnergy,
      latency0: cost.computationCycles,
      latency1: cost.loadedCycles,
      latency2: cost.offloadedCycles,
      energy_per_operand_level: cost.energyByLevel,
    }),
    copies: node.copies.map(({ kind, bits, from, to }, i) => ({
      kind: kind.replaceAll("-", "_"),
      bits,
      from: from.memory,
      to: to.memory,
      energy: phase?.copies[i]?.energy,
      hops: phase?.copies[i]?.hops.map(hopRow),
    })),
    copy_energy: phase?.energy ?? 0,
    copy_latency: phase?.cycles ?? 0,
    port_busy: phase?.portBusy ?? {},
  };
}

const hopRow = ({ from, to, sendEnergy, receiveEnergy, cycles }: CopyCost["hops"][number]) =>
  [from, to, sendEnergy, receiveEnergy, cycles] as const;

/** Memories of each operand, bottom up. */
function chainsOf(memories: Module["accelerator"]["memories"]): Readonly<Record<string, readonly string[]>> {
  const operands = [...new Set(memories.flatMap((memory) => memory.operands.map(({ operand }) => operand)))];
  const held = (operand: string) =>
    memories.filter((memory) => memory.operands.some((entry) => entry.operand === operand));
  return Object.fromEntries(operands.map((operand) => [operand, held(operand).map(({ id }) => id)]));
}

/**
 * A type of a full trace. The reference calls the operand of a kept output `CO`, that of a stack input `O`; an input's loops are named
 * after whoever reads it; sizes of operands follow from the loops.
 */
function fullType(type: TracedType): object {
  const layers = (type.layers as readonly Readonly<Record<string, unknown>>[]).map(({ input_dims, ...layer }) => {
    const copies = (layer.copies as readonly Readonly<Record<string, unknown>>[]).map(
      ({ operand: _name, ...copy }) => copy,
    );
    if (input_dims !== null) return { ...layer, copies };
    const { OX, OY } = layer.loop_sizes as Readonly<Record<string, number>>;
    return { ...layer, loop_sizes: { OX, OY }, copies };
  });
  return { ...withoutLabel(type), layers };
}

/** `stack` is a running label that says nothing. */
const withoutLabel = ({ stack: _label, ...type }: TracedType) => type;

/** A row of the planning files. */
const rowOf = ({ layer, loop_sizes, top_I, top_O, copies }: ReturnType<typeof nodeOf>) => [
  layer,
  loop_sizes.OX ?? 1,
  loop_sizes.OY ?? 1,
  top_I,
  top_O,
  copies.map(({ kind, bits, from, to }) => [kind, bits, from, to]),
];

// Totals

function totalsOf(module: Module) {
  const { totals, stacks } = module.get(COSTS);
  const copies = stacks.flatMap(({ tileTypes }) => tileTypes.flatMap((type) => type.copies));
  const offloaded = module.get(MAPPINGS).flatMap((types, s) =>
    types.flatMap((mapped, t) => {
      const count = module.get(PLACEMENT)[s]!.tileTypes[t]!.count;
      return mapped.map(({ result }) => count * result.cost.offloadedCycles);
    }),
  );
  return {
    energy: totals.energy,
    energy_layers: totals.energyByKind.mac + totals.energyByKind.memory,
    energy_copies: totals.energyByKind.copy,
    latency: totals.latency,
    latency_layers_without_offload: totals.latency - totals.copyLatency,
    latency_layers_with_offload: offloaded.reduce((sum, cycles) => sum + cycles, 0),
    latency_copies: totals.copyLatency,
    latency_copies_quirk_unmultiplied: copies.reduce((sum, { cost }) => sum + cost.cycles, 0), // DF-Q1
  };
}

interface EntrySum {
  readonly energy: number;
  readonly latency: number;
}

/** Per layer and per copy phase, over all tiles. */
function perEntry(module: Module): Readonly<Record<string, EntrySum>> {
  const { layers, stacks } = module.get(COSTS);
  const sums = new Map<string, EntrySum>(layers.map(({ layer, energy, latency }) => [layer, { energy, latency }]));
  module.get(PLACEMENT).forEach(({ tileTypes }, s) => {
    tileTypes.forEach(({ nodes, count }, t) => {
      for (const { id, kind } of nodes) {
        const name = `datamovement_b4_${kind === "input" ? "InputLayerNode" : "LayerNode"}_${id}`;
        const cost = stacks[s]!.tileTypes[t]!.copies.find(({ node }) => node === id)?.cost ?? { energy: 0, cycles: 0 };
        const known = sums.get(name) ?? { energy: 0, latency: 0 };
        sums.set(name, { energy: known.energy + count * cost.energy, latency: known.latency + count * cost.cycles });
      }
    });
  });
  return Object.fromEntries(sums);
}

const entriesIn = ({ per_entry }: FullTrace): Readonly<Record<string, EntrySum>> =>
  mapRecord(new Map(Object.entries(per_entry)), ({ energy, latency }) => ({ energy, latency }));
