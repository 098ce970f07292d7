/** The annotated schedule as a plain object, ready to be written as JSON (contract: `schedule.json`). */
import { type Accelerator, type Memory, replicas } from "../../ir/accelerator.js";
import { assumedNone } from "../../ir/assumed.js";
import type { Copy, CopyCost } from "../../ir/cost-model.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import {
  COSTS,
  type LayerMapping,
  type LayerPrecision,
  type LayerTotals,
  MAPPINGS,
  PLACEMENT,
  type PlacedNode,
  type PlacedTileType,
  PRECISION,
  STACKS,
  type StackCost,
  type StackPlacement,
  TILING,
  type TileRun,
  type TileTypeCost,
  type Totals,
} from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { type Layer, loopSize, type Network, outputOf, weightsOf } from "../../ir/network.js";
import { physicalTotals } from "../../ir/physical-totals.js";
import { VERSION } from "../../ir/version.js";
import { diagnosticJson } from "./diagnostic-json.js";
import { contentSha256 } from "./digest.js";
import type { ScheduleDocument } from "./schedule-schema.js";
import { searchJson } from "./search-json.js";

type Json<K extends keyof ScheduleDocument> = ScheduleDocument[K];
type StackJson = Json<"stacks">[number];
type TileTypeJson = StackJson["tileTypes"][number];
type CopyJson = TileTypeJson["copies"][number];

/** What the document records besides the module itself. */
export interface ScheduleRecord {
  /** Options as the user stated them, free of paths. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Text of the pipeline that ran. */
  readonly pipeline: string;
  /** The network as imported: its structure is what the hash covers. */
  readonly source: Network;
  readonly diagnostics: readonly Diagnostic[];
  /** Whether facts that the published model has no words for played a part: what of them is not stated is then said. */
  readonly isExact: boolean;
  /** Loop factors per layer that were asked for at most. */
  readonly loopLimit: number | "none";
}

/**
 * @param module - a module with the facts of the whole pipeline
 * @throws Error when a fact is missing: a defect of the pipeline
 */
export function scheduleDocument(module: Module, record: ScheduleRecord): ScheduleDocument {
  const { network, accelerator } = module;
  const costs = module.get(COSTS);
  return {
    format: "kerf/schedule",
    version: 1,
    generator: { name: "kerf", version: VERSION },
    options: record.options,
    pipeline: record.pipeline,
    model: { name: network.name, structureSha256: structureSha256(record.source) },
    accelerator: {
      ...describeAccelerator(accelerator),
      ...(record.isExact && { assumedNone: [...assumedNone(accelerator)] }),
    },
    memories: accelerator.memories.map((memory) => describeMemory(accelerator, memory)),
    totals: { ...totalsJson(costs.totals), ...physicalJson(module) },
    layers: layersJson(module, costs.layers),
    stacks: stacksJson(module),
    search: searchJson(module, record),
    coverage: network.coverage.map(({ node, opType, status, layer, reason }) => ({
      node,
      opType,
      status,
      ...(layer !== undefined && { layer }),
      ...(reason !== undefined && { reason }),
    })),
    diagnostics: record.diagnostics.map(diagnosticJson),
  };
}

/** Hash of layers and tensors; weight payloads, file names and the order of the ledger play no part. */
const structureSha256 = ({ layers, tensors }: Network): string =>
  contentSha256({
    layers: layers.map(({ loc: _, ...layer }) => layer),
    tensors: [...tensors.values()].map(({ loc: _, ...tensor }) => tensor),
  });

function describeAccelerator({ loc: _, ...description }: Accelerator): Json<"accelerator"> {
  return { name: description.name, sha256: contentSha256(description), description };
}

const describeMemory = (accelerator: Accelerator, memory: Memory): Json<"memories">[number] => ({
  id: memory.id,
  sizeBits: memory.size,
  wordBits: Math.max(...memory.ports.map(({ bandwidth }) => bandwidth)),
  replicas: replicas(accelerator.array, memory),
  ports: memory.ports.map(({ name, type, bandwidth, granularity }) => ({
    name,
    type,
    bandwidthBits: bandwidth,
    granularityBits: granularity,
  })),
});

function physicalJson(module: Module) {
  const { network, accelerator } = module;
  const macs = network.layers.reduce((sum, layer) => sum + layer.macs, 0);
  const { milliseconds, area, ...rates } = physicalTotals(accelerator, module.get(COSTS));
  return {
    macs,
    ...(milliseconds !== undefined && { latencyMs: milliseconds }),
    ...rates,
    ...(area !== undefined && { areaMm2: area }),
  };
}

