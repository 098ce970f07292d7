/** Sliding windows of convolutions and poolings: strides, dilations, padding in all its forms. */
import type { AxisMap, Dim } from "../../ir/axis-map.js";
import { attributeValue, windowTooLarge } from "../../ir/diagnostics/onnx.js";
import type { Attributes } from "../../ir/network.js";
import { derive, type Extent, printNumber, type Shape } from "./extent.js";
import { spatialLoops } from "./feature-map.js";
import { fail, type NodeContext } from "./operator.js";
import { MAX_EXTENT } from "./symbols.js";
import { checkNumbers, windowArguments } from "./window-arguments.js";

/** The window along one axis. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and after; not known where it follows from an extent that is not. */
  readonly before: Extent;
  readonly after: Extent;
  /** Output extent. */
  readonly out: Extent;
}

/**
 * @param extents - input extents along the spatial axes
 * @param kernel - window per spatial axis, elements
 * @throws DiagnosticError when attributes do not fit, or a window is larger than the padded input
 */
export function windowsOf(node: NodeContext, extents: Shape, kernel: readonly number[]): readonly Window[] {
  const rank = extents.length;
  checkNumbers(node, "kernel_shape", kernel, 1, Number.MAX_SAFE_INTEGER);
  const { strides, dilations, pads, autoPad } = windowArguments(node, rank);
  return extents.map((extent, axis) => {
    const base = { kernel: kernel[axis] ?? 1, stride: strides[axis] ?? 1, dilation: dilations[axis] ?? 1 };
    const isSame = autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER";
    const reach = isSame ? checkedReach(node, base) : reachOf(base);
    const explicit = { before: pads[axis] ?? 0, after: pads[rank + axis] ?? 0 };
    const padding = autoPad === "NOTSET" ? explicit : automatic(autoPad, extent, base.stride, reach);
    if (isSame) return { ...base, ...padding, out: derive([extent], (n) => Math.ceil(n / base.stride)) };
    const { before, after } = padding;
    const out = derive([extent, before, after], (n, front, back) => {
      if (reach > n + front + back) fail(windowTooLarge(node.loc, reach, n + front + back, axisName(rank, axis)));
      return outputExtent(n, front, back, reach, base.stride, node.attributes.int("ceil_mode") === 1);
    });
    return { ...base, ...padding, out };
  });
}

/** Elements from the first tap to the last. */
const reachOf = ({ kernel, dilation }: Pick<Window, "kernel" | "dilation">): number => (kernel - 1) * dilation + 1;

/** Padding that grows with the window does not bound it. */
function checkedReach(node: NodeContext, window: Pick<Window, "kernel" | "dilation">): number {
  const { kernel, dilation } = window;
  const reach = reachOf(window);
  if (reach <= MAX_EXTENT) return reach;
  return fail(
    attributeValue(node.loc, "dilations", printNumber(dilation), `a window of ${kernel} taps up to 2^31 elements`),
  );
}

const AXIS_NAMES: Readonly<Record<Dim, string>> = { OX: "columns", OY: "rows", OZ: "slices" };

const axisName = (rank: number, axis: number): string => AXIS_NAMES[spatialLoops(rank)[axis] ?? ""] ?? "elements";

type Padding = Pick<Window, "before" | "after">;

function automatic(mode: string, extent: Extent, stride: number, reach: number): Padding {
  if (mode === "VALID") return { before: 0, after: 0 };
  const total = derive([extent], (n) => Math.max(0, (Math.ceil(n / stride) - 1) * stride + reach - n));
  const less = derive([total], (n) => Math.floor(n / 2));
  const more = derive([total], (n) => Math.ceil(n / 2));
  return mode === "SAME_UPPER" ? { before: less, after: more } : { before: more, after: less };
}

/** With `ceil_mode` a last, partial window counts if it starts inside the input or its leading padding. */
function outputExtent(
  n: number,
  before: number,
  after: number,
  reach: number,
  stride: number,
  isCeil: boolean,
): number {
  const steps = (n + before + after - reach) / stride;
  if (!isCeil) return Math.floor(steps) + 1;
  const out = Math.ceil(steps) + 1;
  return (out - 1) * stride >= n + before ? out - 1 : out;
}

/** Map of an input axis under a window; during lowering, where padding is known. */
export function windowMap(window: Window, out: Dim, tap: Dim): AxisMap {
  const { stride, dilation, before } = window;
  if (typeof before !== "number") throw new Error("lowered though the padding is not known");
  return { kind: "window", out, tap, stride, dilation, before };
}

/** Attributes under ONNX's names with defaults and automatic padding filled in. */
export function windowAttributes(windows: readonly Window[]): Attributes {
  const pads = [...windows.map(({ before }) => before), ...windows.map(({ after }) => after)];
  return {
    kernel_shape: windows.map(({ kernel }) => kernel),
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    pads: pads.map(Number),
  };
}
