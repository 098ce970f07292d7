/** A comparison as JSON; names and units as in `schedule.json`. */
import type { DiffEnd, DiffStep, Figures, ScheduleDiff } from "../../ir/diff.js";
import { VERSION } from "../../ir/version.js";
import { diagnosticJson } from "./diagnostic-json.js";
import { changeOf, diffTerms } from "./diff-terms.js";

export interface FiguresJson {
  readonly energyPj: number;
  readonly latencyCycles: number;
  readonly computedMacs: number;
  readonly operations: number;
}

/** A number that does not exist, of a step without a schedule or a memory that one machine lacks, is left out. */
export function diffDocument(diff: ScheduleDiff) {
  const { model, ends, path } = diff;
  return {
    format: "kerf/diff",
    version: 1,
    generator: { name: "kerf", version: VERSION },
    model: { name: model },
    ends: ends.map(endJson),
    ...(path && { path: stepsJson(ends[0], path) }),
    terms: diffTerms(diff).map((term) => ({
      term: term.path,
      ...(term.first !== undefined && { first: term.first }),
      ...(term.second !== undefined && { second: term.second }),
      change: changeOf(term),
    })),
  };
}

const endJson = (end: DiffEnd) => ({
  accelerator: end.accelerator,
  costModel: end.costModel,
  loopLimit: end.loopLimit,
  stacks: end.stacks,
  totals: figuresJson(end),
});

/** Each change is against the last step before that has a schedule, so that they add up. */
function stepsJson(start: Figures, path: readonly DiffStep[]) {
  let before = figuresJson(start);
  return path.map(({ outcome, ...step }) => {
    if ("infeasible" in outcome) return { ...step, diagnostics: outcome.infeasible.map(diagnosticJson) };
    const totals = figuresJson(outcome);
    const change = differences(before, totals);
    before = totals;
    return { ...step, totals, change };
  });
}

export const figuresJson = ({ totals, computedMacs }: Figures): FiguresJson => ({
  energyPj: totals.energy,
  latencyCycles: totals.latency,
  computedMacs,
  operations: totals.operations,
});

export const differences = (a: FiguresJson, b: FiguresJson): FiguresJson => ({
  energyPj: b.energyPj - a.energyPj,
  latencyCycles: b.latencyCycles - a.latencyCycles,
  computedMacs: b.computedMacs - a.computedMacs,
  operations: b.operations - a.operations,
});
