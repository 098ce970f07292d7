/** Axes of a sweep as text: specs in the manner of pass options, which every command line parses alike. */
import { OVERLAP_MODES, type OverlapMode, TILE_ORDERS, type TileOrder } from "../../ir/facts.js";
import { FRONT_METRICS, type FrontMetric, METRICS, type Metric, type MetricLimit } from "../../ir/sweep.js";
import { joinNames, type OptionSpec, splitNames } from "../../passes/options.js";
import { parseLimit, parseMetric, printLimit } from "./metrics.js";
import type { AxisSizes, StackAxis } from "./plan.js";
import type { Shard } from "./space.js";

export interface TileAxis {
  readonly widths: AxisSizes;
  readonly heights: AxisSizes;
}

/** `1,4,16x8,full`, `all`, `full`. */
export const tileAxis: OptionSpec<TileAxis> = {
  help: "for example 1,4,16x4,full: every width with every height",
  syntax: "<w,…>x<h,…> with whole numbers, full or all; or one of full, all",
  fallback: { widths: "halves", heights: "halves" },
  parse(text) {
    if (text === "all") return { widths: "all", heights: "all" };
    if (text === "full") return { widths: ["full"], heights: ["full"] };
    const [widths, heights, ...rest] = text.split("x").map(parseSizes);
    return widths === undefined || heights === undefined || rest.length > 0 ? undefined : { widths, heights };
  },
  print: ({ widths, heights }) => `${String(widths)}x${String(heights)}`,
};

function parseSizes(text: string): AxisSizes | undefined {
  if (text === "all") return "all";
  const sizes = text.split(",").map((item) => (item === "full" ? "full" : parseSize(item)));
  const known = sizes.filter((size) => size !== undefined);
  return known.length === sizes.length ? known : undefined;
}

const parseSize = (text: string): number | undefined => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined);

/** Distinct members of a list, or `every` for all of them. */
function someOf<const T extends string>(
  choices: readonly T[],
  every: string,
  fallback: readonly T[],
): OptionSpec<readonly T[]> {
  return {
    help: `for example ${choices.slice(0, 2).join(",")}`,
    syntax: `${every}, or a list of ${choices.join(", ")}`,
    fallback,
    parse(text) {
      if (text === every) return choices;
      const items = text.split(",").map((item) => choices.find((choice) => choice === item));
      const known = items.filter((item) => item !== undefined);
      return known.length === items.length ? [...new Set(known)] : undefined;
    },
    print: (list) => list.join(","),
  };
}

export const overlapAxis: OptionSpec<readonly OverlapMode[]> = someOf(OVERLAP_MODES, "all", OVERLAP_MODES);
export const orderAxis: OptionSpec<readonly TileOrder[]> = someOf(TILE_ORDERS, "search", ["x-first"]);

/** One way to form stacks: a rule, or the layers to cut after. */
export const stackAxis: OptionSpec<StackAxis> = {
  help: "auto, single, per-layer, or layers to cut after",
  syntax: "a rule or names of layers",
  fallback: { text: "auto", rule: "auto" },
  parse(text) {
    if (text === "auto" || text === "single" || text === "per-layer") return { text, rule: text };
    const cuts = splitNames(text);
    return cuts.length === 0 ? undefined : { text: joinNames(cuts), rule: { cuts } };
  },
  print: ({ text }) => text,
};

export const objectiveOption: OptionSpec<Metric> = {
  help: "for example energy, or peak:sram_64KB",
  syntax: "energy, latency, edp, dram, peak or peak:<memory>",
  fallback: "energy",
  parse: parseMetric,
  print: String,
};

/** What the front weighs against each other. */
export const frontOption: OptionSpec<readonly FrontMetric[]> = {
  help: "for example energy,latency",
  syntax: `one to three of ${METRICS.join(", ")}`,
  fallback: FRONT_METRICS,
  parse(text) {
    const named = text.split(",").map((item) => METRICS.find((metric) => metric === item));
    const known = [...new Set(named.filter((metric) => metric !== undefined))];
    return known.length === named.length && known.length <= 3 ? known : undefined;
  },
  print: (metrics) => metrics.join(","),
};

export const limitOption: OptionSpec<MetricLimit | undefined> = {
  help: "for example 'latency<=2e6' (in quotes: the shell takes < for something else)",
  syntax: "<metric><=<number> with one of energy (pJ), latency (cycles), edp, dram (bits), peak (bits), peak:<memory>",
  fallback: undefined,
  parse: parseLimit,
  print: (limit) => (limit === undefined ? "" : printLimit(limit)),
};

/** `3/64`. */
export const shardOption: OptionSpec<Shard | undefined> = {
  help: "for example 1/64 for the first of 64",
  syntax: "<i>/<n> with 1 <= i <= n",
  fallback: undefined,
  parse(text) {
    const [index, count, ...rest] = text.split("/").map(parseSize);
    if (index === undefined || count === undefined || rest.length > 0 || index > count) return undefined;
    return { index, count };
  },
  print: (shard) => (shard === undefined ? "" : `${shard.index}/${shard.count}`),
};
