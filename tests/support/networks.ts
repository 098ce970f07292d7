/** Small networks in a line per layer: `network(conv("a", { K: 8, OX: 16 }), add("b", ["a", "x"]))`. */
import { readFileSync } from "node:fs";
import { readAccelerator } from "../../src/frontend/zigzag/accelerator.js";
import type { Accelerator } from "../../src/ir/accelerator.js";
import type { AxisMap } from "../../src/ir/axis-map.js";
import { createModule, type Module } from "../../src/ir/module.js";
import {
  iterations,
  type Layer,
  type LayerKind,
  type Loop,
  layerId,
  type Network,
  type Operand,
  type Tensor,
  type TensorKind,
  tensorId,
} from "../../src/ir/network.js";

/** Loop sizes; absent ones are 1. `F` is the window in both directions, `from` the layer or input that is read. */
export interface Sizes {
  readonly K?: number;
  readonly C?: number;
  readonly OX?: number;
  readonly OY?: number;
  readonly F?: number;
  readonly stride?: number;
  readonly from?: string;
}

/** A layer before its tensors are known. */
export interface LayerSpec {
  readonly layer: Layer;
  /** Extents `B K OY OX` of what it writes. */
  readonly written: readonly number[];
  /** The same of what it reads, by tensor. */
  readonly read: Readonly<Record<string, readonly number[]>>;
}

const along = (...loops: readonly string[]): AxisMap => ({ kind: "pointwise", loops });
const window = (out: string, tap: string, stride: number): AxisMap => ({
  kind: "window",
  out,
  tap,
  stride,
  dilation: 1,
  before: 0,
});

/** A convolution of an unpadded square window; without `F` it is 1×1 and indexes rows and columns directly. */
export function conv(id: string, { K = 1, C = 1, OX = 1, OY = OX, F = 1, stride = 1, from = "x" }: Sizes): LayerSpec {
  const isWindowed = F > 1 || stride > 1;
  const loops = sized({ B: 1, K, C, OY, OX, ...(isWindowed && { FY: F, FX: F }) });
  const taps = isWindowed ? ["FY", "FX"] : [];
  const [y, x] = isWindowed ? [window("OY", "FY", stride), window("OX", "FX", stride)] : [along("OY"), along("OX")];
  return spec(id, "conv", "Conv", loops, [
    { name: "O", role: "output", tensor: id, axes: [along("B"), along("K"), along("OY"), along("OX")] },
    { name: "W", role: "weight", tensor: `${id}.W`, axes: ["K", "C", ...taps].map((loop) => along(loop)) },
    { name: "I", role: "input", tensor: from, axes: [along("B"), along("C"), y, x] },
  ]);
}

/** Pooling over an unpadded square window; its taps hold no data. */
export function pool(id: string, { K = 1, OX = 1, OY = OX, F = 2, stride = F, from = "x" }: Sizes): LayerSpec {
  const y = window("OY", "FY", stride);
  const x = window("OX", "FX", stride);
  return spec(id, "pool", "MaxPool", sized({ B: 1, G: K, OY, OX, FX: F, FY: F }), [
    { name: "O", role: "output", tensor: id, axes: [along("B"), along("G"), along("OY"), along("OX")] },
    { name: "W", role: "weight", axes: [along("FX"), along("FY")] },
    { name: "I", role: "input", tensor: from, axes: [along("B"), along("G"), y, x] },
  ]);
}

/** Element-wise addition of two maps of one size. */
export function add(
  id: string,
  [left, right]: readonly [string, string],
  { K = 1, OX = 1, OY = OX }: Sizes,
): LayerSpec {
  const axes = ["B", "G", "OY", "OX"].map((loop) => along(loop));
  return spec(id, "elementwise", "Add", sized({ B: 1, G: K, OY, OX }), [
    { name: "O", role: "output", tensor: id, axes },
    { name: "X", role: "input", tensor: left, axes },
    { name: "Y", role: "input", tensor: right, axes },
  ]);
}

/** A layer of any kind that reads whole maps of its own size: data movement, a reduction. */
export function whole(id: string, kind: LayerKind, { K = 1, OX = 1, OY = OX, from = "x" }: Sizes): LayerSpec {
  const loops = ["B", "G", "OY", "OX"];
  return spec(id, kind, "Other", sized({ B: 1, G: K, OY, OX }), [
    { name: "O", role: "output", tensor: id, axes: loops.map((loop) => along(loop)) },
    { name: "I", role: "input", tensor: from, axes: loops.map((loop) => ({ kind: "whole", loops: [loop] })) },
  ]);
}

