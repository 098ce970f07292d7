import type { CostModel } from "../../ir/cost-model.js";
import { COSTS, OVERLAP_MODES, STACKS, type Stack } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { deviation, type StudyCell, type StudyResult, type StudyTable } from "../../ir/study.js";
import { evaluatePoint, prepare } from "../evaluate-point.js";
import { printPoint, type TileGrid, type TilePoint } from "../grid.js";
import { bestUniform, energyOf, latencyOf, layerByLayer, sweepStrategies, type UniformStrategy } from "./case-grid.js";
import { type KnownPoint, knownPoints, REFERENCE_SOURCE, type ReferencePoint } from "./reference-points.js";
import { NETWORKS, type Study, type StudyContext } from "./study.js";

/** Part of the first study's grid, so that fifty sweeps take minutes: the very small tiles and the very large are left out. */
const GRID: TileGrid = { widths: [4, 16, 60, 240], heights: [4, 18, 72, 270], overlaps: OVERLAP_MODES };

const FAMILIES = ["meta-prototype", "tpu-like", "edge-tpu-like", "ascend-like", "tesla-npu-like"];

export const definesCase3: Study = {
  name: "defines-case3",
  description: "five networks on ten accelerators: best depth-first against layer by layer, DF-friendly against plain",
  accelerators: FAMILIES.flatMap((family) => [family, `${family}-df`]),
  machines: "several",
  run: (context, { accelerators }) => runCase3(context, accelerators, NETWORKS, GRID),
};

interface Pairing {
  readonly accelerator: string;
  readonly network: string;
  readonly layers: UniformStrategy;
  readonly depthFirst: UniformStrategy;
  /** Layers run in more than one stack (DF-Q2). */
  readonly isRepeating: boolean;
  readonly compared: readonly Comparison[];
}

/** A point whose result by the reference is known; energies in pJ, latencies in cycles. */
interface Comparison {
  readonly point: TilePoint;
  readonly ours: ReferencePoint;
  readonly reference: ReferencePoint;
}

/** The study over any machines, networks and grid. */
export function runCase3(
  context: StudyContext,
  accelerators: readonly string[],
  networks: readonly string[],
  grid: TileGrid,
): StudyResult {
  const { costModel, progress } = context;
  const runs = accelerators.flatMap((accelerator) => networks.map((network) => ({ accelerator, network })));
  const pairings = runs.map(({ accelerator, network }, index): Pairing => {
    progress?.(index, runs.length, `${network} on ${accelerator}`);
    const [model, machine] = [context.network(network), context.accelerator(accelerator, network)];
    const prepared = prepare(model, machine, "auto", costModel);
    return {
      accelerator,
      network,
      layers: layerByLayer(model, machine, costModel),
      depthFirst: bestUniform(sweepStrategies(model, machine, grid, costModel)),
      isRepeating: repeatsLayers(prepared.get(STACKS)),
      compared: compare(prepared, knownPoints(costModel.rules, accelerator, network), costModel),
    };
  });
  return {
    study: "defines-case3",
    title: `${networks.length} networks on ${accelerators.length} accelerators`,
    notes: [
      `Ours: cost model defines, loop limit ${costModel.rules.loopLimit}. Layer by layer: one stack, maps uncut. Best depth-first: one tile and mode for all stacks of the published weight rule, least energy among widths ${grid.widths.join(", ")} × heights ${grid.heights.join(", ")} in ${grid.overlaps.length} modes and the uncut map.`,
      "A gain is the energy (or cycles) of the first divided by that of the second.",
      ...repeatNote(pairings),
      "The gains behind the paper's figure are not in our sources: single points are compared instead.",
    ],
    blocks: [gainTable(pairings), ...pairTables(pairings, accelerators), ...pointTables(pairings)],
  };
}

const compare = (prepared: Module, known: readonly KnownPoint[], costModel: CostModel): readonly Comparison[] =>
  known.map(({ point, reference }) => ({
    point,
    ours: evaluatePoint(prepared, point, costModel).get(COSTS).totals,
    reference,
  }));

const repeatsLayers = (stacks: readonly Stack[]): boolean => {
  const layers = stacks.flatMap((stack) => stack.layers);
  return new Set(layers).size < layers.length;
};

