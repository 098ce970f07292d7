/** Nodes of one tile type, one after the other: memories, copies, and a way up where the mapper finds no room (DF §8). */
import { chain, type Hierarchy, type Memory, type MemoryOperand } from "../../ir/accelerator.js";
import type { Copy, CostModel, MappingProblem } from "../../ir/cost-model.js";
import { noRoomForLayer } from "../../ir/diagnostics/schedule.js";
import { DiagnosticError } from "../../ir/diagnostics.js";
import type { LayerUnrolling, PlacedNode } from "../../ir/facts.js";
import type { Loop } from "../../ir/network.js";
import { weightBits } from "./cuts.js";
import { activations, type GraphNode, hasWeights, type NodeGraph } from "./graph.js";
import { chainTop, lift } from "./levels.js";
import { mappingProblem } from "./mapping-problem.js";
import type { Home, NodeOnTile } from "./node-copies.js";
import { loopsAt, operandBits, type Pair } from "./operands.js";
import type { Policies } from "./policies.js";
import type { TileType } from "./tile-types.js";
import { workOf } from "./work.js";

/** What placing the nodes of a stack needs besides the tile type. */
export interface PlacingContext {
  readonly graph: NodeGraph;
  readonly hierarchy: Hierarchy;
  readonly policies: Policies;
  readonly costModel: CostModel;
  readonly unrolling: ReadonlyMap<string, LayerUnrolling>;
  /** Memory of the stack's weights after its first tile. */
  readonly weightMemory?: Memory;
  /** Homes that somebody states for the layers of the tile type that is placed. */
  readonly stated?: (node: GraphNode) => StatedHomes;
}

/** Highest memories of a layer's activations and of its outputs, by name, where they are not left to the rules. */
export interface StatedHomes {
  readonly input?: string;
  readonly output?: string;
}

/** Levels above the first choice. */
type Lifted = PlacedNode["lifted"];
const UNLIFTED: Lifted = { input: 0, output: 0 };

/** A node with its memories, and what they were chosen for. */
interface Choice {
  readonly on: NodeOnTile;
  readonly inputBits: number;
  readonly outputBits: number;
}

/**
 * Places every node of a tile type in topological order.
 *
 * @param sizes - new part of each node's output on this type
 * @throws DiagnosticError (infeasible) when a layer cannot be mapped even with all levels of its chains
 */
export function placeNodes(
  context: PlacingContext,
  type: TileType,
  sizes: ReadonlyMap<string, Pair>,
): readonly PlacedNode[] {
  const { policies, hierarchy, graph, weightMemory } = context;
  const homes = new Map<string, Home>();
  let pending: readonly Copy[] = [];
  return graph.nodes.map((node) => {
    const loops = loopsAt(node.loops, sizes.get(node.id)!); // the trace reaches every node
    const { choice, lifted } = firstFeasible(context, node, loops, type);
    const weights =
      type.weightsFromTop && weightMemory ? policies.weights.load(choice.on, weightMemory, hierarchy) : [];
    const moved = policies.copies.before(choice.on, homes, type, hierarchy);
    const copies = [...pending, ...weights, ...moved];
    pending = policies.copies.after(choice.on, type, hierarchy);
    remember(homes, node, moved);
    homes.set(node.id, { node, memory: choice.on.topOutput, bits: choice.outputBits, copied: new Map() });
    return placedNode(choice, lifted, copies, problemsOf(context, choice.on, type));
  });
}

/** Notes where the copies before a node have brought what earlier nodes wrote. */
function remember(homes: Map<string, Home>, { inputs }: GraphNode, copies: readonly Copy[]): void {
  for (const { kind, operand, to, bits } of copies) {
    const producer = inputs.find(({ name }) => name === operand)?.producer;
    const home = producer === undefined ? undefined : homes.get(producer);
    if (kind !== "output-to-input" || home === undefined) continue;
    homes.set(home.node.id, { ...home, copied: new Map([...home.copied, [to.memory, bits]]) });
  }
}

/** What the mapper is asked about a node: nothing about a stack input. */
function problemsOf(context: PlacingContext, on: NodeOnTile, { weightsFromTop }: TileType): readonly MappingProblem[] {
  const streamsWeights = weightsFromTop && context.policies.weights.streamsFirstTile;
  return on.node.layer === undefined ? [] : [problemOf(context, on, streamsWeights)];
}

function placedNode(
  { on, inputBits, outputBits }: Choice,
  lifted: Lifted,
  copies: readonly Copy[],
  problems: readonly MappingProblem[],
): PlacedNode {
  return {
    id: on.node.id,
    kind: on.node.layer === undefined ? "input" : "layer",
    loops: on.loops,
    inputBits,
    outputBits,
    ...(on.topInput && { topInput: on.topInput.id }),
    topOutput: on.topOutput.id,
    lifted,
    copies,
    problems,
    work: workOf(on.node.layer, on.loops),
  };
}

