/** The mapping that takes least room, whatever it costs: what is left when a search has found nothing within its limit. */
import { relevanceOf } from "../mapper/layer-model.js";
import { type Copies, stationaryPosition } from "./figures.js";
import type { FoundOrder } from "./search-setting.js";
import type { Tables } from "./tables.js";

/** Reductions innermost, so that sums above them are finished; every cut below everything that indexes its operand. */
export function smallestOrder({ layer, space, operands }: Tables): FoundOrder {
  const output = layer.model.operands.find(({ isOutput }) => isOutput);
  const isReduction = (f: number) =>
    output !== undefined && relevanceOf(output, space.factors[f]!.dim) === "irrelevant" ? 0 : 1;
  const indices = [...space.factors.keys()].sort((a, b) => isReduction(a) - isReduction(b));
  const factors: number[] = [];
  let state = 0;
  for (const f of indices) {
    for (let reached = state; reached >= 0; reached = space.next[state * space.factors.length + f]!) {
      if (reached !== state) factors.push(f);
      state = reached;
    }
  }
  const loops = factors.map((f) => space.factors[f]!);
  return {
    factors,
    positions: operands.map(({ operand, cuts }) => cuts.map(() => stationaryPosition(operand, loops, 0))),
    copies: operands.map(({ cuts }) => cuts.map((): Copies => 1)),
  };
}
