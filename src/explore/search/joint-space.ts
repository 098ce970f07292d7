/**
 * What a joint search chooses from (design §5): cuts of a network into stacks, and for every stack its tile, its overlap mode and the order of
 * its tiles. Stacks that come again are the same objects, with all that was found out about them.
 */
import type { Hierarchy, Memory } from "../../ir/accelerator.js";
import type { CostModel } from "../../ir/cost-model.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import { PRECISION, STACKS, type Stack } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { outputTensors, type TensorId } from "../../ir/network.js";
import { chainTop } from "../../passes/depth-first/levels.js";
import { crossingMaps } from "../../passes/exact/crossing-maps.js";
import { requireRoomAtTops } from "../../passes/exact/held-at-tops.js";
import type { ProblemSource } from "../../passes/exact/layer-problems.js";
import { perBit } from "../../passes/exact/node-layers.js";
import { stacksAt } from "../../passes/exact/partition.js";
import { StackPlanner } from "../../passes/exact/place-stack.js";
import { type CheapestStacks, cheapestStacks, withinLimit } from "../../passes/exact/place-stacks.js";
import { type FeatureMap, mapBits } from "../../passes/exact/stack-maps.js";
import { type ExactView, exactViews, problemSource } from "../../passes/exact/stack-view.js";
import { partMemories } from "../../passes/exact/storage.js";
import type { Extent, Tiling } from "./tilings.js";

/** Tilings that a stack may have, given the extent of its output. */
export type TilingsOf = (view: ExactView, output: Extent) => readonly Tiling[];

/** A stack that may be part of a partition. */
export interface Segment {
  /** Among all that were met. */
  readonly number: number;
  readonly stack: Stack;
  readonly view: ExactView;
  readonly tilings: readonly Tiling[];
  /** Energy that its layers need at least, in pJ. */
  readonly floor: number;
  /** What maps that it shares with other stacks may save by staying on chip, in pJ, where each moves once. */
  readonly saving: number;
}

export type Partition = readonly Segment[];

export interface PricedPartition extends CheapestStacks {
  /** Why it cannot be scheduled, where what lies outside of the chip does not fit there. */
  readonly refusal?: DiagnosticError;
}

function refusalAtTops(
  { stacks }: CheapestStacks,
  outputs: ReadonlySet<TensorId>,
  memories: readonly Memory[],
): DiagnosticError | undefined {
  const held = stacks.map(({ planner, around, homes }) => planner.held(around, homes));
  const tops = stacks.map(({ planner, around, homes }) => planner.tops(around, homes));
  try {
    requireRoomAtTops(held, tops, outputs, memories);
    return undefined;
  } catch (error) {
    if (error instanceof DiagnosticError) return error;
    throw error;
  }
}

/** Planners that are remembered. */
const KEPT_PLANNERS = 400;

export class JointSpace {
  readonly #module: Module;
  readonly #costModel: CostModel;
  readonly #source: ProblemSource;
  readonly #tilings: TilingsOf;
  readonly #isBetweenSearched: boolean;
  readonly #floors: ReadonlyMap<string, number>;
  readonly #segments = new Map<string, Segment>();
  /** Those that were asked for last come last. */
  readonly #planners = new Map<string, StackPlanner>();

  /**
   * @param module - with precisions and unrollings
   * @param isBetweenSearched - whether maps between stacks may stay on chip
   * @param floors - energy that layers need at least, by id, in pJ
   */
  constructor(
    module: Module,
    costModel: CostModel,
    tilings: TilingsOf,
    isBetweenSearched: boolean,
    floors: ReadonlyMap<string, number>,
  ) {
    this.#floors = floors;
    this.#isBetweenSearched = isBetweenSearched;
    this.#module = module;
    this.#costModel = costModel;
    this.#source = problemSource(module);
    this.#tilings = tilings;
  }

  /** Layers after which stacks may end, in the order of the network: all but the last one. */
  get layers(): readonly string[] {
    return this.#module.network.layers.slice(0, -1).map(({ id }) => id);
  }

