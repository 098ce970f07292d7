/** The part of a command line that states a sweep, to be repeated by others. */
import type { ExploreFlags } from "./explore-request.js";

/** Options that decide which points there are and what they cost. */
const TEXTS = [
  ["arch", "--arch"],
  ["mapping", "--mapping"],
  ["costModel", "--cost-model"],
  ["tiles", "--tiles"],
  ["overlaps", "--overlaps"],
  ["order", "--order"],
  ["loopLimit", "--loop-limit"],
  ["bind", "--bind"],
  ["seed", "--seed"],
  ["objective", "--objective"],
  ["front", "--front"],
] as const;
const LISTS = [
  ["stacks", "--stacks"],
  ["vary", "--vary"],
  ["limit", "--limit"],
] as const;
const SWITCHES = [
  ["pipelineCopies", "--pipeline-copies"],
  ["steadyState", "--steady-state"],
] as const;

/** Model and options, one word each. */
export function sweepArguments(modelFile: string, flags: ExploreFlags): readonly string[] {
  return [
    modelFile,
    ...TEXTS.flatMap(([name, option]) => (flags[name] === undefined ? [] : [option, flags[name]])),
    ...LISTS.flatMap(([name, option]) => (flags[name] ?? []).flatMap((value) => [option, value])),
    ...SWITCHES.flatMap(([name, option]) => (flags[name] ? [option] : [])),
  ];
}