const totalsJson = (totals: Totals): StackJson["totals"] => ({
  energyPj: totals.energy,
  latencyCycles: totals.latency,
  copyCycles: totals.copyLatency,
  operations: totals.operations,
  energyByKindPj: { ...totals.energyByKind },
  energyByMemoryPj: Object.fromEntries(
    [...totals.energyByMemory].map(([memory, operands]) => [memory, Object.fromEntries(operands)]),
  ),
  peakBits: Object.fromEntries(totals.peak),
  accesses: Object.fromEntries([...totals.accesses].map(([memory, count]) => [memory, { ...count }])),
});

function layersJson(module: Module, totals: readonly LayerTotals[]): Json<"layers"> {
  const precision = module.get(PRECISION);
  const executed = new Map(totals.map((entry) => [entry.layer, entry]));
  return module.network.layers.map((layer) => {
    const bits = precision.get(layer.id);
    if (bits === undefined) throw new Error(`layer '${layer.id}' has no precision`);
    return {
      id: layer.id,
      name: layer.name,
      op: layer.op,
      nodes: [...layer.nodes],
      dims: dimsOf(layer.loops),
      macs: layer.macs,
      ...executedMacs(layer, executed.get(layer.id)),
      weightBits: weightBits(layer, module.network, bits),
      precision: { operands: { ...bits.operands }, finalOutput: bits.finalOutput },
      operator: { ...layer.attributes },
      attributes: {},
    };
  });
}