  /** @param cuts - layers that end a stack */
  partitionAt(cuts: readonly string[]): Partition {
    const { network } = this.#module;
    return this.partitionOf(stacksAt(network, cuts, this.#module.get(PRECISION)));
  }

  partitionOf(stacks: readonly Stack[]): Partition {
    return stacks.map((stack) => {
      const key = stack.layers.join("\n");
      const known = this.#segments.get(key) ?? this.#segmentOf(stack);
      this.#segments.set(key, known);
      return known;
    });
  }

  /**
   * The cheapest of some tilings of every stack, with the homes of all maps.
   *
   * @param tilings - one list per stack
   * @param searches - of homes, per tiling, on average, before the best so far is taken
   * @throws DiagnosticError (infeasible) when nothing fits
   */
  cheapest(partition: Partition, tilings: readonly (readonly Tiling[])[], searches?: number): PricedPartition {
    const outputs = outputTensors(this.#module.network);
    const { hierarchy } = this.#source;
    const views = partition.map(({ view }) => view);
    const maps = this.#isBetweenSearched ? withinLimit(crossingMaps(views, outputs, hierarchy), views.length) : [];
    const planners = partition.map((segment, index) => tilings[index]!.map((tiling) => this.planner(segment, tiling))); // one list per stack
    const cheapest = cheapestStacks(planners, maps, searches);
    const refusal = refusalAtTops(cheapest, outputs, hierarchy.memories);
    return { ...cheapest, ...(refusal && { refusal }) };
  }

  /**
   * With all that it finds out, for as long as it is asked for now and then.
   *
   * @param tiling - one of the segment's
   */
  planner(segment: Segment, tiling: Tiling): StackPlanner {
    const key = `${segment.number} ${segment.tilings.indexOf(tiling)}`;
    const known = this.#planners.get(key) ?? this.plan(segment, tiling);
    this.#planners.delete(key);
    this.#planners.set(key, known);
    if (this.#planners.size > KEPT_PLANNERS) this.#planners.delete(this.#planners.keys().next().value!); // not empty
    return known;
  }

  /** For a single look. */
  plan({ view: { stack, maps } }: Segment, tiling: Tiling): StackPlanner {
    const stated = { id: stack.id, maps, tiling: { stack: stack.id, ...tiling } };
    return new StackPlanner(stated, this.#source, this.#costModel);
  }

  #segmentOf(stack: Stack): Segment {
    const [view] = exactViews(this.#module.with(STACKS, [stack])) as [ExactView]; // one per stack
    const saving = savingOf(view, outputTensors(this.#module.network), this.#source.hierarchy);
    const floor = stack.layers.reduce((sum, id) => sum + (this.#floors.get(id) ?? 0), 0);
    return { number: this.#segments.size, stack, view, tilings: this.#tilings(view, outputOf(view)), floor, saving };
  }
}

function savingOf({ maps: { maps } }: ExactView, outputs: ReadonlySet<TensorId>, hierarchy: Hierarchy): number {
  const isShared = (map: FeatureMap): boolean =>
    (map.node.layer === undefined || map.leaves) &&
    !outputs.has(map.tensor) &&
    partMemories(map, hierarchy).some(({ size }) => mapBits(map) <= size);
  const energies = maps.filter(isShared).map((map) => {
    const { read, write } = perBit(chainTop(hierarchy, map.node.output.memoryOperand));
    return mapBits(map) * (map.node.layer === undefined ? read : write);
  });
  return energies.reduce((sum, energy) => sum + energy, 0);
}

/** Equal for equal partitions. */
export const partitionKey = (partition: Partition): string =>
  partition.map(({ stack }) => stack.layers.join(",")).join(" | ");

function outputOf({ maps }: ExactView): Extent {
  const { x, y } = maps.maps.at(-1)!.extents; // a stack has an output
  return { width: x, height: y };
}
