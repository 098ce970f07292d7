/** Normalisations over whole axes: layer, root mean square, instance and group normalisation and their like. */
import type { AxisMap } from "../../../ir/axis-map.js";
import { attributeValue, wrongRank } from "../../../ir/diagnostics/onnx.js";
import { normalizeAxes, normalizeAxis } from "../axes.js";
import { type Extent, isKnown, printNumber } from "../extent.js";
import { axisLoops, mapAxes } from "../feature-map.js";
import { mapLayer } from "../map-layer.js";
import { dimsOf, fail, inputOf, type NodeContext, type OperatorDefinition } from "../operator.js";

interface Normalization {
  /** Axes whose elements share their statistics. */
  readonly axes: (node: NodeContext) => readonly number[];
  /** Roles of the inputs after the first. */
  readonly roles: readonly string[];
}

const from = (first: number, rank: number): readonly number[] =>
  Array.from({ length: Math.max(0, rank - first) }, (_, i) => first + i);

const rankOf = (node: NodeContext): number => inputOf(node, 0).shape.length;

/** From an axis on: the last one where none is stated. */
const trailing = (node: NodeContext): readonly number[] =>
  from(normalizeAxis(node, node.attributes.int("axis") ?? -1, rankOf(node)), rankOf(node));

const spatial = (node: NodeContext): readonly number[] => from(2, atLeast(node, 2));

function atLeast(node: NodeContext, rank: number): number {
  const { name, shape } = inputOf(node, 0);
  return shape.length >= rank ? shape.length : fail(wrongRank(node.loc, name, shape.length, `at least ${rank}: N C`));
}

const AFFINE = ["scale", "bias"];

const NORMALIZATIONS: ReadonlyMap<string, Normalization> = new Map([
  ["LayerNormalization", { axes: trailing, roles: AFFINE }],
  ["RMSNormalization", { axes: trailing, roles: AFFINE }],
  ["SimplifiedLayerNormalization", { axes: trailing, roles: AFFINE }],
  ["InstanceNormalization", { axes: spatial, roles: AFFINE }],
  ["GroupNormalization", { axes: (node) => from(1, atLeast(node, 2)), roles: AFFINE }],
  ["MeanVarianceNormalization", { axes: meanVarianceAxes, roles: [] }],
  [
    "LpNormalization",
    { axes: (node) => [normalizeAxis(node, node.attributes.int("axis") ?? -1, rankOf(node))], roles: [] },
  ],
]);

/** `across_channels` in operator sets before 9. */
function meanVarianceAxes(node: NodeContext): readonly number[] {
  const stated = node.attributes.ints("axes");
  if (stated !== undefined) return normalizeAxes(node, stated, rankOf(node));
  if (node.opset < 9) return node.attributes.int("across_channels") === 1 ? from(1, rankOf(node)) : spatial(node);
  return [0, ...spatial(node)];
}

function normalizationOf(node: NodeContext): Normalization {
  const found = NORMALIZATIONS.get(node.opType);
  if (found === undefined) throw new Error(`'${node.opType}' is no normalisation`);
  return found;
}

/** Further outputs are the statistics. */
export const wholeNormalization: OperatorDefinition = {
  opTypes: [...NORMALIZATIONS.keys()],
  domains: ["", "com.microsoft"],
  infer(node) {
    const { shape } = inputOf(node, 0);
    const axes = normalizationOf(node).axes(node);
    checkGroups(node);
    const statistics = shape.map((extent, axis): Extent => (axes.includes(axis) ? 1 : extent));
    return [{ shape }, { shape: statistics }, { shape: statistics }];
  },
  lower(node) {
    const dims = dimsOf(node, 0);
    const loops = axisLoops(dims.length);
    const { axes: normalized, roles } = normalizationOf(node);
    const shared = normalized(node);
    const axes = mapAxes(dims.length).map(
      (map, axis): AxisMap => (shared.includes(axis) ? { kind: "whole", loops: [loops[axis] ?? ""] } : map),
    );
    return {
      layers: [
        {
          ...mapLayer("reduction", dims, axes, node.attributes.plain()),
          parameters: roles.flatMap((role, i) => (node.inputs[i + 1] === undefined ? [] : [{ role, input: i + 1 }])),
        },
      ],
    };
  },
};

function checkGroups(node: NodeContext): void {
  if (node.opType !== "GroupNormalization") return;
  const groups = node.attributes.int("num_groups") ?? 0;
  const channels = inputOf(node, 0).shape.slice(1, 2);
  const isWrong = groups < 1 || (isKnown(channels) && (channels[0] ?? groups) % groups !== 0);
  if (isWrong) fail(attributeValue(node.loc, "num_groups", printNumber(groups), "a divisor of the number of channels"));
}