/** Bits of the layer's constant operands; a window whose taps hold no data has none. */
function weightBits(layer: Layer, network: Network, precision: LayerPrecision): number {
  const sizes = weightsOf(layer).map(({ name, tensor }) => {
    const dims = tensor === undefined ? undefined : network.tensors.get(tensor)?.dims;
    const elements = dims?.reduce((product, extent) => product * extent, 1) ?? 0;
    return elements * (precision.operands[name] ?? 0);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * MACs executed; declared but needed by nobody; executed beyond the declared ones. `computed = macs - elided + recomputed`. Zero for layers
 * that multiply nothing.
 */
function executedMacs(layer: Layer, totals: LayerTotals | undefined) {
  if (layer.macs === 0 || totals === undefined) return { computedMacs: 0, elidedMacs: 0, recomputedMacs: 0 };
  const computedMacs = Math.round(totals.executed.macs);
  const elidedMacs = Math.max(0, layer.macs - Math.round(totals.needed.macs));
  return { computedMacs, elidedMacs, recomputedMacs: computedMacs - (layer.macs - elidedMacs) };
}

function stacksJson(module: Module): Json<"stacks"> {
  const [tilings, placements, mappings] = [module.get(TILING), module.get(PLACEMENT), module.get(MAPPINGS)];
  const costs = module.get(COSTS);
  const tensorOf = tensorNames(module);
  return module.get(STACKS).map((stack, s) => {
    const [tiling, placement, types, cost] = [tilings[s], placements[s], mappings[s], costs.stacks[s]];
    if (!tiling || !placement || !types || !cost) throw new Error(`stack ${stack.id} lacks a decision`);
    const named: TensorNames = (layer, operand) =>
      stack.inputs.find(({ id }) => id === layer)?.tensor ?? tensorOf(layer, operand);
    return {
      id: stack.id,
      layers: [...stack.layers],
      inputs: stack.inputs.map(({ id, tensor }) => ({ id, tensor })),
      tile: { ...tiling.tile },
      overlap: tiling.overlap,
      order: tiling.order,
      ...(placement.weightMemory !== undefined && { weightMemory: placement.weightMemory }),
      weightBits: placement.weightBits,
      ...(stack.alone !== undefined && { alone: stack.alone }),
      ...throughoutJson(placement, cost, named),
      totals: totalsJson(cost.totals),
      tileTypes: placement.tileTypes.map((type, t) => tileTypeJson(type, types[t] ?? [], cost.tileTypes[t]!, named)),
    };
  });
}

/** Tensor that an operand of a layer, or a stack input, stands for. */
type TensorNames = (layer: string, operand: string) => string;

/** What holds for all tiles of a stack, where types are products of columns and rows. */
function throughoutJson({ columns, rows, buffers, loads }: StackPlacement, cost: StackCost, named: TensorNames) {
  if (columns === undefined || rows === undefined) return {};
  return {
    columns: columns.map(runJson),
    rows: rows.map(runJson),
    buffers: (buffers ?? []).map((buffer) => ({ ...buffer })),
    loads: chargedLoads(loads ?? [], cost).map((copy, i) => copyJson(copy, cost.loads?.copies[i], named)),
    ...(cost.hiddenBetweenTiles !== undefined && { hiddenBetweenTilesCycles: cost.hiddenBetweenTiles }),
    ...(cost.residentWeights && { residentWeights: [...cost.residentWeights] }),
  };
}

/** Loads but for weights that stay on chip from one inference to the next. */
const chargedLoads = (loads: readonly Copy[], { residentWeights = [] }: StackCost): readonly Copy[] =>
  loads.filter(({ kind, to }) => kind !== "weights" || !residentWeights.includes(to.memory));

const runJson = ({ class: number, from, count }: TileRun) => ({ class: String(number), from, count });

function tileTypeJson(
  type: PlacedTileType,
  layers: readonly LayerMapping[],
  cost: TileTypeCost,
  named: TensorNames,
): TileTypeJson {
  return {
    id: type.id,
    ...(type.column !== undefined && { column: String(type.column) }),
    ...(type.row !== undefined && { row: String(type.row) }),
    width: type.width,
    height: type.height,
    count: type.count,
    firstAt: { ...type.firstAt },
    weightsFromTop: type.weightsFromTop,
    hCache: { ...type.hCache },
    vCache: { ...type.vCache },
    energyPj: cost.energy.mac + cost.energy.memory + cost.energy.copy,
    latencyCycles: cost.latency,
    copyCycles: cost.copies.reduce((sum, phase) => sum + phase.cost.cycles, 0),
    ...(cost.hidden !== undefined && { hiddenCopyCycles: cost.hidden }),
    layers: layers.map((mapping) => tileLayerJson(mapping, type)),
    copies: type.nodes.flatMap((node) => [
      ...phaseJson(node, "before", node.copies, cost, named),
      ...phaseJson(node, "after", node.after ?? [], cost, named),
    ]),
  };
}

/** Copies of one phase, which runs before or after a node. */
function phaseJson(
  { id }: PlacedNode,
  when: "before" | "after",
  copies: readonly Copy[],
  { copies: phases }: TileTypeCost,
  named: TensorNames,
): readonly CopyJson[] {
  const phase = phases.find((entry) => entry.node === id && entry.when === when);
  return copies.map((copy, i) => ({ ...copyJson(copy, phase?.cost.copies[i], named), [when]: id }));
}

const copyJson = (copy: Copy, cost: CopyCost | undefined, named: TensorNames) => ({
  kind: copy.kind,
  layer: copy.layer,
  tensor: named(copy.layer, copy.operand),
  operand: copy.operand,
  bits: copy.bits,
  from: { ...copy.from },
  to: { ...copy.to },
  energyPj: cost?.energy ?? 0,
  cycles: cost?.cycles ?? 0,
});

function tileLayerJson(
  { layer, problem, result: { mapping, cost } }: LayerMapping,
  { nodes }: PlacedTileType,
): TileTypeJson["layers"][number] {
  const loops = nodes.find(({ id }) => id === layer)?.loops ?? problem.loops;
  return {
    layer,
    computed: { width: loopSize(loops, "OX", 1), height: loopSize(loops, "OY", 1) },
    dims: dimsOf(problem.loops),
    levels: mapRecord(mapping.levels, (memories) => [...memories]),
    spatial: mapping.spatial.map((unroll) => ({ ...unroll })),
    loops: mapping.loops.map((loop) => ({ ...loop })),
    boundaries: mapRecord(mapping.boundaries, (cuts) => [...cuts]),
    ...(mapping.copies && {
      doubleBuffered: mapRecord(mapping.copies, (copies) => copies.map((count) => count === 2)),
    }),
    energyPj: cost.energy,
    macEnergyPj: cost.macEnergy,
    energyByLevelPj: mapRecord(cost.energyByLevel, (levels) => [...levels]),
    accesses: mapRecord(cost.accesses, (levels) => levels.map((level) => ({ ...level }))),
    latencyCycles: cost.latencyCycles,
    computationCycles: cost.computationCycles,
    offloadedCycles: cost.offloadedCycles,
    idealCycles: cost.idealCycles,
  };
}

const mapRecord = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));

const dimsOf = (loops: Layer["loops"]): Record<string, number> =>
  Object.fromEntries(loops.map(({ dim, size }) => [dim, size]));

function tensorNames(module: Module): TensorNames {
  const layers = new Map<string, Layer>(module.network.layers.map((layer) => [layer.id, layer]));
  return (id, operand) => {
    const layer = layers.get(id);
    if (layer === undefined) return id;
    return (layer.operands.find(({ name }) => name === operand) ?? outputOf(layer)).tensor ?? id;
  };
}
