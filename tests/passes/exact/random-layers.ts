/** Layers of random networks, decoded from small numbers so that they shrink to plain ones. */
import { int64, type ModelSpec, type NodeSpec, node, type TensorSpec } from "../../support/onnx-builder.js";
import {
  type AxisStep,
  concatStep,
  equalStep,
  padStep,
  resizeStep,
  sliceStep,
  sumStep,
  transposedStep,
  type Window,
  windowStep,
} from "./axis-steps.js";

export interface MapShape {
  readonly name: string;
  readonly channels: number;
  /** Columns and rows. */
  readonly x: number;
  readonly y: number;
}

/** What one axis of a layer is decoded from. */
export type Gene = readonly number[];

/** Whether rows and columns of everything are exchanged. */
export type Turn = "upright" | "turned";

export interface Drawn {
  readonly map: MapShape;
  /** Names of the maps that it reads, in the order of `AxisStep.needs`. */
  readonly sources: readonly string[];
  readonly x: AxisStep;
  readonly y: AxisStep;
  /** Loop iterations per iteration of both axes: channels; 0 for a layer that only moves data. */
  readonly perCell: number;
  readonly onnx: (turn: Turn) => Onnx;
}

interface Onnx {
  readonly nodes: readonly NodeSpec[];
  readonly initializers: NonNullable<ModelSpec["initializers"]>;
}

/** What a layer is drawn from. */
export interface Material {
  readonly name: string;
  readonly first: MapShape;
  readonly second: MapShape;
  /** That it writes, where it can choose. */
  readonly channels: number;
  readonly x: Gene;
  readonly y: Gene;
}

const LARGEST = 14;

const isUsable = ({ extent }: AxisStep): boolean => extent >= 1 && extent <= LARGEST;

/** Something of one axis and the same of the other one, in the order of an ONNX attribute. */
const inOrder = <T>(turn: Turn, x: T, y: T): readonly [T, T] => (turn === "upright" ? [y, x] : [x, y]);

/** A layer of a kind; a 1×1 convolution where the kind does not suit the maps. */
export function draw(kind: string, material: Material): Drawn {
  const drawn = KINDS[kind]!(material);
  return drawn !== undefined && isUsable(drawn.x) && isUsable(drawn.y) ? drawn : pointwise(material);
}

type Kind = (material: Material) => Drawn | undefined;

const KINDS: Readonly<Record<string, Kind>> = {
  conv: (material) => convolution(material, "full"),
  depthwise: (material) => convolution(material, "depthwise"),
  pointwise: (material) => pointwise(material),
  transposed,
  pool,
  residual,
  add,
  concat,
  "concat-rows": (material) => concatAlong(material, "y"),
  "concat-columns": (material) => concatAlong(material, "x"),
  resize,
  slice,
  pad,
  matmul,
};

/** Kinds that treat rows and columns alike. */
export const SYMMETRIC_KINDS: readonly string[] = Object.keys(KINDS).filter((kind) => kind !== "matmul");
export const ALL_KINDS: readonly string[] = Object.keys(KINDS);

function pointwise(material: Material): Drawn {
  const plain: Gene = [0, 0, 0, 0, 0];
  return convolution({ ...material, x: plain, y: plain }, "full")!; // a window of one tap fits every map
}

/** A window: 1 to 3 taps, strides beyond them, dilation, padding on either side up to the reach of the window. */
function windowOf([a = 0, b = 0, c = 0, d = 0, e = 0]: Gene): Window {
  const [taps, dilation] = [1 + (a % 3), 1 + (c % 4 === 3 ? 1 : 0)];
  const reach = (taps - 1) * dilation;
  return { taps, stride: [1, 1, 2, 3][b % 4]!, dilation, before: d % (reach + 1), after: e % (reach + 1) };
}

/** Whether a window is no larger than the padded map. */
function fits(from: number, { taps, dilation, before, after }: Window): boolean {
  return from + before + after >= (taps - 1) * dilation + 1;
}

function convolution({ name, first, channels, x, y }: Material, kind: "full" | "depthwise"): Drawn | undefined {
  const [wx, wy] = [windowOf(x), windowOf(y)];
  if (!fits(first.x, wx) || !fits(first.y, wy)) return undefined;
  const [sx, sy] = [windowStep(first.x, wx), windowStep(first.y, wy)];
  const written = kind === "full" ? channels : first.channels;
  const read = kind === "full" ? first.channels : 1;
  return {
    map: { name, channels: written, x: sx.extent, y: sy.extent },
    sources: [first.name],
    x: sx,
    y: sy,
    perCell: written * read,
    onnx: (turn) => {
      const group = kind === "full" ? 1 : first.channels;
      const attributes = { ...windowAttributes(turn, wx, wy), group };
      return {
        nodes: [node("Conv", [first.name, `${name}.w`, `${name}.b`], [name], attributes, name)],
        initializers: { [`${name}.w`]: [written, read, ...inOrder(turn, wx.taps, wy.taps)], [`${name}.b`]: [written] },
      };
    },
  };
}

