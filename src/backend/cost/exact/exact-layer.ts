/** A mapping problem as the exact model sees it: per operand, the cuts between neighbouring levels and how the array fans out there. */
import type { Direction, OperationalArray, Port } from "../../../ir/accelerator.js";
import type { Dim } from "../../../ir/axis-map.js";
import type { MappingProblem, OperandLayout, OperandShape, WindowShape } from "../../../ir/cost-model.js";
import { iterations, type Loop } from "../../../ir/network.js";
import {
  accessEnergy,
  type LayerModel,
  layerModel,
  type OperandLevel,
  type OperandModel,
  portOf,
  relevanceOf,
} from "../mapper/layer-model.js";
import { chainKeys } from "./chain-keys.js";
import { type ArrayUse, arrayUse, type DimSteps, type Fan, fanOut, wholeDim } from "./unrolling.js";
import { windowKey } from "./window-figures.js";

/** One end of the transfers over a cut. */
export interface FlowEnd {
  /** Level of the operand. */
  readonly level: number;
  readonly direction: Direction;
  readonly port: Port;
  /** Position of the port among all of the layer. */
  readonly portIndex: number;
  /** pJ per access of the full port width. */
  readonly energy: number;
  /** Bits per element. */
  readonly width: number;
}

/** `fill`: input blocks down. `partial`, `last`: output blocks up, before and at the last visit. `old`: partial sums down. */
export type FlowKind = "fill" | "partial" | "last" | "old";

/** Transfers of one kind over a cut. At the array's cut there is no lower end. */
export interface Flow {
  readonly kind: FlowKind;
  readonly upper: FlowEnd;
  readonly lower: FlowEnd | undefined;
  /** Whether its first or last cycle overlaps with computing, because the level next to the array takes it as a register does. */
  readonly isLatched: boolean;
}

export interface WindowFans {
  readonly window: WindowShape;
  readonly out: Fan;
  readonly tap: Fan;
}

/** The axes of an operand at a cut, and the dims that do not index it. */
export interface CutAxes {
  /** Equal for axes that are equal. */
  readonly key: string;
  readonly plain: readonly Fan[];
  readonly windows: readonly WindowFans[];
  readonly irrelevant: readonly Fan[];
}

/** The border between level `index` and the level above it; `index` −1 is the border between the array and level 0. */
export interface Cut {
  /** Equal for cuts that are equal in all that follows. */
  readonly key: string;
  readonly index: number;
  /** One object for all cuts of an operand at which the array fans out alike. */
  readonly axes: CutAxes;
  readonly flows: readonly Flow[];
  /** Whether what the upper (the lower) level gets at the last visit is complete: no reduction fans out above it. */
  readonly isUpperComplete: boolean;
  readonly isLowerComplete: boolean;
  /** How the operand lies in the upper level, where that is its home and states a layout. */
  readonly layout?: OperandLayout;
}

export interface ExactOperand {
  /** Equal for operands that are equal in all that follows. */
  readonly key: string;
  /** Position in the problem. */
  readonly index: number;
  readonly model: OperandModel;
  readonly whole: number;
  /** Array cut first: `cuts[m + 1]` lies above level `m`. */
  readonly cuts: readonly Cut[];
  /** Instances above the highest level that sum apart: 1 unless a reduction is unrolled beyond every memory. */
  readonly homeReplicas: number;
}

export interface ExactLayer {
  readonly problem: MappingProblem;
  readonly model: LayerModel;
  readonly array: ArrayUse;
  /** Operands that exist: those of zero bits do not (EM §3). */
  readonly operands: readonly ExactOperand[];
  /** Bits that blocks may take, per memory of the hierarchy. */
  readonly available: readonly number[];
  /** `memory.port` of every port. */
  readonly ports: readonly string[];
}

/**
 * @param isAsked - operands by position that are meant; absent: all
 * @throws Error when an operand is indexed twice by one dim, or as `layerModel` does: defects of the caller
 */
