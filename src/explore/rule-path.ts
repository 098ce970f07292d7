/** The way from one rule set to another: one policy after the other takes the behaviour of the second. */
import type { Policy } from "../ir/diff.js";
import type { Behaviour, Quirk, RuleSet } from "../ir/rules.js";

/**
 * Every policy, in the order in which a path changes them: stacks and tiles, then mapping, then the two that replace what the others
 * decide. The limit on loop factors goes after the mapper: without one, the published search takes hours on some layers. Exact regions
 * come last, since the published mapper knows no borders.
 */
export const POLICIES: readonly Policy[] = [
  ...(["cuts", "leftover", "regions", "keptBuffers", "levels", "weights", "copies", "copyPhases", "totals"] as const),
  ...(["sizes", "capacityCuts", "partialSums", "words", "doubleBuffering", "stalls", "loading", "ties"] as const),
  ...(["mapper", "loopLimit", "geometry"] as const),
];

/** The rules after one policy of a path has changed. */
export interface RuleChange {
  readonly policy: Policy;
  readonly from: string | number;
  readonly to: string | number;
  readonly rules: RuleSet;
}

/**
 * One change per policy in which the rule sets differ; the last one's rules are `to`. The way back is the same, backwards.
 */
export function rulePath(from: RuleSet, to: RuleSet): readonly RuleChange[] {
  const differing = POLICIES.filter((policy) => from[policy] !== to[policy]);
  const ordered = from.geometry === "clipped" && to.geometry === "traced" ? differing.toReversed() : differing;
  let rules: RuleSet = from;
  return ordered.map((policy, index): RuleChange => {
    const name = index === ordered.length - 1 ? to.name : `${from.name} to ${to.name}`;
    rules = { ...rules, name, [policy]: to[policy] };
    return { policy, from: from[policy], to: to[policy], rules };
  });
}

/** Behaviours of every policy that has quirks, by policy and by the names that rule sets use. */
export type BehaviourTables = Readonly<Partial<Record<Policy, Readonly<Record<string, Behaviour<unknown>>>>>>;

/** Quirks that a change takes away, and those that it brings. */
export function quirksOf({ policy, from, to }: Omit<RuleChange, "rules">, tables: BehaviourTables) {
  const [before, after] = [from, to].map((behaviour) => reproduced(tables[policy] ?? {}, behaviour)) as [
    readonly Quirk[],
    readonly Quirk[],
  ]; // two in, two out
  return {
    mends: before.filter((quirk) => !after.includes(quirk)),
    restores: after.filter((quirk) => !before.includes(quirk)),
  };
}

/** Quirks that a behaviour keeps: all of the reference's behaviour, which stands first, and of every other one those that it does not mend. */
function reproduced(table: Readonly<Record<string, Behaviour<unknown>>>, behaviour: string | number): readonly Quirk[] {
  const [published] = Object.keys(table);
  if (published === undefined) return [];
  const mended = behaviour === published ? [] : (table[behaviour]?.quirks ?? []);
  return table[published]!.quirks.filter((quirk) => !mended.includes(quirk)); // the first of its keys
}