function windowAttributes(turn: Turn, x: Window, y: Window): NodeSpec["attributes"] {
  const of = (value: (window: Window) => number) => inOrder(turn, value(x), value(y));
  return {
    kernel_shape: of(({ taps }) => taps),
    strides: of(({ stride }) => stride),
    dilations: of(({ dilation }) => dilation),
    pads: [...of(({ before }) => before), ...of(({ after }) => after)],
  };
}

function transposed({ name, first, channels, x, y }: Material): Drawn {
  const [wx, wy] = [windowOf(x), windowOf(y)];
  const [sx, sy] = [transposedStep(first.x, wx), transposedStep(first.y, wy)];
  return {
    map: { name, channels, x: sx.extent, y: sy.extent },
    sources: [first.name],
    x: sx,
    y: sy,
    perCell: channels * first.channels,
    onnx: (turn) => ({
      nodes: [node("ConvTranspose", [first.name, `${name}.w`], [name], windowAttributes(turn, wx, wy), name)],
      initializers: { [`${name}.w`]: [first.channels, channels, ...inOrder(turn, wx.taps, wy.taps)] },
    }),
  };
}

function pool({ name, first, x, y, channels }: Material): Drawn | undefined {
  const [wx, wy] = [windowOf(x), windowOf(y)].map((window) => ({ ...window, dilation: 1 }));
  const [px, py] = [wx!, wy!].map((window) => ({
    ...window,
    before: Math.min(window.before, window.taps - 1),
    after: Math.min(window.after, window.taps - 1),
  }));
  if (!fits(first.x, px!) || !fits(first.y, py!)) return undefined;
  const [sx, sy] = [windowStep(first.x, px!), windowStep(first.y, py!)];
  const { dilations: _, ...attributes } = windowAttributes("upright", px!, py!);
  const { dilations: __, ...turned } = windowAttributes("turned", px!, py!);
  const op = channels % 2 === 0 ? "MaxPool" : "AveragePool";
  return {
    map: { name, channels: first.channels, x: sx.extent, y: sy.extent },
    sources: [first.name],
    x: sx,
    y: sy,
    perCell: first.channels,
    onnx: (turn) => ({
      nodes: [node(op, [first.name], [name], turn === "upright" ? attributes : turned, name)],
      initializers: {},
    }),
  };
}

/** Two maps of one shape; the same map twice is one operand too few for a compiler that sees through it. */
function add({ name, first, second }: Material): Drawn | undefined {
  const isEqual = first.channels === second.channels && first.x === second.x && first.y === second.y;
  if (!isEqual || first.name === second.name) return undefined;
  return {
    map: { ...first, name },
    sources: [first.name, second.name],
    x: equalStep(first.x, 2),
    y: equalStep(first.y, 2),
    perCell: first.channels,
    onnx: () => ({ nodes: [node("Add", [first.name, second.name], [name], {}, name)], initializers: {} }),
  };
}

/** A 3×3 convolution beside an identity. */
function residual({ name, first }: Material): Drawn {
  const window: Window = { taps: 3, stride: 1, dilation: 1, before: 1, after: 1 };
  const steps = [first.x, first.y].map((extent): AxisStep => {
    const { needs } = windowStep(extent, window);
    return { extent, needs, iterations: ({ lo, hi }) => hi - lo };
  });
  return {
    map: { ...first, name },
    sources: [first.name],
    x: steps[0]!,
    y: steps[1]!,
    perCell: first.channels,
    onnx: (turn) => ({
      nodes: [
        node("Conv", [first.name, `${name}.w`], [`${name}.c`], windowAttributes(turn, window, window), `${name}.c`),
        node("Add", [first.name, `${name}.c`], [name], {}, name),
      ],
      initializers: { [`${name}.w`]: [first.channels, first.channels, 3, 3] },
    }),
  };
}

function concat({ name, first, second }: Material): Drawn | undefined {
  if (first.x !== second.x || first.y !== second.y || first.channels + second.channels > 6) return undefined;
  return {
    map: { ...first, name, channels: first.channels + second.channels },
    sources: [first.name, second.name],
    x: equalStep(first.x, 2),
    y: equalStep(first.y, 2),
    perCell: 0,
    onnx: () => ({ nodes: [node("Concat", [first.name, second.name], [name], { axis: 1 }, name)], initializers: {} }),
  };
}

