/** Everything that may be decided about a stack (EM §2): where its maps, its kept overlap and its weights may live. */
import type { Memory } from "../../ir/accelerator.js";
import { weightBits as matrixBits } from "../depth-first/cuts.js";
import { newPart } from "../regions/pieces.js";
import { constantBits } from "./constants.js";
import type { StackGeometry } from "./geometry.js";
import type { HomeSpace } from "./home-problem.js";
import type { ProblemSource } from "./layer-problems.js";
import { ringBits, type StackCosts } from "./stack-costs.js";
import type { FeatureMap, StackMaps } from "./stack-maps.js";
import { partMemories, type Rings, ringMemories, type Storage, weightMemories } from "./storage.js";

export function homeSpace(
  { maps }: StackMaps,
  geometry: StackGeometry,
  source: ProblemSource,
  costs: StackCosts,
): HomeSpace {
  const runs = ({ node }: FeatureMap): boolean => geometry.shapes.some(({ tiles }) => newPart(tiles.get(node.id)!)); // every map has a tile
  const weightBits = maps.map((map) =>
    map.node.layer !== undefined && runs(map) ? constantBits(map.node, source.stored) + matrixBits(map.node) : 0,
  );
  return {
    storage: maps.map((map) => storages(map, geometry, source, costs)),
    weights: maps.map((map) => {
      const [operand] = map.node.weights;
      const isHeld = operand !== undefined && operand.bits > 0 && runs(map);
      return !isHeld ? [] : weightMemories(operand.memoryOperand, source.hierarchy);
    }),
    weightBits,
    loading: (layer, memory) => {
      const operand = maps[layer]!.node.weights[0]!.memoryOperand; // asked of layers with weights
      const top = costs.top(operand);
      return top.id === memory.id
        ? 0
        : costs.copyEnergy(weightBits[layer]!, { operand, memory: top.id }, { operand, memory: memory.id });
    },
  };
}

/** What a map may do: lie whole where it lives between stacks; or in parts, with every choice of rings, or fetched again. */
function storages(
  map: FeatureMap,
  geometry: StackGeometry,
  { hierarchy }: ProblemSource,
  costs: StackCosts,
): readonly Storage[] {
  const whole: Storage = { kind: "whole" };
  const parts = partMemories(map, hierarchy);
  if (map.readers.length === 0 || parts.length === 0) return [whole];
  const { column, row } = ringBits(map, "narrow", geometry);
  const memories = ringMemories(map, hierarchy);
  const homes = (bits: number): readonly (Memory | undefined)[] => (bits === 0 ? [undefined] : memories);
  const kinds = row === 0 ? (["narrow"] as const) : (["narrow", "wide"] as const);
  const rings = kinds.flatMap((kind) =>
    homes(column).flatMap((inColumn) =>
      homes(row).map((inRow): Rings => ({ kind, ...(inColumn && { column: inColumn }), ...(inRow && { row: inRow }) })),
    ),
  );
  const kept = rings
    .filter((ring) => parts.some((part) => costs.isReachable(map, part, ring)))
    .map((ring): Storage => ({ kind: "parts", overlap: "kept", rings: ring }));
  const isFetched = map.node.layer === undefined && column + row > 0;
  return [whole, ...kept, ...(isFetched ? [{ kind: "parts", overlap: "fetched-again" } as const] : [])];
}