/** First state of the retry order whose hierarchy the mapper can fill (DF §8.6). */
function firstFeasible(context: PlacingContext, node: GraphNode, loops: readonly Loop[], type: TileType) {
  const unlifted = choose(context, node, loops, UNLIFTED);
  if (node.layer === undefined) return { choice: unlifted, lifted: UNLIFTED };
  const fixed = fixedHomes(context, node);
  if (fixed.output && (fixed.input || unlifted.on.topInput === undefined))
    return { choice: unlifted, lifted: UNLIFTED };
  let failed = "";
  for (const lifted of retryOrder()) {
    const choice = choose(context, node, loops, lifted);
    const [problem] = problemsOf(context, choice.on, type);
    const result = context.costModel.mapLayer(problem!); // a layer has one
    if (result.feasible) return { choice, lifted };
    failed = result.memory;
    if (isAtTop(context.hierarchy, choice.on, fixed)) break; // the reference would go on for ever: DF-Q14
  }
  const { inputBits, outputBits } = unlifted;
  const sizes = { inputBits, outputBits, weightBits: weightBits(node) };
  const tile = { width: type.width, height: type.height };
  const memory = context.hierarchy.memories.find(({ id }) => id === failed);
  if (memory === undefined) throw new Error(`the mapper names an unknown memory '${failed}'`);
  throw new DiagnosticError([noRoomForLayer(node.layer, memory, sizes, tile)], "infeasible");
}

/** (0,0), then one more level for the output, then the same for the input in its stead, then both, and so on upwards. */
function* retryOrder(): Generator<Lifted> {
  for (let level = 0; ; level++) {
    yield { output: level, input: level };
    yield { output: level + 1, input: level };
    yield { output: level, input: level + 1 };
  }
}

/**
 * Stated homes that can be: memories on the chain of their operand. A stack's output leaves it from the top of its chain. What cannot
 * be is left to the rules, and the mapping that states it is refused.
 */
function fixedHomes({ hierarchy, graph, stated }: PlacingContext, node: GraphNode) {
  const { input, output } = stated?.(node) ?? {};
  const onChain = (operand: MemoryOperand | undefined, id: string | undefined): Memory | undefined =>
    operand === undefined ? undefined : chain(hierarchy, operand).find((memory) => memory.id === id);
  return {
    input: onChain(activations(node)[0]?.memoryOperand, input),
    output: node === graph.sink ? undefined : onChain(node.output.memoryOperand, output),
  };
}

/** First choice of memories for a node, and the levels that were added to it; what is fixed stays. */
function choose(context: PlacingContext, node: GraphNode, loops: readonly Loop[], lifted: Lifted): Choice {
  const { hierarchy, policies, graph } = context;
  const fixed = fixedHomes(context, node);
  const operands = activations(node);
  const inputBits = operands.reduce((sum, operand) => sum + operandBits(operand, loops), 0);
  const outputBits = operandBits(node.output, loops);
  const [chainOperand, outputOperand] = [operands[0]?.memoryOperand, node.output.memoryOperand];
  const input = chainOperand && policies.levels.topInput(hierarchy, chainOperand, inputBits);
  const output =
    node === graph.sink || isStreamed(graph, node)
      ? chainTop(hierarchy, outputOperand)
      : policies.levels.topOutput(hierarchy, outputOperand, outputBits, {
          ...(input && { memory: input }),
          bits: inputBits,
        });
  const topInput = fixed.input ?? (input && chainOperand && lift(hierarchy, chainOperand, input, lifted.input));
  const topOutput = fixed.output ?? lift(hierarchy, outputOperand, output, lifted.output);
  return { on: { node, loops, ...(topInput && { topInput }), topOutput }, inputBits, outputBits };
}

/** A stack input that its readers fetch along a chain of their own, from its top, within their mapping: a second matrix. */
function isStreamed(graph: NodeGraph, { id, layer }: GraphNode): boolean {
  const readers = graph.consumers.get(id) ?? [];
  return layer === undefined && readers.every((node) => activations(node).every(({ producer }) => producer !== id));
}

function problemOf(
  { hierarchy, unrolling, weightMemory }: Pick<PlacingContext, "hierarchy" | "unrolling" | "weightMemory">,
  on: NodeOnTile,
  streamsWeights: boolean,
): MappingProblem {
  const cut = streamsWeights || !hasWeights(on.node) ? undefined : weightMemory;
  const spatial = unrolling.get(on.node.id)?.unrolling;
  if (spatial === undefined) throw new Error(`layer '${on.node.id}' has no unrolling`);
  return mappingProblem(on, cut, hierarchy, spatial);
}

/** Whether nothing can be lifted any more: homes are at the top of their chain, or fixed. */
const isAtTop = (
  hierarchy: Hierarchy,
  { node, topInput, topOutput }: NodeOnTile,
  fixed: ReturnType<typeof fixedHomes>,
): boolean =>
  (fixed.output !== undefined || topOutput.id === chainTop(hierarchy, node.output.memoryOperand).id) &&
  (topInput === undefined ||
    fixed.input !== undefined ||
    topInput.id === chainTop(hierarchy, activations(node)[0]!.memoryOperand).id); // it has a top
