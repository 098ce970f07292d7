/** A schedule as a table that a person likes to read. */

import { assumedNone } from "../../ir/assumed.js";
import {
  COSTS,
  type LayerMapping,
  MAPPINGS,
  PLACEMENT,
  type PlacedTileType,
  STACKS,
  type Stack,
  type StackPlacement,
  type StackTiling,
  TILING,
  type Totals,
  UNROLLING,
} from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { type Layer, type LayerId, weightsOf } from "../../ir/network.js";
import { physicalTotals } from "../../ir/physical-totals.js";
import { energyScale, grouped, inScale, percent, type Scale, size } from "./quantities.js";
import { searchJson } from "./search-json.js";
import { type Align, ellipsis, printTable } from "./table.js";

const NAME_LIMIT = 36;

const COLUMNS: readonly Align[] = [
  ...(["left", "left", "right", "left", "left", "left"] as const),
  ...(["right", "right", "right", "right"] as const),
];

/** Stacks with their layers, then energy by memory, then totals and what dominates them. */
export function printSummary(module: Module, costModel: string): string {
  const { totals } = module.get(COSTS);
  const stacks = module.get(STACKS);
  const head = `${module.network.name} on ${module.accelerator.name}, cost model ${costModel}, ${plural(stacks.length, "stack")}`;
  const scale = energyScale(totals.energy);
  const layers = new Map(module.network.layers.map((layer) => [layer.id, layer]));
  const lines = [
    head,
    ...stacks.flatMap((_, s) => ["", ...printStack(module, layers, s, scale)]),
    "",
    ...printMemories(module, totals, scale),
    "",
    ...printTotals(totals, scale),
    ...(costModel === "exact" ? [...printWork(module), printSearch(module), ...printMachine(module)] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function printStack(module: Module, layers: ReadonlyMap<LayerId, Layer>, s: number, scale: Scale): readonly string[] {
  const costs = module.get(COSTS);
  const stack = module.get(STACKS)[s]!;
  if (stack.layers.length === 0) return [`stack ${stack.id}: the network's input alone, as the published rule cuts it`];
  const placement = module.get(PLACEMENT)[s]!;
  const { totals } = costs.stacks[s]!;
  const priced = (cells: readonly string[], energy: number, latency: number) => [
    ...cells,
    inScale(energy, scale),
    percent(energy, costs.totals.energy),
    grouped(latency),
    percent(latency, costs.totals.latency),
  ];
  const sums = layerSums(placement, module.get(MAPPINGS)[s]!);
  const rows = stack.layers.map((id) => {
    const { energy, latency } = sums.get(id) ?? { energy: 0, latency: 0 }; // what is moved has copies only
    return priced(layerCells(module, layers.get(id)!, placement), energy, latency);
  });
  const copies = priced(["copies", "", "", "", "", ""], totals.energyByKind.copy, totals.copyLatency);
  const whole = priced(["stack", "", "", "", "", ""], totals.energy, totals.latency);
  const heading = ["layer", "op", "tile", "W in", "I in", "O in", `energy [${scale.unit}]`, "", "cycles", ""];
  const table = printTable([heading, ...rows, copies, whole], COLUMNS, "  ");
  return [stackHeading(stack, module.get(TILING)[s]!, placement), ...table];
}

/** Energy in pJ and cycles of each layer over the tiles of one stack. */
function layerSums({ tileTypes }: StackPlacement, mappings: readonly (readonly LayerMapping[])[]) {
  const sums = new Map<LayerId, { readonly energy: number; readonly latency: number }>();
  tileTypes.forEach(({ count }, t) => {
    for (const { layer, result } of mappings[t]!) {
      const { energy, latency } = sums.get(layer) ?? { energy: 0, latency: 0 };
      const { cost } = result;
      sums.set(layer, { energy: energy + count * cost.energy, latency: latency + count * cost.latencyCycles });
    }
  });
  return sums;
}

function stackHeading(stack: Stack, tiling: StackTiling, { tileTypes }: StackPlacement): string {
  const tiles = tileTypes.reduce((sum, { count }) => sum + count, 0);
  const types = tileTypes.length === 1 ? "" : ` of ${tileTypes.length} types`;
  const how = stack.alone === undefined ? `${tiling.overlap}, ${tiling.order}` : `alone: ${stack.alone}`;
  const tile = `tile ${tiling.tile.width}x${tiling.tile.height}`;
  return `stack ${stack.id}: ${plural(stack.layers.length, "layer")}, ${tile}, ${plural(tiles, "tile")}${types}, ${how}`;
}

/** The row shows the most frequent tile type: its new part, and the highest memory of each operand. */
function layerCells(module: Module, layer: Layer, placement: StackPlacement): readonly string[] {
  const { id } = layer;
  const node = mainType(placement).nodes.find((candidate) => candidate.id === id);
  const extent = (dim: string) => node?.loops.find((loop) => loop.dim === dim)?.size ?? 1;
  const hasWeights = weightsOf(layer).some(({ tensor }) => tensor !== undefined) && module.get(UNROLLING).has(id);
  return [
    ellipsis(layer.name, NAME_LIMIT),
    [layer.op, ...layer.postOps.map(({ op }) => op)].join("+"),
    `${extent("OX")}x${extent("OY")}`,
    hasWeights ? (weightHome(id, placement) ?? "–") : "–",
    node?.topInput ?? "–",
    node?.topOutput ?? "–",
  ];
}

/** Memory on chip that holds a layer's weights from tile to tile; under exact rules each layer has its own, and else they are streamed. */
const weightHome = (layer: string, { weightMemory, buffers }: StackPlacement): string | undefined =>
  buffers === undefined
    ? weightMemory
    : (buffers.find(({ node, role }) => node === layer && role === "weights")?.memory ?? "streamed");

const mainType = ({ tileTypes }: StackPlacement): PlacedTileType =>
  tileTypes.reduce((best, type) => (type.count > best.count ? type : best));

function printMemories(module: Module, totals: Totals, scale: Scale): readonly string[] {
  const operands = [...new Set([...totals.energyByMemory.values()].flatMap((row) => [...row.keys()]))].sort();
  const rows = module.accelerator.memories.map((memory) => {
    const energies = totals.energyByMemory.get(memory.id);
    const sum = [...(energies?.values() ?? [])].reduce((a, b) => a + b, 0);
    const peak = totals.peak.get(memory.id) ?? 0;
    return [
      memory.id,
      ...operands.map((operand) => {
        const energy = energies?.get(operand);
        return energy === undefined ? "–" : inScale(energy, scale);
      }),
      inScale(sum, scale),
      percent(sum, totals.energy),
      size(peak),
      size(memory.size),
    ];
  });
  const heading = [`energy [${scale.unit}]`, ...operands, "sum", "", "largest footprint", "capacity"];
  return printTable(
    [heading, ...rows],
    ["left", ...operands.map(() => "right" as const), "right", "right", "right", "right"],
    "  ",
  );
}

function printTotals(totals: Totals, scale: Scale): readonly string[] {
  const { mac, memory, copy } = totals.energyByKind;
  const part = (label: string, value: number) => `${label} ${percent(value, totals.energy)}`;
  const drawn = totals.energyByKind.static;
  const parts = [
    part("MAC", mac),
    part("memory", memory),
    part("copies", copy),
    ...(drawn === undefined ? [] : [part("static", drawn)]),
  ].join(", ");
  return [
    `energy    ${inScale(totals.energy, scale)} ${scale.unit} (${grouped(totals.energy)} pJ): ${parts}`,
    `latency   ${grouped(totals.latency)} cycles: copies ${percent(totals.copyLatency, totals.latency)}`,
    `dominant  ${dominant(totals)}`,
  ];
}

/** Multiply-accumulates of the network beside those that tiles execute. */
function printWork(module: Module): readonly string[] {
  const declared = module.network.layers.reduce((sum, { macs }) => sum + macs, 0);
  const { layers } = module.get(COSTS);
  const executed = layers.reduce((sum, layer) => sum + layer.executed.macs, 0);
  const needed = layers.reduce((sum, layer) => sum + layer.needed.macs, 0);
  const parts = [
    ...(declared > needed ? [`${grouped(declared - needed)} elided, which nobody needs`] : []),
    ...(executed > needed ? [`${grouped(executed - needed)} computed again`] : []),
  ];
  return [`MACs      ${grouped(executed)} of ${grouped(declared)}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`];
}

/** How far the answer is proven in what was searched. */
function printSearch(module: Module): string {
  const { optimal, gap, bound } = searchJson(module, { loopLimit: "none" });
  if (optimal) return "search    proven: nothing that was searched needs less energy";
  if (gap === undefined || bound === undefined || bound === 0) return "search    stopped before a proof";
  const above = gap / (1 - gap); // of the bound, while the gap is a part of the energy that was found
  const text = above < 0.1 ? (100 * above).toPrecision(2) : String(Math.ceil(100 * above));
  return `search    stopped: at most ${text} % above the least energy of what was searched`;
}

/** What the accelerator states beside its array and memories, and what it leaves out. */
function printMachine(module: Module): readonly string[] {
  const { accelerator } = module;
  const { milliseconds, tops, topsPerWatt, area } = physicalTotals(accelerator, module.get(COSTS));
  const none = assumedNone(accelerator);
  return [
    ...(milliseconds === undefined
      ? []
      : [
          `time      ${significant(milliseconds)} ms at ${accelerator.clock} MHz: ${significant(tops ?? 0)} TOPS, ${significant(topsPerWatt ?? 0)} TOPS/W`,
        ]),
    ...(area === undefined ? [] : [`area      ${significant(area)} mm²`]),
    ...(none.length === 0 ? [] : [`assumed   none: ${none.join("; ")}`]),
  ];
}

const significant = (value: number): string => String(Number(value.toPrecision(4)));

/** The memory and operand that cost most. */
function dominant(totals: Totals): string {
  const entries = [...totals.energyByMemory].flatMap(([memory, operands]) =>
    [...operands].map(([operand, energy]) => ({ what: `${operand} in ${memory}`, energy })),
  );
  const all = [...entries, { what: "multiply-accumulate", energy: totals.energyByKind.mac }];
  const most = all.reduce((best, entry) => (entry.energy > best.energy ? entry : best));
  return `${most.what}: ${percent(most.energy, totals.energy)} of the energy`;
}

const plural = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
