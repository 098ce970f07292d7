/** Random stacks of layers: decoded from lists of small numbers, so that they shrink to small stacks. */
import fc from "fast-check";
import type { Interval } from "../../../src/ir/interval.js";
import type { AxisGraph, AxisReader, AxisTensor } from "../../../src/passes/regions/axis-graph.js";
import { everything, part, pointwise, resize, slice, type Tapped, transposed, window } from "./axis-stack.js";

export type Mode = "recompute" | "h-cached" | "fully-cached";
export const MODES: readonly Mode[] = ["recompute", "h-cached", "fully-cached"];

/** A stack along both axes, without a decision what to keep. */
export interface RandomStack {
  readonly x: AxisGraph;
  readonly y: AxisGraph;
}

/** What one axis of a layer is decoded from. */
type AxisGene = readonly number[];

type Axis = "x" | "y";

interface LayerGene {
  /** Which earlier tensor it reads; 0 is the latest. */
  readonly source: number;
  /** Another one, if it reads two. */
  readonly second: number;
  readonly kind: "unary" | "binary" | "concat-x" | "concat-y";
  readonly x: AxisGene;
  readonly y: AxisGene;
  /** Where it begins and ends to leave the stack, in sixteenths; nothing if they meet. */
  readonly leaves: readonly number[];
}

interface Draft {
  readonly x: AxisDraft;
  readonly y: AxisDraft;
  readonly leaves: readonly number[];
}

interface AxisDraft {
  readonly extent: number;
  readonly readers: AxisReader[];
}

/** A map from an axis, and the extent of what is computed through it. */
type Step = readonly [Tapped, number];

const LARGEST = 16;

const STRIDES = [1, 1, 1, 2, 3];

/** What a layer computes of an axis of extent `e`. */
const STEPS: readonly ((e: number, gene: AxisGene) => Step)[] = [
  (e) => [pointwise, e],
  (e, [a = 0]) => [window({ taps: 1 + 2 * (a % 3), before: a % 3 }), e], // keeps the size
  (e, [a = 0, b = 0, c = 0, d = 0, f = 0]) => {
    const [taps, stride, dilation] = [1 + (a % 4), STRIDES[b % 5]!, 1 + (c % 2)];
    const reach = (taps - 1) * dilation;
    const [before, after] = [d % (reach + 3), f % (reach + 3)]; // windows in padding altogether are among them
    return [window({ taps, stride, dilation, before }), Math.floor((e + before + after - reach - 1) / stride) + 1];
  },
  (e, [a = 0, b = 0, c = 0, d = 0, f = 0]) => {
    const [taps, stride, dilation] = [1 + (a % 4), STRIDES[b % 5]!, 1 + (c % 2)];
    const reach = (taps - 1) * dilation;
    const before = d % (reach + 1);
    return [transposed({ taps, stride, dilation, before }), (e - 1) * stride + reach + 1 - before - (f % 3)];
  },
  (e, [a = 0, b = 0]) => [resize(e, 1 + (a % LARGEST), b % 4 === 0 ? 1 : 0), 1 + (a % LARGEST)],
  (e, [a = 0, b = 0]) => [resize(e, e * (1 + (a % 4)), b % 4 === 0 ? 1 : 0), e * (1 + (a % 4))],
  (e, [a = 0, b = 0, c = 0]) => {
    const [offset, step] = [a % e, [1, 2, -1, 3, -2][b % 5]!];
    const room = Math.floor((step > 0 ? e - 1 - offset : offset) / Math.abs(step)) + 1;
    return [slice(offset, step), room - (c % Math.min(room, 4))];
  },
  (e, [a = 0, b = 0]) => [part((a % 6) - 2), (a % 6) - 2 + e + (b % 4)], // padded, or cropped
  (e, [a = 0]) => [everything, [1, e, 1 + (a % LARGEST)][a % 3]!],
];

/** Indices of `STEPS`, windows more often than what ends a stack's locality. */
const FREQUENCY = [0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8];

const isUsable = ([, extent]: Step): boolean => extent >= 1 && extent <= LARGEST;

function anyStep(extent: number, [kind = 0, ...rest]: AxisGene): Step {
  const step = STEPS[FREQUENCY[kind % FREQUENCY.length]!]!(extent, rest);
  return isUsable(step) ? step : [pointwise, extent];
}

/** A map from an axis to one whose extent is settled. */
function fittingMap(from: number, to: number, [kind = 0, a = 0]: AxisGene): Tapped {
  if (from === to && kind % 3 !== 0) return kind % 3 === 1 ? pointwise : window({ taps: 3, before: 1 });
  if (from === 1) return { map: { kind: "pointwise", loops: [] }, taps: 1 }; // broadcast
  if (kind % 4 === 0) return everything;
  if (kind % 4 === 1) return resize(from, to);
  return from >= to ? slice(a % (from - to + 1), 1) : part(a % (to - from + 1));
}

