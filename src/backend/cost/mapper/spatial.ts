/** Which loops run side by side on the array, and at which level of each operand they fan out (SL §2). */
import type { Unroll } from "../../../ir/accelerator.js";
import type { Loop } from "../../../ir/network.js";
import { decouple } from "./decouple.js";
import type { LayerModel, OperandModel } from "./layer-model.js";
import { roundHalfEven, type SizesPolicy } from "./sizes.js";

/** One operand under a spatial mapping; array levels `a = 0 … L` (0: the arithmetic array, `m + 1`: memory level `m`). */
export interface OperandSpatial {
  /** Per array level: loops between memory level `a` and what lies under it. */
  readonly loops: readonly (readonly Loop[])[];
  /** Physical instances in use per array level. */
  readonly unitCount: readonly number[];
  /** Instances that hold distinct data per array level; not rounded. */
  readonly unitUnique: readonly number[];
  /** Per memory level: distinct words that it serves downwards at once. */
  readonly boost: readonly number[];
}

/** Both spatial mappings that the published model keeps (SL §2.1); operands as in the layer. */
export interface SpatialMapping {
  readonly unrolling: readonly Unroll[];
  /** Energy, words and utilisation come from this one … */
  readonly fractional: readonly OperandSpatial[];
  /** … and transfer cycles from this one, in which every size is rounded up. */
  readonly integer: readonly OperandSpatial[];
}

/** @throws Error when the unrolling names an array dim that the array does not have */
export function mapSpatially(layer: LayerModel, requested: readonly Unroll[], sizes: SizesPolicy): SpatialMapping {
  const unrolling = unrollingAsUsed(layer, requested, sizes);
  const rounded = unrolling.map((unroll) => ({ ...unroll, size: Math.ceil(unroll.size) }));
  return {
    unrolling,
    fractional: spatialOperands(layer, unrolling, sizes),
    integer: spatialOperands(layer, rounded, sizes),
  };
}

/** In the order of the array's dims. Loops that the layer does not have leave their array dim unused. */
function unrollingAsUsed(layer: LayerModel, requested: readonly Unroll[], sizes: SizesPolicy): readonly Unroll[] {
  const known = new Set(layer.array.dims.map(({ name }) => name));
  const stranger = requested.find(({ arrayDim }) => !known.has(arrayDim));
  if (stranger !== undefined) throw new Error(`the array has no dim '${stranger.arrayDim}'`);
  return layer.array.dims.flatMap((arrayDim) => {
    let room = arrayDim.size;
    return requested.flatMap((unroll) => {
      const loop = layer.loops.find(({ dim }) => dim === unroll.dim);
      if (unroll.arrayDim !== arrayDim.name || loop === undefined) return [];
      const width = Math.max(1, Math.min(room, unroll.size, loop.size));
      room = Math.floor(room / width);
      return [{ ...unroll, size: sizes.unrolled(loop.size, width) }];
    });
  });
}

function spatialOperands(layer: LayerModel, unrolling: readonly Unroll[], sizes: SizesPolicy) {
  const loops = layer.operands.map((operand) => loopsByLevel(operand, unrolling));
  const products = layer.operands.map((operand, o) => decouple(operand, loops[o]!, sizes));
  const unitCounts = wholeUnitCounts(products.map(({ all }) => suffixProducts(all)));
  return layer.operands.map((operand, o): OperandSpatial => {
    const unitUnique = suffixProducts(products[o]!.relevant);
    const boost = operand.levels.map((_, m) => sizes.boost(unitUnique[m]!, unitUnique[m + 1]!));
    return { loops: loops[o]!, unitCount: unitCounts[o]!, unitUnique, boost };
  });
}

/** An unrolled loop sits under the lowest memory level that serves its array dim, or above the top. */
function loopsByLevel(operand: OperandModel, unrolling: readonly Unroll[]): readonly (readonly Loop[])[] {
  const top = operand.levels.length;
  const home = unrolling.map(({ arrayDim }) => {
    const level = operand.levels.findIndex(({ memory }) => memory.served.includes(arrayDim));
    return level === -1 ? top : level;
  });
  return Array.from({ length: top + 1 }, (_, a) =>
    unrolling.flatMap(({ dim, size }, i) => (home[i] === a ? [{ dim, size }] : [])),
  );
}

/** Each product runs from its own level upwards: the order is part of the published numbers. */
const suffixProducts = (factors: readonly number[]): readonly number[] =>
  factors.map((_, a) => factors.slice(a).reduce((product, factor) => product * factor, 1));

/** Operands must agree on the number of units: the first rounding under which they do (SL §2.3). */
function wholeUnitCounts(counts: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const agrees = (round: (x: number) => number) => new Set(counts.map(([units]) => round(units!))).size <= 1;
  const round = [roundHalfEven, Math.ceil].find(agrees) ?? Math.floor;
  return counts.map((levels) => levels.map(round));
}
