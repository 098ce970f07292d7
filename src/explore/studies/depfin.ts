import type { LayerCost } from "../../ir/cost-model.js";
import { COSTS, MAPPINGS, PLACEMENT } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { StudyCell, StudyResult, StudyTable, StudyUnit } from "../../ir/study.js";
import { evaluatePoint, prepare } from "../evaluate-point.js";
import type { TilePoint } from "../grid.js";
import { liveData } from "../live-data.js";
import type { Study, StudyContext } from "./study.js";

const NETWORK = "fsrcnn";
/** The chip computes one row of every layer after the other and keeps what the next rows need. */
const ROW: TilePoint = { tile: { width: 960, height: 1 }, overlap: "fully-cached" };

const KILOBYTE = 8 * 1024;

/** A figure and where it comes from. */
type Figure = readonly [what: string, value: number, source: string];

/** Cycles that others measured or modelled (MC §12). */
const KNOWN_CYCLES: readonly Figure[] = [
  ["measured on the chip", 6.18e6, "published"],
  ["Stream, validation program of June 2023", 6_370_024, "run of the reference"],
  ["the same, computation only", 5_018_220, "run of the reference"],
  ["the same, ideal", 4_924_800, "run of the reference"],
  ["Stream, in print", 5.65e6, "quoted at second hand"],
];

/** Activation memory in use (MC §12). */
const KNOWN_MEMORY: readonly Figure[] = [
  ["measured on the chip", 238 * KILOBYTE, "quoted at second hand"],
  ["Stream, validation program of June 2023", 262.5 * KILOBYTE, "run of the reference"],
  ["Stream, in print", 244 * KILOBYTE, "quoted at second hand"],
];

export const depfin: Study = {
  name: "depfin",
  description: "the DepFiN chip running FSRCNN row by row: modelled cycles against measured ones",
  accelerators: ["depfin"],
  machines: "one",
  run: (context, { accelerators }) => runDepfin(context, accelerators[0] ?? "depfin"),
};

/** The study on any description of the chip. */
export function runDepfin(context: StudyContext, accelerator: string): StudyResult {
  const { costModel } = context;
  const prepared = prepare(context.network(NETWORK), context.accelerator(accelerator, NETWORK), "auto", costModel);
  const module = evaluatePoint(prepared, ROW, costModel);
  const { latency, copyLatency } = module.get(COSTS).totals;
  const live = liveData(module, costModel.rules).map(({ total, stackWeights }) => total - stackWeights);
  const cycles: readonly Figure[] = [
    ["ours, as the published rules add up", latency, "without final off-loading"],
    ["ours, with final off-loading of every tile", layerCycles(module, "offloadedCycles") + copyLatency, ""],
    ["ours, computation with stalls", layerCycles(module, "computationCycles"), ""],
    ["ours, unrolled loops without stalls", layerCycles(module, "temporalCycles"), ""],
  ];
  const memory: Figure = ["ours, new rows and kept overlap", Math.max(...live), "without weights"];
  return {
    study: "depfin",
    title: `FSRCNN 960×540 on ${accelerator}, modelled against measured`,
    notes: [
      `Ours: cost model defines, loop limit ${costModel.rules.loopLimit}, tile 960x1, fully cached; layers, copies and tiles one after the other.`,
      "Accuracy is 1 − |1 − value / measured|. The chip's registers and most of its energies are not known to us: no energy is shown, and the accumulators are assumed.",
      "The networks differ at the border: ours computes up to 10 rows and columns more in the first layers instead of padding.",
    ],
    blocks: [
      accuracyTable("cycles", "cycle", KNOWN_CYCLES, cycles),
      accuracyTable("activation-memory", "bit", KNOWN_MEMORY, [memory]),
    ],
  };
}

type CycleCount = "offloadedCycles" | "computationCycles" | "temporalCycles";

/** Cycles of all layers over all tiles. */
function layerCycles(module: Module, count: CycleCount & keyof LayerCost): number {
  const mappings = module.get(MAPPINGS);
  const tiles = module
    .get(PLACEMENT)
    .flatMap(({ tileTypes }, s) =>
      tileTypes.flatMap((type, t) => mappings[s]![t]!.map(({ result }) => type.count * result.cost[count])),
    ); // facts of a module run in parallel
  return tiles.reduce((sum, cycles) => sum + cycles, 0);
}

function accuracyTable(id: string, unit: StudyUnit, known: readonly Figure[], ours: readonly Figure[]): StudyTable {
  const measured = known[0]![1]; // the measurement comes first
  const rows = [...known, ...ours].map(([what, value, source]): readonly StudyCell[] => [
    what,
    value,
    `${(100 * (1 - Math.abs(1 - value / measured))).toFixed(1)} %`,
    source,
  ]);
  return {
    kind: "table",
    id,
    title: `${id.replaceAll("-", " ")}, modelled against measured`,
    columns: [{ title: "figure" }, { title: "value", unit }, { title: "accuracy" }, { title: "source" }],
    rows,
  };
}
