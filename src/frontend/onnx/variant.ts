/** Operators that do what another one does with their operands in other places: quantised and fused forms. */
import type { Inferred, LayerSpec, Lowering, LoweringContext, NodeContext, OperatorDefinition } from "./operator.js";

export interface Variant {
  readonly opTypes: readonly string[];
  readonly domains?: readonly string[];
  /** The operator that does the same. */
  readonly base: OperatorDefinition;
  /** Under its name, where the base serves several. */
  readonly baseType: string;
  /** Inputs of the base among the node's inputs, by position; absent ones are left out. */
  readonly operands: (node: NodeContext) => readonly number[];
  /** Type of the first output; that of the first operand where absent. */
  readonly type?: (node: NodeContext) => number;
  /** Multiply-accumulates are counted apart. */
  readonly isOther?: true;
}

/** Newest operator set that the bases know: variants of other domains follow its rules. */
const NEWEST = 21;

/** Operators whose inputs are those of `base` and further ones, which are read beside the loop nest. */
export function variantOf(variant: Variant): OperatorDefinition {
  const { base, operands } = variant;
  const { macs } = base;
  const definition: OperatorDefinition = {
    opTypes: variant.opTypes,
    ...(variant.domains !== undefined && { domains: variant.domains }),
    infer: (node) => base.infer(asBase(variant, node)).map((result, i) => retyped(variant, node, result, i)),
    lower(node) {
      const lowering = base.lower({ ...node, ...asBase(variant, node) });
      return moveInputs(lowering, node, operands(node));
    },
  };
  if (macs === undefined) return definition;
  return {
    ...definition,
    macs: {
      ...macs,
      ...(variant.isOther && { isOther: true }),
      operandOf: (node, index) => operands(node)[index] ?? -1,
      count: (node, outputs) => macs.count(asBase(variant, node), outputs),
    },
  };
}

const asBase = ({ operands, baseType }: Variant, node: NodeContext): NodeContext => ({
  ...node,
  opType: baseType,
  opset: NEWEST,
  inputs: operands(node).map((index) => node.inputs[index]),
});

function retyped({ type }: Variant, node: NodeContext, result: Inferred, output: number): Inferred {
  if ("reason" in result) return result;
  const { elements: _, ...rest } = result; // arithmetic on quantised numbers is not the base's
  return output === 0 && type !== undefined ? { ...rest, type: type(node) } : rest;
}

/** Inputs under the node's own positions; what the base does not know is a scale or a zero point. */
function moveInputs(lowering: Lowering, node: LoweringContext, operands: readonly number[]): Lowering {
  const positionOf = (index: number): number => operands[index] ?? -1;
  if ("view" in lowering) return { view: positionOf(lowering.view) };
  const others = node.inputs.flatMap((input, i) => (input === undefined || operands.includes(i) ? [] : [i]));
  const layers = lowering.layers.map(
    (layer): LayerSpec => ({
      ...layer,
      operands: layer.operands.map(({ input, ...rest }) =>
        input === undefined ? rest : { ...rest, input: positionOf(input) },
      ),
      parameters: [
        ...(layer.parameters ?? []).map(({ role, input }) => ({ role, input: positionOf(input) })),
        ...others.map((input) => ({ role: "quantisation", input })),
      ],
    }),
  );
  return { layers };
}