function decode(inputs: readonly (readonly number[])[], layers: readonly LayerGene[], sink: number): RandomStack {
  const drafts: Draft[] = inputs.map(([x = 1, y = 1]) => draft(x, y, []));
  for (const gene of layers) drafts.push(decodeLayer(gene, drafts));
  const output = Math.max(inputs.length, drafts.length - 1 - sink);
  return { x: axisGraph(drafts, output, "x"), y: axisGraph(drafts, output, "y") };
}

const draft = (x: number, y: number, leaves: readonly number[]): Draft => ({
  x: { extent: x, readers: [] },
  y: { extent: y, readers: [] },
  leaves,
});

function decodeLayer(gene: LayerGene, drafts: readonly Draft[]): Draft {
  const pick = (back: number) => drafts[drafts.length - 1 - (back % drafts.length)]!;
  const [first, second] = [pick(gene.source), pick(gene.second)];
  const axes = { x: first.x.extent + second.x.extent, y: first.y.extent + second.y.extent };
  const along = gene.kind === "concat-x" ? "x" : gene.kind === "concat-y" ? "y" : undefined;
  const isConcat = along !== undefined && axes[along] <= LARGEST;
  const steps = (axis: Axis): Steps => {
    const [e, other] = [first[axis].extent, second[axis].extent];
    if (isConcat && axis === along) return [part(0), e + other, part(e)];
    const [map, extent] = isConcat ? ([pointwise, e] as const) : anyStep(e, gene[axis]);
    return [map, extent, fittingMap(other, extent, gene[axis].slice(1))];
  };
  return connect(`t${drafts.length}`, [first, second], { x: steps("x"), y: steps("y") }, gene);
}

/** How a layer reads its first input, the extent of its output, how it would read a second input. */
type Steps = readonly [Tapped, number, Tapped];

function connect(
  output: string,
  [first, second]: readonly [Draft, Draft],
  { x, y }: Readonly<Record<Axis, Steps>>,
  { kind, leaves }: LayerGene,
): Draft {
  first.x.readers.push({ ...x[0], output });
  first.y.readers.push({ ...y[0], output });
  if (kind !== "unary") {
    second.x.readers.push({ ...x[2], output });
    second.y.readers.push({ ...y[2], output });
  }
  return draft(x[1], y[1], leaves);
}

function axisGraph(drafts: readonly Draft[], output: number, axis: Axis): AxisGraph {
  const tensors = drafts.map((one, i): AxisTensor => {
    const { extent, readers } = one[axis];
    return { id: `t${i}`, extent, isKept: true, readers, leaves: leavesOf(one, axis) };
  });
  return { tensors, output: `t${output}` };
}

/** Part that leaves the stack: along both axes or along none. */
function leavesOf({ x, y, leaves }: Draft, axis: Axis): Interval | undefined {
  const ends = (extent: number, [a = 0, b = 0]: readonly number[]) => {
    const [lo, hi] = [Math.min(a, b), Math.max(a, b)].map((end) => Math.floor((end * extent) / 16));
    return lo! < hi! ? { lo: lo!, hi: hi! } : undefined;
  };
  const [along, across] = [ends(x.extent, leaves.slice(0, 2)), ends(y.extent, leaves.slice(2))];
  return along && across && (axis === "x" ? along : across);
}

const gene = fc.array(fc.noBias(fc.nat(63)), { minLength: 6, maxLength: 6 });
const sixteenth = fc.nat(16);
const layer: fc.Arbitrary<LayerGene> = fc.record({
  source: fc.oneof(fc.constant(0), fc.nat(5)),
  second: fc.nat(5),
  kind: fc.constantFrom("unary", "unary", "unary", "unary", "binary", "binary", "concat-x", "concat-y"),
  x: gene,
  y: gene,
  leaves: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(sixteenth, { minLength: 4, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constant([0, 16, 0, 16]) },
  ),
});
const size = fc.noBias(fc.integer({ min: 2, max: LARGEST }));

export const randomStack: fc.Arbitrary<RandomStack> = fc
  .tuple(
    fc.array(fc.tuple(size, size), { minLength: 1, maxLength: 2 }),
    fc.array(layer, { minLength: 1, maxLength: 6 }),
    fc.oneof(fc.constant(0), fc.nat(2)),
  )
  .map(([inputs, layers, sink]) => decode(inputs, layers, sink));

/** Size of a tile along an axis; often of a few elements, so that overlap outlives several tiles. */
export const tileSize = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: size },
);

/** What is kept along the inner and the outer tile axis. `exceptions`: tensors with a mode of their own, as a refetched input. */
export function keep(graph: AxisGraph, isInner: boolean, mode: Mode, exceptions: readonly Mode[] = []): AxisGraph {
  const isKept = (own: Mode) => own === "fully-cached" || (own === "h-cached" && isInner);
  const tensors = graph.tensors.map((tensor, i) => ({ ...tensor, isKept: isKept(exceptions[i] ?? mode) }));
  return { ...graph, tensors };
}
