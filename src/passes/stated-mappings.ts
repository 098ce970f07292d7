/** Mappings that a user states, found for the layers and tile types that they speak of. */
import type { MappingDecision, TileTypeDecision, TileTypeMatch } from "../ir/decisions.js";
import { layerNotOnType, mappingStatedTwice, tileTypeAbsent } from "../ir/diagnostics/decisions.js";
import type { Diagnostic } from "../ir/diagnostics.js";
import type { PlacedTileType, Stack, StackPlacement } from "../ir/facts.js";
import type { Module } from "../ir/module.js";
import { decisionFor, stackDecisions } from "./decisions.js";

/** Whether a tile type agrees with every part that is stated. */
export function isMatch({ id, width, height, firstAt }: TileTypeMatch, type: PlacedTileType): boolean {
  return (
    (id === undefined || id === type.id) &&
    (width === undefined || width === type.width) &&
    (height === undefined || height === type.height) &&
    (firstAt === undefined || (firstAt.x === type.firstAt.x && firstAt.y === type.firstAt.y))
  );
}

/** Every mapping that is stated for a layer of a stack on one of its tile types. */
export function mappingsFor(
  module: Module,
  stack: Stack,
  type: PlacedTileType,
  layer: string,
): readonly MappingDecision[] {
  const types = decisionFor(module, stack)?.tileTypes ?? [];
  return types
    .filter(({ match }) => isMatch(match, type))
    .flatMap(({ layers }) => layers.filter((stated) => stated.layer === layer));
}

/** Statements that met no tile type or no layer, so that nothing is passed over in silence. */
export function unmetMappings(
  module: Module,
  stacks: readonly Stack[],
  placements: readonly StackPlacement[],
  met: ReadonlySet<MappingDecision>,
): readonly Diagnostic[] {
  return stackDecisions(module).flatMap((decision) => {
    const own = placements.filter((_, s) => decisionFor(module, stacks[s]!) === decision); // one placement per stack
    const ids = own.map(({ stack }) => stack).join(", ");
    const types = own.flatMap(({ tileTypes }) => tileTypes);
    const isAbsent = ({ match }: TileTypeDecision) => !types.some((type) => isMatch(match, type));
    return decision.tileTypes.flatMap((stated) => {
      if (isAbsent(stated)) return [tileTypeAbsent(stated, ids, types)];
      return stated.layers.filter((layer) => !met.has(layer)).map((layer) => layerNotOnType(layer, ids));
    });
  });
}

/** The one mapping that is stated; two that speak of the same layer and type contradict each other. */
export function onlyMapping(
  stated: readonly MappingDecision[],
  type: PlacedTileType,
): { readonly stated?: MappingDecision; readonly conflict?: Diagnostic } {
  const [first, second] = stated;
  if (second !== undefined) return { conflict: mappingStatedTwice(second, type.id) };
  return first === undefined ? {} : { stated: first };
}
