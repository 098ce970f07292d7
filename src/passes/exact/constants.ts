/**
 * Constants that are folded into a layer: bias, scales, zero points. They live with its weights: loaded once per stack where these are,
 * else brought along with them, once for every tile on which the layer runs (EM §2).
 */
import { type Hierarchy, type Memory, type MemoryOperand, portFor } from "../../ir/accelerator.js";
import type { Copy } from "../../ir/cost-model.js";
import type { Tensor, TensorId } from "../../ir/network.js";
import type { GraphNode } from "../depth-first/graph.js";
import { chainTop } from "../depth-first/levels.js";
import { weightMemories } from "./storage.js";

/** Bits of a layer's constants; an element is as wide as a partial sum where nothing is stated. */
export function constantBits({ layer, partialBits }: GraphNode, stored: ReadonlyMap<TensorId, Tensor>): number {
  if (layer === undefined) return 0;
  return layer.parameters.reduce((sum, { tensor }) => {
    const { dims = [], bits } = stored.get(tensor) ?? {};
    return sum + dims.reduce((product, extent) => product * extent, bits ?? partialBits);
  }, 0);
}

/**
 * The constants on one tile, from the top of the chain down to the lowest single memory on it. They pass through word by word as outputs
 * are finished, and take no room there. Nothing where they were loaded with the weights, or where no single memory lies below the top.
 *
 * @param weights - home of the layer's weights; absent for a layer without
 */
export function constantCopies(
  node: GraphNode,
  bits: number,
  weights: Memory | undefined,
  hierarchy: Hierarchy,
): readonly Copy[] {
  const operand = constantOperand(node, hierarchy);
  if (bits === 0 || operand === undefined) return [];
  const top = chainTop(hierarchy, operand);
  const [lowest] = weightMemories(operand, hierarchy);
  if (lowest === undefined || lowest.id === top.id || (weights !== undefined && weights.id !== top.id)) return [];
  const end = ({ id }: Memory) => ({ operand, memory: id });
  const name = node.weights[0]?.name ?? "W";
  return [{ kind: "weights", layer: node.id, operand: name, bits, from: end(top), to: end(lowest) }];
}

/** The chain of the weights; of a layer without, that of its first operand that comes down from the top. */
export function constantOperand({ weights, inputs }: GraphNode, hierarchy: Hierarchy): MemoryOperand | undefined {
  return [...weights.filter(({ bits }) => bits > 0), ...inputs]
    .map(({ memoryOperand }) => memoryOperand)
    .find((operand) => portFor(chainTop(hierarchy, operand), operand, "tl") !== undefined);
}
