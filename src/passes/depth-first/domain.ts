/** What the published model covers (DF §1.2), and why a layer lies outside of it. */
import { type AxisMap, type Dim, loopsOf } from "../../ir/axis-map.js";
import type { LayerUnrolling } from "../../ir/facts.js";
import {
  type Layer,
  type LayerId,
  loopSize,
  type Network,
  type Operand,
  outputOf,
  type TensorId,
} from "../../ir/network.js";
import { unreachable } from "../../ir/unreachable.js";
import { dataInputs, linkOf } from "./graph.js";

/** What one axis of a feature map is to a tile: its columns, its rows, its batch, or channels. */
export type AxisRole = "OX" | "OY" | "B" | "K";

export function axisRole(map: AxisMap): AxisRole {
  if (map.kind === "window") return map.out === "OX" || map.out === "OY" ? map.out : "K";
  const [only, ...others] = loopsOf(map);
  if (others.length > 0 || map.kind !== "pointwise") return "K";
  return only === "OX" || only === "OY" || only === "B" ? only : "K";
}

/**
 * Layers that the published model cannot fuse, each with the reason in words that complete "layer … ". They end their stack and
 * are costed alone.
 */
export function outsideDomain(
  network: Network,
  unrolling: ReadonlyMap<LayerId, LayerUnrolling>,
): ReadonlyMap<LayerId, string> {
  const roles = new Map<TensorId, readonly AxisRole[]>();
  const outside = new Map<LayerId, string>();
  for (const layer of network.layers) {
    const reason = ownReason(layer, network) ?? linkReason(layer, unrolling) ?? directionReason(layer, network, roles);
    const { tensor, axes } = outputOf(layer);
    if (reason !== undefined)
      outside.set(layer.id, reason); // what it writes is stored whole: its first reader decides
    else if (tensor !== undefined) roles.set(tensor, axes.map(axisRole));
  }
  return outside;
}

/** What the layer itself is. */
function ownReason(layer: Layer, network: Network): string | undefined {
  if (layer.kind === "movement") return "moves data";
  if (layer.kind === "opaque") return "is not understood";
  if (layer.kind === "reduction") return "needs whole axes";
  if (dataInputs(layer).length === 0) return "reads no feature map";
  if (outputOf(layer).axes.some(isFlattened)) return "flattens rows or columns into another axis";
  for (const operand of layer.operands) {
    const reason = operand.axes.map((map, axis) => mapReason(map, axisExtent(operand, axis, network))).find(Boolean);
    if (reason !== undefined) return reason;
  }
  return isBroadcast(layer) ? "broadcasts an input" : undefined;
}

function mapReason(map: AxisMap, extent: number): string | undefined {
  switch (map.kind) {
    case "pointwise":
    case "window":
      return undefined;
    case "transposed":
      return "is a transposed convolution";
    case "resize":
      return "resamples";
    case "slice":
      return "reads a slice";
    case "part":
      return "joins or pads feature maps";
    case "whole":
      return extent > 1 ? "needs whole axes" : undefined;
    default:
      return unreachable(map);
  }
}

/** All activations must come along one memory chain (DF §8.2): a product of two feature maps has one on the weight chain. */
function linkReason(layer: Layer, unrolling: ReadonlyMap<LayerId, LayerUnrolling>): string | undefined {
  const chains = new Set(dataInputs(layer).map((operand) => linkOf(layer, operand, unrolling)));
  return chains.size > 1 ? "reads feature maps along two memory chains" : undefined;
}

/** Columns must meet columns and rows rows where a layer reads what another one wrote. Maps from outside take the first reader's view. */
function directionReason(
  layer: Layer,
  network: Network,
  roles: Map<TensorId, readonly AxisRole[]>,
): string | undefined {
  for (const operand of dataInputs(layer)) {
    const own = operand.axes.map(axisRole);
    const written = roles.get(operand.tensor);
    if (written === undefined) roles.set(operand.tensor, own);
    const isCrossed = own.some((role, axis) => {
      const other = written?.[axis] ?? role;
      return role !== other && (isDirection(role) || isDirection(other)) && axisExtent(operand, axis, network) > 1;
    });
    if (isCrossed || operand.axes.some(isFlattened)) return "reads rows or columns along another axis";
  }
  return undefined;
}

const isDirection = (role: AxisRole): boolean => role === "OX" || role === "OY";

/** Rows or columns that share an axis with other loops cannot be cut into tiles. */
const isFlattened = (map: AxisMap): boolean =>
  map.kind === "pointwise" && map.loops.length > 1 && map.loops.some((dim) => dim === "OX" || dim === "OY");

/** A feature map that is used again and again along a loop of the output; other constants may be. */
function isBroadcast(layer: Layer): boolean {
  if (layer.kind !== "elementwise") return false;
  const needed = outputOf(layer)
    .axes.flatMap(loopsOf)
    .filter((dim) => loopSize(layer.loops, dim) > 1);
  const misses = (operand: Operand): boolean => {
    const used = new Set<Dim>(operand.axes.flatMap(loopsOf));
    return needed.some((dim) => !used.has(dim));
  };
  return dataInputs(layer).some(misses);
}

const axisExtent = ({ tensor }: Operand, axis: number, network: Network): number =>
  (tensor === undefined ? undefined : network.tensors.get(tensor)?.dims[axis]) ?? 1;
