/** Layers outside the published domain: a stack each, its whole output in one tile. */
import { chain, type Hierarchy, type Memory, type MemoryOperand } from "../../ir/accelerator.js";
import type { Copy, CostModel } from "../../ir/cost-model.js";
import type { LayerUnrolling, PlacedNode, PlacedTileType, StackPlacement } from "../../ir/facts.js";
import { isComputed } from "../assign-dataflow.js";
import type { GraphNode, NodeGraph } from "./graph.js";
import { NO_COUNTS } from "./kept-buffers.js";
import { chainTop } from "./levels.js";
import { mapSize, operandBits } from "./operands.js";
import { placeNodes } from "./place-nodes.js";
import { policiesOf } from "./policies.js";
import type { TileType } from "./tile-types.js";

/** Places a layer that is costed on its own, at its declared sizes. */
export function placeAlone(
  id: string,
  graph: NodeGraph,
  hierarchy: Hierarchy,
  unrolling: ReadonlyMap<string, LayerUnrolling>,
  costModel: CostModel,
): StackPlacement {
  const { x, y } = mapSize(graph.sink.loops);
  const nothing = { writes: NO_COUNTS, reads: NO_COUNTS };
  const type: TileType = {
    width: x,
    height: y,
    count: 1,
    firstAt: { x: 0, y: 0 },
    weightsFromTop: true,
    columns: nothing,
    rows: nothing,
  };
  const sizes = new Map(graph.nodes.map((node) => [node.id, mapSize(node.loops)]));
  const context = { graph, hierarchy, policies: policiesOf(costModel.rules), costModel, unrolling };
  const isMove = graph.sink.layer !== undefined && !isComputed(graph.sink.layer);
  const nodes = isMove ? graph.nodes.map((node) => movedNode(node, hierarchy)) : placeNodes(context, type, sizes);
  const { columns: _columns, rows: _rows, ...shape } = type;
  const placed: PlacedTileType = { id: "0", ...shape, hCache: {}, vCache: {}, nodes };
  return { stack: id, weightBits: 0, tileTypes: [placed] };
}

/**
 * Data that is moved without being computed with: read once from where feature maps live between stacks, and written back there. It
 * passes through the memory below the top, whose write and read count as well, so nothing is free: each input arrives there as a stack
 * input, the output leaves from there as a stack output.
 */
function movedNode(node: GraphNode, hierarchy: Hierarchy): PlacedNode {
  const { loops, layer, output } = node;
  const outputBits = operandBits(output, loops);
  const kind = layer === undefined ? "stack-input" : "stack-output";
  const operand = output.memoryOperand;
  const [top, buffer] = [chainTop(hierarchy, operand), belowTop(hierarchy, operand)];
  const [from, to] = layer === undefined ? [top, buffer] : [buffer, top];
  const end = (memory: Memory) => ({ operand, memory: memory.id });
  const copy: Copy = {
    kind,
    layer: node.id,
    operand: layer === undefined ? "I" : "O",
    bits: outputBits,
    from: end(from),
    to: end(to),
  };
  return {
    id: node.id,
    kind: layer === undefined ? "input" : "layer",
    loops,
    inputBits: node.inputs.reduce((sum, input) => sum + operandBits(input, loops), 0),
    outputBits,
    ...(layer !== undefined && { topInput: belowTop(hierarchy, node.inputs[0]?.memoryOperand ?? operand).id }),
    topOutput: to.id,
    lifted: { input: 0, output: 0 },
    copies: [copy],
  };
}

/** Highest memory of a chain below its top; the top where there is no other. */
const belowTop = (hierarchy: Hierarchy, operand: MemoryOperand): Memory =>
  chain(hierarchy, operand).at(-2) ?? chainTop(hierarchy, operand);
