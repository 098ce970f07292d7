/**
 * Laws that hold for any schedule, checked on every one. What a known quirk of the published model breaks is reported under its
 * number, once; anything else that does not hold is a defect.
 */
import type { Memory } from "../../ir/accelerator.js";
import {
  inputOverlapNotWritten,
  inputsTruncated,
  lagsConverged,
  memoryOvercommitted,
  paddingDropped,
  residualOverlapNotRead,
} from "../../ir/diagnostics/conservation.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { LayerMapping, OverlapMode, PlacedTileType, StackPlacement } from "../../ir/facts.js";
import { iterations, type LayerId } from "../../ir/network.js";
import type { RuleSet } from "../../ir/rules.js";
import { weightBits } from "./cuts.js";
import type { GraphNode } from "./graph.js";
import { keptIn } from "./kept-buffers.js";
import type { StackView } from "./network-view.js";
import { loopsAt, mapSize, type Pair } from "./operands.js";
import { policiesOf } from "./policies.js";
import { type CostedType, sum } from "./totals.js";
import { hasTooManyPaths, operandKey, REGIONS } from "./trace.js";

/** One stack with everything that was decided about it. */
export interface CostedStack extends StackView {
  readonly overlap: OverlapMode;
  readonly placement: StackPlacement;
  readonly types: readonly CostedType[];
}

/** @throws Error when tiles do not cover the output of their stack, or operations do not cover what is needed: a defect */
export function conservationNotes(
  stacks: readonly CostedStack[],
  memories: readonly Memory[],
  rules: RuleSet,
): readonly Diagnostic[] {
  for (const stack of stacks) {
    requireCoveredOutput(stack);
    requireNeededOperations(stack);
  }
  const fused = stacks.filter(({ stack }) => stack.alone === undefined);
  return [
    ...grownMaps(fused),
    ...convergedLags(fused, rules),
    ...unwrittenInputs(fused),
    ...unreadResiduals(fused, rules),
    ...truncatedInputs(stacks),
    ...overcommittedMemories(fused, memories, rules),
  ];
}

/** Extents of a node's whole map: as traced through the network; as declared outside the published domain. */
const extentOf = ({ stack, full }: CostedStack, { id, loops }: GraphNode): Pair =>
  (stack.alone === undefined ? full.get(id) : undefined) ?? mapSize(loops);

function requireCoveredOutput(costed: CostedStack): void {
  const { stack, graph, types } = costed;
  const { x, y } = extentOf(costed, graph.sink);
  const covered = sum(types, ({ type }) => type.count * type.width * type.height);
  if (covered !== x * y) throw new Error(`tiles of stack ${stack.id} cover ${covered} elements of ${x * y}`);
}

/** Nothing that is needed is left out; nothing is computed twice where all overlap is kept, or where there is one tile. */
function requireNeededOperations(costed: CostedStack): void {
  const { stack, graph, types, overlap } = costed;
  const executed = operationsByLayer(types);
  const isExact = overlap === "fully-cached" || stack.alone !== undefined || sum(types, ({ type }) => type.count) === 1;
  for (const node of graph.nodes) {
    const found = node.layer && executed.get(node.layer.id);
    if (found === undefined) continue;
    const needed = iterations(loopsAt(node.loops, extentOf(costed, node)));
    if (found < needed || (isExact && found > needed))
      throw new Error(
        `layer '${node.id}' executes ${found} operations in stack ${stack.id}, of which ${needed} are needed`,
      );
  }
}

