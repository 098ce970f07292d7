/** Which dataflow of an accelerator a layer runs with. */
import type { Dataflow, MemoryOperand } from "./accelerator.js";
import { type Layer, type LayerKind, loopSize, type Operand } from "./network.js";

/** Entry that serves a whole class of operators, where no entry names the operator itself. */
const CLASS_KEYS: Readonly<Record<LayerKind, string | undefined>> = {
  conv: "Conv",
  matmul: "Gemm",
  pool: "Pool",
  elementwise: "Elementwise",
  reduction: "Reduction",
  movement: undefined,
  opaque: undefined,
};

/**
 * Names under which a layer's dataflow is looked up, most specific first: the layer's name and id, `DepthwiseConv` for a
 * convolution that sums over no channels (ONNX and ZigZag call it `Conv` too, but it has no `K` to unroll), the operator type,
 * the class of operators, and `default`.
 */
export function dataflowKeys(layer: Layer): readonly string[] {
  const keys = [
    layer.name,
    layer.id,
    isDepthwise(layer) ? "DepthwiseConv" : undefined,
    layer.op,
    CLASS_KEYS[layer.kind],
  ];
  return [...keys.filter((key) => key !== undefined), "default"];
}

/** First entry that one of the layer's `dataflowKeys` names; of several entries with one name the first counts. */
export function dataflowFor(layer: Layer, dataflows: readonly Dataflow[]): Dataflow | undefined {
  for (const key of dataflowKeys(layer)) {
    const found = dataflows.find(({ name }) => name === key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A convolution whose channels are kept apart (`G`) and not summed (no `C`, or one of them). */
const isDepthwise = ({ kind, loops }: Layer): boolean =>
  kind === "conv" && loopSize(loops, "G", 1) > 1 && loopSize(loops, "C", 1) === 1;

const ROLE_LINKS = { output: "O", input: "I1", weight: "I2" } as const;

/**
 * Memory operand of a layer operand that no dataflow links: activations on `I1`, weights on `I2` (SL §1.1). A matrix product of two
 * activations keeps its second operand, `W`, on the weight chain.
 */
export const defaultLink = ({ name, role }: Operand): MemoryOperand => (name === "W" ? "I2" : ROLE_LINKS[role]);
