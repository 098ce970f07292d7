/** One model under two rule sets, or on two machines. */
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import type { DiffEnd, DiffStep, Figures } from "../ir/diff.js";
import { COSTS, STACKS, TILING } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import type { RuleSet } from "../ir/rules.js";
import { type BehaviourTables, quirksOf, type RuleChange } from "./rule-path.js";

/** The figures of an evaluated module. */
export function figuresOf(module: Module): Figures {
  const { totals, layers } = module.get(COSTS);
  return { totals, computedMacs: layers.reduce((sum, { executed }) => sum + executed.macs, 0) };
}

/** An evaluated module as one end of a comparison. */
export function diffEnd(module: Module, { name, loopLimit }: RuleSet): DiffEnd {
  const { accelerator } = module;
  const tilings = module.get(TILING);
  return {
    accelerator: accelerator.name,
    costModel: name,
    loopLimit,
    memories: accelerator.memories.map(({ id }) => id),
    stacks: module.get(STACKS).map(({ layers }, s) => {
      const { tile, overlap, order } = tilings[s]!; // one per stack
      return { layers, tile, overlap, order };
    }),
    ...figuresOf(module),
  };
}

/**
 * Every step of a path but the last one evaluated; that one is known.
 *
 * @param run - the evaluated module under the given rules
 * @param last - figures under the last step's rules
 * @param progress - called before each run
 * @throws DiagnosticError when the input is wrong; a step that is only infeasible is recorded as such
 */
export function walkRules(
  path: readonly RuleChange[],
  tables: BehaviourTables,
  run: (rules: RuleSet) => Module,
  last: Figures,
  progress: (done: number, of: number, next: string) => void = () => {},
): readonly DiffStep[] {
  return path.map(({ rules, ...change }, index) => {
    const isLast = index === path.length - 1;
    if (!isLast) progress(index, path.length - 1, `${change.policy}: ${change.to}`);
    return { ...change, ...quirksOf(change, tables), outcome: isLast ? last : outcomeOf(() => run(rules)) };
  });
}

function outcomeOf(run: () => Module): DiffStep["outcome"] {
  try {
    return figuresOf(run());
  } catch (error) {
    if (error instanceof DiagnosticError && error.failure === "infeasible") return { infeasible: error.diagnostics };
    throw error;
  }
}

/** Notes of both ends, each once. */
export function distinctNotes(notes: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(notes.map((note) => [JSON.stringify(note), note])).values()];
}
