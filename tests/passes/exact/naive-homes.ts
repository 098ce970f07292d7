/** Every assignment of homes (EM §2), one by one: the plain twin of the home search. */
import { chain, type Hierarchy, levelOf, type Memory, replicas } from "../../../src/ir/accelerator.js";
import type { CostModel } from "../../../src/ir/cost-model.js";
import { TILING } from "../../../src/ir/facts.js";
import type { Module } from "../../../src/ir/module.js";
import { weightBits as matrixBits } from "../../../src/passes/depth-first/cuts.js";
import { type StackGeometry, stackGeometry } from "../../../src/passes/exact/geometry.js";
import type { ProblemSource } from "../../../src/passes/exact/layer-problems.js";
import {
  fetchCopy,
  gathers,
  keepingCopies,
  moveCopies,
  owedCopies,
  type PartHome,
  StackCosts,
} from "../../../src/passes/exact/stack-costs.js";
import type { FeatureMap } from "../../../src/passes/exact/stack-maps.js";
import { exactViews, problemSource } from "../../../src/passes/exact/stack-view.js";
import type { Rings, Storage } from "../../../src/passes/exact/storage.js";
import { type TileNode, type TileNodes, tileNodes } from "../../../src/passes/exact/tile-nodes.js";
import { keptRings } from "../../../src/passes/regions/kept-rings.js";

interface Toy {
  readonly maps: readonly FeatureMap[];
  readonly types: readonly TileNodes[];
  readonly geometry: StackGeometry;
  readonly source: ProblemSource;
  readonly costs: StackCosts;
  /** Per map. */
  readonly storages: readonly (readonly Storage[])[];
  readonly weights: readonly (readonly (Memory | undefined)[])[];
  readonly weightBits: readonly number[];
}

/** A stack's whole decision; of weights that lie at the top nothing is loaded. */
interface Decision {
  readonly storages: readonly Storage[];
  readonly weights: readonly (Memory | undefined)[];
}

/** @param module - of one stack, with its tiling */
export function toyOf(module: Module, costModel: CostModel): Toy {
  const [[view], source] = [exactViews(module), problemSource(module)];
  const { maps } = view!; // one stack
  const geometry = stackGeometry(maps, module.get(TILING)[0]!);
  const types = tileNodes(maps, geometry, source.stored);
  return {
    maps: maps.maps,
    types,
    geometry,
    source,
    costs: new StackCosts(source, costModel),
    storages: maps.maps.map((map) => storagesOf(map, geometry, source.hierarchy)),
    weights: maps.maps.map((map) => weightHomes(map, source.hierarchy)),
    weightBits: maps.maps.map((map) => weightBitsOf(map, source)),
  };
}

/** Decisions of the whole stack, times those of its largest tile type. */
export function countChoices({ storages, weights, types, source, maps }: Toy): number {
  const parts = maps.reduce((product, map) => product * (1 + partHomes(map, source.hierarchy).length), types.length);
  return [...storages, ...weights].reduce((product, list) => product * list.length, parts);
}

/** Least energy of all assignments that fit, in pJ; infinite where none does. */
export function leastEnergy(toy: Toy): number {
  let least = Number.POSITIVE_INFINITY;
  for (const storages of product(toy.storages))
    for (const weights of product(toy.weights)) least = Math.min(least, energyOf(toy, { storages, weights }));
  return least;
}

function energyOf(toy: Toy, decision: Decision): number {
  const held = heldThroughout(toy, decision);
  return toy.types.reduce(
    (sum, type, index) => sum + type.shape.count * typeEnergy(toy, decision, type, String(index), held),
    loadingEnergy(toy, decision),
  );
}

function loadingEnergy({ maps, weightBits, costs }: Toy, { weights }: Decision): number {
  return maps.reduce((sum, { node }, i) => {
    const [home, operand] = [weights[i], node.weights[0]?.memoryOperand];
    if (home === undefined || operand === undefined || costs.top(operand).id === home.id) return sum;
    const from = { operand, memory: costs.top(operand).id };
    return sum + costs.copyEnergy(weightBits[i]!, from, { operand, memory: home.id });
  }, 0);
}

type Bits = ReadonlyMap<string, number>;

