/** Multiply-accumulates and weights of a model. */
import { type Network, weightsOf } from "./network.js";

/** What the frontend counted; nodes whose sizes are not known are listed instead. */
export interface ImportTotals {
  /** Of Conv, Gemm, MatMul and their like, where the sizes are known. */
  readonly macs: number;
  /** Elements of their constant operands, per use; bias not counted. */
  readonly weightElements: number;
  /** By operator type, for the operators that multiply and accumulate. */
  readonly byOp: Readonly<Record<string, { readonly nodes: number; readonly macs: number }>>;
  readonly unknown: readonly UnknownLayer[];
  /** Of what is not a node of the graph: bodies of control flow, parts of decomposed operators. */
  readonly other: { readonly macs: number };
}

/** A node whose multiply-accumulates are not counted. */
export interface UnknownLayer {
  readonly layer: string;
  readonly op: string;
  /** What to bind; absent where binding does not help. */
  readonly symbol?: string;
  readonly reason: string;
}

/** Counts of a network whose layers are its nodes: a workload file. */
export function countLayers({ layers, tensors }: Network): ImportTotals {
  const byOp = new Map<string, { nodes: number; macs: number }>();
  let weightElements = 0;
  for (const layer of layers.filter(({ macs }) => macs > 0)) {
    const { nodes, macs } = byOp.get(layer.op) ?? { nodes: 0, macs: 0 };
    byOp.set(layer.op, { nodes: nodes + 1, macs: macs + layer.macs });
    for (const { tensor } of weightsOf(layer)) {
      const dims = tensor === undefined ? undefined : tensors.get(tensor)?.dims;
      weightElements += dims?.reduce((product, extent) => product * extent, 1) ?? 0;
    }
  }
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  return { macs, weightElements, byOp: Object.fromEntries(byOp), unknown: [], other: { macs: 0 } };
}
