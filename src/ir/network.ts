/**
 * The network: layers as loop nests over tensors. Immutable data; what passes learn about a layer is a fact (`facts.ts`).
 *
 * Loop names are fixed: a map's columns run along `OX`, its rows along `OY`; `K` output channels, `C` input channels that are
 * summed, `G` channels (or groups) that are kept apart, `B` batch, `FX FY` taps.
 */
import type { AxisMap, Dim } from "./axis-map.js";
import type { Location } from "./location.js";

declare const brand: unique symbol;
export type LayerId = string & { readonly [brand]: "layer" };
export type TensorId = string & { readonly [brand]: "tensor" };

export const layerId = (id: string): LayerId => id as LayerId;
export const tensorId = (id: string): TensorId => id as TensorId;

/** One `for` loop of a layer: `size` iterations along `dim`. */
export interface Loop {
  readonly dim: Dim;
  readonly size: number;
}

export type TensorKind = "input" | "weight" | "bias" | "scale" | "intermediate" | "output";

export interface Tensor {
  readonly id: TensorId;
  readonly kind: TensorKind;
  /** Extent per axis, elements, outermost first, as the model stores it (`N C H W` for a feature map). */
  readonly dims: readonly number[];
  /** Bits per element where the model states them (quantised models, workload files). */
  readonly bits?: number;
  readonly loc: Location;
}

/** What an operand is to its layer. */
export type OperandRole = "output" | "input" | "weight";

/** One operand of a layer's loop nest. */
export interface Operand {
  /** `O`, `W`, `I` (matrix-like layers), `X`, `Y` (second element-wise input), or `I2`, `I3` … (further inputs). */
  readonly name: string;
  readonly role: OperandRole;
  /** Absent where nothing is stored: the taps of a pooling window. Views are resolved: this is the tensor that holds the data. */
  readonly tensor?: TensorId;
  /** How the loops index each axis of the tensor, in the tensor's axis order. */
  readonly axes: readonly AxisMap[];
  /** Reshapes and transpositions between the tensor and what the operator reads, in order of application. */
  readonly view?: readonly ViewStep[];
}

export type ViewStep =
  | { readonly kind: "reshape"; readonly dims: readonly number[] }
  | { readonly kind: "transpose"; readonly permutation: readonly number[] };

/**
 * `conv`, `matmul`: multiply-accumulate. `pool`: reduction over a window. `elementwise`: one operation per output element.
 * `reduction`: needs whole axes (softmax, normalisation). `movement`: data is moved, nothing computed. `opaque`: not understood,
 * costed as data movement with a warning.
 */
export type LayerKind = "conv" | "matmul" | "pool" | "elementwise" | "reduction" | "movement" | "opaque";

/** Bits per element of a layer's operands where its source states them (workload files). */
export interface DeclaredPrecision {
  /** Bits by operand name; the output's is the width of a partial sum. */
  readonly operands: Readonly<Record<string, number>>;
  /** Bits of a finished output element. */
  readonly finalOutput: number;
}

/** JSON-like value of an attribute of an operator. */
export type AttributeValue =
  | number
  | string
  | boolean
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** An operator that a layer applies to its output before storing it: a fused activation. */
export interface PostOperation {
  readonly op: string;
  readonly attributes: Attributes;
}

export interface Layer {
  readonly id: LayerId;
  readonly name: string;
  readonly kind: LayerKind;
  /** Operator type as the source names it: `Conv`, `MaxPool`, `Add`. */
  readonly op: string;
  /** Names of the source's nodes that this layer stands for, its own first. */
  readonly nodes: readonly string[];
  /** Loops in declared order; the order decides ties of the published loop-factor rule (SL §3). */
  readonly loops: readonly Loop[];
  /** Output first, then inputs and weights in the order of the layer's equation. */
  readonly operands: readonly Operand[];
  /** Multiply-accumulate operations of the whole layer; 0 for kinds that do none. */
  readonly macs: number;
  /** Semantic attributes of the operator (strides, axis, …), for reports and execution. */
  readonly attributes: Attributes;
  readonly postOps: readonly PostOperation[];
  /** Tensors that the operator also reads but that no loop nest moves: bias, scale, zero point. */
  readonly parameters: readonly { readonly role: string; readonly tensor: TensorId }[];
  readonly declaredPrecision?: DeclaredPrecision;
  readonly loc: Location;
}

export type CoverageStatus = "lowered" | "folded" | "view" | "moved" | "opaque" | "refused";

/** What became of one node of the model. Every node has exactly one entry; nothing is silently free. */
export interface CoverageEntry {
  readonly node: string;
  readonly opType: string;
  readonly status: CoverageStatus;
  /** Layer that stands for the node; absent for views of inputs and refused nodes. */
  readonly layer?: LayerId;
  readonly reason?: string;
}

export interface Network {
  readonly name: string;
  /** In topological order. */
  readonly layers: readonly Layer[];
  readonly tensors: ReadonlyMap<TensorId, Tensor>;
  readonly coverage: readonly CoverageEntry[];
}

/** @throws RangeError when the layer has no such loop and no `fallback` is given */
export function loopSize(loops: readonly Loop[], dim: Dim, fallback?: number): number {
  const size = loops.find((loop) => loop.dim === dim)?.size ?? fallback;
  if (size === undefined) throw new RangeError(`no loop '${dim}'`);
  return size;
}

/** Tensors that the network writes. */
export const outputTensors = ({ tensors }: Network): ReadonlySet<TensorId> =>
  new Set([...tensors.values()].filter(({ kind }) => kind === "output").map(({ id }) => id));

/** Iterations of the whole nest: the operations that the layer executes. */
export const iterations = (loops: readonly Loop[]): number => loops.reduce((product, { size }) => product * size, 1);

export const outputOf = (layer: Layer): Operand => {
  const output = layer.operands[0];
  if (output?.role !== "output") throw new Error(`layer '${layer.id}' does not start with its output operand`);
  return output;
};

/** Operands that other layers or the outside produce: everything but the output and the weights. */
export const inputsOf = (layer: Layer): readonly Operand[] => layer.operands.filter(({ role }) => role === "input");

export const weightsOf = (layer: Layer): readonly Operand[] => layer.operands.filter(({ role }) => role === "weight");

/** Layer that writes each tensor. */
export function producers(network: Network): ReadonlyMap<TensorId, Layer> {
  const byTensor = new Map<TensorId, Layer>();
  for (const layer of network.layers) {
    const { tensor } = outputOf(layer);
    if (tensor !== undefined) byTensor.set(tensor, layer);
  }
  return byTensor;
}
