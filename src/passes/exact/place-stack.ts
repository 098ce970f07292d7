/** One stack under the exact model: its tile types, and where everything lives on each of them (EM §1–2). */
import type { Memory } from "../../ir/accelerator.js";
import type { Copy, CostModel, MappingProblem, StatedMapping } from "../../ir/cost-model.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { PlacedNode, PlacedTileType, StackBuffer, StackPlacement, Work } from "../../ir/facts.js";
import type { TensorId } from "../../ir/network.js";
import { KEPT_WRITE_TIME } from "../regions/kept-rings.js";
import { type StackGeometry, stackGeometry } from "./geometry.js";
import { type StackTops, stackTops } from "./held-at-tops.js";
import type { HomeProblem, HomeSpace, StackHomes } from "./home-problem.js";
import { boundHomes, leastHomes, searchHomes } from "./home-search.js";
import { homeSpace } from "./home-space.js";
import type { LayerAtHomes, LayerHomes, TakenBits } from "./layer-costs.js";
import { boxedLoops, type ProblemSource, workOn } from "./layer-problems.js";
import { neededWork } from "./needed-work.js";
import { isMapped, layerHomes, takenAt } from "./node-steps.js";
import { fetchCopy, gathers, keepingCopies, moveCopies, owedCopies, ringBits, StackCosts } from "./stack-costs.js";
import type { FeatureMap, StackMaps } from "./stack-maps.js";
import type { TiledStack } from "./stack-view.js";
import type { Rings, Storage } from "./storage.js";
import { type TileNode, type TileNodes, tileNodes } from "./tile-nodes.js";
import { tooLarge } from "./too-large.js";
import type { TypeHomes } from "./type-homes.js";

/** The mapping that somebody states for a layer on a tile type, and for one of the phases in which it runs there. */
export type StatedOnTile = (
  type: Pick<PlacedTileType, "id" | "width" | "height" | "firstAt">,
  layer: string,
  phase: { readonly index: number; readonly count: number },
) => StatedMapping | undefined;

const NO_WORK: Work = { operations: 0, macs: 0 };

/** Where the maps live that a stack shares with others, and what stays on chip while it runs. */
export interface Surroundings {
  /** Memory on chip of maps that the stack reads or that leave it; all others live at the tops of their chains. */
  readonly places: ReadonlyMap<TensorId, Memory>;
  /** Maps on chip meanwhile: those of `places`, and those that pass by. */
  readonly held: readonly StackBuffer[];
}

/** A stack with all that does not depend on its surroundings. */
export class StackPlanner {
  readonly #stack: TiledStack;
  readonly #source: ProblemSource;
  readonly #costModel: CostModel;
  readonly #geometry: StackGeometry;
  readonly #types: readonly TileNodes[];
  readonly #costs: StackCosts;
  readonly #problems = new Map<string, HomeProblem>();
  readonly #found = new Map<HomeProblem, StackHomes | undefined>();

  constructor(stack: TiledStack, source: ProblemSource, costModel: CostModel) {
    this.#stack = stack;
    this.#source = source;
    this.#costModel = costModel;
    this.#geometry = stackGeometry(stack.maps, stack.tiling);
    this.#types = tileNodes(stack.maps, this.#geometry, source.stored);
    this.#costs = new StackCosts(source, costModel);
  }

