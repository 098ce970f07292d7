/**
 * Tile sizes and energies of one layer as tables over the lattice of loop multisets (SL §11.1–11.2): what a cut costs depends on the
 * multiset of loops below it alone, so pricing an order takes a few look-ups and additions.
 */
import type { Direction } from "../../../ir/accelerator.js";
import type { Loop } from "../../../ir/network.js";
import { partnerBandwidth } from "./energy.js";
import { type Ambiguity, ExtentTables } from "./extents.js";
import { type Lattice, latticeOf, powersUpTo } from "./lattice.js";
import { accessEnergy, type LayerModel, type OperandModel, portOf, relevanceOf } from "./layer-model.js";
import type { FactorMultiset } from "./orderings.js";
import type { MapperPolicies } from "./policies.js";
import type { OperandSpatial, SpatialMapping } from "./spatial.js";

/** One memory level of one operand; entries per state of the lattice, NaN where the order of loops matters and is marked (Q11). */
export interface LevelTable {
  /** Elements that the level has to hold when its cut lies at the state, as the capacity cuts round them. */
  readonly held: Float64Array;
  /** Energy exchanged with the level above when this level's cut lies at the state. */
  readonly th: Float64Array;
  readonly fh: Float64Array;
  /** Energy exchanged with the level below when that level's cut lies at the state. */
  readonly tl: Float64Array;
  readonly fl: Float64Array;
  /** Elements in one instance when this level's cut lies at the state, as data movement rounds them. */
  readonly moved: Float64Array;
  /** Whether sums are always incomplete above the level: the array reduces them there. */
  readonly reducesAbove: boolean;
}

export interface EnergyTables {
  readonly layer: LayerModel;
  readonly policies: MapperPolicies;
  readonly lattice: Lattice;
  /** Per operand and memory level. */
  readonly levels: readonly (readonly LevelTable[])[];
  /** Per operand: bits per element that capacity is tested with while reduction loops are left (1) and when none is (0). */
  readonly widths: readonly (readonly [final: number, partial: number])[];
  /** Per state: 1 where the output is still to be summed by loops that are not in it. */
  readonly isReducing: Uint8Array;
  /** Whether units of the array sum together. */
  readonly arrayReduces: boolean;
  readonly macEnergy: number;
  /** Whether entries depend on the order of loops (Q11). */
  readonly hasAmbiguity: boolean;
}

export function energyTables(
  layer: LayerModel,
  spatial: SpatialMapping,
  multiset: FactorMultiset,
  policies: MapperPolicies,
  ambiguity: Ambiguity = "mark",
  lattice = latticeOf(multiset),
): EnergyTables {
  const extents = new ExtentTables(lattice, policies.sizes, ambiguity);
  const isReducing = reducingStates(layer, lattice);
  const outputTiles = remainingTiles(layer, lattice);
  const levels = layer.operands.map((operand, o) =>
    levelTables({ operand, lattice, isReducing, outputTiles, policies, spatial: spatial.fractional[o]! }, extents),
  );
  return {
    layer,
    policies,
    lattice,
    isReducing,
    levels,
    hasAmbiguity: extents.hasAmbiguity,
    widths: layer.operands.map(({ bits, finalBits }) => [finalBits, bits]),
    arrayReduces: reducesSpatially(layer.operands[0]!, spatial.fractional[0]!.loops.slice(1)),
    macEnergy: layer.array.macEnergy * layer.macs,
  };
}

function reducingStates(layer: LayerModel, { multiset, digits, stateCount }: Lattice): Uint8Array {
  const output = layer.operands[0]!;
  const isReducing = new Uint8Array(stateCount);
  for (const [f, { dim }] of multiset.factors.entries()) {
    if (relevanceOf(output, dim) !== "irrelevant") continue;
    const [counts, multiplicity] = [digits[f]!, multiset.multiplicities[f]!];
    for (let state = 0; state < stateCount; state++) if (counts[state]! < multiplicity) isReducing[state] = 1;
  }
  return isReducing;
}

