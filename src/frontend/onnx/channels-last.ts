/** Maps whose channels come last (`N H W C`), for operators that are written for `N C H W`. */
import type { Inferred, LayerSpec, NodeContext, OperatorDefinition } from "./operator.js";

/**
 * The same operator, with the channels of its first input and output last.
 *
 * @param isLast - which nodes that is true of: those whose attribute `channels_last` says so
 */
export function channelsLast(
  base: OperatorDefinition,
  isLast: (node: NodeContext) => boolean = isStated,
): OperatorDefinition {
  const { macs } = base;
  return {
    ...base,
    infer: (node) => (isLast(node) ? base.infer(asFirst(node)).map(inferredAsLast) : base.infer(node)),
    lower(node) {
      if (!isLast(node)) return base.lower(node);
      const outputs = node.outputs.map((dims, i) => (i === 0 ? channelsToFront(dims) : dims));
      const lowering = base.lower({ ...asFirst(node), outputs, isNetworkOutput: node.isNetworkOutput });
      return "view" in lowering ? lowering : { layers: lowering.layers.map(layerAsLast) };
    },
    ...(macs !== undefined && {
      macs: {
        ...macs,
        count: (node, outputs) =>
          isLast(node) ? macs.count(asFirst(node), outputs.map(inferredAsFirst)) : macs.count(node, outputs),
      },
    }),
  };
}

const isStated = ({ attributes }: NodeContext): boolean => (attributes.int("channels_last") ?? 0) !== 0;

const channelsToFront = <T>(axes: readonly T[]): readonly T[] => [
  ...axes.slice(0, 1),
  ...axes.slice(1).slice(-1),
  ...axes.slice(1, -1),
];

const channelsToBack = <T>(axes: readonly T[]): readonly T[] => [
  ...axes.slice(0, 1),
  ...axes.slice(2),
  ...axes.slice(1, 2),
];

const asFirst = (node: NodeContext): NodeContext => ({
  ...node,
  inputs: node.inputs.map((input, i) =>
    i === 0 && input !== undefined ? { ...input, shape: channelsToFront(input.shape) } : input,
  ),
});

const reshaped = (result: Inferred, i: number, turn: typeof channelsToBack): Inferred =>
  "reason" in result || i > 0 ? result : { ...result, shape: turn(result.shape) };
const inferredAsLast = (result: Inferred, i: number): Inferred => reshaped(result, i, channelsToBack);
const inferredAsFirst = (result: Inferred, i: number): Inferred => reshaped(result, i, channelsToFront);

const layerAsLast = (layer: LayerSpec): LayerSpec => ({
  ...layer,
  operands: layer.operands.map((operand) =>
    operand.role === "output" || operand.input === 0 ? { ...operand, axes: channelsToBack(operand.axes) } : operand,
  ),
});
