import { type LayerPrecision, PRECISION } from "../ir/facts.js";
import type { Layer, Operand } from "../ir/network.js";
import { positiveInt } from "./options.js";
import { definePass } from "./pass.js";

interface DefaultBits {
  readonly weights: number;
  readonly activations: number;
  readonly "partial-sums": number;
}

/**
 * Bits of a layer's operands: what its source declares, else the defaults. A window whose taps hold no data (pooling) takes no bits.
 */
export function layerPrecision(layer: Layer, defaults: DefaultBits): LayerPrecision {
  if (layer.declaredPrecision !== undefined) return layer.declaredPrecision;
  const bitsOf = ({ role, tensor }: Operand): number => {
    if (role === "output") return defaults["partial-sums"];
    if (tensor === undefined) return 0;
    return role === "weight" ? defaults.weights : defaults.activations;
  };
  const operands = Object.fromEntries(layer.operands.map((operand) => [operand.name, bitsOf(operand)]));
  return { operands, finalOutput: defaults.activations };
}

export const setPrecision = definePass({
  name: "set-precision",
  description: "gives every operand its bits per element: as declared by the source, else the defaults",
  options: {
    weights: positiveInt(8, "bits of a weight"),
    activations: positiveInt(8, "bits of an activation"),
    "partial-sums": positiveInt(16, "bits of an output element while it is summed"),
  },
  requires: [],
  provides: [PRECISION],
  run(module, _context, options) {
    const entries = module.network.layers.map((layer) => [layer.id, layerPrecision(layer, options)] as const);
    return module.with(PRECISION, new Map(entries));
  },
});
