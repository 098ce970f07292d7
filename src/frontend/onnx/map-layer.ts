/** Layers that compute a feature map from one input, or from inputs that are indexed like it. */
import type { AxisMap } from "../../ir/axis-map.js";
import type { Attributes, LayerKind } from "../../ir/network.js";
import { mapAxes, mapLoops } from "./feature-map.js";
import { output } from "./operands.js";
import type { LayerSpec } from "./operator.js";

/**
 * One loop per axis of the output; the first input is read through `axes`.
 *
 * @param dims - extents of the output
 * @param axes - one map per axis of the input
 */
export const mapLayer = (
  kind: LayerKind,
  dims: readonly number[],
  axes: readonly AxisMap[],
  attributes: Attributes = {},
): LayerSpec => ({
  kind,
  loops: mapLoops(dims),
  operands: [output(mapAxes(dims.length)), { name: "I", role: "input", axes, input: 0 }],
  attributes,
});