export function exactLayer(problem: MappingProblem, isAsked = (_: number): boolean => true): ExactLayer {
  const model = layerModel(problem);
  const array = arrayUseOf(problem);
  const operands = model.operands.flatMap((operand, index) =>
    operand.bits === 0 || !isAsked(index) ? [] : [operandOf(problem, model, array, operand, index)],
  );
  return {
    problem,
    model,
    array,
    operands,
    available: availableBits(problem),
    ports: problem.hierarchy.memories.flatMap(({ id, ports }) => ports.map(({ name }) => `${id}.${name}`)),
  };
}

/** By loops, array and unrolling: layers that are mapped at many homes use the array in few ways. */
const USES = new WeakMap<readonly Loop[], WeakMap<OperationalArray, Map<string, ArrayUse>>>();

function arrayUseOf({ loops, hierarchy: { array }, unrolling }: MappingProblem): ArrayUse {
  const byArray = USES.get(loops) ?? new WeakMap<OperationalArray, Map<string, ArrayUse>>();
  USES.set(loops, byArray);
  const uses = byArray.get(array) ?? new Map<string, ArrayUse>();
  byArray.set(array, uses);
  const key = unrolling.map(({ arrayDim, dim, size }) => `${arrayDim}\t${dim}\t${size}`).join("\n");
  const known = uses.get(key) ?? arrayUse(loops, array, unrolling);
  uses.set(key, known);
  return known;
}

/** Operands of one shape under one use of the array. */
interface KnownOperands {
  /** By chain: what an operand is made of does not depend on the homes of the others. */
  readonly operands: Map<string, ExactOperand>;
  /** By the array dims that the two levels at a cut serve. */
  readonly axes: Map<string, CutAxes>;
}

const OPERANDS = new WeakMap<OperandShape, WeakMap<ArrayUse, KnownOperands>>();

function operandOf(
  problem: MappingProblem,
  layer: LayerModel,
  array: ArrayUse,
  model: OperandModel,
  index: number,
): ExactOperand {
  const shape = problem.operands[index]!;
  const byUse = OPERANDS.get(shape) ?? new WeakMap<ArrayUse, KnownOperands>();
  OPERANDS.set(shape, byUse);
  const shared = byUse.get(array) ?? { operands: new Map(), axes: new Map() };
  byUse.set(array, shared);
  const { operands, axes } = shared;
  const key = `${index} ${model.finalBits} ${chainKeys(problem.hierarchy, shape.memoryOperand).placed}`;
  const known = operands.get(key) ?? exactOperand(problem, layer, array, model, index, axes);
  operands.set(key, known);
  return known;
}

/** The same layer where other room is left. */
export const withRoomOf = (layer: ExactLayer, problem: MappingProblem): ExactLayer => ({
  ...layer,
  problem,
  available: availableBits(problem),
});

const availableBits = ({ hierarchy, available }: MappingProblem): readonly number[] =>
  hierarchy.memories.map(({ id, size }) => available?.[id] ?? size);

/** Levels that the search cuts and that take room: all but the home. */
export const heldLevels = ({ cuts }: ExactOperand): number => cuts.length - 1;

/** Cycles without a stall: steps of the array, or as long as a vector unit needs for the operations. */
export function computeCycles({ array, problem }: ExactLayer): number {
  const steps = [...array.dims.values()].reduce((product, dim) => product * dim.steps, 1);
  const { operation } = problem;
  if (operation?.perCycle === undefined) return steps;
  return Math.max(steps, Math.ceil((iterations(problem.loops) * operation.share) / operation.perCycle));
}

/** Energy of the layer's operations, pJ. */
export function operationEnergy({ problem, model }: ExactLayer): number {
  const { energy, share } = problem.operation ?? { energy: model.array.macEnergy, share: 1 };
  return iterations(problem.loops) * share * energy;
}

