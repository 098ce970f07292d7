import type { OverlapMode, StackBuffer, Totals } from "../../ir/facts.js";
import { COSTS, PLACEMENT } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { DEFINES, type RuleSet } from "../../ir/rules.js";
import {
  deviation,
  type HeatMap,
  NOT_AVAILABLE,
  type StudyBlock,
  type StudyCell,
  type StudyResult,
  type StudyTable,
  type StudyUnit,
} from "../../ir/study.js";
import { printTileSize } from "../../passes/options.js";
import { evaluatePoint, prepare } from "../evaluate-point.js";
import { gridPoints, type TileGrid, type TilePoint } from "../grid.js";
import { type LiveData, liveData } from "../live-data.js";
import { mergeTraffic, stackTraffic, type Traffic } from "../traffic.js";
import { CASE_GRID } from "./case-grid.js";
import { REFERENCE_SOURCE, type ReferencePoint, referencePoint } from "./reference-points.js";
import type { Study, StudyContext } from "./study.js";

const NETWORK = "fsrcnn";
/** Regular tile of the published figures on tile types, memory levels and live data. */
const SHOWN = { width: 60, height: 72 } as const;

/** What is kept of one point; the module itself would hold every mapping. */
interface PointSummary {
  readonly point: TilePoint;
  readonly totals: Totals;
  readonly typeCount: number;
  readonly traffic: readonly Traffic[];
  readonly reference: ReferencePoint | undefined;
}

export const definesCase1: Study = {
  name: "defines-case1",
  description: "FSRCNN at 108 tile sizes and overlap modes: energy, latency, operations, accesses, tile types, levels",
  accelerators: ["meta-prototype-df"],
  machines: "one",
  runsExactly: true,
  run: (context, { accelerators }) => runCase1(context, accelerators[0] ?? "meta-prototype-df", CASE_GRID),
};

/** The study over any grid. */
export function runCase1(context: StudyContext, accelerator: string, grid: TileGrid): StudyResult {
  const { costModel, progress } = context;
  const prepared = prepare(context.network(NETWORK), context.accelerator(accelerator, NETWORK), "auto", costModel);
  const points = gridPoints(grid);
  const looked = new Map<OverlapMode, Module>();
  const summaries = points.map((point, index): PointSummary => {
    progress?.(index, points.length, printTileSize(point.tile));
    const module = evaluatePoint(prepared, point, costModel);
    if (isShown(point)) looked.set(point.overlap, module);
    const reference = referencePoint(referenceRules(costModel.rules), accelerator, NETWORK, point);
    return { ...summarize(module), point, reference };
  });
  const shown = grid.overlaps.map((overlap) => {
    const module = looked.get(overlap) ?? evaluatePoint(prepared, { tile: SHOWN, overlap }, costModel);
    return { overlap, module, live: isPublished(costModel.rules) ? liveData(module, costModel.rules) : undefined };
  });
  return {
    study: "defines-case1",
    title: `FSRCNN on ${accelerator}: ${points.length} tile sizes and overlap modes`,
    notes: isPublished(costModel.rules)
      ? notesOn(summaries, costModel.rules.loopLimit)
      : exactNotes(summaries, costModel.rules),
    blocks: [
      ...grid.overlaps.flatMap((overlap) => heatMaps(grid, summaries, overlap)),
      accessTable(summaries),
      ...shown.map(({ overlap, module }) => levelTable(module, overlap)),
      ...shown.flatMap(({ overlap, live }) => (live === undefined ? [] : [liveTable(live, overlap)])),
      pointTable(summaries),
    ],
  };
}

const isShown = ({ tile }: TilePoint): boolean =>
  tile !== "full" && tile.width === SHOWN.width && tile.height === SHOWN.height;

const isPublished = ({ name }: RuleSet): boolean => name === DEFINES.name;

/** Rules whose results stand beside ours: other ones than the published are compared with these as they were published. */
const referenceRules = (rules: RuleSet): RuleSet => (isPublished(rules) ? rules : DEFINES);

