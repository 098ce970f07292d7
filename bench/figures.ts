/** The figures of `npm run bench`: ratios within one run, so that they say the same on any machine. */
import { createCostModel } from "../src/backend/cost/cost-model.js";
import { exactLayer } from "../src/backend/cost/exact/exact-layer.js";
import { mapExactly, temporalFactors } from "../src/backend/cost/exact/mapper.js";
import { createMapper } from "../src/backend/cost/mapper/mapper.js";
import { searchOrderings } from "../src/backend/cost/mapper/search.js";
import { evaluatePoint, prepare } from "../src/explore/evaluate-point.js";
import type { TilePoint } from "../src/explore/grid.js";
import type { MappingProblem, MappingResult } from "../src/ir/cost-model.js";
import { OVERLAP_MODES } from "../src/ir/facts.js";
import type { Network } from "../src/ir/network.js";
import { DEFINES, EXACT, type RuleSet } from "../src/ir/rules.js";
import { allPrices } from "../tests/backend/cost/exact/naive-search.js";
import { builtIn, fsrcnn } from "../tests/support/networks.js";
import { chainOf, LARGE, LARGE_WINDOW, layerOfFactors, SMALL } from "./layers.js";
import { bareEngine, kerfUsage, secondsOf } from "./measure.js";
import { publishedSpace, searchDirectly } from "./twins.js";

export interface Figure {
  readonly name: string;
  /** What the number is, in words that need no other figure. */
  readonly meaning: string;
  /** Whether a larger number is a better one. */
  readonly isMoreBetter: boolean;
  readonly measure: () => number;
}

interface Rules {
  readonly name: string;
  readonly rules: RuleSet;
  /** How many times as long the naive twin takes for the same orders. */
  readonly advantage: () => number;
  readonly map: (problem: MappingProblem) => MappingResult;
}

const published = publishedSpace(LARGE_WINDOW, DEFINES);
const exact = exactLayer(SMALL);

const RULES: readonly Rules[] = [
  {
    name: "defines",
    rules: DEFINES,
    advantage: () => secondsOf(() => searchDirectly(published)) / secondsOf(() => searchOrderings(published)),
    map: (problem) => createMapper({ ...DEFINES, loopLimit: "none" })(problem),
  },
  {
    name: "exact",
    rules: EXACT,
    advantage: () =>
      secondsOf(() => allPrices(exact, temporalFactors(exact, EXACT))) / secondsOf(() => mapExactly(SMALL, EXACT)),
    map: (problem) => mapExactly(problem, EXACT),
  },
];

const POINTS = OVERLAP_MODES.flatMap((overlap) =>
  [60, 240].map((width): TilePoint => ({ tile: { width, height: 72 }, overlap })),
);

export const FIGURES: readonly Figure[] = [
  ...RULES.flatMap(figuresOf),
  {
    name: "start-up",
    meaning: "processor time of `kerf passes` over that of an engine that does nothing",
    isMoreBetter: false,
    measure: () => kerfUsage(["passes"]).seconds / bareEngine().seconds,
  },
];

function figuresOf({ name, rules, advantage, map }: Rules): readonly Figure[] {
  const figure = (what: string, meaning: string, measure: () => number, isMoreBetter = false): Figure => ({
    ...{ name: `${name} ${what}`, meaning, isMoreBetter, measure },
  });
  const growth = (small: () => unknown, large: () => unknown) => () => secondsOf(large) / secondsOf(small);
  const layers = (count: number) => () => runPoints(chainOf(count, 56, 56), rules, [point(28, 28)]);
  const map4K = (scale: number) => () => runPoints(chainOf(3, 960 * scale, 540 * scale), rules, [point(60, 72)]);
  return [
    figure("mapper", "orders priced per second over those that the naive twin evaluates", advantage, true),
    figure("nodes", "orders or partial orders visited for three layers", () => visited(map)),
    figure("points", "points of FSRCNN in the time of 1000 naive evaluations", () => pointsPerYard(rules), true),
    figure("tiles", "time for 16 times as many tiles", growth(map4K(1), map4K(4))),
    figure("layers", "time for 4 times as many layers", growth(layers(8), layers(32))),
    figure("factors", "time for a layer of 12 loop factors over 6", growth(mapped(map, 4), mapped(map, 10))),
    figure("memory", "peak of a sweep of 12 points over that of an engine that does nothing", () => peak(name)),
  ];
}

/** The window adds two factors. */
function mapped(map: Rules["map"], factors: number): () => MappingResult {
  return () => map(layerOfFactors(factors));
}

function point(width: number, height: number): TilePoint {
  return { tile: { width, height }, overlap: "fully-cached" };
}

/** With a cost model that has met nothing yet. */
function runPoints(network: Network, rules: RuleSet, points: readonly TilePoint[]): void {
  const costModel = createCostModel(rules);
  const prepared = prepare(network, builtIn("meta-prototype-df"), "auto", costModel);
  for (const each of points) evaluatePoint(prepared, each, costModel);
}

function pointsPerYard(rules: RuleSet): number {
  const evaluation = secondsOf(() => searchDirectly(published)) / 720; // orders of that space
  return (1000 * evaluation * POINTS.length) / secondsOf(() => runPoints(fsrcnn(), rules, POINTS));
}

function visited(map: Rules["map"]): number {
  const results = [LARGE, LARGE_WINDOW, layerOfFactors(8)].map(map);
  return results.reduce((sum, result) => sum + (result.feasible ? result.search.visited : 0), 0);
}

function peak(rules: string): number {
  const sweep = ["explore", "models/fsrcnn.onnx", "--arch", "meta-prototype-df", "--cost-model", rules];
  const space = ["--tiles", "60,240x72,270", "--jobs", "1", "--quiet", "--json"];
  return kerfUsage([...sweep, ...space]).bytes / bareEngine().bytes;
}