/** Rings and weights take room while the stack runs; weights at the top of everything do not. */
function heldThroughout({ maps, geometry, weightBits, costs }: Toy, { storages, weights }: Decision): Bits {
  const bits = new Map<string, number>();
  const add = (memory: Memory | undefined, more: number): void => {
    if (memory !== undefined) bits.set(memory.id, (bits.get(memory.id) ?? 0) + more);
  };
  maps.forEach((map, i) => {
    const [storage, home] = [storages[i]!, weights[i]];
    if (home !== undefined && !costs.isTop(home)) add(home, weightBits[i]!);
    if (storage.kind === "whole" || storage.overlap !== "kept") return;
    const { column, row } = keptRings(geometry.regions.get(map.node.id)!, storage.rings.kind);
    add(storage.rings.column, column.columns * column.rows * map.cellBits);
    add(storage.rings.row, row.columns * row.rows * map.cellBits);
  });
  return bits;
}

function typeEnergy(toy: Toy, decision: Decision, { nodes }: TileNodes, key: string, held: Bits): number {
  const choices = toy.maps.map((map, i): readonly PartHome[] => {
    const storage = decision.storages[i]!;
    if (storage.kind === "whole") return [{ kind: "whole" }];
    return partHomes(map, toy.source.hierarchy).map((memory) => ({ kind: storage.overlap, memory }));
  });
  let least = Number.POSITIVE_INFINITY;
  for (const parts of product(choices)) {
    let energy = 0;
    for (const node of nodes) energy += nodeEnergy(toy, decision, { node, nodes, parts, key, held });
    least = Math.min(least, energy);
  }
  return least;
}

interface Place {
  readonly node: TileNode;
  readonly nodes: readonly TileNode[];
  readonly parts: readonly PartHome[];
  readonly key: string;
  readonly held: Bits;
}

function nodeEnergy(toy: Toy, decision: Decision, place: Place): number {
  const { node, parts, key } = place;
  const { costs } = toy;
  const taken = takenAt(decision, place);
  if (!costs.fits(taken)) return Number.POSITIVE_INFINITY;
  const copies = copiesEnergy(toy, decision, place);
  if (node.tile === undefined || copies === Number.POSITIVE_INFINITY) return copies;
  const home = (part: PartHome, operand: string) => (part.kind === "whole" ? costs.top(operand) : part.memory);
  const weights = decision.weights[node.index];
  const homes = {
    inputs: node.reads.map(({ source, operand }) => home(parts[source]!, operand.memoryOperand)),
    output: home(parts[node.index]!, node.map.node.output.memoryOperand),
    ...(weights !== undefined && { weights }),
  };
  const { kind } = node.map.node.layer!; // a stack input has no tile
  if (kind === "movement" || kind === "opaque")
    return copies + costs.copiesEnergy(moveCopies(node, homes, (operand) => costs.top(operand)));
  return copies + constantsEnergy(toy, node, weights) + costs.layer(`${key}\n${node.index}`, node, homes, taken).energy;
}

/** Bias and the like: loaded with the weights, or brought on every tile to the first single memory of their chain. */
function constantsEnergy({ costs, source }: Toy, { map }: TileNode, weights: Memory | undefined): number {
  const { node } = map;
  const operand = (node.weights.find(({ bits }) => bits > 0) ?? node.inputs[0])?.memoryOperand;
  if (operand === undefined || (weights !== undefined && weights.id !== costs.top(operand).id)) return 0;
  const [lowest] = chain(source.hierarchy, operand).filter((memory) => replicas(source.hierarchy.array, memory) === 1);
  const end = (memory: Memory) => ({ operand, memory: memory.id });
  const bits = weightBitsOf(map, source) - matrixBits(node);
  return lowest === costs.top(operand) ? 0 : costs.copyEnergy(bits, end(costs.top(operand)), end(lowest!));
}

/** Copies of the map that a node writes, and of kept overlap to where the node reads it. */
function copiesEnergy({ costs }: Toy, { storages }: Decision, { node, parts }: Place): number {
  const gathered = node.reads.flatMap((read) => {
    const [part, rings] = [parts[read.source]!, ringsOf(storages[read.source]!)];
    return part.kind === "kept" && rings !== undefined ? gathers(read, part.memory, rings, "") : [];
  });
  const part = parts[node.index]!;
  if (part.kind === "whole") return costs.copiesEnergy(gathered);
  const top = costs.top(node.map.node.output.memoryOperand);
  const rings = ringsOf(storages[node.index]!);
  const isInput = node.map.node.layer === undefined;
  return costs.copiesEnergy([
    ...gathered,
    ...(isInput ? fetchCopy(node, part.kind === "kept" ? node.newBits : node.fetchedBits, part.memory, top) : []),
    ...(rings === undefined ? [] : keepingCopies(node, part.memory, rings)),
    ...(rings === undefined ? [] : owedCopies(node, part.memory, rings, top)),
  ]);
}

