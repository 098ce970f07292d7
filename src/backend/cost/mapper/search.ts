/** The best loop order of a layer (SL §9): all of them priced by tables, those that tables cannot price by the direct evaluation. */
import type { SearchCertificate } from "../../../ir/cost-model.js";
import type { Loop } from "../../../ir/network.js";
import { type EnergyEvaluation, evaluateEnergy } from "./evaluate.js";
import type { LayerModel } from "./layer-model.js";
import { type FactorMultiset, factorMultiset, orderingCount, prefixShiftOrderings } from "./orderings.js";
import type { MapperPolicies } from "./policies.js";
import { Pricer } from "./pricer.js";
import type { SpatialMapping } from "./spatial.js";
import { energyTables } from "./tables.js";

export type SearchResult =
  | { readonly feasible: true; readonly best: EnergyEvaluation; readonly search: SearchCertificate }
  /** No order fits: the memory, by position in the hierarchy, that refused the order that got farthest. */
  | { readonly feasible: false; readonly memory: number };

/** @param factors - loop factors to be ordered */
export function searchOrderings(
  layer: LayerModel,
  spatial: SpatialMapping,
  factors: readonly Loop[],
  policies: MapperPolicies,
): SearchResult {
  const multiset = factorMultiset(factors);
  const count = orderingCount(multiset.multiplicities);
  const sequence = orderingsOf(multiset);
  const pricer = new Pricer(energyTables(layer, spatial, multiset, policies));
  let best = { price: Number.POSITIVE_INFINITY, row: -1 };
  let refusedBy = 0;
  for (let row = 0; row < count; row++) {
    let price = pricer.price(sequence, row * multiset.count);
    if (Number.isNaN(price)) {
      const direct = evaluateEnergy(layer, spatial, orderAt(multiset, sequence, row), policies);
      price = direct.feasible ? direct.energy : Number.POSITIVE_INFINITY;
      if (!direct.feasible) refusedBy = Math.max(refusedBy, direct.memory);
    } else if (price === Number.POSITIVE_INFINITY) refusedBy = Math.max(refusedBy, pricer.refusedBy);
    if (policies.isBetter(price, best.price)) best = { price, row };
  }
  if (best.row === -1) return { feasible: false, memory: refusedBy };
  const evaluation = evaluateEnergy(layer, spatial, orderAt(multiset, sequence, best.row), policies);
  if (!evaluation.feasible || evaluation.energy !== best.price) {
    throw new Error(`tables priced a loop order at ${best.price} pJ against its evaluation`);
  }
  return { feasible: true, best: evaluation, search: { orderings: count, visited: count, optimal: true } };
}

/** Sequences depend on the multiplicities alone, of which a network has few. */
const SEQUENCES = new Map<string, Uint8Array>();

function orderingsOf({ multiplicities }: FactorMultiset): Uint8Array {
  const key = multiplicities.join(" ");
  const sequence = SEQUENCES.get(key) ?? prefixShiftOrderings(multiplicities);
  SEQUENCES.set(key, sequence);
  return sequence;
}

const orderAt = ({ factors, count }: FactorMultiset, sequence: Uint8Array, row: number): readonly Loop[] =>
  Array.from(sequence.subarray(row * count, (row + 1) * count), (f) => factors[f]!);
