/** Units that idle because nothing would add their partial sums where a layer writes its output (EM §3). */
import type { Unroll } from "../../ir/accelerator.js";
import { reductionNotUnrolled } from "../../ir/diagnostics/dataflow.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import { type PlacedNode, type StackPlacement, UNROLLING } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { type LayerId, loopSize } from "../../ir/network.js";

/** One note for all layers that lose the same unrolling on some tile type. */
export function droppedReductions(module: Module, placements: readonly StackPlacement[]): readonly Diagnostic[] {
  const unrolling = module.get(UNROLLING);
  const lost = new Map<string, readonly Unroll[]>();
  for (const node of placements.flatMap(({ tileTypes }) => tileTypes.flatMap(({ nodes }) => nodes))) {
    const missing = (unrolling.get(node.id as LayerId)?.unrolling ?? []).filter((entry) => isMissing(entry, node));
    if (missing.length > 0) lost.set(node.id, missing);
  }
  const alike = new Map([...lost.values()].map((missing) => [JSON.stringify(missing), missing]));
  return [...alike].map(([key, missing]) => {
    const layers = [...lost.keys()].filter((id) => JSON.stringify(lost.get(id)) === key);
    return reductionNotUnrolled(module.accelerator, layers, missing);
  });
}

/** Whether a problem has the loop to be unrolled, with more than one iteration, and leaves it to time. */
const isMissing = ({ arrayDim, dim, size }: Unroll, { problems }: PlacedNode): boolean =>
  size > 1 &&
  problems.some(
    ({ loops, unrolling }) =>
      loopSize(loops, dim, 1) > 1 && !unrolling.some((entry) => entry.arrayDim === arrayDim && entry.dim === dim),
  );