/** Tensors that no layer writes are inputs, as large as their first reader needs them. */
export function network(...specs: readonly LayerSpec[]): Network {
  const tensors = new Map<string, Tensor>();
  const put = (id: string, kind: TensorKind, dims: readonly number[]) => {
    if (!tensors.has(id)) tensors.set(id, { id: tensorId(id), kind, dims, loc: {} });
  };
  const written = new Map(specs.map(({ layer, written: dims }) => [layer.id as string, dims]));
  const consumed = new Set(specs.flatMap(({ read }) => Object.keys(read)));
  for (const { read } of specs)
    for (const [id, dims] of Object.entries(read))
      if (!written.has(id)) put(id, id.endsWith(".W") ? "weight" : "input", dims);
  for (const [id, dims] of written) put(id, consumed.has(id) ? "intermediate" : "output", dims);
  return {
    name: "small",
    layers: specs.map(({ layer }) => layer),
    tensors: new Map([...tensors.values()].map((tensor) => [tensor.id, tensor])),
    coverage: [],
  };
}

/** FSRCNN as the published depth-first model declares it (DF §13): 960×540, layers 0 to 7. */
export const fsrcnn = (): Network =>
  network(
    conv("0", { K: 56, C: 1, OX: 970, OY: 550, F: 5, from: "-1" }),
    conv("1", { K: 12, C: 56, OX: 970, OY: 550, from: "0" }),
    ...["2", "3", "4", "5"].map((id, i) =>
      conv(id, { K: 12, C: 12, OX: 968 - 2 * i, OY: 548 - 2 * i, F: 3, from: String(i + 1) }),
    ),
    conv("6", { K: 56, C: 12, OX: 962, OY: 542, from: "5" }),
    conv("7", { K: 16, C: 56, OX: 960, OY: 540, F: 3, from: "6" }),
  );

/** A residual block after a convolution: two 3×3 convolutions beside an identity. */
export const residual = (OX = 8): Network =>
  network(
    conv("a", { K: 4, C: 4, OX: OX + 4, F: 3 }),
    conv("b", { K: 4, C: 4, OX: OX + 2, F: 3, from: "a" }),
    conv("c", { K: 4, C: 4, OX, F: 3, from: "b" }),
    add("d", ["a", "c"], { K: 4, OX }),
  );

/** A built-in accelerator. */
export const builtIn = (name = "meta-prototype-df"): Accelerator => {
  const file = new URL(`../../architectures/${name}.yaml`, import.meta.url);
  return readAccelerator(readFileSync(file, "utf8"), `${name}.yaml`).accelerator;
};

export const moduleOf = (layers: Network, accelerator = builtIn()): Module => createModule(layers, accelerator);

const sized = (sizes: Readonly<Record<string, number>>): readonly Loop[] =>
  Object.entries(sizes).map(([dim, size]) => ({ dim, size }));

type OperandSpec = Omit<Operand, "tensor"> & { readonly tensor?: string };

function spec(
  id: string,
  kind: LayerKind,
  op: string,
  loops: readonly Loop[],
  operands: readonly OperandSpec[],
): LayerSpec {
  const size = (dim: string): number => loops.find((loop) => loop.dim === dim)?.size ?? 1;
  const extent = (map: AxisMap): number => {
    if (map.kind === "window") return (size(map.out) - 1) * map.stride + size(map.tap);
    return "loops" in map ? map.loops.reduce((product, dim) => product * size(dim), 1) : size(map.out);
  };
  const dims = operands.map(({ tensor, axes }) => [tensor, axes.map(extent)] as const);
  const layer: Layer = {
    id: layerId(id),
    name: id,
    kind,
    op,
    nodes: [id],
    loops,
    operands: operands.map(({ tensor, ...rest }) => ({
      ...rest,
      ...(tensor !== undefined && { tensor: tensorId(tensor) }),
    })),
    macs: kind === "conv" ? iterations(loops) : 0,
    attributes: {},
    postOps: [],
    parameters: [],
    loc: { node: id },
  };
  const read = Object.fromEntries(
    dims.slice(1).flatMap(([tensor, extents]) => (tensor === undefined ? [] : [[tensor, extents]])),
  );
  return { layer, written: dims[0]?.[1] ?? [], read };
}