function summarize(module: Module): Pick<PointSummary, "totals" | "typeCount" | "traffic"> {
  const typeCount = module.get(PLACEMENT).reduce((sum, { tileTypes }) => sum + tileTypes.length, 0);
  return {
    totals: module.get(COSTS).totals,
    typeCount,
    traffic: mergeTraffic(stackTraffic(module).flat(), module.accelerator.memories),
  };
}

function notesOn(summaries: readonly PointSummary[], loopLimit: number | "none"): readonly string[] {
  const known = summaries.filter(({ reference }) => reference !== undefined);
  const energies = known.map(({ totals, reference }) => Number(deviation(totals.energy, reference!.energy)));
  const unequal = known.filter(({ totals, reference }) => totals.latency !== reference!.latency).length;
  return [
    `Ours: cost model defines, loop limit ${loopLimit}, stacks by the published weight rule.`,
    known.length === 0
      ? `Reference: ${NOT_AVAILABLE} for these points, this machine or this loop limit.`
      : `Reference: ${REFERENCE_SOURCE}; known for ${known.length} of ${summaries.length} points. Largest relative deviation of energy ${Math.max(...energies).toExponential(1)}; cycles differ at ${unequal} points.`,
    "The figures of the paper use a loop limit of 8; their numbers are not in our sources.",
  ];
}

/** Other rules, other numbers: no claim is made beyond how far apart they are. */
function exactNotes(summaries: readonly PointSummary[], { name, loopLimit }: RuleSet): readonly string[] {
  const ratios = summaries.flatMap(({ totals, reference }) =>
    reference === undefined ? [] : [totals.energy / reference.energy],
  );
  const beside = `Energy is ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} times the reference's.`;
  return [
    `Ours: cost model ${name}, loop limit ${loopLimit}, stacks by its weight rule.`,
    ratios.length === 0
      ? `Reference: ${NOT_AVAILABLE} for these points or this machine.`
      : `Reference: ${REFERENCE_SOURCE}; known for ${ratios.length} of ${summaries.length} points. It follows the published rules: equal numbers are not to be expected. ${beside}`,
    "Live data is a figure of the published rules, and not shown.",
  ];
}

interface Quantity {
  readonly id: string;
  readonly title: string;
  readonly unit: StudyUnit;
  readonly value: (summary: PointSummary) => number;
  readonly reference?: (reference: ReferencePoint) => number;
}

const QUANTITIES: readonly Quantity[] = [
  {
    id: "energy",
    title: "energy",
    unit: "pJ",
    value: ({ totals }) => totals.energy,
    reference: ({ energy }) => energy,
  },
  {
    id: "latency",
    title: "latency",
    unit: "cycle",
    value: ({ totals }) => totals.latency,
    reference: ({ latency }) => latency,
  },
  { id: "operations", title: "multiply-accumulates", unit: "operation", value: ({ totals }) => totals.operations },
  { id: "tile-types", title: "tile types", unit: "count", value: ({ typeCount }) => typeCount },
];

function heatMaps(grid: TileGrid, all: readonly PointSummary[], overlap: OverlapMode): readonly HeatMap[] {
  const at = new Map(
    all.filter(({ point }) => point.overlap === overlap).map((summary) => [printTileSize(summary.point.tile), summary]),
  );
  const cells = <T>(value: (summary: PointSummary) => T): readonly (readonly T[])[] =>
    grid.heights.map((height) => grid.widths.map((width) => value(at.get(`${width}x${height}`)!))); // the grid's own points
  return QUANTITIES.map(({ id, title, unit, value, reference }) => ({
    kind: "heat-map",
    id: `${id}-${overlap}`,
    title: `${title}, ${overlap}`,
    unit,
    columnTitle: "tile width",
    rowTitle: "tile height",
    columns: grid.widths.map(String),
    rows: grid.heights.map(String),
    values: cells(value),
    ...(reference !== undefined && {
      reference: {
        source: REFERENCE_SOURCE,
        values: cells((summary) => (summary.reference === undefined ? NOT_AVAILABLE : reference(summary.reference))),
      },
    }),
  }));
}

