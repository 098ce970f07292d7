/** Sliding windows of convolutions and poolings: strides, dilations, padding in all its forms. */
import type { AxisMap, Dim } from "../../ir/axis-map.js";
import { attributeValue, windowTooLarge } from "../../ir/diagnostics/onnx.js";
import type { Attributes } from "../../ir/network.js";
import { checkLength } from "./axes.js";
import { derive, type Extent, type Shape } from "./extent.js";
import { spatialLoops } from "./feature-map.js";
import { fail, type NodeContext } from "./operator.js";

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
  if (kernel.some((size) => size < 1))
    fail(attributeValue(node.loc, "kernel_shape", `[${kernel.join(", ")}]`, "numbers from 1"));
  const list = (name: string, fallback: number, length: number, least: number) => {
    const values = node.attributes.ints(name) ?? Array.from({ length }, () => fallback);
    checkLength(node, name, values, length);
    if (values.some((value) => value < least))
      fail(attributeValue(node.loc, name, `[${values.join(", ")}]`, `numbers from ${least}`));
    return values;
  };
  const strides = list("strides", 1, rank, 1);
  const dilations = list("dilations", 1, rank, 1);
  const pads = list("pads", 0, 2 * rank, 0);
  const autoPad = node.attributes.choice("auto_pad", "NOTSET", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]);
  const isCeil = node.attributes.int("ceil_mode") === 1;
  return extents.map((extent, axis) => {
    const [size, stride, dilation] = [kernel[axis] ?? 1, strides[axis] ?? 1, dilations[axis] ?? 1];
    const reach = (size - 1) * dilation + 1;
    const explicit: Padding = { before: pads[axis] ?? 0, after: pads[rank + axis] ?? 0 };
    const padding = autoPad === "NOTSET" ? explicit : automatic(autoPad, extent, stride, reach);
    const isSame = autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER";
    const out = isSame
      ? derive([extent], (n) => Math.ceil(n / stride))
      : derive([extent, padding.before, padding.after], (n, before, after) => {
          if (reach > n + before + after)
            fail(
              windowTooLarge(
                node.loc,
                reach,
                n + before + after,
                AXIS_NAMES[spatialLoops(rank)[axis] ?? ""] ?? "elements",
              ),
            );
          return outputExtent(n, before, after, reach, stride, isCeil);
        });
    return { kernel: size, stride, dilation, ...padding, out };
  });
}

const AXIS_NAMES: Readonly<Record<Dim, string>> = { OX: "columns", OY: "rows", OZ: "slices" };

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
