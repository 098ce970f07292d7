/** Units that idle: nothing would add their partial sums where a layer writes its output, or their blocks do not fit (EM §3). */
import type { Unroll } from "../../ir/accelerator.js";
import { reductionNotUnrolled, unrollingReduced } from "../../ir/diagnostics/dataflow.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import { type PlacedNode, type StackPlacement, UNROLLING } from "../../ir/facts.js";
import type { Module } from "../../ir/module.js";
import { type LayerId, loopSize } from "../../ir/network.js";

/** One note for all layers that lose the same unrolling on some tile type, or a part of it. */
export const idleUnits = (module: Module, placements: readonly StackPlacement[]): readonly Diagnostic[] => [
  ...notes(module, placements, isMissing, reductionNotUnrolled),
  ...notes(module, placements, isSmaller, unrollingReduced),
];

function notes(
  module: Module,
  placements: readonly StackPlacement[],
  isLost: (entry: Unroll, node: PlacedNode) => boolean,
  noteOn: typeof reductionNotUnrolled,
): readonly Diagnostic[] {
  const unrolling = module.get(UNROLLING);
  const lost = new Map<string, readonly Unroll[]>();
  for (const node of placements.flatMap(({ tileTypes }) => tileTypes.flatMap(({ nodes }) => nodes))) {
    const missing = (unrolling.get(node.id as LayerId)?.unrolling ?? []).filter((entry) => isLost(entry, node));
    if (missing.length > 0) lost.set(node.id, missing);
  }
  const alike = new Map([...lost.values()].map((missing) => [JSON.stringify(missing), missing]));
  return [...alike].map(([key, missing]) => {
    const layers = [...lost.keys()].filter((id) => JSON.stringify(lost.get(id)) === key);
    return noteOn(module.accelerator, layers, missing);
  });
}

/** Whether a problem has the loop to be unrolled, with more than one iteration, and leaves it to time. */
const isMissing = ({ arrayDim, dim, size }: Unroll, { problems }: PlacedNode): boolean =>
  size > 1 &&
  problems.some(
    ({ loops, unrolling }) =>
      loopSize(loops, dim, 1) > 1 && !unrolling.some((entry) => entry.arrayDim === arrayDim && entry.dim === dim),
  );

/** Whether a problem unrolls less than it is asked to, of a loop that is longer. */
const isSmaller = ({ arrayDim, dim, size }: Unroll, { problems }: PlacedNode): boolean =>
  problems.some(({ loops, unrolling }) =>
    unrolling.some(
      (entry) =>
        entry.arrayDim === arrayDim && entry.dim === dim && entry.size < size && loopSize(loops, dim, 1) > entry.size,
    ),
  );
