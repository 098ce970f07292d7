/** One network on one machine, evaluated at many points: what does not depend on the point is done once. */
import type { Accelerator } from "../ir/accelerator.js";
import type { CostModel } from "../ir/cost-model.js";
import { TILING } from "../ir/facts.js";
import { createModule, type Module } from "../ir/module.js";
import type { Network } from "../ir/network.js";
import type { PassContext } from "../passes/pass.js";
import { pipelineStep, runPipeline } from "../passes/pipeline.js";
import { DEFAULT_ORDER } from "../passes/registry.js";
import type { TilePoint } from "./grid.js";

/** Fuse depth of a sweep: the rules of `partition-stacks`, or cuts after the named layers. */
export type StackRule = "auto" | "single" | "per-layer" | { readonly cuts: readonly string[] };

/** Number of the pass that first depends on the tile. */
const TILED = DEFAULT_ORDER.findIndex(({ name }) => name === "tile-stacks");

/** The module up to its stacks. */
export const prepare = (network: Network, accelerator: Accelerator, rule: StackRule, costModel: CostModel): Module =>
  withStacks(createModule(network, accelerator), rule, costModel);

/** @param start - as the frontend made it */
export function withStacks(start: Module, rule: StackRule, costModel: CostModel): Module {
  const steps = DEFAULT_ORDER.slice(0, TILED).map((pass) =>
    pipelineStep(pass, pass.name === "partition-stacks" ? stackOptions(rule) : {}),
  );
  return runPipeline(start, steps, silent(costModel));
}

/** No cuts are one stack. */
function stackOptions(rule: StackRule): Readonly<Record<string, unknown>> {
  if (typeof rule === "string") return { rule };
  return rule.cuts.length === 0 ? { rule: "single" } : { cuts: rule.cuts };
}

/**
 * The evaluated module at one point.
 *
 * @param prepared - from `prepare`
 * @param between - `top`: no map between stacks stays on chip, so that stacks do not influence each other
 * @throws DiagnosticError when no schedule exists at the point
 */
export const evaluatePoint = (
  prepared: Module,
  point: TilePoint,
  costModel: CostModel,
  between: "searched" | "top" = "searched",
  evaluation: EvaluateOptions = {},
): Module => evaluateTiled(tiled(prepared, point, costModel), costModel, between, evaluation);

/** Options of the pass `evaluate`; its defaults where they are absent. */
export interface EvaluateOptions {
  readonly copies?: "alone" | "pipelined";
  readonly inference?: "single" | "steady";
}

/**
 * What `summarize` makes of every point, in order. Points that are clamped to the same tiles are evaluated once, so that a
 * summary must not depend on how its point was written.
 */
export function sweep<T>(
  prepared: Module,
  points: readonly TilePoint[],
  costModel: CostModel,
  summarize: (module: Module) => T,
): readonly T[] {
  const known = new Map<string, { readonly summary: T }>();
  return points.map((point) => {
    const module = tiled(prepared, point, costModel);
    const key = JSON.stringify(module.get(TILING));
    const found = known.get(key) ?? { summary: summarize(evaluateTiled(module, costModel)) };
    known.set(key, found);
    return found.summary;
  });
}

/** The prepared module with its tiles, as every stack clamps them. */
export const tiled = (prepared: Module, point: TilePoint, costModel: CostModel): Module =>
  runPipeline(prepared, [pipelineStep(DEFAULT_ORDER[TILED]!, { ...point })], silent(costModel)); // found by name above

function evaluateTiled(
  module: Module,
  costModel: CostModel,
  between: "searched" | "top" = "searched",
  evaluation: EvaluateOptions = {},
): Module {
  const given: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "place-operands": { between },
    evaluate: { ...evaluation },
  };
  const steps = DEFAULT_ORDER.slice(TILED + 1).map((pass) => pipelineStep(pass, given[pass.name]));
  return runPipeline(module, steps, silent(costModel));
}

/** Notes about clamped tiles and the like would come once per point; a sweep states its space instead. */
const silent = (costModel: CostModel): PassContext => ({ costModel, seed: 0, report: () => {} });
