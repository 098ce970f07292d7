import type { Memory } from "../../ir/accelerator.js";
import { OVERLAP_MODES } from "../../ir/facts.js";
import { loopSize, type Network } from "../../ir/network.js";
import {
  deviation,
  NOT_AVAILABLE,
  type StudyCell,
  type StudyColumn,
  type StudyResult,
  type StudyTable,
} from "../../ir/study.js";
import { printPoint, type TileGrid, type TilePoint } from "../grid.js";
import { mergeTraffic } from "../traffic.js";
import {
  bestPerStack,
  bestUniform,
  CASE_GRID,
  energyOf,
  latencyOf,
  layerByLayer,
  printPoints,
  type Strategy,
  singleLayers,
  strategyAt,
  sweepStrategies,
  type UniformStrategy,
} from "./case-grid.js";
import { REFERENCE_SOURCE, type ReferencePoint, referencePoint } from "./reference-points.js";
import { NETWORKS, type Study, type StudyContext } from "./study.js";

/** The fixed strategy of the published comparison. */
const FIXED: TilePoint = { tile: { width: 4, height: 72 }, overlap: "fully-cached" };

const PER_STACK = "best per stack";

/** A strategy of one network, under the name that tables give it. */
interface Named {
  readonly network: string;
  readonly name: string;
  readonly strategy: Strategy;
  readonly reference: ReferencePoint | undefined;
}

export const definesCase2: Study = {
  name: "defines-case2",
  description: "five networks, five strategies: single layers, layer by layer, 4x72 fully cached, best, best per stack",
  accelerators: ["meta-prototype-df"],
  machines: "one",
  run: (context, { accelerators }) => runCase2(context, accelerators[0] ?? "meta-prototype-df", NETWORKS, CASE_GRID),
};

/** The study over any networks and grid. */
export function runCase2(
  context: StudyContext,
  accelerator: string,
  networks: readonly string[],
  grid: TileGrid,
): StudyResult {
  const strategies = networks.flatMap((name, index) => {
    context.progress?.(index, networks.length, name);
    return strategiesOf(context, accelerator, name, grid);
  });
  const { loopLimit } = context.costModel.rules;
  return {
    study: "defines-case2",
    title: `${networks.length} networks on ${accelerator} under five strategies`,
    notes: [
      `Ours: cost model defines, loop limit ${loopLimit}. 'best' searches the ${grid.widths.length}×${grid.heights.length} tile sizes of the first case study in ${grid.overlaps.length} modes, and the uncut map, with stacks by the published weight rule; 'best per stack' chooses among the same for each stack.`,
      "Single layers are cut after every layer, the first one included; the published rules would take that cut for none (DF-Q2).",
      `Reference: ${REFERENCE_SOURCE}, where the strategy is one of its points; ${NOT_AVAILABLE} elsewhere. The numbers behind the paper's figure are not in our sources.`,
    ],
    blocks: [
      strategyTable(strategies),
      choiceTable(strategies),
      ...networks.flatMap((name) => {
        const { memories } = context.accelerator(accelerator, name);
        return [breakdown(strategies, name, memories), operandTable(strategies, name, memories)];
      }),
    ],
  };
}

function strategiesOf(context: StudyContext, accelerator: string, name: string, grid: TileGrid): readonly Named[] {
  const { costModel } = context;
  const network: Network = context.network(name);
  const machine = context.accelerator(accelerator, name);
  const referenceAt = (point: TilePoint) => referencePoint(costModel.rules, accelerator, name, point);
  const named = (label: string, strategy: Strategy, reference: ReferencePoint | undefined = undefined): Named => ({
    network: name,
    name: label,
    strategy,
    reference,
  });
  const uniform = (label: string, strategy: UniformStrategy): Named =>
    named(label, strategy, referenceAt(strategy.point));
  const candidates = sweepStrategies(network, machine, grid, costModel);
  const isOneStack = candidates[0]?.stacks.length === 1;
  const wholeMap = wholeMapPoints(network)
    .map(referenceAt)
    .find((found) => found !== undefined);
  return [
    named("single layers", singleLayers(network, machine, costModel)),
    named("layer by layer", layerByLayer(network, machine, costModel), isOneStack ? wholeMap : undefined),
    uniform(printPoint(FIXED), strategyAt(FIXED, network, machine, costModel)),
    uniform("best", bestUniform(candidates)),
    named(
      PER_STACK,
      bestPerStack(candidates, ({ totals }) => totals.energy),
    ),
  ];
}

/** One tile as large as the output: there is no overlap, so that its mode does not matter. */
function wholeMapPoints({ layers }: Network): readonly TilePoint[] {
  const loops = layers.at(-1)?.loops ?? [];
  const tile = { width: loopSize(loops, "OX", 1), height: loopSize(loops, "OY", 1) };
  return OVERLAP_MODES.map((overlap) => ({ tile, overlap }));
}