/** How much larger the layers are than the model declares them; maps that shrink are not looked at. */
function grownMaps(stacks: readonly CostedStack[]): readonly Diagnostic[] {
  const grown = stacks.flatMap((costed) =>
    costed.graph.nodes.flatMap((node) => {
      if (node.layer === undefined) return [];
      const [traced, declared] = [extentOf(costed, node), mapSize(node.loops)];
      const operations = { needed: iterations(loopsAt(node.loops, traced)), declared: iterations(node.loops) };
      return [{ layer: node.layer.id, traced, declared, operations, ratio: operations.needed / operations.declared }];
    }),
  );
  const [worst] = [...grown].sort((a, b) => b.ratio - a.ratio);
  if (worst === undefined || worst.ratio <= 1) return [];
  const print = ({ x, y }: Pair) => `${x}x${y}`;
  const operations = {
    needed: sum(grown, (entry) => entry.operations.needed),
    declared: sum(grown, (entry) => entry.operations.declared),
  };
  return [
    paddingDropped(operations, { layer: worst.layer, traced: print(worst.traced), declared: print(worst.declared) }),
  ];
}

function operationsByLayer(types: readonly CostedType[]): ReadonlyMap<LayerId, number> {
  const executed = new Map<LayerId, number>();
  for (const { type, layers } of types)
    for (const { layer, problem } of layers)
      executed.set(layer, (executed.get(layer) ?? 0) + type.count * iterations(problem.loops));
  return executed;
}

/** Overlap of stack inputs that copies read although it neither lies there nor was written there, input by input (DF-Q10). */
function unwrittenInputs(stacks: readonly CostedStack[]): readonly Diagnostic[] {
  const readBits = stacks.map((stack) => {
    const { tileTypes } = stack.placement;
    const missing = new Set(
      stack.stack.inputs.map(({ id }) => id).filter((id) => tileTypes.some((t) => leaves(t, id))),
    );
    const reads = copiesOf(stack).filter(({ copy }) => {
      const reader = stack.graph.byId.get(copy.layer);
      const producer = reader?.inputs.find(({ name }) => name === copy.operand)?.producer;
      return copy.kind === "cache-read" && producer !== undefined && missing.has(producer);
    });
    return sum(reads, ({ copy, count }) => copy.bits * count);
  });
  const concerned = stacks.filter((_, s) => readBits[s]! > 0).map(({ stack }) => stack.id);
  return concerned.length === 0
    ? []
    : [
        inputOverlapNotWritten(
          concerned,
          sum(readBits, (bits) => bits),
        ),
      ];
}

/** Whether tiles of a type hand overlap on and leave that of an input elsewhere than in the memory where it is kept. */
function leaves({ nodes, hCache, vCache }: PlacedTileType, input: string): boolean {
  const home = nodes.find(({ id }) => id === input)?.topOutput;
  const isWritten = nodes.some(({ copies }) => copies.some((c) => c.kind === "cache-write" && c.layer === input));
  return !isWritten && [hCache.write, vCache.write].some((memory) => memory !== undefined && memory !== home);
}

const copiesOf = ({ placement }: CostedStack) =>
  placement.tileTypes.flatMap(({ nodes, count }) =>
    nodes.flatMap(({ copies }) => copies.map((copy) => ({ copy, count }))),
  );

/** Stacks of so many paths that even the published rules trace them node by node. */
function convergedLags(stacks: readonly CostedStack[], { regions }: RuleSet): readonly Diagnostic[] {
  const tangled = regions === "published" ? stacks.filter(({ graph }) => hasTooManyPaths(graph)) : [];
  return tangled.length === 0 ? [] : [lagsConverged(tangled.map(({ stack }) => stack.id))];
}

/** Layers that need more of what earlier tiles kept than they are planned to read (DF-Q11). */
function unreadResiduals(stacks: readonly CostedStack[], rules: RuleSet): readonly Diagnostic[] {
  const { regions } = policiesOf(rules);
  const layers = stacks.flatMap(({ graph, placement }) =>
    placement.tileTypes.flatMap((type) => {
      const reuse = { x: type.hCache.read !== undefined, y: type.vCache.read !== undefined };
      const tile = { x: type.width, y: type.height };
      const [planned, needed] = [regions, REGIONS.corrected.rule].map((policy) => policy(graph, tile, reuse).reads);
      const isShort = (key: string): boolean =>
        (reuse.x && needed!.get(key)!.x > planned!.get(key)!.x) ||
        (reuse.y && needed!.get(key)!.y > planned!.get(key)!.y); // every operand has reads
      return graph.nodes.filter((node) => node.inputs.some((operand) => isShort(operandKey(node, operand))));
    }),
  );
  return layers.length === 0 ? [] : [residualOverlapNotRead(namesOf(layers))];
}