/** Product of the output's own factors that are not in each state. */
function remainingTiles(layer: LayerModel, { multiset, digits, stateCount }: Lattice): Float64Array {
  const output = layer.operands[0]!;
  const tiles = new Float64Array(stateCount).fill(1);
  for (const [f, { dim, size }] of multiset.factors.entries()) {
    if (relevanceOf(output, dim) === "irrelevant") continue;
    const multiplicity = multiset.multiplicities[f]!;
    const [powers, counts] = [powersUpTo(size, multiplicity), digits[f]!];
    for (let state = 0; state < stateCount; state++) tiles[state]! *= powers[multiplicity - counts[state]!]!;
  }
  return tiles;
}

interface OperandContext {
  readonly operand: OperandModel;
  readonly spatial: OperandSpatial;
  readonly lattice: Lattice;
  readonly isReducing: Uint8Array;
  /** Per state: tiles of the output that the loops not in it step through. */
  readonly outputTiles: Float64Array;
  readonly policies: MapperPolicies;
}

function levelTables(context: OperandContext, extents: ExtentTables): readonly LevelTable[] {
  const { operand, spatial, lattice } = context;
  const idle = new Float64Array(lattice.stateCount);
  let below: Float64Array = new Float64Array(lattice.stateCount).fill(1); // an operand of the array is one element
  return operand.levels.map((_, m): LevelTable => {
    const { held, moved } = extents.tileTable(operand, spatial.loops.slice(0, m + 1).flat());
    const isTop = m === operand.levels.length - 1;
    const table = {
      held,
      th: isTop || !operand.isOutput ? idle : directionEnergies(context, m, "th", moved),
      fh: isTop ? idle : directionEnergies(context, m, "fh", moved),
      tl: directionEnergies(context, m, "tl", below),
      fl: operand.isOutput ? directionEnergies(context, m, "fl", below) : idle,
      moved,
      reducesAbove: operand.isOutput && reducesSpatially(operand, spatial.loops.slice(m + 2)),
    };
    below = moved;
    return table;
  });
}

/** @param moved - elements per state in one instance at the lower end of the link */
function directionEnergies(
  context: OperandContext,
  m: number,
  direction: Direction,
  moved: Float64Array,
): Float64Array {
  const { operand, spatial, lattice, isReducing, policies } = context;
  const level = operand.levels[m]!;
  const isLowSide = direction === "tl" || direction === "fl";
  const isReadBack = operand.isOutput && (direction === "tl" || direction === "fh");
  const reducesAbove = operand.isOutput && reducesSpatially(operand, spatial.loops.slice((isLowSide ? m : m + 1) + 1));
  const perAccess = accessEnergy(level, direction);
  const partner = isLowSide ? partnerBandwidth(operand, m, direction, spatial) : undefined;
  const instances = spatial.unitCount[m + 1]!;
  const copies = isLowSide ? spatial.boost[m]! : 1;
  const widths = [false, true].map((incomplete) => policies.partialSums.width(operand, incomplete));
  const energies = new Float64Array(moved.length);
  const tiles = isReadBack ? context.outputTiles : lattice.remaining;
  for (let state = 0; state < moved.length; state++) {
    const incomplete = reducesAbove || (operand.isOutput && isReducing[state] === 1);
    const periods = lattice.remaining[state]!;
    const count = isReadBack ? policies.partialSums.readBacks(periods, tiles[state]!, incomplete) : periods;
    if (count === 0) continue;
    const amount = moved[state]! * copies;
    const width = widths[incomplete ? 1 : 0]!;
    const port = level.ports[direction] ?? portOf(level, direction); // asked for only where something moves
    const words = isLowSide
      ? policies.words.lowSide(amount, width, count, instances, port, partner)
      : policies.words.highSide(amount, width, count, instances, port);
    energies[state] = perAccess * words;
  }
  return energies;
}

const reducesSpatially = (output: OperandModel, levels: readonly (readonly Loop[])[]): boolean =>
  levels.flat().some(({ dim, size }) => size > 1 && relevanceOf(output, dim) === "irrelevant");
