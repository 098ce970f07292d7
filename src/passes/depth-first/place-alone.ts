/** Layers outside the published domain: a stack each, its whole output in one tile. */
import { chain, type Hierarchy, type Memory, type MemoryOperand } from "../../ir/accelerator.js";
import type { Copy, CopyKind, CostModel } from "../../ir/cost-model.js";
import type { LayerUnrolling, PlacedNode, PlacedTileType, StackPlacement } from "../../ir/facts.js";
import { isComputed } from "../assign-dataflow.js";
import { totalWeightBits } from "./cuts.js";
import type { GraphNode } from "./graph.js";
import { chainTop } from "./levels.js";
import type { StackView } from "./network-view.js";
import { mapSize, operandBits, type SizedOperand } from "./operands.js";
import { placeNodes } from "./place-nodes.js";
import { policiesOf } from "./policies.js";
import { NOTHING_KEPT, type TileType } from "./tile-types.js";
import { neededWork } from "./work.js";

/** Places a layer that is costed on its own, at its declared sizes. */
export function placeAlone(
  { stack, graph, full }: StackView,
  hierarchy: Hierarchy,
  unrolling: ReadonlyMap<string, LayerUnrolling>,
  costModel: CostModel,
): StackPlacement {
  const { x, y } = mapSize(graph.sink.loops);
  const type: TileType = {
    width: x,
    height: y,
    count: 1,
    firstAt: { x: 0, y: 0 },
    weightsFromTop: true,
    columns: NOTHING_KEPT,
    rows: NOTHING_KEPT,
  };
  const sizes = new Map(graph.nodes.map((node) => [node.id, mapSize(node.loops)]));
  const context = { graph, hierarchy, policies: policiesOf(costModel.rules), costModel, unrolling };
  const isMove = graph.sink.layer !== undefined && !isComputed(graph.sink.layer);
  const nodes = isMove ? graph.nodes.map((node) => movedNode(node, hierarchy)) : placeNodes(context, type, sizes);
  const { columns: _columns, rows: _rows, ...shape } = type;
  const placed: PlacedTileType = { id: "0", ...shape, hCache: {}, vCache: {}, nodes };
  const needed = neededWork({ graph, full });
  return { stack: stack.id, weightBits: totalWeightBits(graph), tileTypes: [placed], needed };
}

/**
 * Data that is moved without being computed with: read once from where feature maps live between stacks, and written back there. It
 * passes through the memory below the top of each chain, whose write and read count as well, so nothing is free: inputs arrive there
 * as stack inputs, constants as weights (of a table, no more than what is taken out of it), and the output leaves from there.
 */
function movedNode(node: GraphNode, hierarchy: Hierarchy): PlacedNode {
  const { id, loops, layer, output } = node;
  const outputBits = operandBits(output, loops);
  const arrive = (kind: CopyKind, operand: SizedOperand, name: string, bits: number): Copy => ({
    kind,
    layer: id,
    operand: name,
    bits,
    from: { operand: operand.memoryOperand, memory: chainTop(hierarchy, operand.memoryOperand).id },
    to: { operand: operand.memoryOperand, memory: belowTop(hierarchy, operand.memoryOperand).id },
  });
  const leave = (): Copy => {
    const { kind, from, to, ...copy } = arrive("stack-output", output, output.name, outputBits);
    return { kind, ...copy, from: to, to: from };
  };
  const constants = node.weights
    .map((operand) => ({ operand, bits: Math.min(operandBits(operand, loops), outputBits) }))
    .filter(({ bits }) => bits > 0)
    .map(({ operand, bits }) => arrive("weights", operand, operand.name, bits));
  const copies = layer === undefined ? [arrive("stack-input", output, "I", outputBits)] : [...constants, leave()];
  return {
    id,
    kind: layer === undefined ? "input" : "layer",
    loops,
    inputBits: node.inputs.reduce((sum, operand) => sum + operandBits(operand, loops), 0),
    outputBits,
    topOutput: copies.at(-1)!.to.memory, // at least one
    lifted: { input: 0, output: 0 },
    copies,
    problems: [],
    work: { operations: 0, macs: 0 },
  };
}

/** Highest memory of a chain below its top; the top where there is no other. */
const belowTop = (hierarchy: Hierarchy, operand: MemoryOperand): Memory =>
  chain(hierarchy, operand).at(-2) ?? chainTop(hierarchy, operand);