function concatAlong({ name, first, second }: Material, along: "x" | "y"): Drawn | undefined {
  const across = along === "x" ? "y" : "x";
  if (first.channels !== second.channels || first[across] !== second[across]) return undefined;
  const steps = { [along]: concatStep([first[along], second[along]]), [across]: equalStep(first[across], 2) };
  const [x, y] = [steps.x!, steps.y!];
  return {
    map: { name, channels: first.channels, x: x.extent, y: y.extent },
    sources: [first.name, second.name],
    x,
    y,
    perCell: 0,
    onnx: (turn) => ({
      nodes: [
        node(
          "Concat",
          [first.name, second.name],
          [name],
          { axis: 2 + inOrder(turn, 0, 1).indexOf(along === "x" ? 0 : 1) },
          name,
        ),
      ],
      initializers: {},
    }),
  };
}

/** Nearest, with positions rounded down. */
function resize({ name, first, x, y }: Material): Drawn {
  const to = (from: number, [a = 0, b = 0]: Gene) => (a % 2 === 0 ? from * (1 + (b % 3)) : 1 + (b % LARGEST));
  const [sx, sy] = [resizeStep(first.x, to(first.x, x)), resizeStep(first.y, to(first.y, y))];
  const modes = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  return {
    map: { name, channels: first.channels, x: sx.extent, y: sy.extent },
    sources: [first.name],
    x: sx,
    y: sy,
    perCell: 0,
    onnx: (turn) => ({
      nodes: [node("Resize", [first.name, "", "", `${name}.s`], [name], modes, name)],
      initializers: { [`${name}.s`]: int64([1, first.channels, ...inOrder(turn, sx.extent, sy.extent)]) },
    }),
  };
}

interface Slice {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

function sliceOf(extent: number, [a = 0, b = 0, c = 0]: Gene): Slice {
  const [start, step] = [a % extent, 1 + (b % 2)];
  const room = Math.ceil((extent - start) / step);
  return { start, step, count: room - (c % Math.min(room, 3)) };
}

function slice({ name, first, x, y }: Material): Drawn {
  const [cx, cy] = [sliceOf(first.x, x), sliceOf(first.y, y)];
  const [sx, sy] = [cx, cy].map(({ start, step, count }) => sliceStep(start, step, count));
  const inputs: Readonly<Record<string, (slice: Slice) => number>> = {
    starts: ({ start }) => start,
    ends: ({ start, step, count }) => start + step * (count - 1) + 1,
    steps: ({ step }) => step,
  };
  return {
    map: { name, channels: first.channels, x: sx!.extent, y: sy!.extent },
    sources: [first.name],
    x: sx!,
    y: sy!,
    perCell: 0,
    onnx: (turn) => {
      const vectors = Object.entries(inputs).map(([key, value]) => [key, int64(inOrder(turn, value(cx), value(cy)))]);
      const constants: Record<string, TensorSpec> = Object.fromEntries([...vectors, ["axes", int64([2, 3])]]);
      const names = ["starts", "ends", "axes", "steps"].map((key) => `${name}.${key}`);
      return {
        nodes: [node("Slice", [first.name, ...names], [name], {}, name)],
        initializers: Object.fromEntries(Object.entries(constants).map(([key, value]) => [`${name}.${key}`, value])),
      };
    },
  };
}

function pad({ name, first, x, y }: Material): Drawn {
  const [[bx, ax], [by, ay]] = [x, y].map(([a = 0, b = 0]) => [a % 3, b % 3] as const) as [Pair, Pair];
  const [sx, sy] = [padStep(first.x, bx, ax), padStep(first.y, by, ay)];
  return {
    map: { name, channels: first.channels, x: sx.extent, y: sy.extent },
    sources: [first.name],
    x: sx,
    y: sy,
    perCell: 0,
    onnx: (turn) => ({
      nodes: [node("Pad", [first.name, `${name}.p`], [name], {}, name)],
      initializers: { [`${name}.p`]: int64([0, 0, ...inOrder(turn, bx, by), 0, 0, ...inOrder(turn, ax, ay)]) },
    }),
  };
}

type Pair = readonly [number, number];

/** Every row times a matrix. */
function matmul({ name, first, channels }: Material): Drawn {
  const step = sumStep(first.x, 2 + channels);
  return {
    map: { name, channels: first.channels, x: step.extent, y: first.y },
    sources: [first.name],
    x: step,
    y: equalStep(first.y),
    perCell: first.channels,
    onnx: () => ({
      nodes: [node("MatMul", [first.name, `${name}.w`], [name], {}, name)],
      initializers: { [`${name}.w`]: [first.x, step.extent] },
    }),
  };
}
