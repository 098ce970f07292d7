/** How the weights of a stack come on chip (DF §7). */
import type { Hierarchy, Memory } from "../../ir/accelerator.js";
import type { Copy } from "../../ir/cost-model.js";
import type { Behaviours, RuleSet } from "../../ir/rules.js";
import { chainTop } from "./levels.js";
import type { NodeOnTile } from "./node-copies.js";
import { operandBits } from "./operands.js";

export interface WeightsPolicy {
  /** Whether the layers of a stack's first tile fetch their weights through the whole chain, within their mappings. */
  readonly streamsFirstTile: boolean;
  /** Copies that bring a layer's weights to the stack's weight memory before it runs on the first tile. */
  load(on: NodeOnTile, weightMemory: Memory, hierarchy: Hierarchy): readonly Copy[];
}

/** The mapping of the first tile may fetch a weight from the top as often as it likes. */
const published: WeightsPolicy = { streamsFirstTile: true, load: () => [] };

/** Every weight comes on chip once. */
const loaded: WeightsPolicy = {
  streamsFirstTile: false,
  load: ({ node, loops }, weightMemory, hierarchy) =>
    node.weights
      .map((operand) => ({
        kind: "weights" as const,
        layer: node.id,
        operand: operand.name,
        bits: operandBits(operand, loops),
        from: { operand: operand.memoryOperand, memory: chainTop(hierarchy, operand.memoryOperand).id },
        to: { operand: operand.memoryOperand, memory: weightMemory.id },
      }))
      .filter(({ bits, from, to }) => bits > 0 && from.memory !== to.memory),
};

export const WEIGHTS: Behaviours<RuleSet["weights"], WeightsPolicy> = {
  published: { quirks: ["DF-Q27"], rule: published },
  loaded: { quirks: ["DF-Q27"], rule: loaded },
};