/** Steps of a dim; a dim that the layer lacks has one. */
const stepsOf = ({ dims }: ArrayUse, dim: Dim): DimSteps => dims.get(dim) ?? wholeDim(dim, 1);

function exactOperand(
  problem: MappingProblem,
  layer: LayerModel,
  array: ArrayUse,
  model: OperandModel,
  index: number,
  known: Map<string, CutAxes>,
): ExactOperand {
  const shape = problem.operands[index]!;
  const axesAt = cutAxes(problem, array, shape, model, known);
  const cuts = model.levels.map((_, level): Cut => {
    const axes = axesAt(level);
    const isUpperComplete = axes.irrelevant.every((fan) => fan.count("above") === 1);
    const isLowerComplete = isUpperComplete && axes.irrelevant.every((fan) => fan.count("between") === 1);
    const own = flowsOf(layer, model, level, isUpperComplete, isLowerComplete);
    const layout = level === model.levels.length - 1 ? homeLayout(shape, axes) : undefined;
    return {
      key: [axes.key, isUpperComplete, isLowerComplete, own.key, JSON.stringify(layout)].join(" / "),
      index: level - 1,
      axes,
      flows: own.flows,
      isUpperComplete,
      isLowerComplete,
      ...(layout && { layout }),
    };
  });
  const homeReplicas = cuts
    .at(-1)!
    .axes.irrelevant.reduce(
      (product, { above, steps }) => product * above.filter((place) => place < steps.size).length,
      1,
    );
  const whole = shape.whole ?? 1;
  const held = model.levels.map(({ memoryIndex }) => memoryIndex);
  const facts = [whole, homeReplicas, model.isOutput, model.bits, model.finalBits, held.join(" ")];
  return { key: [...facts, ...cuts.map((cut) => cut.key)].join(" // "), index, model, whole, cuts, homeReplicas };
}

function flowKey({ kind, upper, lower, isLatched }: Flow): string {
  const end = ({ port, portIndex, energy, width }: FlowEnd): string =>
    `${port.granularity} ${port.bandwidth} ${portIndex} ${energy} ${width}`;
  return `${kind} ${end(upper)} | ${lower === undefined ? "" : end(lower)} | ${isLatched}`;
}

/** Of a home with one instance for the whole array, and an operand that is indexed by loops alone. */
function homeLayout(
  { layout, whole }: OperandShape,
  { plain, windows, irrelevant }: CutAxes,
): OperandLayout | undefined {
  const fans = [...plain, ...irrelevant, ...windows.flatMap(({ out, tap }) => [out, tap])];
  return whole === undefined && fans.every((fan) => fan.count("above") === 1) ? layout : undefined;
}

/** Axes at the cut under each level. */
function cutAxes(
  problem: MappingProblem,
  array: ArrayUse,
  shape: OperandShape,
  model: OperandModel,
  known: Map<string, CutAxes>,
) {
  const dims = operandDims(problem, shape, model);
  const served = cumulativelyServed(model);
  return (level: number): CutAxes => {
    const lower = served[level - 1] ?? new Set<string>();
    const upper = served[level]!;
    const key = [lower, upper].map((dims) => [...dims].filter((dim) => isUsed(array, dim)).sort()).join(" | ");
    const fan = (dim: Dim) => fanOut(stepsOf(array, dim), lower, upper);
    const axes =
      known.get(key) ??
      keyed({
        plain: dims.plain.map(fan),
        windows: shape.windows.map((window) => ({ window, out: fan(window.out), tap: fan(window.tap) })),
        irrelevant: dims.irrelevant.map(fan),
      });
    known.set(key, axes);
    return axes;
  };
}

function keyed(axes: Omit<CutAxes, "key">): CutAxes {
  const named = ({ key, steps }: Fan): string => `${steps.dim}: ${key}`;
  const key = [
    ...axes.plain.map(named),
    ...axes.windows.map(({ window, out, tap }) => `${window.out} ${window.tap}: ${windowKey(window, out, tap)}`),
    "-",
    ...axes.irrelevant.map(named),
  ].join("; ");
  return { key, ...axes };
}

