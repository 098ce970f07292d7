/** EM §1 read literally, with sets of indices where the product has intervals: the reference that random stacks are compared with. */
import type { AxisGraph, AxisReader, AxisTensor } from "../../../src/passes/regions/axis-graph.js";

type Indices = readonly number[];

/** Regions of one tensor: sets of indices per tile. */
export interface NaiveAxis {
  readonly tensor: AxisTensor;
  readonly need: readonly Indices[];
  readonly computed: readonly Indices[];
  readonly kept: readonly Indices[];
  readonly owed: readonly Indices[];
  readonly reads: readonly (readonly Indices[])[];
}

const range = (lo: number, hi: number): Indices => Array.from({ length: Math.max(0, hi - lo) }, (_, i) => lo + i);
const filled = (indices: Indices): Indices =>
  indices.length === 0 ? [] : range(Math.min(...indices), Math.max(...indices) + 1);

/** Indices of an axis of `extent` that the computation of one output index reads. */
export function touched({ map, taps }: AxisReader, output: number, extent: number): Indices {
  const axis = range(0, extent);
  if (map === "all" || map.kind === "whole") return axis;
  const steps = map.kind === "window" || map.kind === "transposed" ? range(0, taps).map((f) => f * map.dilation) : [];
  switch (map.kind) {
    case "window":
      return axis.filter((index) => steps.includes(index + map.before - map.stride * output));
    case "transposed":
      return axis.filter((index) => steps.includes(output + map.before - map.stride * index));
    case "resize":
      return axis.filter((index) => Math.abs(index - Math.floor((output * map.from) / map.to)) <= map.reach);
    case "slice":
      return axis.filter((index) => index === map.offset + map.step * output);
    case "part":
      return axis.filter((index) => index + map.start === output);
    case "pointwise":
      return map.loops.length === 0 ? [0] : axis.filter((index) => index === output);
  }
}

/** The same without the holes of dilated windows: a producer is asked for the box. */
function asked(reader: AxisReader, output: number, extent: number): Indices {
  const { map, taps } = reader;
  if (map === "all" || (map.kind !== "window" && map.kind !== "transposed")) return touched(reader, output, extent);
  const dense = { map: { ...map, dilation: 1 }, taps: (taps - 1) * map.dilation + 1, output: reader.output };
  return touched(dense, output, extent);
}

/** @param tile - size of a tile */
export function naiveAxis(graph: AxisGraph, tile: number): readonly NaiveAxis[] {
  const { extent } = graph.tensors.find(({ id }) => id === graph.output)!;
  const tiles = range(0, Math.ceil(extent / tile)).map((i) => range(i * tile, Math.min(extent, (i + 1) * tile)));
  const done = new Map<string, NaiveAxis>();
  for (const tensor of graph.tensors.toReversed()) {
    const reads = tensor.readers.map((reader) =>
      done.get(reader.output)!.computed.map((output) => filled(output.flatMap((o) => asked(reader, o, tensor.extent)))),
    );
    const readersNeed = tiles.map((_, i) => filled(reads.flatMap((read) => read[i]!)));
    const owed = tensor.id === graph.output ? tiles : owedBy(tensor, readersNeed, tiles, extent);
    const need = tiles.map((_, i) => filled([...readersNeed[i]!, ...owed[i]!]));
    done.set(tensor.id, { tensor, need, owed, reads, ...computedAndKept(need, tensor.isKept) });
  }
  return graph.tensors.map(({ id }) => done.get(id)!);
}

/** Each tile pays what nobody has paid of what its readers have reached; the last one all the rest. */
function owedBy(
  { leaves, readers }: AxisTensor,
  readersNeed: readonly Indices[],
  tiles: readonly Indices[],
  extent: number,
): readonly Indices[] {
  const whole = leaves === undefined ? [] : range(leaves.lo, leaves.hi);
  const paid = new Set<number>();
  return tiles.map((tile, i) => {
    const share = whole.slice(0, Math.floor((whole.length * (tile.at(-1)! + 1)) / extent));
    const reached = readers.length === 0 ? share : whole.filter((e) => readersNeed[i]!.some((needed) => e <= needed));
    const owed = (i === tiles.length - 1 ? whole : reached).filter((e) => !paid.has(e));
    for (const e of owed) paid.add(e);
    return owed;
  });
}

/** Nothing is computed twice and no element is left out between the first one that is ever needed and the frontier. */
function computedAndKept(need: readonly Indices[], isKept: boolean): Pick<NaiveAxis, "computed" | "kept"> {
  if (!isKept) return { computed: need, kept: need.map(() => []) };
  const all = filled(need.flat());
  const seen = new Set<number>();
  const frontiers: Indices[] = [];
  const computed = need.map((needed) => {
    const fresh = all.filter((e) => needed.some((other) => e <= other) && !seen.has(e));
    for (const e of fresh) seen.add(e);
    frontiers.push([...seen]);
    return fresh;
  });
  const kept = need.map((_, i) => {
    const later = need.slice(i + 1).flat();
    return frontiers[i]!.filter((e) => later.some((needed) => needed <= e)).toSorted((a, b) => a - b);
  });
  return { computed, kept };
}

/** All that makes tiles alike, as text: EM §1, tile types. */
export function naiveSignature(axes: readonly NaiveAxis[], tile: number): string {
  const byId = new Map(axes.map((axis) => [axis.tensor.id, axis]));
  const signatures = axes.map(({ tensor, need, computed, kept, owed }) => {
    const base = need[tile]![0] ?? kept[tile]![0] ?? 0;
    const regions = [need[tile], computed[tile], kept[tile], kept[tile - 1], owed[tile]];
    const offsets = tensor.readers.map((reader) => {
      const first = byId.get(reader.output)!.computed[tile]![0];
      return first === undefined || need[tile]!.length === 0 ? "none" : offset(reader, first, base);
    });
    return [regions.map((region) => (region ?? []).map((e) => e - base)), offsets];
  });
  return JSON.stringify(signatures);
}

function offset({ map }: AxisReader, output: number, base: number): number | string {
  if (map === "all" || map.kind === "whole") return "anywhere";
  switch (map.kind) {
    case "window":
      return map.stride * output - map.before - base;
    case "transposed":
      return output + map.before - map.stride * base;
    case "resize":
      return output * map.from - base * map.to;
    case "slice":
      return map.step * output - base;
    case "part":
      return output - base;
    case "pointwise":
      return map.loops.length === 0 ? "anywhere" : output - base;
  }
}

/** Which elements of a tensor each output of its readers touches in a tile, relative to where both begin. */
export function touchedPairs(axes: readonly NaiveAxis[], tile: number): string {
  const byId = new Map(axes.map((axis) => [axis.tensor.id, axis]));
  const pairs = axes.map(({ tensor, need }) =>
    tensor.readers.map((reader) =>
      byId
        .get(reader.output)!
        .computed[tile]!.map((o) => touched(reader, o, tensor.extent).map((e) => e - need[tile]![0]!)),
    ),
  );
  return JSON.stringify(pairs);
}