const STRATEGY_COLUMNS: readonly StudyColumn[] = [
  { title: "network" },
  { title: "strategy" },
  { title: "stacks", unit: "count" },
  { title: "tiles" },
  { title: "energy", unit: "pJ" },
  { title: "energy gain", unit: "ratio" },
  { title: "latency", unit: "cycle" },
  { title: "latency gain", unit: "ratio" },
  { title: "energy, reference", unit: "pJ" },
  { title: "deviation", unit: "deviation" },
];

function strategyTable(strategies: readonly Named[]): StudyTable {
  const rows = strategies.map(({ network, name, strategy, reference }): readonly StudyCell[] => {
    const base = strategies.find((other) => other.network === network)!.strategy; // single layers come first
    const energy = reference?.energy ?? NOT_AVAILABLE;
    return [
      network,
      name,
      strategy.stacks.length,
      printPoints(strategy),
      energyOf(strategy),
      energyOf(base) / energyOf(strategy),
      latencyOf(strategy),
      latencyOf(base) / latencyOf(strategy),
      energy,
      deviation(energyOf(strategy), energy),
    ];
  });
  return {
    kind: "table",
    id: "strategies",
    title: "strategies, and what each gains over single layers",
    columns: STRATEGY_COLUMNS,
    rows,
  };
}

/** What was chosen for each stack, and what it costs. */
const choiceTable = (strategies: readonly Named[]): StudyTable => ({
  kind: "table",
  id: "choices",
  title: "what the best combination chooses for each stack",
  isDetail: true,
  columns: [
    { title: "network" },
    { title: "stack", unit: "count" },
    { title: "tiles" },
    { title: "energy", unit: "pJ" },
    { title: "latency", unit: "cycle" },
  ],
  rows: strategies
    .filter(({ name }) => name === PER_STACK)
    .flatMap(({ network, strategy }) =>
      strategy.stacks.map(({ totals }, s): readonly StudyCell[] => [
        network,
        s,
        printPoint(strategy.points[s]!), // one point per stack
        totals.energy,
        totals.latency,
      ]),
    ),
});

function breakdown(strategies: readonly Named[], network: string, memories: readonly Memory[]): StudyTable {
  const rows = strategies
    .filter((entry) => entry.network === network)
    .flatMap(({ name, strategy }) => breakdownRows(strategy, memories).map((row) => [name, ...row]));
  return {
    kind: "table",
    id: `breakdown-${network}`,
    title: `${network}: energy by what moves and where`,
    isDetail: true,
    columns: [
      { title: "strategy" },
      { title: "what" },
      { title: "memory" },
      { title: "energy", unit: "pJ" },
      { title: "read", unit: "access" },
      { title: "written", unit: "access" },
    ],
    rows,
  };
}

function breakdownRows({ stacks }: Strategy, memories: readonly Memory[]): readonly (readonly StudyCell[])[] {
  const mac = stacks.reduce((sum, { totals }) => sum + totals.energyByKind.mac, 0);
  const traffic = mergeTraffic(
    stacks.flatMap((stack) => stack.traffic),
    memories,
  );
  return [
    ["multiply-accumulate", "array", mac, 0, 0],
    ...traffic.map(({ group, memory, energy, read, write }): readonly StudyCell[] => [
      group,
      memory,
      energy,
      read,
      write,
    ]),
  ];
}

/** Copies count for the operand that they carry; with the multiply-accumulates the rows of a strategy add up to its energy. */
function operandTable(strategies: readonly Named[], network: string, memories: readonly Memory[]): StudyTable {
  const rows = strategies
    .filter((entry) => entry.network === network)
    .flatMap(({ name, strategy }) => operandRows(strategy, memories).map((row) => [name, ...row]));
  return {
    kind: "table",
    id: `operands-${network}`,
    title: `${network}: energy by memory and operand`,
    note: "Layers and copies; multiply-accumulates are not part of it.",
    isDetail: true,
    columns: [{ title: "strategy" }, { title: "memory" }, { title: "operand" }, { title: "energy", unit: "pJ" }],
    rows,
  };
}

function operandRows({ stacks }: Strategy, memories: readonly Memory[]): readonly (readonly StudyCell[])[] {
  return memories.flatMap(({ id }) => {
    const parts = stacks.flatMap(({ totals }) => [...(totals.energyByMemory.get(id) ?? [])]);
    const energies = new Map<string, number>();
    for (const [operand, energy] of parts) energies.set(operand, (energies.get(operand) ?? 0) + energy);
    return [...energies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([operand, energy]) => [id, operand, energy]);
  });
}
