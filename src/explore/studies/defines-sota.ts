import { type Accelerator, chain } from "../../ir/accelerator.js";
import { NOT_AVAILABLE, type StudyCell, type StudyResult, type StudyTable } from "../../ir/study.js";
import type { TileGrid } from "../grid.js";
import {
  bestPerStack,
  CASE_GRID,
  energyOf,
  latencyOf,
  type Objective,
  printPoints,
  type Strategy,
  sweepStrategies,
  type UniformStrategy,
} from "./case-grid.js";
import { NETWORKS, type Study, type StudyContext } from "./study.js";

/** What the abstract promises a search that sees everything. */
const PUBLISHED_CLAIM = "up to 10× better";

export const definesSota: Study = {
  name: "defines-sota",
  description: "schedules chosen by objectives that see only a part of the cost, costed in full",
  accelerators: ["meta-prototype-df"],
  machines: "one",
  run: (context, { accelerators }) => runSota(context, accelerators[0] ?? "meta-prototype-df", NETWORKS, CASE_GRID),
};

/** A search that sees less than everything: part of the cost, or part of the space. */
interface Blinded {
  readonly name: string;
  readonly objective: Objective;
  readonly sees: (strategy: UniformStrategy) => boolean;
}

/** The study over any networks and grid. */
export function runSota(
  context: StudyContext,
  accelerator: string,
  networks: readonly string[],
  grid: TileGrid,
): StudyResult {
  const { costModel, progress } = context;
  const results = networks.flatMap((name, index) => {
    progress?.(index, networks.length, name);
    const machine = context.accelerator(accelerator, name);
    const strategies = sweepStrategies(context.network(name), machine, grid, costModel);
    return blindedResults(name, strategies, blindedSearches(machine, grid));
  });
  const first = Math.max(...results.map(({ chosen, full }) => energyOf(chosen) / energyOf(full)));
  const worst = Math.max(...results.map(({ dearest, full }) => energyOf(dearest) / energyOf(full)));
  return {
    study: "defines-sota",
    title: `blinded searches against the full one, ${networks.length} networks on ${accelerator}`,
    notes: [
      `Ours: cost model defines, loop limit ${costModel.rules.loopLimit}. Every search chooses tile and mode of each stack of the published weight rule among ${grid.widths.length}×${grid.heights.length} tile sizes in ${grid.overlaps.length} modes and the uncut map; what it chose is then costed in full.`,
      "Where choices look equal to a blinded search, the first in order of mode, width and height counts; 'worst of equals' is the dearest of those.",
      "What a search counts: 'traffic of …' the reads and writes of the outermost memory; 'activations only' the energy of every memory access except those of weights, copies between layers and tiles included; 'one on-chip level only' the energy of the outermost memory and of the one below it on the chain of each operand, weights included. A search of one mode counts all energy, but sees only that mode and the uncut map.",
      `Published: '${PUBLISHED_CLAIM}' (abstract) against searches that see a part; single numbers are ${NOT_AVAILABLE}. Ours: energy up to ${first.toFixed(2)}× that of the full search; ${worst.toFixed(2)}× where choices that a search cannot tell apart fall badly.`,
    ],
    blocks: [sotaTable(results)],
  };
}

function blindedSearches(machine: Accelerator, grid: TileGrid): readonly Blinded[] {
  const everything = () => true;
  const energy: Objective = ({ totals }) => totals.energy;
  const dram = outermostMemory(machine);
  const lastTwo = new Set(
    ["I1", "I2", "O"].flatMap((operand) => chain(machine, operand).slice(-2)).map(({ id }) => id),
  );
  return [
    { name: "everything", objective: energy, sees: everything },
    {
      name: `traffic of ${dram} only`,
      objective: ({ totals }) => {
        const { read = 0, write = 0 } = totals.accesses.get(dram) ?? {};
        return read + write;
      },
      sees: everything,
    },
    {
      name: "activations only",
      objective: ({ traffic }) => traffic.reduce((sum, row) => sum + (row.group === "weights" ? 0 : row.energy), 0),
      sees: everything,
    },
    {
      name: "one on-chip level only",
      objective: ({ traffic }) => traffic.reduce((sum, row) => sum + (lastTwo.has(row.memory) ? row.energy : 0), 0),
      sees: everything,
    },
    ...grid.overlaps.map((overlap) => ({
      name: `${overlap} only`,
      objective: energy,
      sees: ({ point }: UniformStrategy) => point.tile === "full" || point.overlap === overlap,
    })),
  ];
}

/** The memory that every output ends in: the last of its chain, wherever the description declares it. */
function outermostMemory(machine: Accelerator): string {
  const top = chain(machine, "O").at(-1);
  if (top === undefined) throw new Error(`accelerator '${machine.name}' has no memory of outputs`);
  return top.id;
}

/** What one search chose, beside the choice of the search that sees everything. */
interface BlindedResult {
  readonly network: string;
  readonly search: string;
  readonly chosen: Strategy;
  /** The dearest choice that looks the same to the search. */
  readonly dearest: Strategy;
  readonly full: Strategy;
}

function blindedResults(
  network: string,
  strategies: readonly UniformStrategy[],
  searches: readonly Blinded[],
): readonly BlindedResult[] {
  const choices = searches.map((search) => {
    const seen = strategies.filter(search.sees);
    return {
      search: search.name,
      chosen: bestPerStack(seen, search.objective),
      dearest: bestPerStack(seen, search.objective, ({ totals }) => -totals.energy),
    };
  });
  const full = choices[0]!.chosen; // the search that sees everything
  return choices.map((choice) => ({ network, ...choice, full }));
}

const sotaTable = (results: readonly BlindedResult[]): StudyTable => ({
  kind: "table",
  id: "searches",
  title: "what a search sees, and what its choice costs",
  columns: [
    { title: "network" },
    { title: "the search sees" },
    { title: "its choice" },
    { title: "energy in full", unit: "pJ" },
    { title: "energy to the full search", unit: "ratio" },
    { title: "worst of equals", unit: "ratio" },
    { title: "latency", unit: "cycle" },
    { title: "latency to the full search", unit: "ratio" },
  ],
  rows: results.map(({ network, search, chosen, dearest, full }): readonly StudyCell[] => [
    network,
    search,
    printPoints(chosen),
    energyOf(chosen),
    energyOf(chosen) / energyOf(full),
    energyOf(dearest) / energyOf(full),
    latencyOf(chosen),
    latencyOf(chosen) / latencyOf(full),
  ]),
});