/** Accesses by what they belong to, at every point. */
const accessTable = (summaries: readonly PointSummary[]): StudyTable => ({
  kind: "table",
  id: "accesses",
  title: "accesses of activations, weights and copies",
  note: "Accesses of a memory's full port width, over all tiles.",
  isDetail: true,
  columns: [
    { title: "overlap" },
    { title: "tile" },
    { title: "what" },
    { title: "memory" },
    { title: "read", unit: "access" },
    { title: "written", unit: "access" },
    { title: "energy", unit: "pJ" },
  ],
  rows: summaries.flatMap(({ point, traffic }) =>
    traffic.map(({ group, memory, read, write, energy }): readonly StudyCell[] => [
      point.overlap,
      printTileSize(point.tile),
      group,
      memory,
      read,
      write,
      energy,
    ]),
  ),
});

const TOP = "top of the chain";

/** Where a stack holds the weights of each layer, from its first tile to its last. */
function weightHomes(buffers: readonly StackBuffer[]): (layer: string) => string {
  const homes = new Map(buffers.flatMap(({ role, node, memory }) => (role === "weights" ? [[node, memory]] : [])));
  return (layer) => homes.get(layer) ?? TOP;
}

function levelTable(module: Module, overlap: OverlapMode): StudyTable {
  const name = (id: string): string => module.network.layers.find((layer) => layer.id === id)?.name ?? id;
  const rows = module.get(PLACEMENT).flatMap(({ weightMemory = "–", tileTypes, buffers }) => {
    const weightsOf = buffers === undefined ? (): string => weightMemory : weightHomes(buffers);
    return tileTypes.flatMap((type) => {
      const layers = type.nodes.filter(({ kind }) => kind === "layer");
      return layers.map(({ id, topInput = "–", topOutput }): readonly StudyCell[] => [
        `${type.id}: ${type.width}x${type.height}`,
        type.count,
        name(id),
        topInput,
        topOutput,
        type.weightsFromTop ? TOP : weightsOf(id),
      ]);
    });
  });
  return {
    kind: "table",
    id: `levels-${overlap}`,
    title: `top memory level per tile type and layer, tile ${printTileSize(SHOWN)}, ${overlap}`,
    columns: [
      { title: "tile type" },
      { title: "tiles", unit: "count" },
      { title: "layer" },
      { title: "input" },
      { title: "output" },
      { title: "weights" },
    ],
    rows,
  };
}

const liveTable = (live: readonly LiveData[], overlap: OverlapMode): StudyTable => ({
  kind: "table",
  id: `live-data-${overlap}`,
  title: `live data over the layers, most frequent tile of ${printTileSize(SHOWN)}, ${overlap}`,
  note: "Live at once: new parts of input and output, maps that wait, kept overlap of all layers, all weights of the stack.",
  columns: [
    { title: "layer" },
    { title: "input", unit: "bit" },
    { title: "output", unit: "bit" },
    { title: "waiting maps", unit: "bit" },
    { title: "kept columns", unit: "bit" },
    { title: "kept rows", unit: "bit" },
    { title: "weights", unit: "bit" },
    { title: "live at once", unit: "bit" },
  ],
  rows: live.map((data) => [
    data.layer,
    data.input,
    data.output,
    data.waiting,
    data.keptColumns,
    data.keptRows,
    data.weights,
    data.total,
  ]),
});

/** Every point with its reference beside it. */
const pointTable = (summaries: readonly PointSummary[]): StudyBlock => ({
  kind: "table",
  id: "points",
  title: "every point beside its reference",
  note: `Reference: ${REFERENCE_SOURCE}.`,
  isDetail: true,
  columns: [
    { title: "overlap" },
    { title: "tile" },
    { title: "energy, ours", unit: "pJ" },
    { title: "energy, reference", unit: "pJ" },
    { title: "deviation", unit: "deviation" },
    { title: "cycles, ours", unit: "cycle" },
    { title: "cycles, reference", unit: "cycle" },
  ],
  rows: summaries.map(({ point, totals, reference }) => [
    point.overlap,
    printTileSize(point.tile),
    totals.energy,
    reference?.energy ?? NOT_AVAILABLE,
    deviation(totals.energy, reference?.energy ?? NOT_AVAILABLE),
    totals.latency,
    reference?.latency ?? NOT_AVAILABLE,
  ]),
});
