/**
 * The rules in which ZigZag 3.8.5 counts accesses differently from the published DeFiNES model (docs/zigzag-differences.md). With all of
 * them in place our evaluation must give ZigZag's counts; a difference is explained by the rules without which it would not vanish.
 */
import { stationaryCuts } from "../../../../src/backend/cost/mapper/analysis.js";
import { evaluateCuts } from "../../../../src/backend/cost/mapper/evaluate.js";
import {
  DIRECTIONS,
  layerModel,
  type OperandModel,
  relevanceOf,
} from "../../../../src/backend/cost/mapper/layer-model.js";
import { type MapperPolicies, mapperPolicies } from "../../../../src/backend/cost/mapper/policies.js";
import { roundHalfEven } from "../../../../src/backend/cost/mapper/sizes.js";
import { mapSpatially, type OperandSpatial } from "../../../../src/backend/cost/mapper/spatial.js";
import { WORDS } from "../../../../src/backend/cost/mapper/words.js";
import type { Direction } from "../../../../src/ir/accelerator.js";
import type { Accesses } from "../../../../src/ir/cost-model.js";
import { iterations, type Loop } from "../../../../src/ir/network.js";
import { DEFINES, type RuleSet } from "../../../../src/ir/rules.js";
import { bits } from "../../../../src/ir/units.js";
import type { Replay } from "./zigzag.js";

/** One count: of an operand at a memory level in a direction, under a mapping. */
export interface Site {
  readonly operand: OperandModel;
  readonly spatial: OperandSpatial;
  readonly level: number;
  readonly direction: Direction;
  /** Accesses under the published rules. */
  readonly published: number;
  readonly replay: Replay;
}

const isLowSide = ({ direction }: Site): boolean => direction === "tl" || direction === "fl";

/** Each rule with a condition that every count in which it matters meets. */
export const ZIGZAG_RULES = {
  "whole words": ({ published }) => published > 0,
  "padding is not stored": ({ operand }) => operand.windows.length > 0,
  "whole indices": ({ operand, replay }) =>
    operand.windows.some(({ out, tap }) => hasFractionalLoop(replay, out) || hasFractionalLoop(replay, tap)),
  "one transfer": (site) => isLowSide(site) && site.level > 0,
  "same data is no access": (site) => site.direction === "tl" && site.level === 0 && !site.operand.isOutput,
  "rounded boost": (site) =>
    isLowSide(site) &&
    !Number.isInteger(site.spatial.unitUnique[site.level]! / site.spatial.unitUnique[site.level + 1]!),
} as const satisfies Readonly<Record<string, (site: Site) => boolean>>;

export type ZigZagRule = keyof typeof ZIGZAG_RULES;
export const RULE_NAMES = Object.keys(ZIGZAG_RULES) as readonly ZigZagRule[]; // the object's own keys

/** Whether an unrolled size of the loop is not whole: the unrolling does not divide the loop. */
function hasFractionalLoop({ problem }: Replay, dim: string): boolean {
  const { unrolling } = mapSpatially(layerModel(problem), problem.unrolling, policies.sizes);
  return unrolling.some((unroll) => unroll.dim === dim && !Number.isInteger(unroll.size));
}

const policies = mapperPolicies(DEFINES);

/** Policies with some of ZigZag's rules in their stead. */
function policiesWith(
  rules: ReadonlySet<ZigZagRule>,
  stored: Replay["stored"],
  policies: MapperPolicies,
): MapperPolicies {
  const whole = rules.has("whole indices") ? Math.trunc : (size: number) => size;
  const limit = rules.has("padding is not stored") ? (out: string) => stored[out] ?? Infinity : () => Infinity;
  return {
    ...policies,
    words: rules.has("one transfer") ? WORDS.granules.rule : policies.words,
    sizes: {
      ...policies.sizes,
      windowExtent: (window, out, tap) =>
        Math.min(limit(window.out), policies.sizes.windowExtent(window, whole(out), whole(tap))),
      boost: rules.has("rounded boost") ? (below, here) => roundHalfEven(below / here) : policies.sizes.boost,
    },
  };
}

/**
 * Counts per operand and level; capacities play no part in them.
 *
 * @param base - the rules beside ZigZag's: the published ones unless others are given
 */
export function countsUnder(
  replay: Replay,
  rules: ReadonlySet<ZigZagRule>,
  base: RuleSet = DEFINES,
): readonly (readonly Accesses[])[] {
  const { problem, loops, boundaries, stored } = replay;
  const { hierarchy } = problem;
  const memories = hierarchy.memories.map((memory) => ({ ...memory, size: bits(Number.MAX_SAFE_INTEGER) }));
  const layer = layerModel({ ...problem, hierarchy: { ...hierarchy, memories } });
  const chosen = policiesWith(rules, stored, mapperPolicies(base));
  const spatial = mapSpatially(layer, problem.unrolling, chosen.sizes);
  const cuts = layer.operands.map(({ name }) => boundaries[name]!);
  const result = evaluateCuts(layer, spatial, loops, cuts, chosen);
  if (!result.feasible) throw new Error("no capacity is limited");
  const stays = stationaryCuts(layer, loops, cuts).map((cut, o) =>
    stationaryCycles(layer.operands[o]!, loops, cut[0]!),
  );
  const round = rules.has("whole words") ? Math.trunc : (words: number) => words;
  return result.operands.map(({ words }, o) =>
    words.map((accesses, level): Accesses => {
      const isHeld = rules.has("same data is no access") && level === 0 && !layer.operands[o]!.isOutput;
      const count = (direction: Direction) =>
        round(accesses[direction] / (isHeld && direction === "tl" ? stays[o]! : 1));
      return { tl: count("tl"), fl: count("fl"), th: count("th"), fh: count("fh") };
    }),
  );
}

/** Cycles for which the array keeps reading the same data: the innermost run of irrelevant loops at the lowest level. */
function stationaryCycles(operand: OperandModel, loops: readonly Loop[], cut: number): number {
  const below = loops.slice(0, cut);
  const end = below.findIndex(({ dim }) => relevanceOf(operand, dim) !== "irrelevant");
  return iterations(end === -1 ? below : below.slice(0, end));
}

/** Whether the mapping fits the memories when sizes are counted as ZigZag does. */
export function fitsUnderZigZag({ problem, loops, boundaries, stored }: Replay): boolean {
  const layer = layerModel(problem);
  const chosen = policiesWith(new Set(RULE_NAMES), stored, policies);
  const spatial = mapSpatially(layer, problem.unrolling, chosen.sizes);
  return evaluateCuts(
    layer,
    spatial,
    loops,
    layer.operands.map(({ name }) => boundaries[name]!),
    chosen,
  ).feasible;
}

/** Every count of a replay. */
export function sitesOf(replay: Replay): readonly Site[] {
  const published = countsUnder(replay, new Set());
  const layer = layerModel(replay.problem);
  const spatial = mapSpatially(layer, replay.problem.unrolling, policies.sizes).fractional;
  return layer.operands.flatMap((operand, o) =>
    operand.levels.flatMap((_, level) =>
      DIRECTIONS.map((direction) => ({
        operand,
        spatial: spatial[o]!,
        level,
        direction,
        published: published[o]![level]![direction],
        replay,
      })),
    ),
  );
}