/** What lives while a node runs: rings and weights, parts until their last reader, and overlap beside the parts that are read. */
function takenAt({ storages }: Decision, { node, nodes, parts, held }: Place): Bits {
  const taken = new Map(held);
  const add = ({ id }: Memory, bits: number): void => void taken.set(id, (taken.get(id) ?? 0) + bits);
  for (const other of nodes.slice(0, node.index + 1)) {
    const part = parts[other.index]!;
    if (part.kind !== "whole" && other.lastUse >= node.index)
      add(part.memory, part.kind === "kept" ? other.newBits : other.fetchedBits);
  }
  for (const read of node.reads) {
    const [part, rings] = [parts[read.source]!, ringsOf(storages[read.source]!)];
    if (part.kind !== "kept" || rings === undefined) continue;
    const { column, row } = read.pieces[rings.kind];
    if (rings.column !== undefined && rings.column.id !== part.memory.id) add(part.memory, column);
    if (rings.row !== undefined && rings.row.id !== part.memory.id) add(part.memory, row);
  }
  return taken;
}

const ringsOf = (storage: Storage): Rings | undefined =>
  storage.kind === "parts" && storage.overlap === "kept" ? storage.rings : undefined;

function storagesOf(map: FeatureMap, geometry: StackGeometry, hierarchy: Hierarchy): readonly Storage[] {
  const whole: Storage = { kind: "whole" };
  if (map.readers.length === 0 || partHomes(map, hierarchy).length === 0) return [whole];
  const kept = (["narrow", "wide"] as const).flatMap((kind) => {
    const { column, row } = keptRings(geometry.regions.get(map.node.id)!, kind);
    const homes = (cells: number) => (cells === 0 ? [undefined] : sharedMemories(map, hierarchy));
    return homes(column.columns * column.rows).flatMap((inColumn) =>
      homes(row.columns * row.rows).map(
        (inRow): Storage => ({
          kind: "parts",
          overlap: "kept",
          rings: { kind, ...(inColumn && { column: inColumn }), ...(inRow && { row: inRow }) },
        }),
      ),
    );
  });
  const again: readonly Storage[] = map.node.layer === undefined ? [{ kind: "parts", overlap: "fetched-again" }] : [];
  return [whole, ...kept, ...again];
}

const partHomes = (map: FeatureMap, hierarchy: Hierarchy): readonly Memory[] => {
  const top = chain(hierarchy, map.node.output.memoryOperand).at(-1);
  return sharedMemories(map, hierarchy).filter(({ id }) => id !== top?.id);
};

/** Single memories that the writer of a map and all its readers reach. */
function sharedMemories({ node, readers }: FeatureMap, hierarchy: Hierarchy): readonly Memory[] {
  const operands = [node.output.memoryOperand, ...readers.map(({ operand }) => operand.memoryOperand)];
  return hierarchy.memories.filter(
    (memory) =>
      replicas(hierarchy.array, memory) === 1 && operands.every((each) => levelOf(memory, each) !== undefined),
  );
}

function weightHomes({ node }: FeatureMap, hierarchy: Hierarchy): readonly (Memory | undefined)[] {
  const [operand] = node.weights;
  if (operand === undefined || operand.bits === 0) return [undefined];
  return chain(hierarchy, operand.memoryOperand).filter((memory) => replicas(hierarchy.array, memory) === 1);
}

/** Matrix and bias. */
function weightBitsOf({ node }: FeatureMap, { stored, partialBits }: ProblemSource): number {
  if (node.layer === undefined) return 0;
  const constants = node.layer.parameters.reduce((sum, { tensor }) => {
    const { dims = [], bits } = stored.get(tensor) ?? {};
    return sum + dims.reduce((product, extent) => product * extent, bits ?? partialBits(node.layer!.id));
  }, 0);
  return matrixBits(node) + constants;
}

function* product<T>(lists: readonly (readonly T[])[]): Generator<readonly T[]> {
  const [first, ...others] = lists;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const item of first) for (const rest of product(others)) yield [item, ...rest];
}