const isUsed = ({ unrolling }: ArrayUse, dim: string): boolean =>
  unrolling.some(({ arrayDim, size }) => arrayDim === dim && size > 1);

function operandDims({ loops }: MappingProblem, { name, windows }: OperandShape, model: OperandModel) {
  const windowed = windows.flatMap(({ out, tap }) => [out, tap]);
  if (new Set(windowed).size < windowed.length) throw new Error(`a dim indexes two axes of operand '${name}'`);
  const of = (relevance: string) => loops.map(({ dim }) => dim).filter((dim) => relevanceOf(model, dim) === relevance);
  return { plain: of("relevant"), irrelevant: of("irrelevant") };
}

/** Per level: array dims that one of its instances serves, or that an instance under it does. */
function cumulativelyServed({ levels }: OperandModel): readonly ReadonlySet<string>[] {
  const known =
    SERVED.get(levels) ?? levels.map((_, m) => new Set(levels.slice(0, m + 1).flatMap(({ memory }) => memory.served)));
  SERVED.set(levels, known);
  return known;
}

const SERVED = new WeakMap<OperandModel["levels"], readonly ReadonlySet<string>[]>();

interface CutFlows {
  /** Equal for equal flows. */
  readonly key: string;
  readonly flows: readonly Flow[];
}

/** Flows between the levels of an operand: many layers have the same. */
const FLOWS = new WeakMap<OperandModel["levels"], Map<string, CutFlows>>();

/** @param level - of the upper end */
function flowsOf(
  layer: LayerModel,
  operand: OperandModel,
  level: number,
  isUpperComplete: boolean,
  isLowerComplete: boolean,
): CutFlows {
  const byFacts = FLOWS.get(operand.levels) ?? new Map<string, CutFlows>();
  FLOWS.set(operand.levels, byFacts);
  const { isOutput, bits, finalBits } = operand;
  const facts = [level, isUpperComplete, isLowerComplete, isOutput, bits, finalBits].join(" ");
  const known = byFacts.get(facts);
  if (known !== undefined) return known;
  const made = flows(layer, operand, level, isUpperComplete, isLowerComplete);
  const keyed = { key: made.map(flowKey).join(" / "), flows: made };
  byFacts.set(facts, keyed);
  return keyed;
}

/** @param level - of the upper end */
function flows(
  layer: LayerModel,
  operand: OperandModel,
  level: number,
  isUpperComplete: boolean,
  isLowerComplete: boolean,
): readonly Flow[] {
  const end = (at: number, direction: Direction, width: number) =>
    operand.levels[at] && flowEnd(layer, operand.levels[at], at, direction, width);
  const { bits, finalBits } = operand;
  const flow = (kind: FlowKind, up: Direction, low: Direction, upperWidth: number, lowerWidth: number): Flow => ({
    kind,
    upper: end(level, up, upperWidth)!,
    lower: end(level - 1, low, lowerWidth),
    isLatched: level === 1 && kind !== "old",
  });
  if (!operand.isOutput) return [flow("fill", "tl", "fh", bits, bits)];
  return [
    flow("partial", "fl", "th", bits, bits),
    flow("last", "fl", "th", isUpperComplete ? finalBits : bits, isLowerComplete ? finalBits : bits),
    flow("old", "tl", "fh", bits, bits),
  ];
}

function flowEnd(layer: LayerModel, level: OperandLevel, index: number, direction: Direction, width: number): FlowEnd {
  const port = portOf(level, direction);
  const before = layer.memories.slice(0, level.memoryIndex).reduce((sum, { memory }) => sum + memory.ports.length, 0);
  const portIndex = before + level.memory.ports.indexOf(port);
  return { level: index, direction, port, portIndex, energy: accessEnergy(level, direction), width };
}
