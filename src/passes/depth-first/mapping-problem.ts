/** What the mapper is asked about one layer on one tile type (DF §8.3). */
import {
  cutAbove,
  type Hierarchy,
  levelOf,
  type Memory,
  type MemoryOperand,
  shareChain,
  withoutOperand,
} from "../../ir/accelerator.js";
import type { MappingProblem, OperandShape } from "../../ir/cost-model.js";
import type { LayerUnrolling } from "../../ir/facts.js";
import { activations, type GraphNode } from "./graph.js";
import type { NodeOnTile } from "./node-copies.js";
import type { SizedOperand } from "./operands.js";

/** What a layer is mapped in, whatever the size of its tile. */
type Frame = Pick<MappingProblem, "operands" | "hierarchy">;

/** Frames by layer, machine and highest memories: the same come back on most tiles. */
const FRAMES = new WeakMap<GraphNode, WeakMap<Hierarchy, Map<string, Frame>>>();

/**
 * The layer under the part of the hierarchy that it may use: activations up to their highest memories, weights up to the memory of
 * the stack's weights. Nothing is reserved in what remains (DF-Q13).
 *
 * @param weightMemory - absent where weights come through their whole chain
 */
export function mappingProblem(
  on: NodeOnTile,
  weightMemory: Memory | undefined,
  hierarchy: Hierarchy,
  unrolling: LayerUnrolling["unrolling"],
): MappingProblem {
  const { node, loops, topInput, topOutput } = on;
  const byMachine = FRAMES.get(node) ?? new WeakMap<Hierarchy, Map<string, Frame>>();
  FRAMES.set(node, byMachine);
  const frames = byMachine.get(hierarchy) ?? new Map<string, Frame>();
  byMachine.set(hierarchy, frames);
  const key = [topInput?.id, topOutput.id, weightMemory?.id].join("\n");
  const frame = frames.get(key) ?? frameOf(on, weightMemory, hierarchy);
  frames.set(key, frame);
  return { loops, ...frame, finalOutputBits: node.output.bits, unrolling };
}

function frameOf(
  { node, topInput, topOutput }: NodeOnTile,
  weightMemory: Memory | undefined,
  hierarchy: Hierarchy,
): Frame {
  const operands = [node.output, ...inEquationOrder(node)];
  const inputCut = cutAt(hierarchy, activations(node)[0]?.memoryOperand, topInput);
  const outputCut = cutAt(inputCut, node.output.memoryOperand, topOutput);
  const own = ownChains(operands, outputCut);
  const weightCut = node.weights.reduce(
    (cut, { name }) => cutAt(cut, own.links.get(name), weightMemory),
    own.hierarchy,
  );
  return {
    operands: operands.map((operand) => shapeOf(operand, own.links, node)),
    hierarchy: onlyChainsOf(weightCut, new Set(own.links.values())),
  };
}

/** Inputs and weights as the layer's equation names them. */
export function inEquationOrder({ layer, inputs, weights }: GraphNode): readonly SizedOperand[] {
  const byName = new Map([...inputs, ...weights].map((operand) => [operand.name, operand]));
  return (layer?.operands ?? []).flatMap(({ name }) => byName.get(name) ?? []);
}

const cutAt = (hierarchy: Hierarchy, operand: MemoryOperand | undefined, top: Memory | undefined): Hierarchy =>
  operand === undefined || top === undefined || levelOf(top, operand) === undefined
    ? hierarchy
    : cutAbove(hierarchy, operand, top);

/** An operand whose chain another one has already, like the second input of an addition, gets a chain of its own beside it. */
export function ownChains(operands: readonly SizedOperand[], hierarchy: Hierarchy) {
  const links = new Map<string, MemoryOperand>();
  const wanted = new Set(operands.map(({ memoryOperand }) => memoryOperand));
  let shared = hierarchy;
  for (const { name, memoryOperand } of operands) {
    if (![...links.values()].includes(memoryOperand)) {
      links.set(name, memoryOperand);
      continue;
    }
    const fresh = freshOperand(wanted);
    wanted.add(fresh);
    links.set(name, fresh);
    shared = shareChain(shared, memoryOperand, fresh);
  }
  return { links, hierarchy: shared };
}

/**
 * Without the chains that no operand of the layer uses: a layer that only reads one map leaves the weight memories alone. The reference
 * has no such layer; with the weight chain left in, SL-Q7 and SL-Q8 would leave the hop from a shared memory out of its loading.
 */
export function onlyChainsOf(hierarchy: Hierarchy, used: ReadonlySet<MemoryOperand>): Hierarchy {
  const held = new Set(hierarchy.memories.flatMap(({ operands }) => operands.map(({ operand }) => operand)));
  const unused = [...held].filter((operand) => !used.has(operand));
  return unused.reduce((rest, operand) => withoutOperand(rest, operand, () => true), hierarchy);
}

/** `I2` where it is free, as published; else the next number. */
function freshOperand(taken: ReadonlySet<MemoryOperand>): MemoryOperand {
  for (let number = 2; ; number++) if (!taken.has(`I${number}`)) return `I${number}`;
}

function shapeOf(
  { name, bits, relevant, windows }: SizedOperand,
  links: ReadonlyMap<string, MemoryOperand>,
  node: GraphNode,
): OperandShape {
  const memoryOperand = links.get(name);
  if (memoryOperand === undefined) throw new Error(`operand '${name}' has no memory chain`);
  return { name, memoryOperand, bits: name === node.output.name ? node.partialBits : bits, relevant, windows };
}
