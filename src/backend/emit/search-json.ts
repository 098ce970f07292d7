/** What was searched for a schedule, in words, and what is proven of it (contract: `search` of `schedule.json`). */
import { DECISIONS } from "../../ir/decisions.js";
import {
  COSTS,
  HOMES_BETWEEN,
  HOMES_BOUND,
  MAPPINGS,
  PLACEMENT,
  SEARCHED,
  type SearchedBetween,
} from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import type { RuleSet } from "../../ir/rules.js";
import type { ScheduleDocument } from "./schedule-schema.js";

/**
 * What was searched for one stated schedule: the mappings of each distinct layer tile whose mapping is not stated too, and, under exact
 * rules, homes. Of one inference of many nothing is proven: its homes were searched with loads that it is not charged.
 */
export function searchJson(module: Module, limits: Pick<RuleSet, "loopLimit">): ScheduleDocument["search"] {
  const results = [
    ...new Set(
      module
        .get(MAPPINGS)
        .flat(2)
        .map(({ result }) => result),
    ),
  ];
  const homes = module.get(PLACEMENT).flatMap(({ search }) => search ?? []);
  const { totals, isSteady = false } = module.get(COSTS);
  const { energy, energyByKind, copyLatency, latency } = totals;
  const found = sumOf(homes.map(({ energy }) => energy));
  const drawn = homes.length === 0 ? 0 : ((energyByKind.static ?? 0) * copyLatency) / Math.max(1, latency);
  const joint = module.find(SEARCHED);
  const open = found - (joint?.bound ?? module.find(HOMES_BOUND) ?? found) + drawn; // what is drawn while copies run did not lead the search
  const gap = open > found * ROUNDING ? open : 0;
  const isBounded =
    !isSteady && results.every(({ search }) => search.optimal) && (joint === undefined || open >= -found * ROUNDING);
  return {
    space: spaceText(module, limits),
    evaluated: sumOf([
      joint?.evaluated ?? 0,
      ...results.map(({ search }) => search.visited),
      ...homes.map(({ visited }) => visited),
    ]),
    optimal: isBounded && gap === 0 && (joint?.isExhaustive ?? true),
    ...(isBounded && { bound: energy - gap, gap: energy === 0 ? 0 : gap / energy }),
  };
}

/** Sums of the same energies in another order differ by less. */
const ROUNDING = 1e-12;

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

function spaceText(module: Module, { loopLimit }: Pick<RuleSet, "loopLimit">): string {
  const between = module.find(HOMES_BETWEEN);
  const limit = loopLimit === "none" ? "" : `, at most ${loopLimit} of them per layer`;
  const stated = module.find(DECISIONS)?.stacks.some(({ tileTypes }) => tileTypes.length > 0)
    ? ", where no mapping is stated"
    : "";
  const loops = loopLimit === "none" ? "" : `, of at most ${loopLimit} loop factors`;
  if (between === undefined)
    return `loop orders of every layer on every tile type of the stated schedule${loops}${stated}`;
  const steady = module.get(COSTS).isSteady ? "; homes by the energy of one inference, loads included" : "";
  const homes = `homes of feature maps, ${WHERE[between]}, of kept overlap and of weights, in memories with one instance`;
  const orders = `orders of perfect loop factors${limit}, memory level of every loop and double buffering`;
  const open = module.find(SEARCHED)?.space ?? "for the stated stacks, tiles, overlap and order";
  return `${open}: ${homes}; ${orders}, by energy${stated}${steady}`;
}

/** Feature maps whose homes were searched. */
const WHERE: Readonly<Record<SearchedBetween, string>> = {
  all: "in stacks and between them",
  some: "in stacks and between them but for those that live longest, which lie at the top",
  none: "in stacks but not between them, where they lie at the top",
};