/** Layers whose windows slide along loops that are unrolled by a fraction (SL-Q9, Q11). */
function truncatedInputs(stacks: readonly CostedStack[]): readonly Diagnostic[] {
  const isTruncated = ({ problem, result }: LayerMapping): boolean => {
    const slid = new Set(problem.operands.flatMap(({ windows }) => windows.flatMap(({ out, tap }) => [out, tap])));
    return result.mapping.spatial.some(({ dim, size }) => slid.has(dim) && !Number.isInteger(size));
  };
  const layers = stacks.flatMap(({ types }) => types.flatMap((type) => type.layers.filter(isTruncated)));
  return layers.length === 0 ? [] : [inputsTruncated([...new Set(layers.map(({ layer }) => layer))])];
}

interface Filled {
  readonly layer: string;
  readonly memory: string;
  readonly bits: number;
  readonly size: number;
}

/** Memories that could not hold what a layer uses beside kept overlap and the weights of other layers (DF-Q13). */
function overcommittedMemories(
  stacks: readonly CostedStack[],
  memories: readonly Memory[],
  rules: RuleSet,
): readonly Diagnostic[] {
  const size = new Map(memories.map((memory) => [memory.id, memory.size]));
  const overfull = stacks.flatMap((stack) =>
    stack.types.flatMap(({ type, layers }) => {
      const kept = keptBits(stack, type, rules);
      return layers.flatMap(({ layer, result }) =>
        Object.entries(result.cost.occupancy).map(([memory, used]): Filled => {
          const bits = used + (kept.get(memory) ?? 0) + weightsOfOthers(stack, layer, memory);
          return { layer, memory, bits, size: size.get(memory)! }; // memories of the accelerator
        }),
      );
    }),
  );
  const exceeding = overfull.filter((filled) => filled.bits > filled.size);
  const [first, ...others] = exceeding;
  if (first === undefined) return [];
  const worst = others.reduce(
    (most, filled) => (filled.bits - filled.size > most.bits - most.size ? filled : most),
    first,
  );
  const layers = exceeding.filter(({ memory }) => memory === worst.memory).map(({ layer }) => layer);
  return [memoryOvercommitted(worst, [...new Set(layers)])];
}

/** Bits of kept overlap by memory around tiles of a type, in columns and rows of tiles after the first. */
function keptBits(
  { graph, full, overlap }: CostedStack,
  type: PlacedTileType,
  rules: RuleSet,
): ReadonlyMap<string, number> {
  const { keptBuffers, regions } = policiesOf(rules);
  const { width, height, hCache, vCache } = type;
  const position = { width, height, isFirstColumn: false, isFirstRow: false };
  const demand = keptBuffers(graph, full, position, keptIn(overlap), regions);
  const [columns, rows] = [hCache.read ?? hCache.write, vCache.read ?? vCache.write];
  const bits = new Map<string, number>();
  if (columns !== undefined) bits.set(columns, demand.withColumns - demand.alive);
  if (rows === undefined) return bits;
  const corner = rows === columns ? demand.corner : 0;
  return bits.set(rows, (bits.get(rows) ?? 0) + demand.withRows - demand.withColumns - corner);
}

/** Weights that a memory holds for the stack besides those of the layer that runs. */
function weightsOfOthers({ graph, placement }: CostedStack, layer: string, memory: string): number {
  const node = graph.byId.get(layer);
  return memory === placement.weightMemory && node !== undefined ? placement.weightBits - weightBits(node) : 0;
}

const namesOf = (nodes: readonly { readonly id: string }[]): readonly string[] => [
  ...new Set(nodes.map(({ id }) => id)),
];
