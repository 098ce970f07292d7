import type { Accelerator } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import { COSTS, OVERLAP_MODES, STACKS, type Stack } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { loopSize, type Network } from "../../ir/network.js";
import type { StudyCell, StudyResult, StudyTable } from "../../ir/study.js";
import { figuresOf } from "../diff.js";
import { evaluatePoint, prepare } from "../evaluate-point.js";
import { FULL_MAP, printPoint, type TilePoint } from "../grid.js";
import { NETWORKS, type Study, type StudyContext } from "./study.js";

export const padding: Study = {
  name: "padding",
  description:
    "networks with padding under the published and the exact rules, and the regret of choosing by the published ones",
  accelerators: ["meta-prototype-df"],
  machines: "one",
  readsModels: true,
  run: (context, { accelerators }) => runPadding(context, accelerators[0] ?? "meta-prototype-df", NETWORKS),
};

/** Divisors of the largest map's extents, by how large it is: tiles stay a few times larger than a window. */
const LARGE = { from: 128, divisors: [4, 8, 16] } as const;
const SMALL_DIVISORS = [2, 4] as const;

/** Points of a network whose largest map is so large: the uncut map, and tiles in every mode. */
export function paddingPoints({ width, height }: Extent): readonly TilePoint[] {
  const isLarge = Math.min(width, height) >= LARGE.from;
  const tiles = (isLarge ? LARGE.divisors : SMALL_DIVISORS).map((n) => ({
    width: Math.ceil(width / n),
    height: Math.ceil(height / n),
  }));
  return [FULL_MAP, ...OVERLAP_MODES.flatMap((overlap) => tiles.map((tile): TilePoint => ({ tile, overlap })))];
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** The study over any networks and points. */
export function runPadding(
  context: StudyContext,
  accelerator: string,
  networks: readonly string[],
  points: (largest: Extent) => readonly TilePoint[] = paddingPoints,
): StudyResult {
  const { costModel, exactModel } = context;
  const results = networks.map((name, index): Compared => {
    const progress = (done: number, of: number) =>
      context.progress?.(index * of + done, networks.length * of, `${name}, point ${done + 1} of ${of}`);
    const machine = context.accelerator(accelerator, name);
    return compare(name, context.model(name), machine, { published: costModel, exact: exactModel }, points, progress);
  });
  return {
    study: "padding",
    title: `padding as published and exact, ${networks.length} networks on ${accelerator}`,
    notes: [
      `Ours: cost models defines (loop limit ${costModel.rules.loopLimit}) and exact. The networks are the built-in ONNX models with their padding; the published rules drop it and compute larger maps instead, the exact ones clip every window.`,
      "Space: the stacks of the published weight rule, taken over by the exact rules as they are; the uncut map, and tiles of ⌈extent/n⌉ in both directions in three modes, x-first; n = 4, 8, 16 of the largest stack output, 2, 4 where that is smaller than 128. Tiles larger than a stack's output are clamped. Maps between stacks lie in the outermost memory under both rules, so that stacks do not influence each other.",
      "Regret: what the published rules choose in this space, costed exactly, over the exact optimum in the same space, with one tile and mode for all stacks, and with those that are best for each stack by itself. Least energy is best.",
      "Cycles are not the same thing under both rules: the exact ones contain every write-back, and refills that wait for a block. Regret in latency compares exact cycles with exact cycles; both choices are by energy.",
      ...missingNote(results),
    ],
    blocks: [bestTable(results), regretTable(results), pointTable(results)],
  };
}

/** Energy in pJ, cycles and multiply-accumulates of a stack or a network. */
interface Cost {
  readonly energy: number;
  readonly latency: number;
}

interface Evaluated extends Cost {
  readonly macs: number;
  /** By the layers of each stack. */
  readonly stacks: ReadonlyMap<string, Cost>;
}

/** A point that has a schedule under both rules. */
interface Row {
  readonly point: TilePoint;
  readonly published: Evaluated;
  readonly exact: Evaluated;
}

interface Compared {
  readonly network: string;
  /** Of the model. */
  readonly macs: number;
  readonly stackCount: number;
  readonly rows: readonly Row[];
  readonly infeasible: number;
}

type Rules = "published" | "exact";

/** Both rule sets at every point of one network. */
function compare(
  name: string,
  network: Network,
  accelerator: Accelerator,
  models: Readonly<Record<Rules, CostModel>>,
  points: (largest: Extent) => readonly TilePoint[],
  progress: (done: number, of: number) => void,
): Compared {
  const published = prepare(network, accelerator, "auto", models.published);
  const exact = withStacksOf(published, network, accelerator, models.exact);
  const asked = points(largestOutput(exact));
  const rows = asked.flatMap((point, index): readonly Row[] => {
    progress(index, asked.length);
    const asPublished = evaluated(published, point, models.published);
    const asExact = asPublished && evaluated(exact, point, models.exact);
    return asExact === undefined ? [] : [{ point, published: asPublished!, exact: asExact }];
  });
  const macs = network.layers.reduce((sum, layer) => sum + layer.macs, 0);
  const infeasible = asked.length - rows.length;
  return { network: name, macs, stackCount: published.get(STACKS).length, rows, infeasible };
}

/** The exact rules on the stacks that the published ones form. */
function withStacksOf(published: Module, network: Network, accelerator: Accelerator, costModel: CostModel): Module {
  const stacks = published.get(STACKS);
  const cuts = stacks.slice(0, -1).map(({ layers }) => layers.at(-1)!); // every stack of a network whose ids are names has layers
  const exact = prepare(network, accelerator, { cuts }, costModel);
  const [theirs, ours] = [stacks, exact.get(STACKS)].map((all) => JSON.stringify(all.map(stackKey).sort()));
  if (theirs !== ours) throw new Error(`the stacks ${theirs} became ${ours}`);
  return exact;
}

/** The same under both rules, which may order the stacks of branches differently. */
const stackKey = ({ layers }: Stack): string => JSON.stringify(layers.toSorted());

/** Extents of the largest map that a stack writes. */
function largestOutput(module: Module): Extent {
  const layers = new Map(module.network.layers.map((layer) => [layer.id, layer]));
  const extents = module.get(STACKS).map((stack): Extent => {
    const { loops } = layers.get(stack.layers.at(-1)!)!; // a layer of the network, the last of its stack
    return { width: loopSize(loops, "OX", 1), height: loopSize(loops, "OY", 1) };
  });
  return extents.reduce((best, next) => (next.width * next.height > best.width * best.height ? next : best));
}

/** @returns `undefined` where no schedule exists */
function evaluated(prepared: Module, point: TilePoint, costModel: CostModel): Evaluated | undefined {
  try {
    const module = evaluatePoint(prepared, point, costModel, "top");
    const { totals, computedMacs } = figuresOf(module);
    const costs = module.get(COSTS).stacks;
    const stacks = new Map(module.get(STACKS).map((stack, s) => [stackKey(stack), costs[s]!.totals])); // one cost per stack
    return { energy: totals.energy, latency: totals.latency, macs: computedMacs, stacks };
  } catch (error) {
    if (error instanceof DiagnosticError && error.failure === "infeasible") return undefined;
    throw error;
  }
}

/** The row of least energy under one rule set; the first of equals. */
const bestRow = (rows: readonly Row[], rules: Rules): Row =>
  rows.reduce((best, next) => (next[rules].energy < best[rules].energy ? next : best));

/** Points that a reader would look for. */
function missingNote(results: readonly Compared[]): readonly string[] {
  const missing = results.filter(({ infeasible }) => infeasible > 0);
  if (missing.length === 0) return [];
  const counts = missing.map(({ network, infeasible }) => `${infeasible} of ${network}`).join(", ");
  return [`Points without a schedule under both rules are left out: ${counts}.`];
}

const bestTable = (results: readonly Compared[]): StudyTable => ({
  kind: "table",
  id: "best",
  title: "each rule set at its own best point",
  columns: [
    { title: "network" },
    { title: "stacks", unit: "count" },
    { title: "rules" },
    { title: "MACs of the model", unit: "operation" },
    { title: "executed", unit: "operation" },
    { title: "energy", unit: "pJ" },
    { title: "latency", unit: "cycle" },
    { title: "best tile" },
  ],
  rows: results.flatMap(({ network, macs, stackCount, rows }) =>
    rows.length === 0
      ? []
      : (["published", "exact"] as const).map((rules): readonly StudyCell[] => {
          const best = bestRow(rows, rules);
          const { macs: executed, energy, latency } = best[rules];
          return [network, stackCount, rules, macs, executed, energy, latency, printPoint(best.point)];
        }),
  ),
});

/** What the published rules choose, and the exact optimum, both costed exactly. */
interface Regret {
  readonly what: string;
  readonly published: string;
  readonly chosen: Cost;
  readonly exact: string;
  readonly optimum: Cost;
}

function regretsOf({ rows, stackCount }: Compared): readonly Regret[] {
  if (rows.length === 0) return [];
  const [theirs, ours] = [bestRow(rows, "published"), bestRow(rows, "exact")];
  const uniform: Regret = {
    what: "one for all stacks",
    published: printPoint(theirs.point),
    chosen: theirs.exact,
    exact: printPoint(ours.point),
    optimum: ours.exact,
  };
  return stackCount === 1 ? [uniform] : [uniform, perStack(rows, stackCount)];
}

/** Stacks do not influence each other: the best of each is the best of all. */
function perStack(rows: readonly Row[], stackCount: number): Regret {
  const stacks = [...rows[0]!.exact.stacks.keys()]; // every row has the stacks of the network
  const of = (row: Row, rules: Rules, stack: string): Cost => row[rules].stacks.get(stack)!;
  const bestOf = (rules: Rules) =>
    stacks.map((stack) =>
      rows.reduce((best, next) => (of(next, rules, stack).energy < of(best, rules, stack).energy ? next : best)),
    );
  const costOf = (chosen: readonly Row[]): Cost => {
    const costs = chosen.map((row, s) => of(row, "exact", stacks[s]!)); // one row per stack
    return {
      energy: costs.reduce((sum, { energy }) => sum + energy, 0),
      latency: costs.reduce((sum, { latency }) => sum + latency, 0),
    };
  };
  const [theirs, ours] = [bestOf("published"), bestOf("exact")];
  const names = (chosen: readonly Row[]) => {
    const points = [...new Set(chosen.map(({ point }) => printPoint(point)))];
    return points.length <= 2 ? points.join("; ") : `${points.length} points on ${stackCount} stacks`;
  };
  return {
    what: "each stack its own",
    published: names(theirs),
    chosen: costOf(theirs),
    exact: names(ours),
    optimum: costOf(ours),
  };
}

const regretTable = (results: readonly Compared[]): StudyTable => ({
  kind: "table",
  id: "regret",
  title: "what the published rules choose, costed exactly, against the exact optimum",
  columns: [
    { title: "network" },
    { title: "tile and mode" },
    { title: "published choice" },
    { title: "its energy, exact", unit: "pJ" },
    { title: "exact optimum" },
    { title: "energy", unit: "pJ" },
    { title: "regret", unit: "ratio" },
    { title: "regret in latency", unit: "ratio" },
  ],
  rows: results.flatMap((result) =>
    regretsOf(result).map(({ what, published, chosen, exact, optimum }): readonly StudyCell[] => [
      result.network,
      what,
      published,
      chosen.energy,
      exact,
      optimum.energy,
      chosen.energy / optimum.energy,
      chosen.latency / optimum.latency,
    ]),
  ),
});

const pointTable = (results: readonly Compared[]): StudyTable => ({
  kind: "table",
  id: "points",
  title: "every point under both rules",
  isDetail: true,
  columns: [
    { title: "network" },
    { title: "tile" },
    { title: "MACs, published", unit: "operation" },
    { title: "MACs, exact", unit: "operation" },
    { title: "energy, published", unit: "pJ" },
    { title: "energy, exact", unit: "pJ" },
    { title: "cycles, published", unit: "cycle" },
    { title: "cycles, exact", unit: "cycle" },
  ],
  rows: results.flatMap(({ network, rows }) =>
    rows.map(({ point, published, exact }): readonly StudyCell[] => [
      network,
      printPoint(point),
      published.macs,
      exact.macs,
      published.energy,
      exact.energy,
      published.latency,
      exact.latency,
    ]),
  ),
});