function repeatNote(pairings: readonly Pairing[]): readonly string[] {
  const machines = new Set(pairings.filter(({ isRepeating }) => isRepeating).map(({ accelerator }) => accelerator));
  if (machines.size === 0) return [];
  return [
    `On ${[...machines].join(", ")} the weight rule cuts some networks after layer 0, which the published rules take for no cut (DF-Q2): layers are counted more than once, and depth-first looks dearer than it is.`,
  ];
}

const gainTable = (pairings: readonly Pairing[]): StudyTable => ({
  kind: "table",
  id: "gains",
  title: "best depth-first against layer by layer",
  columns: [
    { title: "accelerator" },
    { title: "network" },
    { title: "energy, layer by layer", unit: "pJ" },
    { title: "energy, depth-first", unit: "pJ" },
    { title: "energy gain", unit: "ratio" },
    { title: "tile" },
    { title: "latency, layer by layer", unit: "cycle" },
    { title: "latency, depth-first", unit: "cycle" },
    { title: "latency gain", unit: "ratio" },
  ],
  rows: pairings.map(({ accelerator, network, layers, depthFirst }): readonly StudyCell[] => [
    accelerator,
    network,
    energyOf(layers),
    energyOf(depthFirst),
    energyOf(layers) / energyOf(depthFirst),
    printPoint(depthFirst.point),
    latencyOf(layers),
    latencyOf(depthFirst),
    latencyOf(layers) / latencyOf(depthFirst),
  ]),
});

/** Plain machines beside their DF-friendly variants, where both were run: geometric means over the networks. */
function pairTables(pairings: readonly Pairing[], accelerators: readonly string[]): readonly StudyTable[] {
  const families = accelerators.filter((name) => accelerators.includes(`${name}-df`));
  if (families.length === 0) return [];
  const of = (accelerator: string) => pairings.filter((pairing) => pairing.accelerator === accelerator);
  const rows = families.map((family): readonly StudyCell[] => {
    const [plain, friendly] = [of(family), of(`${family}-df`)];
    const ratio = (first: (index: number) => number, second: (index: number) => number) =>
      geometricMean(plain.map((_, index) => first(index) / second(index))); // both ran the same networks in the same order
    return [
      family,
      ratio(
        (i) => energyOf(plain[i]!.layers),
        (i) => energyOf(plain[i]!.depthFirst),
      ),
      ratio(
        (i) => energyOf(friendly[i]!.layers),
        (i) => energyOf(friendly[i]!.depthFirst),
      ),
      ratio(
        (i) => energyOf(plain[i]!.layers),
        (i) => energyOf(friendly[i]!.layers),
      ),
      ratio(
        (i) => energyOf(plain[i]!.depthFirst),
        (i) => energyOf(friendly[i]!.depthFirst),
      ),
    ];
  });
  return [
    {
      kind: "table",
      id: "df-friendly",
      title: "DF-friendly against plain, energy, geometric mean over the networks",
      columns: [
        { title: "family" },
        { title: "depth-first gain, plain", unit: "ratio" },
        { title: "depth-first gain, DF-friendly", unit: "ratio" },
        { title: "gain of DF-friendly, layer by layer", unit: "ratio" },
        { title: "gain of DF-friendly, depth-first", unit: "ratio" },
      ],
      rows,
    },
  ];
}

/** One row per known point of the machines and networks that ran; no table where none is known. */
function pointTables(pairings: readonly Pairing[]): readonly StudyTable[] {
  const rows = pairings.flatMap(({ accelerator, network, compared }) =>
    compared.map(({ point, ours, reference }): readonly StudyCell[] => [
      accelerator,
      network,
      printPoint(point),
      ours.energy,
      reference.energy,
      deviation(ours.energy, reference.energy),
      ours.latency,
      reference.latency,
    ]),
  );
  if (rows.length === 0) return [];
  return [
    {
      kind: "table",
      id: "points",
      title: "points whose reference is known",
      note: `Reference: ${REFERENCE_SOURCE}.`,
      isDetail: true,
      columns: [
        { title: "accelerator" },
        { title: "network" },
        { title: "tile" },
        { title: "energy, ours", unit: "pJ" },
        { title: "energy, reference", unit: "pJ" },
        { title: "energy deviation", unit: "deviation" },
        { title: "cycles, ours", unit: "cycle" },
        { title: "cycles, reference", unit: "cycle" },
      ],
      rows,
    },
  ];
}

const geometricMean = (ratios: readonly number[]): number =>
  Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
