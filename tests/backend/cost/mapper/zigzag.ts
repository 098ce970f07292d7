/** Mappings that ZigZag chose, with the counts and energies that it gave them, as problems of our mapper. */
import type { Hierarchy } from "../../../../src/ir/accelerator.js";
import type { MappingProblem, OperandShape, WindowShape } from "../../../../src/ir/cost-model.js";
import type { Layer, Loop, Network } from "../../../../src/ir/network.js";

export interface ZigZagRun {
  readonly inputs: { readonly workload: string; readonly accelerator: string };
  readonly layers: readonly ZigZagLayer[];
}

/** ZigZag's four directions at one memory. */
type FourWay = Readonly<Record<"rd_out_to_low" | "wr_in_by_low" | "rd_out_to_high" | "wr_in_by_high", number>>;

export interface ZigZagLayer {
  readonly name: string;
  readonly layer: {
    readonly equation: string;
    readonly equation_relations: readonly string[];
    readonly loop_dimensions: Readonly<Record<string, number>>;
    readonly operand_precision: Readonly<Record<string, number>>;
    readonly user_spatial_mapping: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly memory_operand_links: Readonly<Record<string, string>>;
  };
  readonly energy_total: number;
  readonly mac_energy: number;
  readonly outputs: {
    readonly memory: { readonly word_accesses: Readonly<Record<string, readonly FourWay[]>> };
    readonly energy: { readonly memory_energy_breakdown_per_level: Readonly<Record<string, readonly number[]>> };
  };
  /** Per operand and memory level, innermost first: `(C, 2)`. */
  readonly temporal_mapping: Readonly<Record<string, readonly (readonly string[])[]>>;
}

/** Our name of each direction. */
export const DIRECTION_NAMES = {
  tl: "rd_out_to_low",
  fl: "wr_in_by_low",
  th: "rd_out_to_high",
  fh: "wr_in_by_high",
} as const satisfies Readonly<Record<string, keyof FourWay>>;

export interface Replay {
  readonly problem: MappingProblem;
  readonly loops: readonly Loop[];
  readonly boundaries: Readonly<Record<string, readonly number[]>>;
  /** Extent of the stored input along each windowed output loop, padding left out. */
  readonly stored: Readonly<Record<string, number>>;
}

/** @param source - the layer of the model that the run was made from */
export function replayOf(
  { layer, temporal_mapping: temporal }: ZigZagLayer,
  hierarchy: Hierarchy,
  source: Source,
): Replay {
  const windows = layer.equation_relations.map(windowOf);
  const levels = Object.entries(temporal).map(
    ([operand, lists]) => [operand, lists.map((list) => list.map(loopOf))] as const,
  );
  return {
    problem: {
      loops: Object.entries(layer.loop_dimensions).map(([dim, size]) => ({ dim, size })),
      operands: [...layer.equation.matchAll(/(\w+)((?:\[\w+\])+)/g)].map(([, name, indices]) =>
        shapeOf(layer, windows, name!, indices!),
      ),
      finalOutputBits: layer.operand_precision.O_final!,
      hierarchy,
      unrolling: Object.entries(layer.user_spatial_mapping).flatMap(([arrayDim, sizes]) =>
        Object.entries(sizes).map(([dim, size]) => ({ arrayDim, dim, size })),
      ),
    },
    loops: levels[0]?.[1].flat() ?? [],
    boundaries: Object.fromEntries(levels.map(([operand, lists]) => [operand, runningCount(lists)])),
    stored: storedExtents(source),
  };
}

interface Source {
  readonly network: Network;
  readonly layer: Layer;
}

/** ZigZag makes layers of convolutions and matrix products alone, and names unnamed ones by number. */
export function sourceOf(network: Network, { name }: ZigZagLayer, index: number): Source {
  const layers = network.layers.filter(({ kind }) => kind === "conv" || kind === "matmul");
  const layer = layers.find((candidate) => candidate.name === name) ?? layers[index];
  if (layer === undefined) throw new Error(`the model has no layer for '${name}'`);
  return { network, layer };
}

function storedExtents({ network, layer }: Source): Readonly<Record<string, number>> {
  const input = layer.operands.find(({ role }) => role === "input");
  const dims = input?.tensor === undefined ? [] : (network.tensors.get(input.tensor)?.dims ?? []);
  const extents = (input?.axes ?? []).flatMap((axis, i) =>
    axis.kind === "window" ? [[axis.out, dims[i]!] as const] : [],
  );
  return Object.fromEntries(extents);
}

type NamedWindow = WindowShape & { readonly index: string };

/** `IX = 2*OX + 1*FX`. */
function windowOf(relation: string): NamedWindow {
  const [, index, stride, out, dilation, tap] = /(\w+) = (\d+)\*(\w+) \+ (\d+)\*(\w+)/.exec(relation) ?? [];
  return { index: index!, out: out!, tap: tap!, stride: Number(stride), dilation: Number(dilation) };
}

function shapeOf(
  layer: ZigZagLayer["layer"],
  windows: readonly NamedWindow[],
  name: string,
  indices: string,
): OperandShape {
  const dims = [...indices.matchAll(/\w+/g)].map(([index]) => index.toUpperCase());
  const used = windows.some(({ index }) => dims.includes(index)) ? windows : [];
  return {
    name,
    memoryOperand: layer.memory_operand_links[name]!,
    bits: layer.operand_precision[name]!,
    relevant: dims.filter(
      (dim) => (layer.loop_dimensions[dim] ?? 1) > 1 && used.every(({ out, tap }) => out !== dim && tap !== dim),
    ),
    windows: used.map(({ index: _, ...window }) => window),
  };
}

function loopOf(text: string): Loop {
  const [, dim, size] = /\((\w+), (\d+)\)/.exec(text) ?? [];
  return { dim: dim!, size: Number(size) };
}

function runningCount(lists: readonly (readonly unknown[])[]): readonly number[] {
  let count = 0;
  return lists.map(({ length }) => (count += length));
}