  /**
   * No homes cost less, in pJ; infinite where nothing fits.
   *
   * @param most - above this it need not be known how much more
   */
  leastEnergy(around: Surroundings, most = Number.POSITIVE_INFINITY): number {
    return leastHomes(this.#problem(around), most);
  }

  /** The same, sooner and further off. */
  roughEnergy(around: Surroundings, most = Number.POSITIVE_INFINITY): number {
    return boundHomes(this.#problem(around), most);
  }

  /** @returns `undefined` where nothing fits */
  homes(around: Surroundings): StackHomes | undefined {
    const problem = this.#problem(around);
    if (!this.#found.has(problem)) this.#found.set(problem, searchHomes(problem));
    return this.#found.get(problem);
  }

  /** Nodes of all tile types: how much there is to look at. */
  get size(): number {
    return this.#types.reduce((sum, { nodes }) => sum + nodes.length, 0);
  }

  /**
   * @param homes - found in these surroundings
   * @param stated - mappings that somebody states
   */
  placement(around: Surroundings, homes: StackHomes, stated: StatedOnTile = () => undefined): StackPlacement {
    const { stack: maps, types, space } = this.#problem(around);
    const [geometry, source, costs] = [this.#geometry, this.#source, this.#costs];
    const { buffers } = this.held(around, homes);
    const context = { maps, source, costs, homes, buffers, stated, costModel: this.#costModel };
    return {
      stack: this.#stack.id,
      weightBits: space.weightBits.reduce((sum, bits) => sum + bits, 0),
      tileTypes: types.map((type, t) => placedType(type, t, context)),
      columns: geometry.columns,
      rows: geometry.rows,
      loads: weightLoads(maps, homes, space, costs),
      buffers,
      search: { visited: homes.visited, energy: homes.energy, bound: homes.bound },
      needed: neededWork(maps, geometry, source.stored),
    };
  }

  /** What the stack holds from its first tile to its last, maps between stacks included. */
  held(around: Surroundings, homes: StackHomes): { readonly stack: string; readonly buffers: readonly StackBuffer[] } {
    const { stack, space } = this.#problem(around);
    const own = stackBuffers(stack, this.#geometry, homes, space, this.#costs);
    return { stack: this.#stack.id, buffers: [...around.held, ...own] };
  }

  /** What the stack has at the tops of the chains. */
  tops(around: Surroundings, homes: StackHomes): StackTops {
    const { stack, space } = this.#problem(around);
    return stackTops(stack, homes, space, this.#costs);
  }

  /** Why the stack cannot be placed even with all memories to itself. */
  get conflict(): Diagnostic {
    return tooLarge(this.#stack, this.#types, this.#source, this.#costModel);
  }

  /** Equal surroundings make one problem, whose search need not start anew. */
  #problem(around: Surroundings): HomeProblem {
    const { places, held } = around;
    const key = JSON.stringify([[...places].map(([tensor, { id }]) => [tensor, id]), held]);
    const known = this.#problems.get(key) ?? this.#problemIn(around);
    this.#problems.set(key, known);
    return known;
  }

  #problemIn({ places, held }: Surroundings): HomeProblem {
    const maps = this.#stack.maps.maps.map((map): FeatureMap => {
      const place = places.get(map.tensor);
      return place === undefined ? map : { ...map, place };
    });
    const stack = { ...this.#stack.maps, maps };
    const types = this.#types.map(({ shape, nodes }) => ({
      shape,
      nodes: nodes.map((node) => ({
        ...node,
        map: maps[node.index]!, // one per map
        reads: node.reads.map((read) => ({ ...read, map: maps[read.source]! })),
      })),
    }));
    const [geometry, costs] = [this.#geometry, this.#costs];
    const space = homeSpace(stack, geometry, this.#source, costs);
    return { stack, geometry, types, space, held: bitsByMemory(held), costs };
  }
}

interface PlacingContext {
  readonly maps: StackMaps;
  readonly source: ProblemSource;
  readonly costs: StackCosts;
  readonly homes: StackHomes;
  readonly buffers: readonly StackBuffer[];
  readonly stated: StatedOnTile;
  readonly costModel: CostModel;
}

/** Rings, and weights on chip: what a stack holds from its first tile to its last. */
function stackBuffers(
  { maps }: StackMaps,
  geometry: StackGeometry,
  { storage, weights }: StackHomes,
  { weightBits }: HomeSpace,
  costs: StackCosts,
): readonly StackBuffer[] {
  return maps.flatMap((map, index): readonly StackBuffer[] => {
    const node = map.node.id;
    const [kept, home] = [storage[index]!, weights[index]];
    const own: StackBuffer[] = [];
    if (home !== undefined && weightBits[index]! > 0 && !costs.isTop(home))
      own.push({ memory: home.id, node, role: "weights", bits: weightBits[index]! });
    if (kept.kind === "whole" || kept.overlap !== "kept") return own;
    const { kind, column, row } = kept.rings;
    const bits = ringBits(map, kind, geometry);
    if (column !== undefined) own.push({ memory: column.id, node, role: "column", ring: kind, bits: bits.column });
    if (row !== undefined) own.push({ memory: row.id, node, role: "row", ring: kind, bits: bits.row });
    return own;
  });
}

function weightLoads(
  { maps }: StackMaps,
  { weights }: StackHomes,
  { weightBits }: HomeSpace,
  costs: StackCosts,
): readonly Copy[] {
  return maps.flatMap(({ node }, index): readonly Copy[] => {
    const [home, operand] = [weights[index], node.weights[0]];
    if (home === undefined || operand === undefined) return [];
    const top = costs.top(operand.memoryOperand);
    if (top.id === home.id) return [];
    const end = ({ id }: Memory) => ({ operand: operand.memoryOperand, memory: id });
    const copy = { layer: node.id, operand: operand.name, bits: weightBits[index]!, from: end(top), to: end(home) };
    return [{ kind: "weights", ...copy }];
  });
}

function placedType({ shape, nodes }: TileNodes, index: number, context: PlacingContext): PlacedTileType {
  const chosen = context.homes.types[index]!; // one per type
  const { column, row, count, width, height, firstAt } = shape;
  const type = { id: String(index), width, height, firstAt };
  return {
    ...type,
    count,
    column,
    row,
    weightsFromTop: false,
    hCache: {},
    vCache: {},
    nodes: nodes.map((node) => placedNode(node, nodes, type, chosen, context)).filter(isActive),
  };
}

/** Whether a node does anything on a tile type. */
const isActive = ({ copies, after, problems, inputBits, outputBits }: PlacedNode): boolean =>
  copies.length > 0 || (after?.length ?? 0) > 0 || problems.length > 0 || inputBits + outputBits > 0;

function placedNode(
  node: TileNode,
  nodes: readonly TileNode[],
  type: Parameters<StatedOnTile>[0],
  chosen: TypeHomes,
  { maps, source, costs, homes, buffers, stated, costModel }: PlacingContext,
): PlacedNode {
  const { map, index, tile } = node;
  const { layer, id } = map.node;
  const options = chosen.parts.map((part, i) => ({
    part,
    home: part.memory === undefined ? -1 : costs.memoryIndex(part.memory.id),
    rings: ringsIn(homes.storage[i]!),
    weights: homes.weights[i],
  }));
  const held = takenAt(index, nodes, options, costs.taken(bitsByMemory(buffers)));
  const own = layerHomes(node, options, costs);
  const part = chosen.parts[index]!;
  const isAsked = tile !== undefined && isMapped(node);
  const { reserved, problems } = isAsked
    ? askedAt(costs.layerAt(`${type.id}\n${index}`, node, own), own, held, costs, (problems) =>
        holds(problems, (phase) => stated(type, id, { index: phase, count: problems.length }), costModel),
      )
    : { reserved: costs.reserved(held), problems: [] };
  return {
    id,
    kind: layer === undefined ? "input" : "layer",
    loops: tile === undefined ? [] : boxedLoops(map.node.loops, tile.directed, tile.computed),
    inputBits: node.reads.reduce((sum, { bits }) => sum + bits, 0),
    outputBits: part.kind === "fetched-again" ? node.fetchedBits : node.newBits,
    ...(own.inputs[0] && { topInput: own.inputs[0].id }),
    topOutput: own.output.id,
    lifted: { input: 0, output: 0 },
    copies: copiesBefore(node, options, own, costs),
    after: copiesAfter(node, nodes, options, costs),
    reserved: Object.fromEntries(reserved),
    problems,
    work: isAsked ? workOn(layer!, maps.loops.get(id) ?? {}, tile.computed, source.stored) : NO_WORK,
  };
}

/**
 * What the mapper is asked, and what is taken meanwhile: with partial sums in the home of the output where they come there, with results
 * alone where they do not. Mappings that are stated for the other of the two have it, as far as there is room.
 *
 * @param isHeld - whether problems can be mapped as somebody states it
 */
function askedAt(
  layer: LayerAtHomes,
  { output }: LayerHomes,
  held: TakenBits,
  costs: StackCosts,
  isHeld: (problems: readonly MappingProblem[]) => boolean,
) {
  const ask = (sumBits: number) => {
    const taken = held.slice();
    taken[costs.memoryIndex(output.id)]! += sumBits;
    const reserved = costs.reserved(taken);
    const problems = costs.withRoom(layer.problems, reserved);
    if (sumBits > 0 || layer.sumBits === 0) return { reserved, problems, fits: costs.fitsTaken(taken) };
    return { reserved, problems: problems.map((each) => ({ ...each, finishesBelowHome: true as const })), fits: true };
  };
  const { sumBits } = layer.answer(held);
  const asked = ask(sumBits);
  if (layer.sumBits === 0 || isHeld(asked.problems)) return asked;
  const other = ask(layer.sumBits - sumBits);
  return other.fits && isHeld(other.problems) ? other : asked;
}

/** Whether every problem can be mapped as it is stated; those for which nothing is stated can. */
const holds = (
  problems: readonly MappingProblem[],
  stated: (phase: number) => StatedMapping | undefined,
  costModel: CostModel,
): boolean =>
  problems.every((problem, phase) => {
    const mapping = stated(phase);
    return mapping === undefined || costModel.evaluateMapping(problem, mapping).feasible;
  });

type Options = Parameters<typeof layerHomes>[1] & Parameters<typeof takenAt>[2];

const ringsIn = (storage: Storage): Rings | undefined =>
  storage.kind === "parts" && storage.overlap === "kept" ? storage.rings : undefined;

/** Bits that the stack holds in each memory throughout. */
function bitsByMemory(buffers: readonly StackBuffer[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { memory, bits } of buffers) sums.set(memory, (sums.get(memory) ?? 0) + bits);
  return sums;
}

/** New part of a stack input; kept overlap beside the new part of what a layer reads; the data of a layer that only moves. */
function copiesBefore(
  node: TileNode,
  options: Options,
  homes: ReturnType<typeof layerHomes>,
  costs: StackCosts,
): readonly Copy[] {
  const { part } = options[node.index]!;
  const place = costs.placeOf(node.map);
  if (node.map.node.layer === undefined) {
    if (part.kind === "whole") return [];
    return fetchCopy(node, part.kind === "kept" ? node.newBits : node.fetchedBits, part.memory, place);
  }
  const gathered = node.reads.flatMap((read) => {
    const source = options[read.source]!;
    if (source.part.kind !== "kept" || source.rings === undefined) return [];
    return gathers(read, source.part.memory, source.rings, node.map.node.id);
  });
  if (isMapped(node)) return [...costs.streamedConstants(node, homes.weights), ...gathered];
  if (node.tile === undefined) return gathered;
  return [...gathered, ...moveCopies(node, homes, (operand) => costs.top(operand))];
}

/**
 * What a tile owes outside of the stack leaves right after it was made. Kept overlap is written into wide rings then too, into narrow
 * ones once nobody reads the cells any more whose room it takes (EM §2).
 */
function copiesAfter(node: TileNode, nodes: readonly TileNode[], options: Options, costs: StackCosts): readonly Copy[] {
  const keeping = (of: TileNode): readonly Copy[] => {
    const { part, rings } = options[of.index]!;
    if (part.kind !== "kept" || rings === undefined) return [];
    const isDue = KEPT_WRITE_TIME[rings.kind] === "at-production" ? of === node : of.lastUse === node.index;
    return isDue ? keepingCopies(of, part.memory, rings) : [];
  };
  const { part, rings } = options[node.index]!;
  const owed =
    node.map.node.layer === undefined || part.kind !== "kept" || rings === undefined
      ? []
      : owedCopies(node, part.memory, rings, costs.placeOf(node.map));
  return [...owed, ...nodes.flatMap(keeping)];
}
