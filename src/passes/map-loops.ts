import type { CostModel, MappingProblem } from "../ir/cost-model.js";
import type { MappingDecision } from "../ir/decisions.js";
import { mappingConflict } from "../ir/diagnostics/decisions.js";
import { type Diagnostic, DiagnosticError } from "../ir/diagnostics.js";
import { type LayerMapping, MAPPINGS, PLACEMENT, type PlacedTileType, STACKS } from "../ir/facts.js";
import { layerId } from "../ir/network.js";
import { definePass } from "./pass.js";
import { mappingsFor, onlyMapping, type Phase, unmetMappings } from "./stated-mappings.js";

export const mapLoops = definePass({
  name: "map-loops",
  description: "finds the loop order of every layer on every tile type, and the memory level of every loop",
  options: {},
  requires: [STACKS, PLACEMENT],
  provides: [MAPPINGS],
  run(module, { costModel }) {
    const placements = module.get(PLACEMENT);
    const conflicts: Diagnostic[] = [];
    const met = new Set<MappingDecision>();
    const mappings = module.get(STACKS).map((stack, index) => {
      const { tileTypes } = placements[index]!; // one per stack
      return tileTypes.map((type) =>
        layersToMap(type).flatMap(({ layer, problem, phase }) => {
          const stated = mappingsFor(module, stack, type, layer);
          for (const decision of stated) met.add(decision);
          const mapped = mapOne(costModel, problem, stated, type, phase);
          if (mapped.feasible) return [{ layer, problem, result: mapped }];
          conflicts.push(...mapped.conflicts);
          return [];
        }),
      );
    });
    conflicts.push(...unmetMappings(module, module.get(STACKS), placements, met));
    if (conflicts.length > 0) throw new DiagnosticError(conflicts, "infeasible");
    return module.with(MAPPINGS, mappings);
  },
});

interface ToMap extends Pick<LayerMapping, "layer" | "problem"> {
  readonly phase: Phase;
}

/** Computed layers of one tile type, in topological order, phase by phase. */
const layersToMap = ({ nodes }: PlacedTileType): readonly ToMap[] =>
  nodes.flatMap(({ id, problems }) =>
    problems.map((problem, index) => ({ layer: layerId(id), problem, phase: { index, count: problems.length } })),
  );

type Mapped = LayerMapping["result"] | { readonly feasible: false; readonly conflicts: readonly Diagnostic[] };

/** The stated mapping as it is, or the best one where none is stated. */
function mapOne(
  costModel: CostModel,
  problem: MappingProblem,
  decisions: readonly MappingDecision[],
  type: PlacedTileType,
  phase: Phase,
): Mapped {
  const { stated, conflict } = onlyMapping(decisions, type, phase);
  if (conflict !== undefined) return { feasible: false, conflicts: [conflict] };
  if (stated !== undefined) {
    const result = costModel.evaluateMapping(problem, stated);
    if (result.feasible) return result;
    return { feasible: false, conflicts: result.conflicts.map((found) => mappingConflict(stated, type.id, found)) };
  }
  const result = costModel.mapLayer(problem);
  if (!result.feasible) throw new Error("a layer was placed where it cannot be mapped");
  return result;
}
