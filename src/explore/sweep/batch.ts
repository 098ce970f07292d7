/** Points evaluated one after the other, as a worker does it; finished ones come from a cache where there is one. */
import type { CostModel } from "../../ir/cost-model.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { Module } from "../../ir/module.js";
import type { Network } from "../../ir/network.js";
import type { RuleSet } from "../../ir/rules.js";
import type { Metric, Outcome } from "../../ir/sweep.js";
import { evaluatePoint, prepare, tiled } from "../evaluate-point.js";
import { type PointBound, pointBound } from "./bounds.js";
import { encodeLine } from "./line.js";
import { pointNumbers } from "./metrics.js";
import type { Digest, Machine, SweepRules } from "./plan.js";
import { type Block, blockAt, keyText, pointAt, type SweepSpace } from "./space.js";

/** All that a worker needs to know: plain data, so that it can be sent to one. */
export interface SweepWork extends SweepRules {
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly rules: RuleSet;
  readonly space: SweepSpace;
}

/** Finished points by key. Implementations are safe under concurrent writers. */
export interface ResultCache {
  /** `damaged`: there is an entry, and it is not what was written. */
  get(key: string): Outcome | "damaged" | undefined;
  /** @returns whether it was kept */
  set(key: string, outcome: Outcome): boolean;
}

export interface PointResult {
  readonly index: number;
  readonly outcome: Outcome;
  /** The line of the result file, without its end. */
  readonly line: string;
}

export interface BatchResult {
  readonly results: readonly PointResult[];
  /** Points that the cache knew, entries of it that were damaged, and results that it could not keep. */
  readonly cached: number;
  readonly damaged: number;
  readonly unkept: number;
}

export interface PointEvaluator {
  /** @throws DiagnosticError when the input is wrong; a point without a schedule is an outcome */
  outcome(index: number): Outcome;
  /** What no schedule of the point goes below. */
  bound(index: number, metrics: readonly Metric[]): PointBound;
  /** Gives back the memory that former points filled; numbers do not depend on it. */
  forget(): void;
}

/** @param createCostModel - called at the start, and after `forget` */
export function createPointEvaluator(
  { network, machines, rules, space, evaluation }: SweepWork,
  createCostModel: (rules: RuleSet) => CostModel,
): PointEvaluator {
  let costModel = createCostModel(rules);
  let current: { readonly block: Block; readonly prepared: Module } | undefined;
  const preparedFor = (block: Block): Module => {
    const { accelerator } = machines[block.machine]!; // blocks are made from this list
    if (current?.block !== block) current = { block, prepared: prepare(network, accelerator, block.rule, costModel) };
    return current.prepared;
  };
  return {
    outcome(index) {
      const { tile, overlap, order } = pointAt(space, index);
      const prepared = preparedFor(blockAt(space, index));
      return outcomeOf(() => evaluatePoint(prepared, { tile, overlap, order }, costModel, "searched", evaluation));
    },
    bound(index, metrics) {
      const { tile, overlap, order } = pointAt(space, index);
      const prepared = preparedFor(blockAt(space, index));
      const module = () => tiled(prepared, { tile, overlap, order }, costModel);
      return pointBound(metrics, module, costModel, evaluation);
    },
    forget() {
      costModel = createCostModel(rules);
      current = undefined;
    },
  };
}

function outcomeOf(run: () => Module): Outcome {
  try {
    return pointNumbers(run());
  } catch (error) {
    if (!(error instanceof DiagnosticError) || error.failure !== "infeasible") throw error;
    return { infeasible: error.diagnostics.map(({ code, message }) => ({ code, message })) };
  }
}

/** @throws DiagnosticError when the input is wrong */
export function runBatch(
  indices: readonly number[],
  { space }: Pick<SweepWork, "space">,
  evaluator: Pick<PointEvaluator, "outcome">,
  digest: Digest,
  cache?: ResultCache,
): BatchResult {
  const counts = { cached: 0, damaged: 0, unkept: 0 };
  const results = indices.map((index): PointResult => {
    const key = digest(keyText(space, index));
    const found = cache?.get(key);
    if (found === "damaged") counts.damaged++;
    if (found !== undefined && found !== "damaged") {
      counts.cached++;
      return { index, outcome: found, line: encodeLine(space, index, found, key) };
    }
    const outcome = evaluator.outcome(index);
    if (cache?.set(key, outcome) === false) counts.unkept++;
    return { index, outcome, line: encodeLine(space, index, outcome, key) };
  });
  return { results, ...counts };
}
